"""A silence that recurs, as a form gives it and as the page says it."""

from collections.abc import Mapping
from datetime import datetime

from houndmon.alerts.recurrence import MOST_MINUTES, WEEKDAYS, Recurrence, zone_errors
from houndmon.core.problems import BadInput, FieldError

RECURRENCE_FIELDS = (*WEEKDAYS, "from_time", "until_time", "zone")
WORKING_DAYS = WEEKDAYS[:5]
WHERE = "recurrence."
"""What the API calls the place of these fields; in a form they have none."""


def form_recurrence(given: Mapping[str, str], zone: str) -> Recurrence | None:
    """When a silence of a form recurs, in a zone unless it gives one; None where it does not. Raises BadInput."""
    days = [day for day in WEEKDAYS if given[day]]
    if not days and not given["from_time"] and not given["until_time"]:
        return None
    times = {name: minute_of_day(given[name]) for name in ("from_time", "until_time")}
    errors = [FieldError(name, "must be a time, as in 22:00") for name, minute in times.items() if minute is None]
    if not days:
        errors.insert(0, FieldError("weekdays", "needs at least one day"))
    start, end = times["from_time"] or 0, times["until_time"] or 0
    found = Recurrence(
        weekdays=days,
        from_time=minute_text(start),
        lasts_minutes=(end - start) % MOST_MINUTES or MOST_MINUTES,
        zone=given["zone"] or zone,
    )
    errors += [FieldError(form_field(one.field), one.message) for one in zone_errors(found)]
    if errors:
        raise BadInput(*errors)
    return found


def minute_of_day(text: str) -> int | None:
    """The minute of a time as a browser's field sends it; None where it is none."""
    try:
        at = datetime.strptime(text, "%H:%M")  # noqa: DTZ007 -- a time of day, in the zone beside it
    except ValueError:
        return None
    return at.hour * 60 + at.minute


def minute_text(minute: int) -> str:
    """A minute of the day as a time: `22:00`."""
    return f"{minute // 60:02}:{minute % 60:02}"


def form_field(name: str) -> str:
    """The field of the form that a field of the API is."""
    return name.removeprefix(WHERE)


def recurrence_text(recurrence: Recurrence) -> str:
    """When a silence recurs, in words: `Monday to Friday, 22:00 to 06:00 (Europe/Berlin)`."""
    start = minute_of_day(recurrence.from_time) or 0
    end = (start + recurrence.lasts_minutes) % MOST_MINUTES
    return f"{days_text(recurrence)}, {recurrence.from_time} to {minute_text(end)} ({recurrence.zone})"


def days_text(recurrence: Recurrence) -> str:
    """Days of the week, in words."""
    days = [day for day in WEEKDAYS if day in recurrence.weekdays]
    if len(days) == len(WEEKDAYS):
        return "Every day"
    if days == [*WORKING_DAYS]:
        return "Monday to Friday"
    return ", ".join(day.capitalize() for day in days)


FILTERS = {"recurrence_text": recurrence_text}
