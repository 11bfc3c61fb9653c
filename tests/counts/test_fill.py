"""What counts promise: the figures of the rows, now, whenever the rows came."""

from datetime import timedelta

import msgspec
import pytest

from counts.conftest import fill_at_random
from factories import NOW
from houndmon.app import PANELS
from houndmon.config.defaults import DEFAULTS
from houndmon.counts import fill
from houndmon.counts.blocks import Reach
from houndmon.counts.fill import neighbours
from houndmon.counts.loop import Filler
from houndmon.counts.pace import LONGEST, SHORTEST, Pace
from houndmon.evaluator.backtest import PARTS, backtest, instants
from houndmon.evaluator.verify import held
from houndmon.kit.filters import ENVIRONMENTS, RANGES, Filters
from houndmon.kit.lease import LeaseLost
from houndmon.kit.source import Snapshot, Source

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("seed", [1, 2])
async def test_it_answers_from_counts_what_the_rows_come_to(desk, seed):
    """Whatever rows there are, every figure of every panel, range and environment is that of the rows."""
    await fill_at_random(desk.hound, seed)
    await desk.fill()
    assert await desk.differences() == {}


async def test_it_draws_from_counts_what_the_rows_come_to(desk):
    """Every chart of every range and environment is the one that the rows alone give, and counts were read for it."""
    await fill_at_random(desk.hound, 3)
    await desk.fill()
    async with desk.raw.snapshot() as rows:
        counted = Snapshot(desk.served, rows.conn, rows.clock)
        for room in (room for room in PANELS if room.trend):
            for filters in (Filters(span, where) for span in RANGES for where in ENVIRONMENTS):
                assert await room.trend(counted, filters) == await room.trend(rows, filters), (room.name, filters)
        await desk.conn.execute("truncate houndmon.counts")
        for room in (room for room in PANELS if room.trend):
            for chart in await room.trend(counted, Filters("7d")):
                drawn = [value for one in chart.series for value in one.values]
                assert sum(map(bool, drawn)) < len(drawn) / 4, f"{chart.name} reads the rows"


async def test_it_would_catch_counts_that_are_wrong(desk):
    """A block that holds something else than its rows shows in every range that reaches it: these tests can fail."""
    await desk.hound.play(times=3, occurred_at="-40m")
    await desk.fill()
    await desk.conn.execute(
        "update houndmon.counts set cells = (select cells from houndmon.counts where series = 'plays' limit 1)"
        " where series = 'uploads'; delete from houndmon.counts where series = 'plays'"
    )
    assert set(await desk.differences()) == {("playback", span, "prod") for span in ("1h", "6h", "24h", "7d")}


async def test_it_counts_late_rows_after_the_next_tick(desk):
    """Rows that come up to 15 minutes late, and rows that change or go within that time, are right after one tick."""
    await fill_at_random(desk.hound, 5, 40)
    await desk.fill()
    for late in ("-1m", "-3m", "-14m"):
        await desk.hound.play(occurred_at=late, outcome="failed", error_code="LATE", times=5)
        await desk.hound.upload(occurred_at=late, outcome="rejected")
        await desk.hound.requests(occurred_at=late, status_code=500)
        await desk.hound.beat(beat_at=late, worker_id="late")
        await desk.hound.job("failed", finished_at=late, started_at="-40m", claimed_at="-41m", queued_at="-50m")
        await desk.hound.track(uploaded_at=late, live_at="-10s", state="live")
    await desk.filler.tick()
    assert await desk.differences() == {}
    await desk.conn.execute("update hound.play_attempts set outcome = 'started' where error_code = 'LATE'")
    await desk.conn.execute("delete from hound.upload_attempts where occurred_at > clock_timestamp() - interval '13 m'")
    await desk.filler.tick()
    assert await desk.differences() == {}


async def test_it_counts_later_rows_when_it_checks_again(desk, monkeypatch):
    """Rows that come hours late, change or go, are right once the last 24 h, or 7 d, were held against the source."""
    await fill_at_random(desk.hound, 6, 40)
    await desk.fill()
    await desk.hound.play(occurred_at="-5h", times=7)
    await desk.hound.play(occurred_at="-3d", times=7)
    await desk.conn.execute("delete from hound.transcode_jobs where finished_at < clock_timestamp() - interval '2 h'")
    await desk.filler.tick()
    assert ("playback", "6h", "prod") in await desk.differences()
    await check_due(desk, "day", minutes=11)
    assert ("playback", "7d", "prod") in await desk.differences()
    assert not any(span in ("1h", "6h", "24h") for _, span, _ in await desk.differences())
    await check_due(desk, "week", minutes=6 * 60 + 1)
    assert await desk.differences() == {}


