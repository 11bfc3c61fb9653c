"""Whatever goes wrong in the demo, the page, the text and the JSON say one thing from its beginning to its end."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from conftest import TEMPLATE, administer
from demo.simulation import EVENING, SEED, Simulation, fill_past, simulated
from houndmon.core import embedded
from houndmon.core.filters import ENVIRONMENTS
from houndmon.counts_check import sampling
from houndmon.demo.incidents import INCIDENTS, OPENING
from houndmon.demo.schedule import Schedule
from houndmon.evaluator import level_cache
from houndmon.web.summary import routes as summary_routes

pytestmark = pytest.mark.long

AFTER = timedelta(minutes=2)
CALM = timedelta(minutes=1)
KEPT_SECONDS = 3600.0


@pytest.fixture(scope="module")
def past(cluster: embedded.Cluster) -> Iterator[str]:
    """A database with the past of a demo, of which each test has a clone."""
    asyncio.run(administer(cluster, f"create database past template {TEMPLATE}"))
    asyncio.run(fill_past(cluster.dsn("past"), EVENING))
    yield "past"
    asyncio.run(administer(cluster, "drop database past with (force)"))


@pytest.fixture
def clone(cluster: embedded.Cluster, past: str) -> Iterator[str]:
    """The DSN of a database with a past of its own."""
    asyncio.run(administer(cluster, f"create database present template {past}"))
    yield cluster.dsn("present")
    asyncio.run(administer(cluster, "drop database present with (force)"))


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let shared figures live until the test ends their life, and the counts be held against the rows when it says."""
    for module in (level_cache, summary_routes):
        monkeypatch.setattr(module, "LIFE_SECONDS", KEPT_SECONDS)
    monkeypatch.setattr(sampling, "RETRY_SECONDS", 0)


@pytest.mark.parametrize("name", ["calm", *INCIDENTS])
async def test_it_never_contradicts_itself(clone: str, name: str) -> None:
    """At each tick, from an incident's beginning to two minutes after its end, in both environments."""
    incident = INCIDENTS.get(name)
    schedule = Schedule(seed=SEED, started_at=EVENING, calm=True, first=incident.name if incident else None)
    ends = EVENING + (timedelta(seconds=incident.seconds) + AFTER if incident else CALM)
    async with simulated(clone, schedule, EVENING) as demo:
        found = await watched(demo, ends)
        assert await demo.fired() >= {incident.rule} if incident else await demo.fired() == set()
    assert not found, "\n".join(found)


async def test_it_never_contradicts_itself_as_it_opens(database: str) -> None:
    """Staging stands still from the start, and in prod the incidents follow each other, as they do for a newcomer."""
    await fill_past(database, EVENING, opening=True)
    schedule = Schedule(seed=SEED, started_at=EVENING, opening=True)
    async with simulated(database, schedule, EVENING) as demo:
        found = await watched(demo, EVENING + timedelta(seconds=OPENING.seconds) + AFTER)
        assert OPENING.rule in await demo.fired()
    assert not found, "\n".join(found)


async def watched(demo: Simulation, until: datetime) -> list[str]:
    """What contradicts itself until then, each with when it was seen first."""
    began, found = demo.now, dict[str, str]()
    while demo.now < until:
        await demo.go_on()
        for how in ("with shared figures", "with new figures"):
            for environment in ENVIRONMENTS:
                for one in await demo.look(environment):
                    found.setdefault(one, f"{environment} after {demo.now - began}, {how}: {one}")
            demo.share_no_longer()
    return list(found.values())
