"""When tracks are due: by their upload, or by a plan that is later; live or not, by now or ahead of it."""

import asyncio
from datetime import datetime, timedelta
from typing import Any, cast

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factories import NOW, Hound, timed
from houndmon.core.clock import JITTER, SPANS, Clock
from houndmon.core.filters import Filters
from houndmon.core.source import Snapshot, Source
from houndmon.panels.publish.load import load, load_windows
from strategies import US

COUNTS = ("due", "live_in_time", "live_late", "waiting", "overdue")
LIMIT = timedelta(minutes=10)


def counts(panel):
    return tuple(panel[name] for name in COUNTS)


async def test_it_judges_tracks_by_when_they_were_due(hound, show):
    """Uploaded three weeks before and due at one midnight: in time, late, overdue and waiting are from midnight on."""
    plan = {"uploaded_at": "-21d", "publish_at": "2026-03-02 00:00"}
    await hound.track(times=2, live_at="2026-03-02 00:10", state="live", **plan)
    await hound.track(live_at="2026-03-02 00:10:00.000001", state="live", **plan)
    await hound.track(state="ready", times=4, **plan)
    await hound.track(uploaded_at="-21d", publish_at="-10m", state="ready")
    await hound.track(uploaded_at="-21d", publish_at="2026-03-02 11:50:29.999999", state="ready")
    found = await show(load, range="24h")
    assert counts(found) == (9, 2, 1, 1, 5)
    assert (found["in_time_ratio"], found["oldest_waiting_age_minutes"]) == (2 / 8, 720.5)
    assert found["upload_to_live_minutes"] == timed(10.0, 10 + 1 / 60_000_000, 10 + 1 / 60_000_000, 3)
    assert counts(await show(load, range="1h")) == (2, 0, 0, 1, 1)


async def test_it_places_tracks_by_when_they_were_due(hound, show):
    """A plan exactly on the start of the range counts, one 1 µs before does not, whenever the upload was."""
    for uploaded_at in ("-21d", "-3h"):
        await hound.track(uploaded_at=uploaded_at, publish_at="2026-03-02 11:00", times=2)
        await hound.track(uploaded_at=uploaded_at, publish_at="2026-03-02 10:59:59.999999", times=10)
    assert counts(await show(load, range="1h")) == (4, 0, 0, 0, 4)


@pytest.mark.parametrize("plan", [None, "-9d", "-20m", "-infinity"])
async def test_it_holds_a_plan_that_is_not_later_for_none(hound, show, plan):
    """A track whose plan is past when it is uploaded is due at its upload."""
    await hound.track(uploaded_at="-20m", publish_at=plan, live_at="-10m", state="live")
    await hound.track(uploaded_at="-2d", publish_at=plan and "-9d")
    assert counts(await show(load, range="1h")) == (1, 1, 0, 0, 0)


async def test_it_says_nothing_of_what_is_due_later(hound, show):
    """A track that waits for its plan is in no figure, up to 5 s before the plan; it is no anomaly either."""
    for plan in ("+6s", "+3d", "infinity", "20000-01-01Z"):
        await hound.track(uploaded_at="-2h", publish_at=plan, state="ready")
        await hound.track(uploaded_at="-30m", publish_at=plan, state="ready")
    found = await show(load, range="24h")
    assert (counts(found), found["in_time_ratio"], found["anomalies"]) == ((0, 0, 0, 0, 0), None, [])
    assert found["oldest_waiting_age_minutes"] is None
    await hound.track(uploaded_at="-2h", publish_at="+5s", state="ready")
    found = await show(load, range="1h")
    assert (counts(found), found["oldest_waiting_age_minutes"]) == ((1, 0, 0, 1, 0), 0.0)


async def test_it_counts_what_is_live_ahead_of_its_plan_when_it_went_live(hound, show):
    """A track that is live and due later is in time, in the range in which it went live, and took no time."""
    for plan in ("+3d", "infinity"):
        await hound.track(uploaded_at="-20d", publish_at=plan, live_at="-30m", state="live")
        await hound.track(uploaded_at="-20d", publish_at=plan, live_at="-2h", state="live")
    found = await show(load, range="1h")
    assert (counts(found), found["upload_to_live_minutes"]) == ((2, 2, 0, 0, 0), timed(0.0, 0.0, 0.0, 2))
    assert counts(await show(load, range="24h")) == (4, 4, 0, 0, 0)


async def test_it_moves_what_was_live_early_to_its_plan_once_that_has_come(hound, show):
    """A track that went live before its plan is due at the plan from then on: it counts once, there."""
    await hound.track(uploaded_at="-20d", publish_at="2026-03-02 11:40", live_at="2026-03-02 09:00", state="live")
    found = await show(load, range="1h")
    assert (counts(found), found["upload_to_live_minutes"]) == ((1, 1, 0, 0, 0), timed(0.0, 0.0, 0.0, 1))
    assert counts(await show(load, range="6h")) == (1, 1, 0, 0, 0)
    early = await show(load, range="6h", now=datetime.fromisoformat("2026-03-02T11:30:00Z"))
    assert counts(early) == (1, 1, 0, 0, 0)


async def test_it_leaves_out_what_nobody_is_to_hear(hound, show):
    """Rejected and withdrawn tracks are out, planned or not, live or not."""
    for state in ("rejected", "withdrawn"):
        for plan in ("-2h", "+2h"):
            await hound.track(uploaded_at="-9d", publish_at=plan, state=state)
            await hound.track(uploaded_at="-9d", publish_at=plan, live_at="-3h", state=state)
    assert counts(await show(load, range="24h")) == (0, 0, 0, 0, 0)


