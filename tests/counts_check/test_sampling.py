from counts.conftest import CountsHarness, fill_at_random, harness
from houndmon.app import PANELS
from houndmon.counts_check import sampling
from houndmon.counts_check.compare import differing_leaves, is_same
from houndmon.counts_check.sampling import CountsSampler

__all__ = ["harness"]


async def test_it_finds_no_difference_where_there_is_none(harness: CountsHarness):
    """A sample holds hundreds of figures of both environments against the rows, and finds them the same."""
    await fill_at_random(harness.hound, 21, 60)
    await harness.fill()
    sampler = CountsSampler(harness.served, PANELS, harness.config)
    await sampler.sample()
    assert {where: found.differing for where, found in sampler.last.items()} == {"prod": 0, "staging": 0}
    assert all(found.figures > 100 for found in sampler.last.values())


async def test_it_finds_a_block_that_was_tampered_with(harness: CountsHarness, monkeypatch):
    """A block that is gone shows as a difference, with the panel, the figure and both values."""
    monkeypatch.setattr(sampling, "RETRY_SECONDS", 0)
    await harness.hound.upload(times=5, occurred_at="-3h")
    await harness.fill()
    await harness.conn.execute("delete from houndmon.counts where series = 'uploads'")
    sampler = CountsSampler(harness.served, PANELS, harness.config)
    await sampler.sample()
    assert sampler.last["prod"].differing > 0
    assert "ingest 24h uploads: served 0, the rows say 5" in sampler.last["prod"].shown
    assert sampler.last["prod"].panels == ["ingest"]
    assert (sampler.last["staging"].differing, sampler.last["staging"].panels) == (0, [])


async def test_it_leaves_out_what_cannot_be_read(harness: CountsHarness):
    """A panel whose relation is gone is no difference; the others are compared all the same."""
    await harness.fill()
    await harness.conn.execute("alter table hound.play_attempts rename to lost")
    sampler = CountsSampler(harness.served, PANELS, harness.config)
    await sampler.sample()
    assert sampler.last["prod"].differing == 0


async def test_it_samples_once_an_hour(harness: CountsHarness):
    """The first sample is due an hour after the start, the next an hour later; where nothing is counted, none is."""
    sampler = CountsSampler(harness.served, PANELS, harness.config)
    sampler.start_if_due()
    assert [sampler._task] == [None]
    sampler._due = 0
    sampler.start_if_due()
    first = sampler._task
    assert first
    sampler.start_if_due()
    assert sampler._task is first
    await sampler.close()
    uncounted = CountsSampler(harness.raw, PANELS, harness.config)
    uncounted._due = 0
    uncounted.start_if_due()
    assert uncounted._task is None


async def test_it_samples_as_often_as_it_is_told(harness: CountsHarness):
    """Of samplers that have just begun, the one without a pause is due at once."""
    for seconds, is_due in ((0, True), (60, False)):
        sampler = CountsSampler(harness.served, PANELS, harness.config, every_seconds=seconds)
        sampler.start_if_due()
        assert (sampler._task is not None) is is_due
        await sampler.close()


def test_it_compares_every_leaf():
    """Two answers are compared leaf by leaf; a list of another length is one difference, a missing name too."""
    ours = {"a": 1, "b": [{"c": 0.1 + 0.2}], "d": [1]}
    theirs = {"a": 2, "b": [{"c": 0.3}], "d": [1, 2], "e": None}
    found = [one.path for one in differing_leaves(ours, theirs) if not is_same(one.served, one.counted)]
    assert found == ["a", "d"]
