"""The raw grouped SQL of each panel: what somebody would write who has the tables and no console.

It is kept apart from the panels' own statements on purpose, and leaves out what makes those longer: hostile rows,
messages, several windows at once. So the comparison flatters the raw side.
"""

from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg

from houndmon.core.answer import PanelAnswer
from houndmon.core.sql import load_statements

SQL = load_statements(Path(__file__).with_name("raw.sql"))
OF = {
    "ingest": ("ingest",),
    "transcode": ("transcode", "transcode_durations"),
    "workers": ("workers", "workers_claims"),
    "publish": ("publish", "publish_durations"),
    "playback": ("playback",),
    "api": ("api",),
}
Rows = dict[str, list[asyncpg.Record]]


async def raw(conn: asyncpg.Connection, panel: str, environment: str, start: datetime, end: datetime) -> Rows:
    """Run a panel's raw statements, one after the other."""
    return {name: await conn.fetch(SQL[name].text, environment, start, end) for name in OF[panel]}


def differences(panel: PanelAnswer, rows: Rows) -> dict[str, tuple[Any, Any]]:
    """Where a panel and the raw rows disagree: each figure as the panel has it, and as the rows do."""
    said, found = figures(panel), figures_of(rows)
    assert said.keys() == found.keys()
    return {name: (said[name], found[name]) for name in said if said[name] != found[name]}


def figures(panel: Any) -> dict[str, Any]:
    """The figures of a panel that can be held against raw rows."""
    match panel.panel:
        case "ingest":
            return {"uploads": panel.uploads, "rejected": panel.rejected}
        case "transcode":
            jobs = panel.jobs_by_status
            known = {name: getattr(jobs, name) for name in ("queued", "in_progress", "retrying", "failed", "completed")}
            return known | {"durations": panel.duration_minutes.sample_count}
        case "workers":
            newest = panel.last_heartbeat_at
            return {"newest": newest, "starts": panel.claim_to_start_seconds.sample_count}
        case "publish":
            times = panel.upload_to_live_minutes.sample_count
            return {"due": panel.due, "live": panel.live_in_time + panel.live_late, "durations": times}
        case "playback":
            names = ("attempts", "failed", "blocked", "aborted")
            return {name: getattr(panel, name) for name in names} | {
                "clients": sum(c.attempts for c in panel.by_client)
            }
        case "api":
            return {"requests": panel.requests}
    raise AssertionError(panel.panel)


def figures_of(rows: Rows) -> dict[str, Any]:
    """The same figures from raw rows."""
    match next(iter(rows)):
        case "ingest":
            uploads = rows["ingest"]
            return {"uploads": counted(uploads), "rejected": counted(uploads, outcome="rejected")}
        case "transcode":
            names = ("queued", "in_progress", "retrying", "failed", "completed")
            known = {name: counted(rows["transcode"], status=name) for name in names}
            return known | {"durations": counted(rows["transcode_durations"])}
        case "workers":
            newest = max((row["last_beat_at"] for row in rows["workers"]), default=None)
            return {"newest": newest, "starts": counted(rows["workers_claims"])}
        case "publish":
            tracks = [row for row in rows["publish"] if row["state"] not in ("rejected", "withdrawn")]
            live = counted(tracks, is_waiting=False)
            return {"due": counted(tracks), "live": live, "durations": counted(rows["publish_durations"])}
        case "playback":
            plays = rows["playback"]
            known = {name: counted(plays, outcome=name) for name in ("failed", "blocked", "aborted")}
            attempts = counted(plays, outcome="started") + known["failed"]
            return {"attempts": attempts} | known | {"clients": attempts}
        case "api":
            return {"requests": counted(rows["api"])}
        case other:
            raise AssertionError(other)


def counted(rows: list[asyncpg.Record], **wanted: Any) -> int:
    """How many rows the groups hold that have these values."""
    return sum(row["n"] for row in rows if all(row[name] == value for name, value in wanted.items()))
