"""The silences on the page: those in force and of the last week, and a form for a new one."""

import re
from datetime import timedelta

from litestar import get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Template

from houndmon.alerts import people
from houndmon.alerts.model import NOTE_LEAST, NOTE_MOST, NewSilence, SilenceList
from houndmon.alerts.routes import Actor
from houndmon.evaluator.routes import NAMES
from houndmon.kit.filters import ENVIRONMENTS, Filters
from houndmon.kit.problems import BadInput, FieldError, HoundmonError, SourceUnreadable
from houndmon.kit.source import PEOPLE_WAIT_SECONDS
from houndmon.web.forms import Form, kept, refuse_nul, way_back
from houndmon.web.titles import titled

HOURS = {"1": 1, "4": 4, "24": 24, "168": 168}
FIELDS = ("rule", "environment", "subject", "reason", "hours")
SUBJECT_MOST = 500
PAGE_OF_ALERT = re.compile(r"alerts/[1-9][0-9]{0,17}")
LIST_OF_ALERTS = "#panel-alerts"


@get("/silences", include_in_schema=False)
async def silences_page(state: State, filters: NamedDependency[Filters]) -> Template:
    """The silences, and the form that adds one."""
    return await drawn_silences(state, filters, {})


async def drawn_silences(
    state: State, filters: Filters, typed: dict[str, str], error: HoundmonError | None = None
) -> Template:
    """The page of silences, with what was typed and what is wrong with it."""
    found: SilenceList | None = None
    now, problem = None, error
    try:
        async with state.state.glanced() as conn:
            found = await people.list_silences(conn)
            now = await conn.fetchval("select clock_timestamp()")
    except SourceUnreadable as unread:
        problem = error or unread
    errors = {one.field: one.message for one in error.errors} if isinstance(error, BadInput) else {}
    context = {
        "filters": filters,
        "silences": found,
        "now": now,
        "typed": {name: typed.get(name, "") for name in FIELDS},
        "errors": errors,
        "refused": error is not None,
        "refusal": problem.clause if problem and not errors else None,
        "rules": [(name, titled(name)) for name in NAMES],
        "environments": [(name, name) for name in ENVIRONMENTS],
        "hours": [(text, f"{text} h") for text in HOURS],
    }
    return Template(template_name="web/silences.html", context=context, status_code=problem.status if problem else 200)


@post("/silences", include_in_schema=False, status_code=303)
async def silence_form(state: State, data: Form, actor: Actor) -> Template | Redirect:
    """Silence what matches for some hours; what was typed comes back where it cannot be."""
    typed = refuse_nul(data)
    try:
        given = checked(typed)
        async with state.state.borrowed(PEOPLE_WAIT_SECONDS) as conn:
            now = await conn.fetchval("select clock_timestamp()")
            ends_at = now + timedelta(hours=HOURS[given.pop("hours")], seconds=-1)
            wanted = NewSilence(**{name: text or None for name, text in given.items()}, ends_at=ends_at)  # type: ignore[arg-type]
            await people.add_silence(conn, wanted, actor)
    except (BadInput, SourceUnreadable) as error:
        return await drawn_silences(state, kept(typed.get("back", "")), typed, error)
    return back(typed)


def checked(typed: dict[str, str]) -> dict[str, str]:
    """A silence as a form asks for it, without blanks. Raises BadInput with all that is wrong."""
    given = {name: typed.get(name, "").strip() for name in FIELDS}
    known = {"rule": ("", *NAMES), "environment": ("", *ENVIRONMENTS), "hours": tuple(HOURS)}
    errors = [
        FieldError(name, f"must be one of {', '.join(filter(None, choices))}")
        for name, choices in known.items()
        if given[name] not in choices
    ]
    if len(given["subject"]) > SUBJECT_MOST:
        errors.append(FieldError("subject", f"must have at most {SUBJECT_MOST} characters"))
    given["reason"] = people.trimmed(given["reason"])
    if not NOTE_LEAST <= len(given["reason"]) <= NOTE_MOST:
        errors.append(FieldError("reason", f"needs {NOTE_LEAST} to {NOTE_MOST} characters"))
    if errors:
        raise BadInput(*errors)
    return given


@post("/silences/{id:str}/end", include_in_schema=False, status_code=303)
async def end_silence_form(state: State, id: FromPath[str], data: Form) -> Redirect:
    """End a silence from the page."""
    typed = refuse_nul(data)
    async with state.state.borrowed(PEOPLE_WAIT_SECONDS) as conn:
        await people.end_silence(conn, people.alert_id(id))
    return back(typed)


def back(typed: dict[str, str]) -> Redirect:
    """Where the form stood: on the page of silences, on that of an alert, or in the list of alerts."""
    page = typed.get("page", "")
    if page == "silences":
        return Redirect(way_back(typed, "/silences"), status_code=303)
    if PAGE_OF_ALERT.fullmatch(page):
        return Redirect(way_back(typed, f"/{page}"), status_code=303)
    return Redirect(way_back(typed, "/", LIST_OF_ALERTS), status_code=303)


ROUTES = [silences_page, silence_form, end_silence_form]
