"""The page of one alert: what is the matter, what was seen, what happened, and what people can do."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template

from houndmon.alerts.model import Alert, Closing
from houndmon.alerts.silences import list_silences, matches
from houndmon.alerts.store import alert_id
from houndmon.config.links import fill_template, link_values
from houndmon.core.clock import SPANS, Range
from houndmon.core.filters import Filters
from houndmon.core.panel_cache import PanelCache
from houndmon.core.problems import BadInput, HoundmonError
from houndmon.notify.text import range_since
from houndmon.rulebook.book import BOOK
from houndmon.web.alert_chart import draw_value, has_value_chart
from houndmon.web.dependencies import Services
from houndmon.web.silences import SILENCE_HOURS
from houndmon.web.titles import ended_at

TYPED = (*Closing.__struct_fields__, "note", "to", "text")
"""The fields of the page's forms that come back where they are refused."""


class PanelLink(NamedTuple):
    """The panel that shows an alert: its title, address and range, and whether that reaches back to the firing."""

    title: str
    address: str
    range: Range
    reaches: bool


@get("/alerts/{id:str}", include_in_schema=False)
async def alert_page(
    services: NamedDependency[Services], filters: NamedDependency[Filters], id: FromPath[str]
) -> Template:
    """One alert: the finding, evidence, timeline, and the forms to respond to it."""
    return await render_alert(services, filters, alert_id(id), {})


async def render_alert(
    services: Services, filters: Filters, id: int, typed: Mapping[str, str], error: HoundmonError | None = None
) -> Template:
    """The page of an alert, with what was typed and what is wrong with it."""
    errors = {one.field: one.message for one in error.errors} if isinstance(error, BadInput) else {}
    alert = await services.alerts.one(id)
    async with services.database.connection() as conn:
        now = await conn.fetchval("select clock_timestamp()")
        silences = (await list_silences(conn)).items if alert.state != "closed" else []
    about, has_chart = (alert.rule, alert.environment, alert.subject), has_value_chart(alert)
    context = {
        "alert": alert,
        "silence": next((one for one in silences if matches(one, *about)), None),
        "typed": {name: typed.get(name, "") for name in TYPED},
        "errors": errors,
        "refusal": error.clause if error and not errors else None,
        "now": now,
        "hours": list(SILENCE_HOURS),
        "filters": filters,
        "panel": panel_link(services.panel_cache, alert, now),
        "has_chart": has_chart,
        "trend": await draw_value(services.values, alert, now) if has_chart else None,
        "links": fill_links(services.config().links, alert, now),
    }
    return Template(template_name="web/alert.html", context=context, status_code=error.status if error else 200)


def panel_link(panels: PanelCache, alert: Alert, now: datetime) -> PanelLink | None:
    """The panel of an alert in its environment, over a range that shows the firing; None where it has none of its own.

    A panel answers of the present alone, so that nothing more of the past can be shown of it.
    """
    spec = BOOK[alert.rule]
    panel = panels.specs.get(spec.of(alert.subject).panel)
    if panel is None:
        return None
    span = range_since(spec.range, alert.fired_at, now)
    query = Filters(span, alert.environment).query(panel=panel.name)
    return PanelLink(panel.title, f"/?{query}#panel-{panel.name}", span, now - alert.fired_at < SPANS[span])


def fill_links(templates: Mapping[str, str], alert: Alert, now: datetime) -> dict[str, str]:
    """Where the logs and traces of an alert are, until it recovered or was closed, or now."""
    values = link_values(alert.rule, alert.environment, alert.subject, alert.fired_at, ended_at(alert, now))
    return {name: fill_template(template, values) for name, template in templates.items()}


ROUTES = [alert_page]
