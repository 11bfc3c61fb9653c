"""The page: everything that is ready at once is drawn by the server, the rest fetches itself."""

import asyncio
import re
from collections.abc import Coroutine, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated

import structlog
from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Template

from houndmon.core.filters import RANGES, Filters
from houndmon.core.panel import AnyPanel
from houndmon.core.panel_cache import Drawn, PanelCache
from houndmon.core.panel_routes import panel_context
from houndmon.core.problems import BadInput, Busy, FieldError, SourceUnreadable
from houndmon.demo.schedule import Schedule
from houndmon.support.routes import checked_query, support_context
from houndmon.web import search
from houndmon.web.alerts import EMPTY_ALERTS_CONTEXT, alerts_as_told, alerts_context, rules_context, slos_context
from houndmon.web.dependencies import Services
from houndmon.web.summary.routes import SummaryCache

log = structlog.get_logger()
PAGE_WAIT_SECONDS = 0.25  # a page that waits for its slowest panel is no page on a bad day
ALERTS_WAIT_SECONDS = 1.0  # the alerts come from houndmon's own database; late ones push down all that is below them
FETCH_SECONDS = 10.0  # the browser gives up a fragment after it: longer than any deadline of the server's
PANEL_ORDER = ("ingest", "transcode", "workers", "publish", "playback", "api", "incidents")  # the chain's
TURN_SECONDS = (10, 3600)  # from and to: how long a screen that turns between the environments shows one
PAGE_HEADERS = {"Cache-Control": "no-cache"}

Context = Mapping[str, object]
Drawing = Coroutine[object, object, Context]


@get("/", include_in_schema=False)
async def show_page(
    services: NamedDependency[Services],
    filters: NamedDependency[Filters],
    wall: Annotated[str, QueryParameter(description="`1` for a screen on the wall.")] = "",
    turn: Annotated[str, QueryParameter(description="Turn to the other environment after so many seconds.")] = "",
    panel: Annotated[str, QueryParameter(description="The panel to put first.")] = "",
    q: Annotated[str, QueryParameter(description="A name to look for.")] = "",
) -> Template:
    """The page. What is not ready within a quarter of a second (alerts: a second) is a place that fills itself."""
    specs, text = ordered_panels(services.panel_cache, panel), checked_query(q)
    on_wall, turn_seconds = checked_wall(wall), checked_turn(turn)
    answers = await gather_ready(
        alerts_context(services.database, services.config, filters),
        summary_context(services.summaries, services.demo, filters),
        rules_context(services.rules, filters),
        slos_context(services.levels, filters),
        support_context(services.support, filters) if filters.has_ids else no_context(),
        *(panel_context(services.panel_cache, spec, filters) for spec in specs),
    )
    alerts, strip, rules, levels, support, *panels = answers
    nothing_read = EMPTY_ALERTS_CONTEXT | {"filters": filters}
    context = {
        "filters": filters,
        "ranges": RANGES,
        "wall": on_wall,
        "turn": turn_seconds,
        "focus": panel,
        "text": text,
        "found": await search.search_context(services.support, filters, text, wall, panel) if text else None,
        "support": support or {"filters": filters, "panel": None, "problem": None, "absent": None},
        "alerts": alerts_as_told(alerts, (strip or {}).get("summary")) if alerts else nothing_read,
        "rules": rules or {"filters": filters, "rules": None, "problem": None},
        "slos": levels or {"filters": filters, "levels": None, "problem": None},
        "strip": strip or pending_summary_context(services.demo, filters),
        "panels": [found or pending_context(spec, filters) for spec, found in zip(specs, panels, strict=True)],
    }
    return Template(template_name="web/page.html", context=context, headers=PAGE_HEADERS)