async def test_it_does_not_take_a_live_time_ahead_for_live(hound, show):
    """A planned track whose `live_at` lies ahead is in no figure until then; it is an anomaly where it was uploaded."""
    await hound.track(uploaded_at="-9d", publish_at="-2h", live_at="+6s", state="live")
    await hound.track(uploaded_at="-2h", publish_at="-1h", live_at="+28260m", state="ready")
    found = await show(load, range="24h")
    assert (counts(found), found["anomalies"]) == ((0, 0, 0, 0, 0), [{"kind": "future_time", "count": 1}])
    later = await show(load, range="24h", now=NOW + timedelta(seconds=1))
    assert (counts(later), later["anomalies"]) == ((1, 0, 1, 0, 0), [{"kind": "future_time", "count": 1}])


async def test_it_places_anomalies_by_the_upload(hound, show):
    """Each flawed track counts once, from its upload on, also where it is due later, or was uploaded before."""
    for uploaded_at, times in (("-2h", 1), ("-9d", 10)):
        for plan in ("-1h", "+1h"):
            row = {"uploaded_at": uploaded_at, "publish_at": plan, "times": times}
            await hound.track(state="Live", live_at="-1h", **row)
            await hound.track(state="live", live_at=None, **row)
            await hound.track(state="live", live_at="-10d", **row)
            await hound.track(environment=None, live_at="-1h", **row)
    found = await show(load, range="24h")
    assert {one["kind"]: one["count"] for one in found["anomalies"]} == {
        "unknown_environment": 2,
        "unknown_value": 2,
        "missing_time": 2,
        "negative_duration": 2,
    }
    assert counts(found) == (11, 11, 0, 0, 0)  # those live before their upload, where their plan has come
    assert found["upload_to_live_minutes"]["sample_count"] == 0


async def test_it_filters_planned_tracks(hound, show):
    """With an artist or a release the planned tracks are theirs alone, in each of the places where they may stand."""
    for artist_id in ("a-1", "a-2"):
        await hound.track(uploaded_at="-9d", publish_at="-30m", artist_id=artist_id, release_id="r-1")
        await hound.track(uploaded_at="-9d", publish_at="+9d", live_at="-5m", state="live", artist_id=artist_id)
    assert counts(await show(load, artist_id="a-1")) == (2, 1, 0, 0, 1)
    assert counts(await show(load, artist_id="a-2", release_id="r-1")) == (1, 0, 0, 0, 1)


async def test_it_reads_a_source_without_plans(hound, show):
    """Where `publish_at` is missing every track is due at its upload."""
    await hound.conn.execute("alter table hound.tracks drop publish_at")
    await hound.track(uploaded_at="-30m", live_at="-25m", state="live")
    await hound.track(uploaded_at="-30m")
    assert counts(await show(load)) == (2, 1, 0, 0, 1)


edges = st.sampled_from([NOW, NOW + JITTER, NOW - LIMIT, *(Clock(NOW).since(span) for span in ("1h", "24h"))])
times = st.one_of(
    st.builds(lambda edge, off: edge + off, edges, st.sampled_from([-US, timedelta(0), US, -LIMIT, LIMIT])),
    st.timedeltas(timedelta(days=-2), timedelta(days=2)).map(NOW.__add__),
)
tracks = st.fixed_dictionaries(
    {
        "environment": st.sampled_from(["prod", "prod", "prod", "staging", None]),
        "state": st.sampled_from(["live", "ready", "processing", "rejected", "Live"]),
        "uploaded_at": times,
        "publish_at": st.none() | times,
        "live_at": st.none() | times,
    }
)


def good_and_total(rows: list[dict[str, Any]], span: str) -> tuple[int, int]:
    """The events of the service level, as the contract has them, row by row."""
    good = total = 0
    for row in rows:
        due, live_at, soon = (
            max(row["uploaded_at"], row["publish_at"] or row["uploaded_at"]),
            row["live_at"],
            NOW + JITTER,
        )
        if row["environment"] != "prod" or row["state"] not in ("live", "ready", "processing"):
            continue
        if row["uploaded_at"] > soon or (live_at and live_at > soon) or (row["state"] == "live" and not live_at):
            continue
        due = live_at if due > soon else due
        if due is not None and (NOW - SPANS[span]).replace(second=0) <= due <= soon:
            good += live_at is not None and live_at - due <= LIMIT
            total += live_at is not None or NOW - due > LIMIT
    return good, total


async def judged(dsn: str, rows: list[dict[str, Any]]) -> dict[str, tuple[int, int]]:
    """The same as the panel reads them, on a database."""
    conn = await asyncpg.connect(dsn)
    try:
        await conn.execute("begin")
        hound, pool, spans = Hound(conn), cast("asyncpg.Pool", None), ("30m", "1h", "24h")
        for row in rows:
            await hound.track(**row | {name: str(row[name]) for name in row if name.endswith("_at") and row[name]})
        snapshot = Snapshot(Source(pool, "hound", "UTC"), conn, Clock(NOW))
        windows = [snapshot.clock.window(span) for span in spans]
        found, _ = await load_windows(snapshot, Filters(), LIMIT / timedelta(minutes=1), *windows)
        return {span: (one.in_time, one.judged) for span, one in zip(spans, found, strict=True)}
    finally:
        await conn.close()


@given(st.lists(tracks, max_size=8))
@settings(max_examples=60)
def test_it_counts_as_the_contract_does(panels_database, rows):
    """Whatever the times, on the edges too, good and total are what ten lines make of the rows one by one."""
    found = asyncio.run(judged(panels_database, rows))
    assert found == {span: good_and_total(rows, span) for span in found}
