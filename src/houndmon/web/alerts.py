"""The alerts on the page: fragments that poll, one page an alert, and forms that work without JavaScript."""

from typing import Annotated, Any

from litestar import get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect, Template

from houndmon.alerts import people
from houndmon.alerts.model import Closing, matches
from houndmon.alerts.routes import STATES, Actor, closed, single
from houndmon.evaluator.routes import NAMES, rule_list
from houndmon.kit.filters import Filters
from houndmon.kit.paging import place_of
from houndmon.kit.problems import BadInput, Busy, FieldError, HoundmonError, SourceUnreadable
from houndmon.kit.source import PEOPLE_WAIT_SECONDS
from houndmon.notify.outbox import dead_letters
from houndmon.notify.routes import retried
from houndmon.web.forms import Form, kept, refuse_nul, way_back
from houndmon.web.silences import HOURS, LIST_OF_ALERTS

ALERTS_UNREAD: dict[str, Any] = {
    "problem": None,
    "alerts": [],
    "silences": None,
    "dead": [],
    "now": None,
    "receivers": 0,
    "configuration_problem": None,
}
"""What the alerts panel is drawn from until they have been read."""
ALERTS_LISTED = 50


@get("/fragments/alerts", include_in_schema=False)
async def alerts_fragment(state: State, filters: NamedDependency[Filters]) -> Template:
    """The open alerts, firing first, with the silences in force and the dead letters."""
    return Template(template_name="alerts/fragment.html", context=await alerts_drawn(state, filters))


async def alerts_drawn(state: State, filters: Filters) -> dict[str, Any]:
    """What the alerts panel is drawn from, or why there is nothing."""
    context = ALERTS_UNREAD | {"filters": filters}
    try:
        async with state.state.glanced() as conn:
            alerts = await people.open_alerts(conn)
            context["alerts"] = [one for one in alerts if one.environment == filters.environment]
            context["silences"] = await people.list_silences(conn)
            context["dead"] = await dead_letters(conn)
            context["now"] = await conn.fetchval("select clock_timestamp()")
    except SourceUnreadable as error:
        context["problem"] = str(error)
    context["configuration_problem"] = state.config.problem
    context["receivers"] = len(state.config().receivers)
    return context


@get("/fragments/rules", include_in_schema=False)
async def rules_fragment(state: State, filters: NamedDependency[Filters]) -> Template:
    """Every rule with its verdict."""
    return Template(template_name="evaluator/rules.html", context=await rules_drawn(state, filters))


async def rules_drawn(state: State, filters: Filters) -> dict[str, Any]:
    """What the rules panel is drawn from, or why there is nothing."""
    try:
        found, problem = await rule_list(state, NAMES, filters.environment), None
    except SourceUnreadable as error:
        found, problem = None, str(error)
    return {"filters": filters, "rules": found, "problem": problem}


@get("/fragments/slos", include_in_schema=False)
async def slos_fragment(state: State, filters: NamedDependency[Filters]) -> Template:
    """Every service level with its budget."""
    return Template(template_name="evaluator/levels.html", context=await slos_drawn(state, filters))


async def slos_drawn(state: State, filters: Filters) -> dict[str, Any]:
    """What the service levels' panel is drawn from, or why there is nothing."""
    try:
        found, problem = await state.levels.answer(filters.environment), None
    except (SourceUnreadable, Busy) as error:
        found, problem = None, error.clause
    return {"filters": filters, "levels": found, "problem": problem}


@get("/alerts", include_in_schema=False)
async def alerts_page(
    state: State,
    filters: NamedDependency[Filters],
    wanted: Annotated[str, QueryParameter(name="state", description="open, closed or all.")] = "open",
    cursor: Annotated[str | None, QueryParameter(description="Where the page begins.")] = None,
) -> Template:
    """Alerts, the newest first, page by page."""
    if wanted not in STATES:
        raise BadInput(FieldError("state", f"must be one of {', '.join(STATES)}"))
    async with state.state.borrowed() as conn:
        page = await people.alerts_page(conn, wanted, None, None, place_of(cursor), ALERTS_LISTED)
        now = await conn.fetchval("select clock_timestamp()")
    context = {"filters": filters, "page": page, "wanted": wanted, "states": STATES, "now": now}
    return Template(template_name="web/alerts.html", context=context)


@get("/alerts/{id:str}", include_in_schema=False)
async def alert_page(state: State, filters: NamedDependency[Filters], id: FromPath[str]) -> Template:
    """One alert: evidence, timeline, and the form that closes it."""
    return await drawn_alert(state, filters, people.alert_id(id))


async def drawn_alert(
    state: State, filters: Filters, id: int, typed: Closing | None = None, error: HoundmonError | None = None
) -> Template:
    """The page of an alert, with what was typed and what is wrong with it."""
    errors = {one.field: one.message for one in error.errors} if isinstance(error, BadInput) else {}
    alert = await single(state, id)
    async with state.state.borrowed() as conn:
        now = await conn.fetchval("select clock_timestamp()")
        silences = (await people.list_silences(conn)).items if alert.state != "closed" else []
    about = (alert.rule, alert.environment, alert.subject)
    context = {
        "alert": alert,
        "silence": next((one for one in silences if matches(one, *about)), None),
        "typed": typed or Closing(),
        "errors": errors,
        "refusal": str(error) if error and not errors else None,
        "now": now,
        "hours": list(HOURS),
        "filters": filters,
    }
    return Template(template_name="web/alert.html", context=context, status_code=error.status if error else 200)


@post("/alerts/{id:str}/acknowledge", include_in_schema=False, status_code=303)
async def acknowledge_form(state: State, id: FromPath[str], data: Form, actor: Actor) -> Template | Redirect:
    """Take an alert from its page."""
    given = refuse_nul(data)
    try:
        async with state.state.borrowed(PEOPLE_WAIT_SECONDS) as conn:
            await people.acknowledge(conn, people.alert_id(id), given.get("note"), actor)
    except people.NotClosable as error:
        return await drawn_alert(state, kept(given.get("back", "")), people.alert_id(id), None, error)
    return back_to(state, id, given)


@post("/alerts/{id:str}/close", include_in_schema=False, status_code=303)
async def close_form(state: State, id: FromPath[str], data: Form, actor: Actor) -> Template | Redirect:
    """Close an alert from its page; what was typed comes back where it cannot be."""
    given = refuse_nul(data)
    closing = Closing(**{name: given.get(name, "") for name in Closing.__struct_fields__})
    try:
        await closed(state, people.alert_id(id), closing, actor)
    except (people.NotClosable, people.BadNotes) as error:
        return await drawn_alert(state, kept(given.get("back", "")), people.alert_id(id), closing, error)
    return back_to(state, id, given)


def back_to(state: State, id: str, given: dict[str, str]) -> Redirect:
    """The page of an alert, after something was done to it."""
    state.desk.forget("incidents")
    state.summary.forget()
    return Redirect(way_back(given, f"/alerts/{people.alert_id(id)}"), status_code=303)


@post("/dead-letters/{id:str}/retry", include_in_schema=False, status_code=303)
async def retry_form(state: State, id: FromPath[str], data: Form) -> Redirect:
    """Try a notification that was given up once more, from the page."""
    given = refuse_nul(data)
    await retried(state, id)
    return Redirect(way_back(given, "/", LIST_OF_ALERTS), status_code=303)


ROUTES = [
    alerts_fragment,
    rules_fragment,
    slos_fragment,
    alerts_page,
    alert_page,
    acknowledge_form,
    close_form,
    retry_form,
]
