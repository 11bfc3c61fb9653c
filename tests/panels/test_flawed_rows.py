"""What stands in the flawed rows of each panel, from literal rows; the counts of it are those of its anomalies."""

from collections.abc import Callable
from typing import Any

import pytest

from factories import Hound, present
from houndmon.app import PANELS
from houndmon.core import flawed_rows
from houndmon.core.filters import Filters
from houndmon.core.flawed_rows import Commonest, FlawedRows, read_commonest
from houndmon.core.panel import AnyPanel
from houndmon.core.source import Snapshot
from houndmon.core.sql import Statement

Panels = dict[str, AnyPanel]
SPECS: Panels = {spec.name: spec for spec in PANELS}
FLAWED = {name: spec.flawed for name, spec in SPECS.items() if spec.flawed}
Found = dict[str, tuple[str, str | None, int, int]]
EVENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "ingest": ("upload_attempts", {"outcome": "ok"}),
    "playback": ("play_attempts", {"outcome": "ok"}),
    "api": ("api_requests", {"requests": -5}),
    "publish": ("tracks", {"state": "ok"}),
}
"""The relation of a panel, and what a row of an unknown value holds."""
HOSTILE = "<img src=x onerror=alert(1)>'\"\u202e\x07" + "y" * 1_000_000


@pytest.fixture
def look(snapshot: Callable[..., Snapshot]) -> Callable[..., Any]:
    """Look at a panel's flawed rows: by kind the column, the value, how many have it, and how many there are."""

    async def look(name: str, **filters: Any) -> Found:
        found = await read_commonest(snapshot(), present(SPECS[name].flawed), Filters(**filters))
        return {one.kind: (one.field, one.value, one.rows, one.all_rows) for one in found}

    return look


async def add(hound: Hound, relation: str, times: int = 1, **values: Any) -> None:
    """Insert a row so many times, each with an id where the relation has one."""
    await (hound.track(times, **values) if relation == "tracks" else hound.add(relation, times, **values))


@pytest.mark.parametrize("name", EVENTS)
async def test_it_names_the_commonest_unknown_value(hound, look, show, name):
    """Of values that nobody knows it is the commonest, of as many the first by name; known ones are no flaw."""
    relation, odd = EVENTS[name]
    [(column, value)] = odd.items()
    await add(hound, relation, 3)
    await add(hound, relation, 2, **odd)
    await add(hound, relation, 2, **{column: -7 if value == -5 else "zz"})
    await add(hound, relation, 1, **{column: -6 if value == -5 else "Accepted "})
    assert await look(name) == {"unknown_value": (column, str(value), 2, 5)}
    assert (await show(SPECS[name].load))["anomalies"] == [{"kind": "unknown_value", "count": 5}]


@pytest.mark.parametrize("name", FLAWED)
async def test_it_names_the_commonest_unknown_environment(hound, look, show, name):
    """The environments of rows that belong to no known one, null among them; it is the same in both known ones."""
    relation = {"workers": "worker_heartbeats", "transcode": "transcode_jobs"}.get(name) or EVENTS[name][0]
    insert = hound.job if name == "transcode" else lambda **row: add(hound, relation, **row)
    for environment, times in (("production", 3), (None, 2), ("", 1), ("zzz", 2), ("prod", 4), ("staging", 4)):
        await insert(times=times, environment=environment)
    for environment in ("prod", "staging"):
        assert await look(name, environment=environment) == {"unknown_environment": ("environment", "production", 3, 8)}
        shown = await show(SPECS[name].load, environment=environment)
        assert shown["anomalies"] == [{"kind": "unknown_environment", "count": 8}]


@pytest.mark.parametrize("name", ["ingest", "playback", "api"])
async def test_it_knows_the_one_time_of_an_event(hound, look, show, name):
    """An event has one time, so that nothing need be read; what is ahead is no unknown value, whatever it holds."""
    relation, odd = EVENTS[name]
    await add(hound, relation, 1, occurred_at="+6s", **odd)
    assert await look(name) == {}
    assert FLAWED[name].fields == {"future_time": "occurred_at"}
    assert (await show(SPECS[name].load))["anomalies"] == [{"kind": "future_time", "count": 1}]


async def test_it_tells_null_from_a_value(hound, look):
    """A null stands for itself: nobody wrote it."""
    await hound.conn.execute("alter table hound.api_requests alter requests drop not null")
    await hound.requests(requests=None, times=2)
    await hound.requests(requests=-1)
    assert await look("api") == {"unknown_value": ("requests", None, 2, 3)}


async def test_it_names_what_is_wrong_with_jobs(hound, look, show):
    """A status that nobody knows, a finish or an entry that is missing, and of several times ahead the first."""
    await hound.job("running", 3)
    await hound.job("done", finished_at="-5m")
    await hound.job("completed", 2, finished_at=None)
    await hound.job("queued", queued_at=None)
    await hound.job("in_progress", claimed_at="+1h", started_at="+2h", times=2)
    await hound.job("completed", finished_at="infinity")
    await hound.job("completed", started_at="-5m")  # ends before it began: there is one such pair of columns
    await hound.job("queued", 5)
    await hound.job("failed", 5)
    assert await look("transcode") == {
        "future_time": ("claimed_at", None, 2, 3),
        "missing_time": ("finished_at", None, 2, 3),
        "unknown_value": ("status", "running", 3, 4),
    }
    assert (await show(SPECS["transcode"].load))["anomalies"] == [
        {"kind": "future_time", "count": 3},
        {"kind": "unknown_value", "count": 4},
        {"kind": "missing_time", "count": 3},
        {"kind": "negative_duration", "count": 1},
    ]


