"""The page: everything that is ready at once is drawn by the server, the rest fetches itself."""

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from litestar import get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Template

from houndmon.kit.filters import RANGES, Filters
from houndmon.kit.problems import BadInput, Busy, FieldError, SourceUnreadable
from houndmon.kit.room import Desk, Room, drawn
from houndmon.support.routes import checked_query, support_drawn
from houndmon.web import search
from houndmon.web.alerts import ALERTS_UNREAD, alerts_drawn, rules_drawn, slos_drawn

READY_SECONDS = 0.25  # a page that waits for its slowest panel is no page on a bad day
ALERTS_SECONDS = 1.0  # the alerts come from houndmon's own database; late ones push down all that is below them
ORDER = ("transcode", "workers", "playback", "ingest", "publish", "api", "incidents")
HEADERS = {"Cache-Control": "no-cache"}

Context = dict[str, Any]


@get("/", include_in_schema=False)
async def show_page(
    state: State,
    desk: NamedDependency[Desk],
    filters: NamedDependency[Filters],
    wall: Annotated[str, QueryParameter(description="`1` for a screen on the wall.")] = "",
    panel: Annotated[str, QueryParameter(description="The panel to put first.")] = "",
    q: Annotated[str, QueryParameter(description="A name to look for.")] = "",
) -> Template:
    """The page. What is not ready within a quarter of a second (alerts: a second) is a place that fills itself."""
    rooms, text, on_wall = in_order(desk, panel), checked_query(q), checked_wall(wall)
    answers = await ready(
        alerts_drawn(state, filters),
        summarized(state, filters),
        rules_drawn(state, filters),
        slos_drawn(state, filters),
        support_drawn(state, filters) if filters.has_ids else absent(),
        *(drawn(desk, room, filters) for room in rooms),
    )
    alerts, strip, rules, levels, support, *panels = answers
    context = {
        "filters": filters,
        "ranges": RANGES,
        "wall": on_wall,
        "focus": panel,
        "text": text,
        "found": await search.found(state, filters, text, wall, panel) if text else None,
        "support": support or {"filters": filters, "panel": None, "problem": None},
        "alerts": alerts or ALERTS_UNREAD | {"filters": filters},
        "rules": rules or {"filters": filters, "rules": None, "problem": None},
        "slos": levels or {"filters": filters, "levels": None, "problem": None},
        "strip": strip or unsummarized(state, filters),
        "panels": [found or undrawn(room, filters) for room, found in zip(rooms, panels, strict=True)],
    }
    return Template(template_name="web/page.html", context=context, headers=HEADERS)


@get("/fragments/summary", include_in_schema=False)
async def show_summary(state: State, filters: NamedDependency[Filters]) -> Template:
    """The answer strip."""
    return Template(template_name="web/summary/fragment.html", context=await summarized(state, filters))


async def absent() -> Context:
    """What is drawn where nothing was asked."""
    return {}


def announced(state: State) -> dict[str, Any] | None:
    """What the demo lets happen now and next; None outside the demo."""
    schedule = state.get("demo")
    if schedule is None:
        return None
    now = datetime.now(UTC)  # of the demo's own process, whose schedule it is
    return {"on": schedule.on(now), "next": next(iter(schedule.upcoming(now, 1)), None)}


def in_order(desk: Desk, first: str) -> list[Room[Any]]:
    """The panels, what matters most first; before them all the one asked for. Raises BadInput."""
    if first and first not in desk.rooms:
        raise BadInput(FieldError("panel", f"must be one of {', '.join(desk.rooms)}"))
    wanted = dict.fromkeys([*([first] if first else []), *ORDER, *desk.rooms])
    return [desk.rooms[name] for name in wanted if name in desk.rooms]


def checked_wall(text: str) -> bool:
    """Whether the page hangs on a wall. Raises BadInput."""
    if text not in ("", "0", "1"):
        raise BadInput(FieldError("wall", "must be 0 or 1"))
    return text == "1"


async def summarized(state: State, filters: Filters) -> Context:
    """What the answer strip is drawn from."""
    found = unsummarized(state, filters)
    try:
        return found | {"summary": await state.summary.answer(filters.environment)}
    except (SourceUnreadable, Busy) as error:
        return found | {"problem": str(error)}


def unsummarized(state: State, filters: Filters) -> Context:
    """What the answer strip is drawn from until the summary is there."""
    return {"filters": filters, "summary": None, "problem": None, "demo": announced(state)}


def undrawn(room: Room[Any], filters: Filters) -> Context:
    """What a panel is drawn from until its answer is there."""
    return {"room": room, "filters": filters, "panel": None, "problem": None, "trend": None}


async def ready(alerts: Coroutine[Any, Any, Context], *work: Coroutine[Any, Any, Context]) -> Sequence[Context | None]:
    """What each piece of work came to in time, the alerts a longer one; the rest goes on. Raises BadInput."""
    tasks = [asyncio.create_task(one) for one in (alerts, *work)]
    await asyncio.wait(tasks, timeout=READY_SECONDS)
    await asyncio.wait(tasks[:1], timeout=ALERTS_SECONDS - READY_SECONDS)
    for task in tasks:
        task.add_done_callback(seen)
    return [result(task) for task in tasks]


def result(task: asyncio.Task[Context]) -> Context | None:
    """What a task came to; None while it runs. Where it failed, the panel asks again and says so itself."""
    if not task.done():
        return None
    error = task.exception()
    if isinstance(error, BadInput):
        raise error
    return None if error else task.result()


def seen(task: asyncio.Task[Context]) -> None:
    """Take note of an error that comes too late for the page."""
    if not task.cancelled():
        task.exception()


ROUTES = [show_page, show_summary]
