"""What counts promise: the figures of the rows, now, whenever the rows came."""

from dataclasses import replace
from datetime import timedelta
from typing import get_args

import msgspec
import pytest

from counts.conftest import fill_at_random
from factories import NOW, present
from houndmon.app import PANELS
from houndmon.config.defaults import DEFAULTS
from houndmon.core.filters import ENVIRONMENTS, RANGES, Filters
from houndmon.core.lease import LeaseLost
from houndmon.core.problems import StateUnreadable
from houndmon.core.series import Interval
from houndmon.core.source import Snapshot, Source
from houndmon.core.state_database import StateDatabase
from houndmon.counts import fill
from houndmon.counts.batch_size import LONGEST, SHORTEST, SHORTEST_IF_SLOW, BatchSize
from houndmon.counts.fill import merge_neighbours
from houndmon.counts.loop import CountsTask
from houndmon.counts.series import fingerprint_of
from houndmon.counts_check.compare import compare_panel
from houndmon.evaluator.backtest import PARTS_OF_RULES, backtest, instants_to_judge
from houndmon.rulebook.book import RuleName

pytestmark = pytest.mark.long

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("seed", [1, 2])
async def test_it_answers_from_counts_what_the_rows_come_to(harness, seed):
    """Whatever rows there are, every figure of every panel, range and environment is that of the rows."""
    await fill_at_random(harness.hound, seed)
    await harness.fill()
    assert await harness.differences() == {}


async def test_it_draws_from_counts_what_the_rows_come_to(harness):
    """Every chart of every range and environment is the one that the rows alone give, and counts were read for it."""
    await fill_at_random(harness.hound, 3)
    await harness.fill()
    async with harness.raw.snapshot() as rows:
        counted = Snapshot(harness.served, rows.conn, rows.clock)
        trends = {spec.name: spec.trend for spec in PANELS if spec.trend}
        for name, trend in trends.items():
            for filters in (Filters(span, where) for span in RANGES for where in ENVIRONMENTS):
                assert await trend(counted, filters) == await trend(rows, filters), (name, filters)
        right = {name: await trend(rows, Filters("7d")) for name, trend in trends.items()}
        await harness.conn.execute("truncate houndmon.counts")
        for name, trend in trends.items():
            for without, chart in zip(await trend(counted, Filters("7d")), right[name], strict=True):
                if chart.name != "wait":  # there the job that waits for longest decides, which is no count
                    assert without.series != chart.series, f"{chart.name} reads the rows"


async def test_it_would_catch_counts_that_are_wrong(harness):
    """A block that holds something else than its rows shows in every range that reaches it: these tests can fail."""
    await harness.hound.play(times=3, occurred_at="-40m")
    await harness.fill()
    await harness.conn.execute(
        "update houndmon.counts set cells = (select cells from houndmon.counts where series = 'plays' limit 1)"
        " where series = 'uploads'; delete from houndmon.counts where series = 'plays'"
    )
    assert set(await harness.differences()) == {("playback", span, "prod") for span in ("1h", "6h", "24h", "7d")}


async def test_it_counts_late_rows_after_the_next_tick(harness):
    """Rows that come up to 15 minutes late, and rows that change or go within that time, are right after one tick."""
    await fill_at_random(harness.hound, 5, 40)
    await harness.fill()
    for late in ("-1m", "-3m", "-14m"):
        await harness.hound.play(occurred_at=late, outcome="failed", error_code="LATE", times=5)
        await harness.hound.upload(occurred_at=late, outcome="rejected")
        await harness.hound.requests(occurred_at=late, status_code=500)
        await harness.hound.beat(beat_at=late, worker_id="late")
        await harness.hound.job("failed", finished_at=late, started_at="-40m", claimed_at="-41m", queued_at="-50m")
        await harness.hound.track(uploaded_at=late, live_at="-10s", state="live")
    await harness.counts_task.tick()
    assert await harness.differences() == {}
    await harness.conn.execute("update hound.play_attempts set outcome = 'started' where error_code = 'LATE'")
    await harness.conn.execute(
        "delete from hound.upload_attempts where occurred_at > clock_timestamp() - interval '13 m'"
    )
    await harness.counts_task.tick()
    assert await harness.differences() == {}


