#!/usr/bin/env bash
# Four cron parsers, one night in October: how often does the job run?
#
# The guess: the night on which the clock goes back is a solved problem. A job at a fixed hour runs once, a job
#   every half hour runs on through both hours, and the parsers in use agree on it.
# What happens: no. For `30 2 * * *` croniter (Procrastinate's) and APScheduler run twice, an hour apart;
#   cronsim and cron-parser (pg-boss's) once. For `*/30 1-3 * * *` cron-parser leaves the second of the two hours
#   out: a job for every half hour is silent for an hour and a half, though the same parser runs `15 * * * *` in both.
#   And `0 */2 * * *` gives three answers in the two nights of the year, among them gaps of one and of three hours.
# Why it matters: "no run for an hour" is what a monitor of periodic jobs waits for, and a second run at 02:30
#   bills, mails or encodes again. Which of the two comes depends on a library that nobody chose for it.
#   Keep schedules in UTC, or out of the hour that the clock skips or repeats.
#
# Seen with croniter 7.0.0, cronsim 2.8, APScheduler 3.11.3, cron-parser 5.10.6, for Europe/Berlin, on 2026-11-29.
# Needs Node.js 20 or newer with npm. See crontab(5) of Debian's cron, which promises to correct jobs at fixed hours.
set -euo pipefail

room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT

"${PYTHON:-python3}" -m venv "$room/venv"
"$room/venv/bin/pip" install -qq croniter==7.0.0 cronsim==2.8 apscheduler==3.11.3 tzdata==2026.1
npm install --silent --no-audit --no-fund --prefix "$room" cron-parser@5.10.6 >"$room/npm.log"

cat >"$room/runs.cjs" <<'JS'
// Prints the runs of an expression between two instants, in UTC, one a line.
const { CronExpressionParser } = require('cron-parser')
const [expression, from, until] = process.argv.slice(2)
const runs = CronExpressionParser.parse(expression, { tz: 'Europe/Berlin', currentDate: new Date(from) })
for (let run = runs.next().toDate(); run < new Date(until); run = runs.next().toDate()) console.log(run.toISOString())
JS

cat >"$room/night.py" <<'PY'
"""Ask four parsers for the runs of two nights, and say what became of the guess."""
import subprocess
import sys
from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger
from croniter import croniter
from cronsim import CronSim

BERLIN = ZoneInfo("Europe/Berlin")
NIGHTS = {  # from the evening before to the noon after
    "back": (datetime(2026, 10, 24, 20, tzinfo=BERLIN), datetime(2026, 10, 25, 12, tzinfo=BERLIN)),
    "forward": (datetime(2027, 3, 27, 20, tzinfo=BERLIN), datetime(2027, 3, 28, 12, tzinfo=BERLIN)),
}


def of_croniter(expression, start):
    runs = croniter(expression, start)
    while True:
        yield runs.get_next(datetime)


def of_apscheduler(expression, start):
    trigger, run = CronTrigger.from_crontab(expression, timezone=BERLIN), start
    while True:
        yield (run := trigger.get_next_fire_time(run, run))


def of_cron_parser(expression, start, end):
    words = [expression, start.astimezone(UTC).isoformat(), end.astimezone(UTC).isoformat()]
    told = subprocess.run(["node", sys.argv[1], *words], capture_output=True, text=True, check=True).stdout
    return [datetime.fromisoformat(line) for line in told.split()]


def until(end, runs):
    """The runs before the end, in UTC: of two local times of one zone Python compares only the clock's face."""
    for run in runs:
        if (instant := run.astimezone(UTC)) >= end.astimezone(UTC):
            return
        yield instant


def ask(expression, night):
    start, end = NIGHTS[night]
    answers = {
        "croniter": [*until(end, of_croniter(expression, start))],
        "cronsim": [*until(end, CronSim(expression, start))],
        "apscheduler": [*until(end, of_apscheduler(expression, start))],
        "cron-parser": of_cron_parser(expression, start, end),
    }
    print(f"{expression} on the night that the clock goes {night}, in UTC")
    for parser, runs in answers.items():
        runs[:] = [run for run in runs if run > start.astimezone(UTC)]
        print(f"  {parser:12}", *(f"{run:%H:%M}" for run in runs))
    return answers


def gaps(runs):
    """The hours between one run and the next."""
    return {(later - earlier).total_seconds() / 3600 for earlier, later in pairwise(runs)}


at_a_time = {parser: len(runs) for parser, runs in ask("30 2 * * *", "back").items()}
assert at_a_time == {"croniter": 2, "cronsim": 1, "apscheduler": 2, "cron-parser": 1}, at_a_time

half_hours = {parser: max(gaps(runs)) for parser, runs in ask("*/30 1-3 * * *", "back").items()}
assert half_hours == {"croniter": 0.5, "cronsim": 0.5, "apscheduler": 0.5, "cron-parser": 1.5}, half_hours
assert {len(runs) for runs in ask("15 * * * *", "back").values()} == {17}

back, forward = ask("0 */2 * * *", "back"), ask("0 */2 * * *", "forward")
spans = {parser: (gaps(back[parser]), gaps(forward[parser])) for parser in back}
print("hours between the runs of 0 */2 * * *, back and forward:", spans)
assert spans == {
    "croniter": ({1, 2}, {1, 2}),
    "cronsim": ({1, 2}, {2, 3}),
    "apscheduler": ({1, 2}, {1, 2}),
    "cron-parser": ({2, 3}, {1, 2}),
}, spans
PY
"$room/venv/bin/python" "$room/night.py" "$room/runs.cjs"

echo "guess:     a fixed hour runs once, every half hour runs on, and the parsers agree"
echo "behaviour: twice or once; a silent hour and a half; three answers to every two hours"
echo "as found with croniter 7.0.0, cronsim 2.8, APScheduler 3.11.3, cron-parser 5.10.6 on 2026-11-29"