@get("/fragments/summary", include_in_schema=False)
async def summary_fragment(
    summaries: NamedDependency[SummaryCache], demo: NamedDependency[Schedule | None], filters: NamedDependency[Filters]
) -> Template:
    """The answer strip."""
    context = await summary_context(summaries, demo, filters)
    return Template(template_name="web/summary/fragment.html", context=context)


async def no_context() -> Context:
    """What is drawn where nothing was asked."""
    return {}


def demo_context(demo: Schedule | None) -> Context | None:
    """What the demo lets happen now and next; None outside the demo."""
    if demo is None:
        return None
    now = datetime.now(UTC)  # of the demo's own process, whose schedule it is
    return {"on": demo.on(now), "next": next(iter(demo.upcoming(now, 1)), None)}


def ordered_panels(panel_cache: PanelCache, first: str) -> list[AnyPanel]:
    """The panels, what matters most first; before them all the one asked for. Raises BadInput."""
    if first and first not in panel_cache.specs:
        raise BadInput(FieldError("panel", f"must be one of {', '.join(panel_cache.specs)}"))
    wanted = dict.fromkeys([*([first] if first else []), *PANEL_ORDER, *panel_cache.specs])
    return [panel_cache.specs[name] for name in wanted if name in panel_cache.specs]


def checked_wall(text: str) -> bool:
    """Whether the page hangs on a wall. Raises BadInput."""
    if text not in ("", "0", "1"):
        raise BadInput(FieldError("wall", "must be 0 or 1"))
    return text == "1"


def checked_turn(text: str) -> int | None:
    """After how many seconds the page turns to the other environment; None for never. Raises BadInput."""
    least, most = TURN_SECONDS
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,4}", text) or not least <= int(text) <= most:
        raise BadInput(FieldError("turn", f"must be a number of seconds from {least} to {most}"))
    return int(text)


async def summary_context(summaries: SummaryCache, demo: Schedule | None, filters: Filters) -> dict[str, object]:
    """What the answer strip is drawn from."""
    found = pending_summary_context(demo, filters)
    try:
        return found | {"summary": await summaries.answer(filters.environment)}
    except (SourceUnreadable, Busy) as error:
        return found | {"problem": error.clause}


def pending_summary_context(demo: Schedule | None, filters: Filters) -> dict[str, object]:
    """What the answer strip is drawn from until the summary is there."""
    return {"filters": filters, "summary": None, "problem": None, "demo": demo_context(demo)}


def pending_context(spec: AnyPanel, filters: Filters) -> Drawn:
    """What a panel is drawn from until its answer is there."""
    return {
        "spec": spec,
        "filters": filters,
        "panel": None,
        "problem": None,
        "absent": None,
        "trend": None,
        "commonest": (),
    }


async def gather_ready(alerts: Drawing, *work: Drawing) -> Sequence[Context | None]:
    """What each piece of work came to in time, the alerts a longer one; the rest goes on. Raises BadInput."""
    tasks = [asyncio.create_task(one) for one in (alerts, *work)]
    for task in tasks:
        task.add_done_callback(noted)
    await asyncio.wait(tasks, timeout=PAGE_WAIT_SECONDS)
    await asyncio.wait(tasks[:1], timeout=ALERTS_WAIT_SECONDS - PAGE_WAIT_SECONDS)
    return [task_result(task) for task in tasks]


def task_result(task: asyncio.Task[Context]) -> Context | None:
    """What a task came to; None while it runs. Where it failed, the panel asks again and says so itself."""
    if not task.done():
        return None
    error = task.exception()
    if isinstance(error, BadInput):
        raise error
    return None if error else task.result()


def noted(task: asyncio.Task[Context]) -> None:
    """Log an error that nobody foresaw, in time for the page or not; the page itself only leaves a place empty."""
    error = None if task.cancelled() else task.exception()
    if error and not isinstance(error, BadInput):
        log.error("page_part_raised", part=getattr(task.get_coro(), "__qualname__", None), exc_info=error)


ROUTES = [show_page, summary_fragment]