async def test_it_counts_later_rows_when_it_checks_again(harness, monkeypatch):
    """Rows that come hours late, change or go, are right once the last 24 h, or 7 d, were held against the source."""
    await fill_at_random(harness.hound, 6, 40)
    await harness.fill()
    await harness.hound.play(occurred_at="-5h", times=7)
    await harness.hound.play(occurred_at="-3d", times=7)
    await harness.conn.execute(
        "delete from hound.transcode_jobs where finished_at < clock_timestamp() - interval '2 h'"
    )
    await harness.counts_task.tick()
    assert ("playback", "6h", "prod") in await harness.differences()
    await check_due(harness, "day", minutes=11)
    assert ("playback", "7d", "prod") in await harness.differences()
    assert not any(span in ("1h", "6h", "24h") for _, span, _ in await harness.differences())
    await check_due(harness, "week", minutes=6 * 60 + 1)
    assert await harness.differences() == {}


async def check_due(harness, kind, minutes):
    """Let a check be due, and be made."""
    await harness.conn.execute(
        f"update houndmon.counts_coverage set {kind}_checked_at = clock_timestamp() - make_interval(mins => $1)",
        minutes,
    )
    for updater in harness.counts_task._updaters.values():
        updater._checks = None
    await harness.fill()


async def test_it_counts_again_what_is_known_to_change(harness):
    """A track that goes live an hour after its upload is counted as late after the next tick."""
    await harness.hound.track(times=4, uploaded_at="-70m", state="processing", live_at=None)
    await harness.hound.track(uploaded_at="-3d", state="ready", live_at=None)
    await harness.fill()
    assert await harness.differences() == {}
    await harness.conn.execute("update hound.tracks set state = 'live', live_at = clock_timestamp()")
    await harness.counts_task.tick()
    assert await harness.differences() == {}
    unsettled = await harness.conn.fetchval("select count(*) from houndmon.counts where unsettled")
    assert unsettled == 0


async def test_it_counts_planned_tracks_where_they_are_due(harness):
    """Uploaded weeks before, a track counts from its plan on, in counts as in rows; once live it counts as such."""
    await harness.hound.track(times=3, uploaded_at="-21d", publish_at="-70m", state="ready")
    await harness.hound.track(uploaded_at="-21d", publish_at="+1d", live_at="-3h", state="live")
    await harness.hound.track(uploaded_at="-3h", publish_at="+1d", state="ready")
    await harness.fill()
    assert await harness.differences() == {}
    await harness.conn.execute(
        "update hound.tracks set state = 'live', live_at = clock_timestamp() where state = 'ready'"
    )
    await harness.counts_task.tick()
    assert await harness.differences() == {}


async def test_it_counts_a_track_where_its_plan_was_moved_to(harness, monkeypatch):
    """A track that was put off, set forward or first planned, into what is counted, counts there within some ticks."""
    monkeypatch.setattr(fill, "MOVED_EVERY", timedelta(0))
    for track_id, plan in (("late", "-5h"), ("early", "+2d"), ("unplanned", None), ("staged", "-5h")):
        environment = "staging" if track_id == "staged" else "prod"
        row = {"uploaded_at": "-9d", "publish_at": plan, "state": "ready"}
        await harness.hound.track(track_id=track_id, environment=environment, **row)
    await harness.fill()
    assert await harness.differences() == {}
    await harness.conn.execute(
        "update hound.tracks set publish_at = clock_timestamp()"
        " - case track_id when 'early' then interval '3 days' else interval '2 hours' end"
    )
    for _ in range(8):
        await harness.counts_task.tick()
    assert await harness.differences() == {}