async def test_it_names_the_times_of_beats(hound, look, show):
    """A beat ahead, or the start of its process; a beat that names an unknown environment is that alone."""
    await hound.beat()
    await hound.beat(process_started_at="+1h", times=2)
    await hound.beat(beat_at="+1h", process_started_at="+1h")
    await hound.beat(beat_at="+1h", environment="dev")
    await hound.beat(beat_at="-2h", process_started_at="+1h")  # an hour is looked at: no index gives the newest first
    assert await look("workers") == {
        "future_time": ("process_started_at", None, 2, 3),
        "unknown_environment": ("environment", "dev", 1, 1),
    }
    assert (await show(SPECS["workers"].load))["anomalies"][1] == {"kind": "future_time", "count": 4}


async def test_it_names_the_times_of_tracks(hound, look, show):
    """An upload or a going live ahead; what lacks its `live_at`, or has it too early, has no other column wrong."""
    await hound.track(uploaded_at="+1h")
    await hound.track(live_at="+1h", state="what", times=2)
    await hound.track(state="live")
    await hound.track(state="live", live_at="-1h")
    assert await look("publish") == {"future_time": ("live_at", None, 2, 3)}
    assert FLAWED["publish"].fields.keys() == {"missing_time", "negative_duration"}
    assert [one["kind"] for one in (await show(SPECS["publish"].load))["anomalies"]] == [
        "future_time",
        "missing_time",
        "negative_duration",
    ]


@pytest.mark.parametrize("name", EVENTS)
async def test_it_finds_nothing_in_sound_rows(hound, look, name):
    """Sound rows say nothing, nor do those of the other environment or before the range."""
    relation, odd = EVENTS[name]
    column = "uploaded_at" if relation == "tracks" else "occurred_at"
    await add(hound, relation, 3)
    await add(hound, relation, 3, environment="staging", **odd)
    await add(hound, relation, 3, **odd | {column: "-25h"})
    assert await look(name) == {}
    assert await look(name, range="7d") != {}


async def test_it_takes_the_support_filter(hound, look):
    """With an artist or a release it looks at their rows, and at all of what records neither."""
    await hound.job("running", artist_id="artist-7")
    await hound.job("done", 3, artist_id="artist-8")
    await hound.upload(outcome="ok", release_id="release-1")
    await hound.upload(outcome="fine", environment="dev", release_id="release-2", times=2)
    await hound.requests(requests=-1)
    assert (await look("transcode", artist_id="artist-7"))["unknown_value"] == ("status", "running", 1, 1)
    assert await look("ingest", release_id="release-1") == {"unknown_value": ("outcome", "ok", 1, 1)}
    assert (await look("api", artist_id="artist-7"))["unknown_value"] == ("requests", "-1", 1, 1)


async def test_it_takes_what_strangers_write_in_pieces(hound, look):
    """A value of a million characters comes as the 41 that tell whether it is cut."""
    await hound.play(outcome=HOSTILE, times=2)
    await hound.play(outcome=HOSTILE + "z")
    assert await look("playback") == {"unknown_value": ("outcome", HOSTILE[:41], 3, 3)}


async def test_it_reads_the_newest_rows_alone(hound, look, monkeypatch):
    """Of more rows than it may read it takes the newest, and as many of no known environment."""
    monkeypatch.setattr(flawed_rows, "MOST_ROWS", 3)
    await hound.upload(outcome="old", occurred_at="-9m", times=5)
    await hound.upload(outcome="new", occurred_at="-1m", times=2)
    await hound.upload(environment="dev", times=7)
    assert await look("ingest") == {
        "unknown_environment": ("environment", "dev", 3, 3),
        "unknown_value": ("outcome", "new", 2, 3),
    }


async def test_it_looks_at_an_hour_where_more_cannot_be_read(hound, snapshot):
    """Where the range cannot be read in time the last hour is, in the same snapshot; a source that has none says so."""
    await hound.upload(outcome="ok")
    is_long = "$3::timestamptz < $2::timestamptz - interval '2 hours'"
    value = f"(7 / case when {is_long} then 0 else $4::bigint / $4::bigint end)::text"
    text = f"select 'unknown_value' as kind, 'outcome' as field, {value} as value from {{upload_attempts}}"
    flawed = FlawedRows(Statement("flawed", f"{text} where $1 = 'prod'", "upload_attempts"))
    [found] = await read_commonest(snapshot(), flawed, Filters(range="7d"))
    assert found == Commonest("unknown_value", "outcome", "7", 1, 1)
    assert [flawed.spans(span) for span in ("7d", "1h")] == [("7d", "1h"), ("1h",)]


def test_it_looks_at_each_relation_that_has_flaws():
    """Every panel of the source has a look at its own flawed rows."""
    assert FLAWED.keys() == {name for name, spec in SPECS.items() if spec.reads == "source"}
