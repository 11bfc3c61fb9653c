"""What the rows show of how a source is kept: attempts as rows, deleted jobs, silent workers, browsers' names. Pure."""

from collections.abc import Container

import msgspec

from houndmon.core.source_contract import IOS_PLATFORMS, SAFARI_BROWSERS, is_ios_safari
from houndmon.core.text import listing
from houndmon.rulebook.levels import BEAT_FRESH_SECONDS
from houndmon.rulebook.units import duration, percent
from houndmon.source_check.judge import GRAVE_SHARE, quoted_value
from houndmon.source_check.model import Diagnostic
from houndmon.source_check.near_words import seems_ios_safari
from houndmon.web.display import plural

CHANCE = 0.001
LEAST_FAILED = 3
MOST_NAMED = 5


class Repeat(msgspec.Struct):
    """An id, its rows, and how many ids there are and repeat."""

    id: str
    rows: int
    ids: int
    repeated: int
    all_rows: int


class History(msgspec.Struct):
    """How far back completed and failed jobs reach; `failed_before` the first that completed."""

    all_rows: int
    completed: int
    failed: int
    failed_before: int
    completed_seconds: float | None
    failed_seconds: float | None


class JobWorker(msgspec.Struct):
    """A worker that jobs name."""

    worker_id: str
    jobs: int
    in_progress: int


class Beats(msgspec.Struct):
    """How many workers beat, and how often."""

    workers: int
    all_rows: int
    most_rows: int
    alive: int
    gap_seconds: float | None


class ClientPlays(msgspec.Struct):
    """Plays of one platform and browser, as a parser named them."""

    platform: str | None
    browser: str | None
    rows: int
    all_rows: int


def repeating(relation: str, column: str, found: list[Repeat]) -> Diagnostic | None:
    """Ids that stand on several rows: houndmon counts rows."""
    if not found or not found[0].repeated:
        return None
    first = found[0]
    is_grave = first.repeated / first.ids >= GRAVE_SHARE
    examples = tuple(f"{quoted_value(one.id)}  {one.rows:,} rows" for one in found if one.rows > 1)
    noun = {"transcode_jobs": "job", "tracks": "track"}[relation]
    what = f"{first.repeated:,} of {first.ids:,} values of {column} stand on several rows: each row counts as a {noun}"
    remedy = f"show one row a {noun}, the newest: select distinct on ({column}) … order by {column}, … desc"
    return Diagnostic("error" if is_grave else "warning", relation, what, remedy, examples)


def chance_of_run(failures: int, failed: int, completed: int) -> float:
    """How likely so many jobs in a row fail, where so many of the others failed and completed.

    Laplace's rule of succession: one more of each than was seen.
    """
    return float(((failed + 1) / (failed + completed + 2)) ** failures)


def deleting(found: History, ever_completed: bool) -> Diagnostic | None:
    """Whether jobs that went well are deleted while failed ones stay: then every ratio lies."""
    remedy = (
        "keep a history: a table that a trigger or the worker itself fills as a job ends, as a branch of the view; "
        "or let the queue keep what went well for 7 days"
    )
    if not found.completed:
        if found.failed_before < LEAST_FAILED or ever_completed:
            return None
        jobs = plural(found.failed_before, "job", "jobs")
        what = f"{jobs} failed, none ever completed: every ratio is 100 %. Does the queue delete what goes well?"
        return Diagnostic("error", "transcode_jobs", what, remedy)
    is_run = found.failed_before >= LEAST_FAILED
    if not is_run or chance_of_run(found.failed_before, found.failed, found.completed) >= CHANCE:
        return None
    what = (
        f"completed jobs reach back {duration(found.completed_seconds)}, failed ones {duration(found.failed_seconds)}: "
        "the queue deletes what goes well, and every ratio over a longer time lies"
    )
    return Diagnostic("error", "transcode_jobs", what, remedy)


def silent(workers: list[JobWorker], beating: set[str], any_beats: bool) -> Diagnostic | None:
    """Workers that jobs name and that never beat."""
    mute = [worker for worker in workers if worker.worker_id not in beating]
    named = listing(quoted_value(worker.worker_id) for worker in mute[:MOST_NAMED]) if mute else ""
    more = f" and {len(mute) - MOST_NAMED:,} more" if len(mute) > MOST_NAMED else ""
    remedy = "name a worker alike in both: worker_id is compared as it is written"
    if not any_beats or not mute:
        return None
    if len(mute) == len(workers):
        what = f"no worker that a job names ever beat in the last 7 days: {named}{more}"
        return Diagnostic("error", "transcode_jobs", what, remedy)
    busy = [worker for worker in mute if worker.in_progress]
    if not busy:
        return None  # a registry forgets who has left
    what = f"{plural(len(busy), 'worker has', 'workers have')} jobs in progress and did not beat in the last 7 days"
    return Diagnostic(
        "warning", "transcode_jobs", what, remedy, tuple(quoted_value(one.worker_id) for one in busy[:MOST_NAMED])
    )


def beating(found: Beats, jobs: int) -> list[Diagnostic]:
    """What the beats show: a registry, slow beats, ids that are new with each process; or nothing at all."""
    relation = "worker_heartbeats"
    if not found.workers:
        what = "no worker beat in the last 24 h, and there are jobs: worker_heartbeat_missing fires while one waits"
        remedy = "let each worker write a beat every 30 s, or show the time that the queue keeps of it"
        return [Diagnostic("warning", relation, what, remedy)] if jobs else []
    findings = []
    if found.most_rows == 1:
        what = (
            f"one row a worker ({plural(found.workers, 'worker', 'workers')}): a registry, which is a valid source; "
            "houndmon notes the beats that it sees arrive, and knows nothing of the time before"
        )
        findings.append(Diagnostic("note", relation, what))
    if (found.gap_seconds or 0) > BEAT_FRESH_SECONDS:
        late = duration(BEAT_FRESH_SECONDS)
        what = f"workers beat every {duration(found.gap_seconds)}: one counts as missing after {late}"
        findings.append(Diagnostic("error", relation, what, "let them beat every 30 s"))
    gone = found.workers - found.alive
    if found.alive and gone >= 10 and gone >= 4 * found.alive:
        what = (
            f"{plural(found.workers, 'worker', 'workers')} beat in the last 24 h, {found.alive:,} of them just now: "
            "one that is gone counts as missing for a day"
        )
        remedy = "name a worker by what outlives its process (its host), not by a process id or a random one"
        findings.append(Diagnostic("warning", relation, what, remedy))
    return findings


def browsers(
    clients: list[ClientPlays], platforms: Container[str] = IOS_PLATFORMS, safaris: Container[str] = SAFARI_BROWSERS
) -> Diagnostic | None:
    """Names that seem to mean Safari on iOS, and are not counted as it."""
    missed = [
        c
        for c in clients
        if seems_ios_safari(c.platform, c.browser) and not is_ios_safari(c.platform, c.browser, platforms, safaris)
    ]
    if not missed:
        return None
    share = sum(client.rows for client in missed) / clients[0].all_rows
    lines = tuple(
        f"platform {quoted_value(client.platform)}, browser {quoted_value(client.browser)}  {client.rows:,}  "
        f"{percent(client.rows / client.all_rows)}"
        for client in missed[:MOST_NAMED]
    )
    what = f"{percent(share)} of the rows look like Safari on iOS, and are not counted as it"
    remedy = (
        "write 'ios' and 'safari' in the view, without versions, or name them in [ios_safari]; "
        "a web view within an app is better called 'app'"
    )
    return Diagnostic("warning", "play_attempts", what, remedy, lines)