async def test_it_fills_where_it_cannot_look_for_what_moved(harness, monkeypatch):
    """That tracks whose plan was moved cannot be looked for keeps nothing from being counted."""
    (spec,) = (one for one in harness.counts_task.series() if one.name == "published")
    broken = replace(present(spec.unsettled_minutes), text="select at from {tracks} where environment = $1 and $2 < $3")
    monkeypatch.setattr(
        harness.counts_task, "series", lambda: (msgspec.structs.replace(spec, unsettled_minutes=broken),)
    )
    await harness.hound.track(uploaded_at="-3h", state="ready", live_at=None)
    await harness.fill()
    start, _ = await harness.reach("published")
    assert start < harness.hound.now - timedelta(days=8)


STALLED = """
insert into hound.tracks (track_id, environment, state, uploaded_at)
select 't' || n, 'prod', 'processing', clock_timestamp() - interval '1 minute' * n from generate_series(30, 700) as n
"""
OLDEST_LIVE = """
update hound.tracks set state = 'live', live_at = uploaded_at + interval '5 min'
where uploaded_at < clock_timestamp() - interval '550 min'
"""


async def test_it_gets_round_to_every_minute_that_waits(harness, monkeypatch):
    """Where a stalled pipeline takes up the oldest tracks first, they count within some ticks, whatever still waits."""
    monkeypatch.setattr(fill, "MOST_UNSETTLED", 50)
    monkeypatch.setattr(fill, "MOST_IN_TURN", 100)
    await harness.conn.execute(STALLED)
    await harness.fill()
    await harness.conn.execute(OLDEST_LIVE)
    for _ in range(8):
        await harness.counts_task.tick()
    assert await harness.differences() == {}


async def test_it_notices_failed_jobs_that_are_queued_again(harness):
    """A job that failed and was counted is counted no more once it is queued again, after one tick."""
    await harness.hound.job("failed", 30, finished_at="-40m", started_at="-41m", claimed_at="-42m", queued_at="-50m")
    await harness.fill()
    for change in ("status = 'queued', finished_at = null", "status = 'completed', finished_at = now()"):
        await harness.conn.execute(f"update hound.transcode_jobs set {change}, error_code = null")
        await harness.counts_task.tick()
        assert {panel for panel, _, _ in await harness.differences()} <= {"workers"}  # their starts wait for a check


MANY_CODES = """
insert into hound.transcode_jobs
    (job_id, environment, status, attempt, queued_at, started_at, finished_at, error_code)
select n || '-' || a, 'prod', 'failed', a, at, at, at, 'C' || lpad((10001 - n)::text, 5, '0')
from (
    select n, a, date_trunc('day', clock_timestamp()) - interval '1 d' + interval '1 second' * (n * 3) as at
    from generate_series(1, 10000) as n, generate_series(1, 3) as a
) as known
"""


async def test_it_lists_the_commonest_of_ten_thousand_codes(harness):
    """Ten thousand codes at three attempts each are thirty thousand groups of a day: the list is that of the rows."""
    await harness.conn.execute(MANY_CODES)
    await harness.fill()
    assert await harness.differences() == {}


async def test_it_covers_the_past_without_a_gap(harness):
    """What is covered reaches from fifteen days ago to half a minute or more ago, and never further than that."""
    await harness.fill()
    for series in harness.counts_task.series():
        start, end = await harness.reach(series.name)
        now = await harness.conn.fetchval("select clock_timestamp()")
        assert now - start >= timedelta(days=15)
        assert timedelta(seconds=30) <= now - end < timedelta(seconds=120)


