from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houndmon.demo.incidents import INCIDENTS, NO_INCIDENT
from houndmon.demo.schedule import Schedule

START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

seeds = st.integers(0, 10_000)
speeds = st.sampled_from([0.5, 1.0, 3.0, 20.0])
moments = st.integers(0, 6 * 3600).map(lambda seconds: START + timedelta(seconds=seconds))
firsts = st.sampled_from([None, *INCIDENTS])


@given(seed=seeds, speed=speeds, first=firsts)
def test_it_never_plans_two_incidents_at_once(seed: int, speed: float, first: str | None) -> None:
    """Each incident ends before the next one begins."""
    schedule = Schedule(seed=seed, started_at=START, speed=speed, first=first)
    planned = schedule.upcoming(START - timedelta(seconds=1), 60)
    assert len(planned) == 60
    assert all(one.ends_at < other.begins_at for one, other in pairwise(planned))


@given(seed=seeds, speed=speeds, now=moments, first=firsts)
def test_it_heals_what_it_began(seed: int, speed: float, now: datetime, first: str | None) -> None:
    """Whatever is on has an end ahead, and at that end all is well."""
    schedule = Schedule(seed=seed, started_at=START, speed=speed, first=first)
    current = schedule.current(now)
    if current is not None:
        assert current.begins_at <= now < current.ends_at
        assert schedule.incident(now) is INCIDENTS[current.name]
        assert schedule.incident(current.ends_at) is NO_INCIDENT


@given(seed=seeds, speed=speeds, now=moments)
def test_it_always_knows_the_next_incident(seed: int, speed: float, now: datetime) -> None:
    """The incidents to come lie ahead, in order."""
    upcoming = Schedule(seed=seed, started_at=START, speed=speed).upcoming(now)
    assert len(upcoming) == 3
    assert now < upcoming[0].begins_at < upcoming[1].begins_at < upcoming[2].begins_at


@given(seed=seeds, now=moments, earlier=moments)
def test_it_answers_the_same_whatever_was_asked_before(seed: int, now: datetime, earlier: datetime) -> None:
    """The plan depends on the seed and the start alone."""
    asked = Schedule(seed=seed, started_at=START)
    asked.upcoming(earlier, 5)
    fresh = Schedule(seed=seed, started_at=START)
    assert asked.upcoming(now) == fresh.upcoming(now)
    assert asked.current(now) == fresh.current(now)


@given(seed=seeds)
def test_it_rests_an_incident_until_its_alert_can_recover(seed: int) -> None:
    """The same incident comes again only after its rest."""
    last: dict[str, datetime] = {}
    for planned in Schedule(seed=seed, started_at=START).upcoming(START, 60):
        rest = timedelta(seconds=INCIDENTS[planned.name].rest_seconds)
        assert planned.begins_at - last.get(planned.name, START - timedelta(days=1)) >= rest
        last[planned.name] = planned.ends_at


@given(seed=seeds)
def test_it_shows_every_scheduled_incident_within_fourteen_minutes(seed: int) -> None:
    """The first incident begins after some seconds, and fourteen minutes have seen all of them come and go."""
    scheduled = [one for one in INCIDENTS.values() if one.scheduled]
    planned = Schedule(seed=seed, started_at=START).upcoming(START, len(scheduled))
    assert planned[0].begins_at == START + timedelta(seconds=15)
    assert {one.name for one in planned} == {one.name for one in scheduled}
    assert planned[-1].ends_at - START <= timedelta(minutes=14)


def test_it_plans_nothing_when_calm() -> None:
    """A calm world has no incident, now or later."""
    schedule = Schedule(seed=1, started_at=START, calm=True)
    assert schedule.upcoming(START) == []
    assert schedule.incident(START + timedelta(hours=1)) is NO_INCIDENT


@pytest.mark.parametrize("name", INCIDENTS)
def test_it_begins_the_asked_incident_at_once_and_goes_on(name: str) -> None:
    """The named incident is on from the start, and others follow when it has healed."""
    schedule = Schedule(seed=1, started_at=START, first=name)
    current = schedule.current(START)
    assert current is not None
    assert current.name == name
    assert schedule.upcoming(START)[0].begins_at > current.ends_at


def test_it_refuses_an_unknown_incident() -> None:
    """A wrong name is answered with the known ones."""
    with pytest.raises(ValueError, match="workers-die"):
        Schedule(seed=1, started_at=START, first="workers-dye")
