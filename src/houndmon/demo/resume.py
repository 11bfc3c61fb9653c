"""What the living Hound reads back from its relations, so that it can stop and go on at any time."""

from datetime import datetime, timedelta

from houndmon.demo.catalogue import FIRST_UPLOAD
from houndmon.demo.fleet import FLEET
from houndmon.demo.relations import COLUMNS, SCHEMA, Connection
from houndmon.demo.transcoding import ACTIVE_STATUSES, JobRecord, TrackRecord
from houndmon.demo.workers import WorkerProcess


async def next_number(conn: Connection) -> int:
    """Return the first number that no upload has yet."""
    newest = await conn.fetchval(f"select max(track_id) from {SCHEMA}.tracks")
    return max(FIRST_UPLOAD, int(newest.removeprefix("trk-")) + 1 if newest else 0)


async def known_processes(conn: Connection, since: datetime, until: datetime) -> dict[str, datetime]:
    """Return when the newest process of each worker that beat in the meantime was started."""
    rows = await conn.fetch(
        f"select worker_id, max(process_started_at) as at from {SCHEMA}.worker_heartbeats "
        f"where environment = any($1) and beat_at between $2 and $3 group by worker_id",
        list(FLEET),
        since,
        until,
    )
    return {row["worker_id"]: row["at"] for row in rows}


async def workers(conn: Connection, now: datetime) -> list[WorkerProcess]:
    """Return the fleet; a worker that has been silent for two minutes is a new process."""
    known = await known_processes(conn, now - timedelta(minutes=2), now)
    return [
        WorkerProcess(worker_id, environment, known.get(worker_id, now))
        for environment, worker_ids in FLEET.items()
        for worker_id in worker_ids
    ]


async def unfinished_jobs(conn: Connection) -> list[tuple[JobRecord, TrackRecord]]:
    """Return the active jobs with their tracks, the oldest first."""
    jobs = await conn.fetch(
        f"select {', '.join(COLUMNS['transcode_jobs'])} from {SCHEMA}.transcode_jobs "
        f"where status = any($1) order by queued_at",
        list(ACTIVE_STATUSES),
    )
    ids = [row["track_id"] for row in jobs]
    columns = ", ".join(COLUMNS["tracks"])
    rows = await conn.fetch(f"select {columns} from {SCHEMA}.tracks where track_id = any($1)", ids)
    tracks = {row["track_id"]: TrackRecord(**row) for row in rows}
    return [(JobRecord(**row), tracks[row["track_id"]]) for row in jobs if row["track_id"] in tracks]


async def ready_tracks(conn: Connection) -> list[TrackRecord]:
    """Return the tracks that wait for their publication."""
    columns = ", ".join(COLUMNS["tracks"])
    rows = await conn.fetch(f"select {columns} from {SCHEMA}.tracks where state = 'ready'")
    return [TrackRecord(**row) for row in rows]