async def test_it_catches_up_after_an_absence(harness):
    """After hours without a tick the gap is counted first, and the answers are right meanwhile."""
    await fill_at_random(harness.hound, 7, 60)
    await harness.fill()
    await harness.conn.execute(
        "delete from houndmon.counts where at >= date_trunc('minute', clock_timestamp() - interval '7 hours');"
        "update houndmon.counts_coverage"
        " set covered_to = date_trunc('minute', clock_timestamp() - interval '7 hours')"
    )
    assert await harness.differences() == {}
    for _ in range(60):
        await harness.counts_task.tick()
        assert len(await harness.differences()) == 0
        if (await harness.reach("plays"))[1] > harness.hound.now - 5 * MINUTE:
            break
    else:
        raise AssertionError("the gap is never counted")


async def test_it_keeps_the_same_bytes_where_nothing_changed(harness):
    """Counting again the same rows writes nothing, in whatever order the source gives them."""
    await fill_at_random(harness.hound, 8, 60, ahead="-1s")
    await harness.fill()
    before = await harness.blocks("plays", 600)
    versions = "select xmin::text, series, environment, grain, at from houndmon.counts order by 2, 3, 4, 5"
    written = await harness.conn.fetch(versions)
    await check_due(harness, "week", minutes=6 * 60 + 1)
    assert await harness.blocks("plays", 600) == before
    again = {tuple(row)[1:]: row[0] for row in await harness.conn.fetch(versions)}
    old = [row for row in written if tuple(row)[1:] in again]
    assert sum(again[tuple(row)[1:]] != row[0] for row in old) < len(old) / 20


async def test_it_forgets_what_another_statement_counted(harness):
    """With another limit of the service level the tracks are counted anew; until then the rows answer."""
    await harness.hound.track(uploaded_at="-70m", live_at="-58m", state="live")
    await harness.fill()
    level = msgspec.structs.replace(DEFAULTS.levels["upload_to_live"], limit_minutes=20)
    harness.config.current = msgspec.structs.replace(DEFAULTS, levels=DEFAULTS.levels | {"upload_to_live": level})
    assert await harness.differences() == {}
    await harness.fill()
    found = await harness.conn.fetchval("select fingerprint from houndmon.counts_coverage where series = 'tracks'")
    tracks = next(series for series in harness.counts_task.series() if series.name == "tracks")
    definition = await harness.counts_task.source.definition(tracks.statement)
    assert found == fingerprint_of(tracks, "this source", definition)
    assert tracks.extra == (1200,)


async def test_it_answers_from_the_rows_of_another_source(harness):
    """Counts of one source say nothing of another: those who read another one get its rows."""
    await harness.hound.play(occurred_at="-3h", times=2)
    await harness.fill()
    await harness.conn.execute("delete from hound.play_attempts")
    harness.counts.identity = "another source"
    assert await harness.differences() == {}


async def test_it_lets_one_relation_hold_up_no_other(harness):
    """A relation that cannot be read stays as it was counted; the others go on, and it catches up once it is back."""
    await fill_at_random(harness.hound, 9, 30)
    await harness.fill()
    await harness.conn.execute("alter table hound.play_attempts rename to lost")
    await harness.hound.upload(occurred_at="-3m", times=4)
    assert await harness.counts_task.tick() is False
    assert set(harness.counts_task._troubles) == {"plays"}
    await harness.conn.execute("alter table hound.lost rename to play_attempts")
    await harness.counts_task.tick()
    assert harness.counts_task._troubles == {}
    assert await harness.differences() == {}


async def test_it_is_filled_by_one(harness):
    """Of two fillers on one database one writes; the other waits, and takes over when that one leaves."""
    state = StateDatabase(harness.pool, "UTC")
    other = CountsTask(Source(harness.pool, "hound", "UTC"), state, harness.counts_task.series, "this source")
    await harness.fill()
    assert (await other.tick(), other.lease.term) == (False, None)
    await harness.counts_task.release_lease()
    await other.tick()
    assert other.lease.term is not None
    assert await harness.counts_task.tick() is False


