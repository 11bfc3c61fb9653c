from counts.conftest import Desk, desk, fill_at_random
from houndmon.app import PANELS
from houndmon.evaluator import sample
from houndmon.evaluator.sample import Sampler
from houndmon.evaluator.verify import compared, same

__all__ = ["desk"]


async def test_it_finds_no_difference_where_there_is_none(desk: Desk):
    """A sample holds hundreds of figures of both environments against the rows, and finds them the same."""
    await fill_at_random(desk.hound, 21, 60)
    await desk.fill()
    sampler = Sampler(desk.served, PANELS)
    await sampler.sample()
    assert {where: found.differing for where, found in sampler.last.items()} == {"prod": 0, "staging": 0}
    assert all(found.figures > 100 for found in sampler.last.values())


async def test_it_finds_a_block_that_was_tampered_with(desk: Desk, monkeypatch):
    """A block that is gone shows as a difference, with the panel, the figure and both values."""
    monkeypatch.setattr(sample, "AGAIN_SECONDS", 0)
    await desk.hound.upload(times=5, occurred_at="-3h")
    await desk.fill()
    await desk.conn.execute("delete from houndmon.counts where series = 'uploads'")
    sampler = Sampler(desk.served, PANELS)
    await sampler.sample()
    assert sampler.last["prod"].differing > 0
    assert "ingest 24h uploads: served 0, the rows say 5" in sampler.last["prod"].shown
    assert sampler.last["staging"].differing == 0


async def test_it_leaves_out_what_cannot_be_read(desk: Desk):
    """A panel whose relation is gone is no difference; the others are compared all the same."""
    await desk.fill()
    await desk.conn.execute("alter table hound.play_attempts rename to lost")
    sampler = Sampler(desk.served, PANELS)
    await sampler.sample()
    assert sampler.last["prod"].differing == 0


async def test_it_samples_once_an_hour(desk: Desk):
    """The first sample is due an hour after the start, the next an hour later; where nothing is counted, none is."""
    sampler = Sampler(desk.served, PANELS)
    sampler.poke()
    assert sampler._task is None
    sampler._due = 0
    sampler.poke()
    first = sampler._task
    assert first
    sampler.poke()
    assert sampler._task is first
    await sampler.close()
    uncounted = Sampler(desk.raw, PANELS)
    uncounted._due = 0
    uncounted.poke()
    assert uncounted._task is None


def test_it_compares_every_leaf():
    """Two answers are compared leaf by leaf; a list of another length is one difference, a missing name too."""
    ours = {"a": 1, "b": [{"c": 0.1 + 0.2}], "d": [1]}
    theirs = {"a": 2, "b": [{"c": 0.3}], "d": [1, 2], "e": None}
    found = [one.path for one in compared(ours, theirs) if not same(one.served, one.counted)]
    assert found == ["a", "d"]