async def check_due(desk, kind, minutes):
    """Let a check be due, and be made."""
    await desk.conn.execute(
        f"update houndmon.counts_coverage set {kind}_checked_at = clock_timestamp() - make_interval(mins => $1)",
        minutes,
    )
    for follower in desk.filler._followers.values():
        follower._checks = None
    await desk.fill()


async def test_it_counts_again_what_is_known_to_change(desk):
    """A track that goes live an hour after its upload is counted as late after the next tick."""
    await desk.hound.track(times=4, uploaded_at="-70m", state="processing", live_at=None)
    await desk.hound.track(uploaded_at="-3d", state="ready", live_at=None)
    await desk.fill()
    assert await desk.differences() == {}
    await desk.conn.execute("update hound.tracks set state = 'live', live_at = clock_timestamp()")
    await desk.filler.tick()
    assert await desk.differences() == {}
    unsettled = await desk.conn.fetchval("select count(*) from houndmon.counts where unsettled")
    assert unsettled == 0


STALLED = """
insert into hound.tracks (track_id, environment, state, uploaded_at)
select 't' || n, 'prod', 'processing', clock_timestamp() - interval '1 minute' * n from generate_series(30, 700) as n
"""
OLDEST_LIVE = """
update hound.tracks set state = 'live', live_at = uploaded_at + interval '5 min'
where uploaded_at < clock_timestamp() - interval '550 min'
"""


async def test_it_gets_round_to_every_minute_that_waits(desk, monkeypatch):
    """Where a stalled pipeline takes up the oldest tracks first, they count within some ticks, whatever still waits."""
    monkeypatch.setattr(fill, "MOST_UNSETTLED", 50)
    monkeypatch.setattr(fill, "MOST_IN_TURN", 100)
    await desk.conn.execute(STALLED)
    await desk.fill()
    await desk.conn.execute(OLDEST_LIVE)
    for _ in range(8):
        await desk.filler.tick()
    assert await desk.differences() == {}


async def test_it_notices_failed_jobs_that_are_queued_again(desk):
    """A job that failed and was counted is counted no more once it is queued again, after one tick."""
    await desk.hound.job("failed", 30, finished_at="-40m", started_at="-41m", claimed_at="-42m", queued_at="-50m")
    await desk.fill()
    for change in ("status = 'queued', finished_at = null", "status = 'completed', finished_at = now()"):
        await desk.conn.execute(f"update hound.transcode_jobs set {change}, error_code = null")
        await desk.filler.tick()
        assert {panel for panel, _, _ in await desk.differences()} <= {"workers"}  # their starts wait for a check


MANY_CODES = """
insert into hound.transcode_jobs
    (job_id, environment, status, attempt, queued_at, started_at, finished_at, error_code)
select n || '-' || a, 'prod', 'failed', a, at, at, at, 'C' || lpad((10001 - n)::text, 5, '0')
from (
    select n, a, date_trunc('day', clock_timestamp()) - interval '1 d' + interval '1 second' * (n * 3) as at
    from generate_series(1, 10000) as n, generate_series(1, 3) as a
) as known
"""


async def test_it_lists_the_commonest_of_ten_thousand_codes(desk):
    """Ten thousand codes at three attempts each are thirty thousand groups of a day: the list is that of the rows."""
    await desk.conn.execute(MANY_CODES)
    await desk.fill()
    assert await desk.differences() == {}


async def test_it_covers_the_past_without_a_gap(desk):
    """What is covered reaches from nine days ago to half a minute or more ago, and never further than that."""
    await desk.fill()
    for series in desk.filler.series():
        start, end = await desk.reach(series.name)
        now = await desk.conn.fetchval("select clock_timestamp()")
        assert now - start >= timedelta(days=9)
        assert timedelta(seconds=30) <= now - end < timedelta(seconds=120)


