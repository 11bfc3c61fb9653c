"""The page of all alerts: filters, how long each lasted, who took it, and what can be closed."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Redirect, Template

from houndmon.alerts.listing import (
    SEVERITIES,
    STATES,
    AlertFilter,
    checked_filter,
    count_closed_with,
    list_owners,
    read_alerts_page,
)
from houndmon.alerts.model import Closing
from houndmon.alerts.routes import Actor
from houndmon.alerts.store import NoSuchAlert, NotClosable, alert_id, note_errors
from houndmon.core.filters import ENVIRONMENTS, Filters
from houndmon.core.paging import decode_cursor
from houndmon.core.problems import BadInput, FieldError, HoundmonError
from houndmon.core.state_database import StateDatabase
from houndmon.rulebook.book import NAMES
from houndmon.web.dependencies import Services
from houndmon.web.forms import Form, filters_of_query, form_fields
from houndmon.web.titles import rule_title

ALERTS_LISTED = 50
FIELDS = {
    "state": "state",
    "of": "environment",
    "rule": "rule",
    "severity": "severity",
    "owner": "owner",
    "text": "text",
}
"""What the page is asked with, and what that filters; `environment` is where the links back lead."""
CHOICE = "alert_"
"""How the name of a field begins that chooses an alert; its id follows."""


@get("/alerts", include_in_schema=False)
async def alerts_page(
    request: Request[Any, Any, Any],
    database: NamedDependency[StateDatabase],
    filters: NamedDependency[Filters],
    cursor: Annotated[str | None, QueryParameter(description="Where the page begins.")] = None,
) -> Template:
    """Alerts, the newest first, page by page, with the form that closes some of them."""
    return await render_list(database, filters, wanted_alerts(request.query_params), cursor, {})


@post("/alerts/close", include_in_schema=False, status_code=303)
async def close_listed_form(services: NamedDependency[Services], data: Form, actor: Actor) -> Template | Redirect:
    """Close the chosen alerts by one set of notes; what was chosen and typed comes back where they cannot be."""
    given = form_fields(data)
    filters, wanted, cursor = filters_of_query(given.get("back", "")), wanted_alerts(given), given.get("cursor") or None
    closing = Closing(**{name: given.get(name, "") for name in Closing.__struct_fields__})
    try:
        await services.alerts.close_all(chosen_alerts(given, closing), closing, actor)
    except (NoSuchAlert, NotClosable, BadInput) as error:
        return await render_list(services.database, filters, wanted, cursor, given, error)
    services.summaries.invalidate()
    return Redirect(list_address(filters, wanted, cursor=cursor or ""), status_code=303)


def wanted_alerts(given: Mapping[str, str]) -> AlertFilter:
    """Which alerts a query or a form asks for. Raises BadInput."""
    return checked_filter({field: given.get(name, "").strip() or None for name, field in FIELDS.items()})


def chosen_alerts(given: Mapping[str, str], closing: Closing) -> list[int]:
    """The alerts that a form chose. Raises BadInput where it chose none, with what is wrong with the notes too."""
    chosen = [alert_id(name.removeprefix(CHOICE)) for name in given if name.startswith(CHOICE)]
    if not chosen:
        raise BadInput(FieldError("alerts", "needs at least one alert"), *note_errors(closing))
    return chosen


async def render_list(
    database: StateDatabase,
    filters: Filters,
    wanted: AlertFilter,
    cursor: str | None,
    typed: Mapping[str, str],
    error: HoundmonError | None = None,
) -> Template:
    """The page of some alerts, with what was typed to close some of them and what is wrong with it."""
    errors = {one.field: one.message for one in error.errors} if isinstance(error, BadInput) else {}
    async with database.connection() as conn:
        page = await read_alerts_page(conn, wanted, decode_cursor(cursor), ALERTS_LISTED)
        closed_with = await count_closed_with(conn, [int(one.id) for one in page.items])
        owners = await list_owners(conn)
        now = await conn.fetchval("select clock_timestamp()")
    context = {
        "filters": filters,
        "page": page,
        "wanted": wanted,
        "asked": asked_fields(wanted, cursor),
        "choosing": CHOICE,
        "chosen": {name.removeprefix(CHOICE) for name in typed if name.startswith(CHOICE)},
        "typed": {name: typed.get(name, "") for name in Closing.__struct_fields__},
        "errors": errors,
        "refusal": error.clause if error and not errors else None,
        "closed_with": closed_with,
        "now": now,
        "states": {state: list_address(filters, wanted, state=state) for state in STATES},
        "older": page.next_cursor and list_address(filters, wanted, cursor=page.next_cursor),
        "kept": parse_qsl(filters.query()),
        "environments": ENVIRONMENTS,
        "severities": [(name, name) for name in SEVERITIES],
        "rules": [(name, rule_title(name)) for name in NAMES],
        "owners": [(name, name) for name in sorted({*owners, wanted.owner or ""} - {""})],
    }
    return Template(template_name="web/alerts.html", context=context, status_code=error.status if error else 200)


def asked_fields(wanted: AlertFilter, cursor: str | None) -> list[tuple[str, str]]:
    """The fields by which a form finds its way back to the same list."""
    fields = {name: getattr(wanted, field) for name, field in FIELDS.items()} | {"cursor": cursor}
    return [(name, text) for name, text in fields.items() if text]


def list_address(filters: Filters, wanted: AlertFilter, **changes: str) -> str:
    """The page with some of its filters changed."""
    chosen = {name: getattr(wanted, field) for name, field in FIELDS.items()} | changes
    said = {name: text for name, text in chosen.items() if text}
    return "/alerts?" + "&".join(filter(None, [urlencode(said), filters.query()]))


ROUTES = [alerts_page, close_listed_form]
