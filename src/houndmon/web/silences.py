"""The silences on the page: those in force and of the last week, and a form for a new one."""

import re
from datetime import MAXYEAR, UTC, datetime, timedelta

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Template

from houndmon.alerts import silences, store
from houndmon.alerts.model import NOTE_LEAST, NOTE_MOST
from houndmon.alerts.recurrence import WEEKDAYS, Recurrence
from houndmon.alerts.routes import Actor
from houndmon.alerts.silences import KnownSubject, NewSilence, SilenceList
from houndmon.core.filters import ENVIRONMENTS, Filters
from houndmon.core.problems import BadInput, FieldError, HoundmonError, StateUnreadable
from houndmon.core.state_database import WRITE_WAIT_SECONDS, StateDatabase
from houndmon.rulebook.book import NAMES
from houndmon.web.forms import Form, filters_of_query, form_fields, return_address
from houndmon.web.recurrence_form import RECURRENCE_FIELDS, form_field, form_recurrence
from houndmon.web.titles import rule_title

SILENCE_HOURS = {"1": 1, "4": 4, "24": 24, "168": 168}
FIELDS = ("rule", "environment", "subject", "reason", "starts_at", "hours", "ends_at", *RECURRENCE_FIELDS)
SUBJECT_MOST = 500
PAGE_OF_ALERT = re.compile(r"alerts/[1-9][0-9]{0,17}")
LIST_OF_ALERTS = "#panel-alerts"


@get("/silences", include_in_schema=False)
async def silences_page(database: NamedDependency[StateDatabase], filters: NamedDependency[Filters]) -> Template:
    """The silences, and the form that adds one."""
    return await render_silences(database, filters, {})


async def render_silences(
    database: StateDatabase, filters: Filters, typed: dict[str, str], error: HoundmonError | None = None
) -> Template:
    """The page of silences, with what was typed and what is wrong with it."""
    found: SilenceList | None = None
    now, problem, subjects = None, error, list[KnownSubject]()
    try:
        async with database.quick_connection() as conn:
            found = await silences.list_silences(conn)
            subjects = await silences.list_subjects(conn)
            now = await conn.fetchval("select clock_timestamp()")
    except StateUnreadable as unread:
        problem = error or unread
    errors = {form_field(one.field): one.message for one in error.errors} if isinstance(error, BadInput) else {}
    context = {
        "filters": filters,
        "silences": found,
        "subjects": subjects,
        "now": now,
        "typed": {name: typed.get(name, "") for name in FIELDS},
        "errors": errors,
        "refused": error is not None,
        "refusal": problem.clause if problem and not errors else None,
        "rules": [(name, rule_title(name)) for name in NAMES],
        "weekdays": WEEKDAYS,
        "zone": database.zone,
        "hours": [(text, f"{text} h") for text in SILENCE_HOURS],
    }
    return Template(template_name="web/silences.html", context=context, status_code=problem.status if problem else 200)


@post("/silences", include_in_schema=False, status_code=303)
async def silence_form(database: NamedDependency[StateDatabase], data: Form, actor: Actor) -> Template | Redirect:
    """Silence what matches for some hours; what was typed comes back where it cannot be."""
    typed = form_fields(data)
    try:
        given, recurrence = checked_silence(typed, database.zone)
        async with database.connection(WRITE_WAIT_SECONDS) as conn:
            now = await conn.fetchval("select clock_timestamp()")
            await silences.add_silence(conn, wanted_silence(given, recurrence, now), actor)
    except (BadInput, StateUnreadable) as error:
        return await render_silences(database, filters_of_query(typed.get("back", "")), typed, error)
    return form_page(typed)


def wanted_silence(given: dict[str, str], recurrence: Recurrence | None, now: datetime) -> NewSilence:
    """A silence of a form that was checked: its end by date, or else some hours after its start."""
    starts_at = utc_time(given["starts_at"])
    hours = timedelta(hours=SILENCE_HOURS.get(given["hours"], 0), seconds=-1)
    what = {name: given[name] or None for name in ("rule", "environment", "subject", "reason")}
    ends_at = utc_time(given["ends_at"]) or (starts_at or now) + hours
    return NewSilence(**what, starts_at=starts_at, ends_at=ends_at, recurrence=recurrence)  # type: ignore[arg-type]


def utc_time(text: str) -> datetime | None:
    """A time as a form gives it, which is meant in UTC; None where it is blank. Raises ValueError."""
    at = datetime.strptime(text, "%Y-%m-%dT%H:%M").replace(tzinfo=UTC) if text else None
    if at and at.year == MAXYEAR:
        raise ValueError("no hours can be added to it")
    return at


def time_errors(given: dict[str, str]) -> list[FieldError]:
    """Which of the times of a form are none."""
    errors = []
    for name in ("starts_at", "ends_at"):
        try:
            utc_time(given[name])
        except ValueError:
            errors.append(FieldError(name, "must be a date and a time, as in 2026-03-02T14:00"))
    return errors


def checked_silence(typed: dict[str, str], zone: str) -> tuple[dict[str, str], Recurrence | None]:
    """A silence as a form asks for it, without blanks, and when it recurs. Raises BadInput with all that is wrong."""
    given = {name: typed.get(name, "").strip() for name in FIELDS}
    known = {"rule": ("", *NAMES), "environment": ("", *ENVIRONMENTS), "hours": tuple(SILENCE_HOURS)}
    if given["ends_at"]:
        known["hours"] = ("", *SILENCE_HOURS)
    errors = [
        FieldError(name, f"must be one of {', '.join(filter(None, choices))}")
        for name, choices in known.items()
        if given[name] not in choices
    ]
    errors += time_errors(given)
    if len(given["subject"]) > SUBJECT_MOST:
        errors.append(FieldError("subject", f"must have at most {SUBJECT_MOST} characters"))
    given["reason"] = store.trim_note(given["reason"])
    if not NOTE_LEAST <= len(given["reason"]) <= NOTE_MOST:
        errors.append(FieldError("reason", f"needs {NOTE_LEAST} to {NOTE_MOST} characters"))
    recurrence = None
    try:
        recurrence = form_recurrence(given, zone)
    except BadInput as error:
        errors += error.errors
    if errors:
        raise BadInput(*errors)
    return given, recurrence


@post("/silences/{id:str}/end", include_in_schema=False, status_code=303)
async def end_silence_form(database: NamedDependency[StateDatabase], id: FromPath[str], data: Form) -> Redirect:
    """End a silence from the page."""
    typed = form_fields(data)
    async with database.connection(WRITE_WAIT_SECONDS) as conn:
        await silences.end_silence(conn, store.alert_id(id))
    return form_page(typed)


def form_page(typed: dict[str, str]) -> Redirect:
    """Where the form stood: on the page of silences, on that of an alert, or in the list of alerts."""
    page = typed.get("page", "")
    if page == "silences":
        return Redirect(return_address(typed, "/silences"), status_code=303)
    if PAGE_OF_ALERT.fullmatch(page):
        return Redirect(return_address(typed, f"/{page}"), status_code=303)
    return Redirect(return_address(typed, "/", LIST_OF_ALERTS), status_code=303)


ROUTES = [silences_page, silence_form, end_silence_form]
