"""The alerts on the page: fragments that poll, and what could not be delivered."""

from collections.abc import Mapping

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Template

from houndmon.alerts import store
from houndmon.alerts.names import findings_mark
from houndmon.alerts.silences import list_silences
from houndmon.config.live import LiveConfig
from houndmon.config.warnings import link_problem
from houndmon.core.filters import Filters
from houndmon.core.problems import Busy, SourceUnreadable, StateUnreadable
from houndmon.core.state_database import StateDatabase
from houndmon.evaluator.level_cache import LevelCache
from houndmon.evaluator.routes import RuleReader
from houndmon.notify.outbox import dead_letters
from houndmon.notify.routes import retry_and_list
from houndmon.rulebook.book import NAMES
from houndmon.web.forms import Form, form_fields, return_address
from houndmon.web.silences import LIST_OF_ALERTS
from houndmon.web.summary.model import Summary

EMPTY_ALERTS_CONTEXT: dict[str, object] = {
    "problem": None,
    "alerts": [],
    "silences": None,
    "dead": [],
    "now": None,
    "receivers": 0,
    "configuration_problem": None,
    "link_problem": None,
}
"""What the alerts panel is drawn from until they have been read."""


@get("/fragments/alerts", include_in_schema=False)
async def alerts_fragment(
    database: NamedDependency[StateDatabase], config: NamedDependency[LiveConfig], filters: NamedDependency[Filters]
) -> Template:
    """The open alerts, firing first, with the silences in force and the dead letters."""
    return Template(template_name="alerts/fragment.html", context=await alerts_context(database, config, filters))


async def alerts_context(database: StateDatabase, config: LiveConfig, filters: Filters) -> dict[str, object]:
    """What the alerts panel is drawn from, or why there is nothing."""
    context = EMPTY_ALERTS_CONTEXT | {"filters": filters}
    try:
        async with database.quick_connection() as conn:
            alerts = await store.read_closable_alerts(conn)
            context["alerts"] = [one for one in alerts if one.environment == filters.environment]
            context["silences"] = await list_silences(conn)
            context["dead"] = await dead_letters(conn)
            context["now"] = await conn.fetchval("select clock_timestamp()")
    except StateUnreadable as error:
        context["problem"] = error.clause
    context["configuration_problem"] = config.problem
    context["receivers"] = len(config().receivers)
    context["link_problem"] = link_problem(config())
    return context


def alerts_as_told(found: Mapping[str, object], summary: object) -> Mapping[str, object]:
    """What the list is drawn from beside a summary: its alerts, where a tick ended between the two readings.

    Which firing alerts can be closed, only the list has read.
    """
    rows = found["alerts"]
    if not isinstance(summary, Summary) or not isinstance(rows, list) or found["now"] is None:
        return found
    told, is_seen = summary.open_alerts, summary.evaluator.last_evaluated_at is not None
    if told is None or not is_seen or findings_mark(told) == findings_mark(rows):
        return found
    gone = {row.id for row in rows if row.state == "firing" and row.closable}
    alerts = [msgspec.structs.replace(one, closable=one.closable or one.id in gone) for one in told]
    return {**found, "alerts": alerts, "now": summary.alerts_as_of}


@get("/fragments/rules", include_in_schema=False)
async def rules_fragment(rules: NamedDependency[RuleReader], filters: NamedDependency[Filters]) -> Template:
    """Every rule with its verdict."""
    return Template(template_name="evaluator/rules.html", context=await rules_context(rules, filters))


async def rules_context(rules: RuleReader, filters: Filters) -> dict[str, object]:
    """What the rules panel is drawn from, or why there is nothing."""
    try:
        found, problem = await rules.read(NAMES, filters.environment), None
    except StateUnreadable as error:
        found, problem = None, error.clause
    return {"filters": filters, "rules": found, "problem": problem}


@get("/fragments/slos", include_in_schema=False)
async def slos_fragment(levels: NamedDependency[LevelCache], filters: NamedDependency[Filters]) -> Template:
    """Every service level with its budget."""
    return Template(template_name="evaluator/levels.html", context=await slos_context(levels, filters))


async def slos_context(levels: LevelCache, filters: Filters) -> dict[str, object]:
    """What the service levels' panel is drawn from, or why there is nothing."""
    try:
        found, problem = await levels.answer(filters.environment), None
    except (SourceUnreadable, Busy) as error:
        found, problem = None, error.clause
    return {"filters": filters, "levels": found, "problem": problem}


@post("/dead-letters/{id:str}/retry", include_in_schema=False, status_code=303)
async def retry_form(database: NamedDependency[StateDatabase], id: FromPath[str], data: Form) -> Redirect:
    """Try a notification that was given up once more, from the page."""
    given = form_fields(data)
    await retry_and_list(database, id)
    return Redirect(return_address(given, "/", LIST_OF_ALERTS), status_code=303)


ROUTES = [
    alerts_fragment,
    rules_fragment,
    slos_fragment,
    retry_form,
]
