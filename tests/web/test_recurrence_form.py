"""A silence that recurs, from a form's fields to words: what was chosen is what is said."""

from datetime import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from factories import present
from houndmon.alerts.recurrence import WEEKDAYS, Weekday
from houndmon.core.problems import BadInput
from houndmon.web.recurrence_form import RECURRENCE_FIELDS, form_recurrence, recurrence_text

TIME = st.times().map(lambda at: f"{at:%H:%M}")
DAYS = st.lists(st.sampled_from(WEEKDAYS), min_size=1, unique=True)


def fields(days: list[Weekday], start: str, end: str, zone: str = "") -> dict[str, str]:
    """The fields of a form, those that were left alone too."""
    typed = dict.fromkeys(days, "on") | {"from_time": start, "until_time": end, "zone": zone}
    return dict.fromkeys(RECURRENCE_FIELDS, "") | typed


def minutes(text: str) -> int:
    at = time.fromisoformat(text)
    return at.hour * 60 + at.minute


@given(DAYS, TIME, TIME)
@example(["monday"], "22:00", "06:00")
@example(["sunday"], "00:00", "00:00")
def test_it_says_what_was_chosen(days: list[Weekday], start: str, end: str) -> None:
    """Days, times and zone are said as they were chosen; an end that is no later than the start is of the next day."""
    found = present(form_recurrence(fields(days, start, end), "Europe/Berlin"))
    assert set(found.weekdays) == set(days)
    assert recurrence_text(found).endswith(f", {start} to {end} (Europe/Berlin)")
    ends = minutes(end) if minutes(end) > minutes(start) else minutes(end) + 24 * 60
    assert minutes(found.from_time) + found.lasts_minutes == ends


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ([*WEEKDAYS], "Every day"),
        ([*WEEKDAYS[:5]], "Monday to Friday"),
        (["sunday", "saturday"], "Saturday, Sunday"),
        (["wednesday"], "Wednesday"),
    ],
)
def test_it_says_days_as_people_do(days: list[Weekday], said: str) -> None:
    """All days are every day, and the working days a span; others are named in the order of the week."""
    found = present(form_recurrence(fields(days, "22:00", "06:00"), "UTC"))
    assert recurrence_text(found) == f"{said}, 22:00 to 06:00 (UTC)"


def test_it_recurs_only_where_it_was_asked_to() -> None:
    """A form whose days and times were left alone means no recurrence, whatever zone stands in it."""
    assert form_recurrence(fields([], "", "", "Mars/Olympus"), "UTC") is None


@given(st.lists(st.sampled_from(WEEKDAYS), unique=True), st.text(max_size=8), st.text(max_size=8), st.text(max_size=30))
def test_it_takes_any_text(days: list[Weekday], start: str, end: str, zone: str) -> None:
    """Whatever stands in the fields is a recurrence, none, or refused beside those fields."""
    assert refused(fields(days, start, end, zone)) <= {"weekdays", "from_time", "until_time", "zone"}


def refused(given: dict[str, str]) -> set[str]:
    """The fields that a recurrence is refused for; none where it is taken, and can be said."""
    try:
        found = form_recurrence(given, "UTC")
    except BadInput as error:
        return {one.field for one in error.errors}
    return set() if found is None or recurrence_text(found) else {"unsaid"}