async def test_it_takes_its_own_database_for_no_source(harness):
    """A fault of its own database is no trouble of a series, even where the source's schema bears houndmon's name."""
    counts_task = CountsTask(
        Source(harness.pool, "houndmon", "UTC"), StateDatabase(harness.pool, "UTC"), harness.counts_task.series, "it"
    )
    await harness.conn.execute("alter table houndmon.counts_coverage rename to lost")
    with pytest.raises(StateUnreadable, match=r"^houndmon's own database cannot be read: "):
        await counts_task.tick()
    assert counts_task._troubles == {}


async def test_it_writes_nothing_under_a_lease_that_is_lost(harness):
    """Who lost the lease in the middle of a count writes nothing of it."""
    await harness.fill()
    updater = harness.counts_task._updaters["plays"]
    await harness.hound.play(occurred_at="-3m", times=4)
    await harness.conn.execute("update houndmon.leases set holder = gen_random_uuid(), term = term + 1")
    before = await harness.blocks("plays")
    with pytest.raises(LeaseLost):
        await updater.update()
    assert await harness.blocks("plays") == before


async def test_it_answers_from_the_rows_where_its_own_database_is_gone(harness):
    """Without houndmon's own database every answer comes from the source, and is right."""
    await fill_at_random(harness.hound, 10, 30)
    await harness.fill()
    await harness.conn.execute("alter table houndmon.counts_coverage rename to gone")
    assert await harness.differences() == {}


async def test_it_drops_what_no_range_needs(harness):
    """A day after it has become too old, a day of counts goes; what is covered says so."""
    await harness.hound.play(occurred_at="-16d", times=2)
    await harness.fill()
    await harness.conn.execute(
        "update houndmon.counts_coverage set covered_from = covered_from - interval '2 days';"
        "insert into houndmon.counts select 'plays', 'prod', 60, clock_timestamp() - interval '17 days', '\\x90', false"
    )
    await harness.counts_task.tick()
    oldest = await harness.conn.fetchval("select min(at) from houndmon.counts where series = 'plays'")
    start, _ = await harness.reach("plays")
    assert oldest is None or oldest >= start
    assert harness.hound.now - start < fill.RETENTION + timedelta(days=1, hours=1)


@pytest.mark.parametrize(
    ("took", "groups", "factor"),
    [(0.1, 10, 2), (0.5, 10, 1), (1.5, 10, 0.5), (0.1, 20_000, 0.5), (0.1, 10_000, 1), (None, 0, 0.5)],
)
def test_it_learns_how_much_to_count_at_once(took, groups, factor):
    """A slice that was quick and small makes the next one longer; one that was slow, large or failed, shorter."""
    batch_size = BatchSize()
    before = batch_size.span
    batch_size.learn(took, groups)
    assert batch_size.span == before * factor
    for _ in range(30):
        batch_size.learn(took, groups)
    assert SHORTEST <= batch_size.span <= LONGEST


def test_it_does_not_shorten_without_end_what_is_slow():
    """What is slow for a reason of its own is no quicker by the minute; what is too much for memory is."""
    batch_size = BatchSize()
    for _ in range(30):
        batch_size.learn(1.5, 10)
    assert batch_size.span == SHORTEST_IF_SLOW
    for _ in range(30):
        batch_size.learn(0.1, 20_000)
    assert batch_size.span == SHORTEST
    batch_size.learn(1.5, 10)
    assert batch_size.span == SHORTEST


def test_it_counts_near_minutes_in_one_go():
    """Minutes that lie within 10 minutes of each other are one stretch; those beyond are another."""
    at = NOW.replace(second=0)
    found = merge_neighbours([at + n * MINUTE for n in (0, 1, 5, 16, 28)])
    assert found == [Interval(at, at + 17 * MINUTE), Interval(at + 28 * MINUTE, at + 29 * MINUTE)]
    assert merge_neighbours([]) == []


async def test_it_answers_from_the_rows_for_tracks_that_are_young(harness):
    """A track that goes live within 20 minutes of its upload counts at once, before any tick."""
    await harness.hound.track(times=4, uploaded_at="-9m", state="processing", live_at=None)
    await harness.fill()
    await harness.conn.execute("update hound.tracks set state = 'live', live_at = clock_timestamp()")
    assert await harness.differences() == {}


