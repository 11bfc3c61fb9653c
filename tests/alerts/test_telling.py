from datetime import timedelta

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from msgspec.structs import replace

from alerts.test_step import LIVES
from factories import NOW, present
from houndmon.alerts import telling
from houndmon.alerts.step import OpenState, nothing_since
from houndmon.alerts.telling import FLAPPING, REPEAT_AFTER, Heard, tell

RESPOND = 15
TARGET = timedelta(minutes=RESPOND)
FRESH = Heard(announced_state=None, announced_at=None, suppressed_by=None, response_due_at=NOW + TARGET)


class Telling(RuleBasedStateMachine):
    """An alert that fires, recovers and is silenced at any time, and what people have heard of it."""

    tell = staticmethod(telling.tell)

    def __init__(self):
        super().__init__()
        self.state: OpenState = "firing"
        self.now, self.quiet, self.known = NOW, None, FRESH
        self.heard = None  # what the last message said, since the last tick without quiet
        self.flaps = 0
        self.heard_at, self.hushed = None, False  # hushed: it fired, or changed, while nobody was told

    @rule()
    def ticks(self):
        kind, after = self.tell(
            self.state, self.known, self.quiet, self.now, response_minutes=RESPOND, flaps=self.flaps
        )
        if self.quiet:
            assert kind is None
            assert after.response_due_at == self.known.response_due_at
            self.hushed |= "firing" in (self.state, self.heard)
        elif self.state == "firing" and (self.hushed or self.heard_at is None):
            assert (kind, after.response_due_at) == ("fired", self.now + TARGET)
        elif self.state == "firing":
            is_early = self.now - present(self.heard_at) < REPEAT_AFTER
            wanted = None if self.heard == "firing" or is_early else "fired_again"
            runs_on = self.flaps >= FLAPPING and self.now < self.known.response_due_at
            renewed = wanted == "fired_again" and not runs_on
            assert (kind, after.response_due_at) == (
                wanted,
                self.now + TARGET if renewed else self.known.response_due_at,
            )
        else:
            assert kind == ("recovered" if self.heard == "firing" else None)
            due = self.now + TARGET if kind and self.hushed else self.known.response_due_at
            assert after.response_due_at == due
        if kind in ("fired", "fired_again"):
            self.heard, self.heard_at = "firing", self.now
        elif kind:
            self.heard = kind
        if not self.quiet:
            self.hushed = False
        self.known = after

    @rule(seconds=st.sampled_from([1, 5, 60, 599, 600, 3600]))
    def time_passes(self, seconds):
        self.now += timedelta(seconds=seconds)

    @rule()
    def it_flaps(self):
        self.state = "recovered" if self.state == "firing" else "firing"
        self.flaps += self.state == "firing"

    @precondition(lambda self: self.quiet is None)
    @rule(why=st.sampled_from(["silence 1: Maintenance.", "alert 2 explains it: worker_heartbeat_missing"]))
    def it_grows_quiet(self, why):
        self.quiet = why

    @precondition(lambda self: self.quiet is not None)
    @rule(why=st.sampled_from([None, "silence 3: Later."]))
    def the_quiet_ends(self, why):
        self.quiet = why

    @invariant()
    def it_knows_what_people_heard(self):
        assert (self.known.announced_state, self.known.announced_at) == (self.heard, self.heard_at)
        assert (self.known.suppressed_by is not None) >= self.hushed


def test_it_tells_what_people_must_know():
    """Whatever happens in whatever order, nobody is told in a silence, and all that outlasts one is told after it."""
    run_state_machine_as_test(Telling, settings=LIVES)


def forgetful(state, before, quiet, now, **limits):
    """One that does not tell again what had been told before the silence."""
    kind, after = tell(state, before, quiet, now, **limits)
    return (None if kind == "fired" and before.announced_state == "firing" else kind), after


def late(state, before, quiet, now, **limits):
    """One whose time to respond runs on in the silence."""
    kind, after = tell(state, before, quiet, now, **limits)
    return kind, replace(after, response_due_at=before.response_due_at)


def tardy(state, before, quiet, now, **limits):
    """One that keeps the time to respond of a firing that nobody heard of, after a recovery that nobody heard of."""
    kind, after = tell(state, before, quiet, now, **limits)
    is_first = before.announced_at is None and before.suppressed_by is None
    return kind, replace(after, response_due_at=before.response_due_at) if is_first else after


def stale(state, before, quiet, now, **limits):
    """One whose second firing has what is left of the first one's time to respond."""
    kind, after = tell(state, before, quiet, now, **limits)
    return kind, replace(after, response_due_at=before.response_due_at) if kind == "fired_again" else after


def lenient(state, before, quiet, now, **limits):
    """One that gives an alert that flaps ever more time to respond."""
    return tell(state, before, quiet, now, **limits | {"flaps": 0})


def hasty(state, before, quiet, now, **limits):
    """One that lets the time to respond run out in a silence in which the alert recovers."""
    kind, after = tell(state, before, quiet, now, **limits)
    return kind, replace(after, response_due_at=before.response_due_at) if kind == "recovered" else after


def chatty(state, before, quiet, now, **limits):
    """One that tells of each flap."""
    kind, after = tell(state, before, quiet, now, **limits)
    if state == "firing" and not quiet and before.announced_state != "firing":
        return "fired_again" if before.announced_at else "fired", replace(
            after, announced_state="firing", announced_at=now
        )
    return kind, after


WRONG = (forgetful, late, tardy, hasty, stale, lenient, chatty)


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.__name__)
def test_it_would_catch_a_wrong_teller(wrong):
    """The machine finds each of these wrong tellers: the test above can fail."""
    mutant = type("Mutant", (Telling,), {"tell": staticmethod(wrong)})
    with pytest.raises((AssertionError, ExceptionGroup)):
        run_state_machine_as_test(mutant, settings=settings(LIVES, max_examples=2000, phases=[Phase.generate]))


@pytest.mark.parametrize("verdict", ["ok", "breach", "insufficient", "unknown"])
def test_it_counts_the_time_without_data_anew(verdict):
    """Any verdict but `no_data` ends the time in which there is nothing to judge; a clock set back adds none to it."""
    earlier = NOW - timedelta(minutes=59)
    assert nothing_since("no_data", None, NOW) == NOW
    assert nothing_since("no_data", earlier, NOW) == earlier
    assert nothing_since("no_data", NOW + timedelta(hours=1), NOW) == NOW
    assert nothing_since(verdict, earlier, NOW) is None
