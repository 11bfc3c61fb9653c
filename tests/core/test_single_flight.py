import asyncio
import time

import pytest

from houndmon.core.problems import Busy, SourceUnreadable
from houndmon.core.single_flight import SingleFlightCache

LONG = 3600


class Kitchen:
    """Makes numbered answers; each waits for the gate, and fails while `broken`, by that error where it is one."""

    def __init__(self):
        self.made, self.busy, self.busiest = 0, 0, 0
        self.broken: bool | Exception = False
        self.auth_state = asyncio.Event()
        self.auth_state.set()

    async def load(self, key):
        self.made, self.busy = self.made + 1, self.busy + 1
        self.busiest, number = max(self.busiest, self.busy), self.made
        try:
            await self.auth_state.wait()
        finally:
            self.busy -= 1
        if self.broken:
            raise self.broken if isinstance(self.broken, Exception) else ConnectionError(key)
        return f"{key}{number}"


def shared(kitchen, life=LONG, deadline=LONG, **more):
    return SingleFlightCache(kitchen.load, life_seconds=life, deadline_seconds=deadline, **more)


async def settle():
    for _ in range(10):
        await asyncio.sleep(0)


async def test_it_loads_once_for_all_who_ask_at_once():
    """A hundred callers of one question share one load; another question has its own."""
    kitchen = Kitchen()
    kitchen.auth_state.clear()
    answers = shared(kitchen)
    asked = [asyncio.ensure_future(answers.get(key)) for key in "a" * 100 + "b"]
    await settle()
    kitchen.auth_state.set()
    assert await asyncio.gather(*asked) == ["a1"] * 100 + ["b2"]


async def test_it_keeps_an_answer_for_its_life():
    """Within its life an answer is given again; past it, a new one is made."""
    kitchen = Kitchen()
    kept, brief = shared(kitchen), shared(kitchen, life=0)
    assert [await kept.get("a"), await kept.get("a")] == ["a1", "a1"]
    assert [await brief.get("a"), await brief.get("a")] == ["a2", "a3"]


async def test_it_gives_the_last_good_answer_and_says_why():
    """Where none is fresh the last good one comes with the reason, as a clause; without one the error goes on."""
    kitchen = Kitchen()
    brief = shared(kitchen, life=0)
    assert await brief.get_or_last("a") == ("a1", None)
    kitchen.broken = SourceUnreadable("hound", "tracks", "it is locked")
    assert await brief.get_or_last("a") == ("a1", "relation hound.tracks cannot be read: it is locked")
    with pytest.raises(SourceUnreadable):
        await brief.get_or_last("b")
    kitchen.broken = Busy("Ask again.")
    assert await brief.get_or_last("a") == ("a1", "Ask again")
    kitchen.broken = True
    with pytest.raises(ConnectionError):  # a defect is not hidden behind figures of before
        await brief.get_or_last("a")


async def test_it_says_until_when_an_answer_is_shared():
    """Within its life from when it was begun; of what was forgotten, is old or was never asked: nothing."""
    kitchen = Kitchen()
    kept, brief = shared(kitchen, life=100), shared(kitchen, life=0)
    assert kept.fresh_until("a") is None
    await kept.get("a")
    await brief.get("a")
    assert 0 < kept.fresh_until("a") - time.monotonic() <= 100
    assert brief.fresh_until("a") is None
    kept.invalidate()
    assert kept.fresh_until("a") is None


async def test_it_shares_a_failure_and_keeps_the_last_good_answer():
    """All who wait for a load that fails hear of it; the last good answer stays at hand, and the next load heals."""
    kitchen = Kitchen()
    answers = shared(kitchen, life=0)
    assert answers.last_good("a") is None
    await answers.get("a")
    kitchen.broken = True
    failed = await asyncio.gather(*(answers.get("a") for _ in range(3)), return_exceptions=True)
    assert [type(error) for error in failed] == [ConnectionError] * 3
    assert kitchen.made == 2
    assert answers.last_good("a") == "a1"
    kitchen.broken = False
    assert await answers.get("a") == "a3"


async def test_it_lets_nobody_wait_past_the_deadline():
    """Past the deadline a caller hears Busy, while the load goes on: the next caller gets what it brings."""
    kitchen = Kitchen()
    kitchen.auth_state.clear()
    answers = shared(kitchen, deadline=0.01)
    with pytest.raises(Busy):
        await answers.get("a")
    with pytest.raises(Busy):
        await answers.get("a")
    kitchen.auth_state.set()
    assert await answers.get("a") == "a1"
    assert kitchen.made == 1


async def test_it_goes_on_when_a_caller_leaves():
    """A caller that is cancelled takes nothing from those who wait with it."""
    kitchen = Kitchen()
    kitchen.auth_state.clear()
    answers = shared(kitchen)
    one, other = (asyncio.ensure_future(answers.get("a")) for _ in range(2))
    await settle()
    one.cancel()
    await settle()
    kitchen.auth_state.set()
    assert await other == "a1"
    assert one.cancelled()


async def test_it_loads_in_so_many_places_at_most():
    """Ten questions at once take two places, and all are answered."""
    kitchen = Kitchen()
    kitchen.auth_state.clear()
    answers = shared(kitchen, concurrency=2)
    asked = [asyncio.ensure_future(answers.get(key)) for key in "abcdefghij"]
    await settle()
    assert kitchen.busy == 2
    kitchen.auth_state.set()
    assert len(await asyncio.gather(*asked)) == 10
    assert kitchen.busiest == 2


async def test_it_forgets_who_has_not_been_asked_for_longest():
    """So many answers are kept, those used last; a thousand questions do not fill the memory."""
    kitchen = Kitchen()
    answers = shared(kitchen, capacity=3)
    for key in "abc":
        await answers.get(key)
    await answers.get("a")
    await answers.get("d")
    assert [answers.last_good(key) for key in "abcd"] == ["a1", None, "c3", "d4"]
    for number in range(1000):
        await answers.get(str(number))
    assert [key for key in (*"acd", *map(str, range(1000))) if answers.last_good(key)] == ["997", "998", "999"]


async def test_it_answers_anew_once_told_to_forget():
    """After forgetting, the next answer is a new one, and the old one stays at hand as the last good."""
    kitchen = Kitchen()
    answers = shared(kitchen)
    await answers.get("a")
    answers.invalidate()
    assert answers.last_good("a") == "a1"
    assert await answers.get("a") == "a2"


async def test_it_shares_nothing_that_was_under_way_when_told_to_forget():
    """An answer that was being made when something was written is not given to those who ask afterwards."""
    kitchen = Kitchen()
    kitchen.auth_state.clear()
    answers = shared(kitchen)
    before = asyncio.ensure_future(answers.get("a"))
    await settle()
    answers.invalidate()
    after = asyncio.ensure_future(answers.get("a"))
    await settle()
    kitchen.auth_state.set()
    assert [await before, await after, await answers.get("a")] == ["a1", "a2", "a2"]