async def test_it_judges_the_past_from_counts_as_from_the_rows(harness):
    """A backtest with counts finds what one without finds: the same firings at the same instants."""
    for minute in range(100, 0, -3):
        await harness.hound.beat(beat_at=f"-{minute}m", worker_id="w1")
        await harness.hound.play(times=4, occurred_at=f"-{minute}m")
        await harness.hound.requests(times=2, occurred_at=f"-{minute}m", requests=90)
        await harness.hound.track(uploaded_at=f"-{minute}m", live_at=f"-{max(1, minute - 12)}m", state="live")
    await harness.hound.requests(occurred_at="-33m", status_code=503, requests=80)
    await harness.hound.play(times=90, outcome="failed", occurred_at="-50m", error_code="DECODE")
    await harness.hound.job("completed", queued_at="-100m", claimed_at="-60m", started_at="-59m", finished_at="-58m")
    await harness.fill()
    moments = instants_to_judge(harness.hound.now, timedelta(minutes=90), timedelta(minutes=6))
    fired = []
    for rule in (name for name in get_args(RuleName) if name in PARTS_OF_RULES):
        found = [await backtest(source, DEFAULTS, rule, "prod", moments) for source in (harness.served, harness.raw)]
        assert found[0] == found[1], rule
        fired += found[0]
    assert len(fired) > 3


async def test_it_forgets_nothing_that_a_reader_still_trusts(harness):
    """While counts are forgotten and made anew, a reader that knew what was covered never adds up half of it."""
    await harness.hound.upload(times=9, occurred_at="-3h")
    await harness.fill()
    assert await harness.differences() == {}
    await harness.conn.execute("update houndmon.counts_coverage set fingerprint = 'another' where series = 'uploads'")
    filters, spec = Filters("6h", "prod"), next(spec for spec in PANELS if spec.name == "ingest")
    for _ in range(6):  # the reader looks up what is covered each two seconds
        await harness.counts_task.tick()
        assert (await compare_panel(harness.served, harness.raw, spec, filters, harness.config())).differences == []
    await harness.fill()
    assert await harness.differences() == {}


LYING = """
alter table hound.play_attempts rename to plays_kept;
create view hound.outcomes as select *, 'failed'::text as lie from hound.plays_kept;
create view hound.play_attempts as select occurred_at, environment, artist_id, release_id, track_id, platform, browser,
    lie as outcome, error_code, error_message from hound.outcomes
"""
MENDED = "create or replace view hound.outcomes as select *, outcome as lie from hound.plays_kept"


async def test_it_counts_anew_what_a_mended_view_gives(harness):
    """Counts of a view that lied serve no answer once it, or what it stands on, is mended; then they are made anew."""
    await fill_at_random(harness.hound, 9, 60)
    await harness.conn.execute(LYING)
    await harness.fill()
    lies = await harness.blocks("plays")
    assert lies
    assert await harness.differences() == {}
    await harness.conn.execute(MENDED)
    assert await harness.differences() == {}
    harness.counts_task.source.catalogue.invalidate()  # as ten seconds do
    await harness.fill()
    assert await harness.differences() == {}
    assert await harness.blocks("plays") != lies


async def test_it_keeps_the_counts_of_a_relation_that_is_away(harness):
    """A relation that is renamed for a minute costs no counts: they serve again when it is back."""
    await fill_at_random(harness.hound, 9, 60)
    await harness.fill()
    before = await harness.blocks("plays", 600)
    await harness.conn.execute("alter table hound.play_attempts rename to away")
    harness.counts_task.source.catalogue.invalidate()
    await harness.counts_task.tick()
    await harness.conn.execute("alter table hound.away rename to play_attempts")
    assert await harness.blocks("plays", 600) == before
    await harness.fill()
    assert await harness.blocks("plays", 600) == before