async def test_it_catches_up_after_an_absence(desk):
    """After hours without a tick the gap is counted first, and the answers are right meanwhile."""
    await fill_at_random(desk.hound, 7, 60)
    await desk.fill()
    await desk.conn.execute(
        "delete from houndmon.counts where at >= date_trunc('minute', clock_timestamp() - interval '7 hours');"
        "update houndmon.counts_coverage"
        " set covered_to = date_trunc('minute', clock_timestamp() - interval '7 hours')"
    )
    assert await desk.differences() == {}
    for _ in range(60):
        await desk.filler.tick()
        assert len(await desk.differences()) == 0
        if (await desk.reach("plays"))[1] > desk.hound.now - 5 * MINUTE:
            break
    else:
        raise AssertionError("the gap is never counted")


async def test_it_keeps_the_same_bytes_where_nothing_changed(desk):
    """Counting again the same rows writes nothing, in whatever order the source gives them."""
    await fill_at_random(desk.hound, 8, 60, ahead="-1s")
    await desk.fill()
    before = await desk.blocks("plays", 600)
    versions = "select xmin::text, series, environment, grain, at from houndmon.counts order by 2, 3, 4, 5"
    written = await desk.conn.fetch(versions)
    await check_due(desk, "week", minutes=6 * 60 + 1)
    assert await desk.blocks("plays", 600) == before
    again = {tuple(row)[1:]: row[0] for row in await desk.conn.fetch(versions)}
    old = [row for row in written if tuple(row)[1:] in again]
    assert sum(again[tuple(row)[1:]] != row[0] for row in old) < len(old) / 20


async def test_it_forgets_what_another_statement_counted(desk):
    """With another limit of the service level the tracks are counted anew; until then the rows answer."""
    await desk.hound.track(uploaded_at="-70m", live_at="-58m", state="live")
    await desk.fill()
    level = msgspec.structs.replace(DEFAULTS.levels["upload_to_live"], limit_minutes=20)
    desk.config.current = msgspec.structs.replace(DEFAULTS, levels=DEFAULTS.levels | {"upload_to_live": level})
    assert await desk.differences() == {}
    await desk.fill()
    found = await desk.conn.fetchval("select fingerprint from houndmon.counts_coverage where series = 'tracks'")
    tracks = next(series for series in desk.filler.series() if series.name == "tracks")
    assert found == f"{tracks.fingerprint}:this source"
    assert tracks.extra == (1200,)


async def test_it_answers_from_the_rows_of_another_source(desk):
    """Counts of one source say nothing of another: those who read another one get its rows."""
    await desk.hound.play(occurred_at="-3h", times=2)
    await desk.fill()
    await desk.conn.execute("delete from hound.play_attempts")
    desk.counts.identity = "another source"
    assert await desk.differences() == {}


async def test_it_lets_one_relation_hold_up_no_other(desk):
    """A relation that cannot be read stays as it was counted; the others go on, and it catches up once it is back."""
    await fill_at_random(desk.hound, 9, 30)
    await desk.fill()
    await desk.conn.execute("alter table hound.play_attempts rename to lost")
    await desk.hound.upload(occurred_at="-3m", times=4)
    assert await desk.filler.tick() is False
    assert set(desk.filler._troubles) == {"plays"}
    await desk.conn.execute("alter table hound.lost rename to play_attempts")
    await desk.filler.tick()
    assert desk.filler._troubles == {}
    assert await desk.differences() == {}


async def test_it_is_filled_by_one(desk):
    """Of two fillers on one database one writes; the other waits, and takes over when that one leaves."""
    state = Source(desk.pool, "houndmon", "UTC")
    other = Filler(Source(desk.pool, "hound", "UTC"), state, desk.filler.series, "this source")
    await desk.fill()
    assert await other.tick() is False
    assert other.lease.term is None
    await desk.filler.leave()
    await other.tick()
    assert other.lease.term is not None
    assert await desk.filler.tick() is False


async def test_it_writes_nothing_under_a_lease_that_is_lost(desk):
    """Who lost the lease in the middle of a count writes nothing of it."""
    await desk.fill()
    follower = desk.filler._followers["plays"]
    await desk.hound.play(occurred_at="-3m", times=4)
    await desk.conn.execute("update houndmon.leases set holder = gen_random_uuid(), term = term + 1")
    before = await desk.blocks("plays")
    with pytest.raises(LeaseLost):
        await follower.follow()
    assert await desk.blocks("plays") == before


async def test_it_answers_from_the_rows_where_its_own_database_is_gone(desk):
    """Without houndmon's own database every answer comes from the source, and is right."""
    await fill_at_random(desk.hound, 10, 30)
    await desk.fill()
    await desk.conn.execute("alter table houndmon.counts_coverage rename to gone")
    assert await desk.differences() == {}


async def test_it_drops_what_no_range_needs(desk):
    """A day after it has become too old, a day of counts goes; what is covered says so."""
    await desk.hound.play(occurred_at="-10d", times=2)
    await desk.fill()
    await desk.conn.execute(
        "update houndmon.counts_coverage set covered_from = covered_from - interval '2 days';"
        "insert into houndmon.counts select 'plays', 'prod', 60, clock_timestamp() - interval '11 days', '\\x90', false"
    )
    await desk.filler.tick()
    oldest = await desk.conn.fetchval("select min(at) from houndmon.counts where series = 'plays'")
    start, _ = await desk.reach("plays")
    assert oldest is None or oldest >= start
    assert desk.hound.now - start < timedelta(days=10, hours=1)


@pytest.mark.parametrize(
    ("took", "groups", "factor"),
    [(0.1, 10, 2), (0.5, 10, 1), (1.5, 10, 0.5), (0.1, 20_000, 0.5), (0.1, 10_000, 1), (None, 0, 0.5)],
)
def test_it_learns_how_much_to_count_at_once(took, groups, factor):
    """A slice that was quick and small makes the next one longer; one that was slow, large or failed, shorter."""
    pace = Pace()
    before = pace.span
    pace.learn(took, groups)
    assert pace.span == before * factor
    for _ in range(30):
        pace.learn(took, groups)
    assert SHORTEST <= pace.span <= LONGEST


def test_it_counts_near_minutes_in_one_go():
    """Minutes that lie within 10 minutes of each other are one stretch; those beyond are another."""
    at = NOW.replace(second=0)
    found = neighbours([at + n * MINUTE for n in (0, 1, 5, 16, 28)])
    assert found == [Reach(at, at + 17 * MINUTE), Reach(at + 28 * MINUTE, at + 29 * MINUTE)]
    assert neighbours([]) == []


async def test_it_answers_from_the_rows_for_tracks_that_are_young(desk):
    """A track that goes live within 20 minutes of its upload counts at once, before any tick."""
    await desk.hound.track(times=4, uploaded_at="-9m", state="processing", live_at=None)
    await desk.fill()
    await desk.conn.execute("update hound.tracks set state = 'live', live_at = clock_timestamp()")
    assert await desk.differences() == {}


async def test_it_judges_the_past_from_counts_as_from_the_rows(desk):
    """A backtest with counts finds what one without finds: the same firings at the same instants."""
    for minute in range(100, 0, -3):
        await desk.hound.beat(beat_at=f"-{minute}m", worker_id="w1")
        await desk.hound.play(times=4, occurred_at=f"-{minute}m")
        await desk.hound.requests(times=2, occurred_at=f"-{minute}m", requests=90)
        await desk.hound.track(uploaded_at=f"-{minute}m", live_at=f"-{max(1, minute - 12)}m", state="live")
    await desk.hound.requests(occurred_at="-33m", status_code=503, requests=80)
    await desk.hound.play(times=90, outcome="failed", occurred_at="-50m", error_code="DECODE")
    await desk.hound.job("completed", queued_at="-100m", claimed_at="-60m", started_at="-59m", finished_at="-58m")
    await desk.fill()
    moments = instants(desk.hound.now, timedelta(minutes=90), timedelta(minutes=6))
    fired = []
    for rule in PARTS:
        found = [await backtest(source, DEFAULTS, rule, "prod", moments) for source in (desk.served, desk.raw)]
        assert found[0] == found[1], rule
        fired += found[0]
    assert len(fired) > 3


async def test_it_forgets_nothing_that_a_reader_still_trusts(desk):
    """While counts are forgotten and made anew, a reader that knew what was covered never adds up half of it."""
    await desk.hound.upload(times=9, occurred_at="-3h")
    await desk.fill()
    assert await desk.differences() == {}
    await desk.conn.execute("update houndmon.counts_coverage set fingerprint = 'another' where series = 'uploads'")
    filters, room = Filters("6h", "prod"), next(room for room in PANELS if room.name == "ingest")
    for _ in range(6):  # the reader looks up what is covered each two seconds
        await desk.filler.tick()
        assert (await held(desk.served, desk.raw, room, filters)).differences == []
    await desk.fill()
    assert await desk.differences() == {}
