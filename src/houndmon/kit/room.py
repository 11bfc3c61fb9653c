"""A panel's room as the floor sees it: one load, two thin routes over it, and a desk that serves its answers."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar, cast

import msgspec
from litestar import MediaType, Request, Response, get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec

from houndmon.kit.clock import Clock
from houndmon.kit.filters import Filters
from houndmon.kit.panel import Panel, window_shown
from houndmon.kit.problems import Busy, Problem, SourceUnreadable
from houndmon.kit.shared import Shared
from houndmon.kit.source import Snapshot, Source
from houndmon.kit.trend import STEPS, Chart, Trend, stretches

P = TypeVar("P", bound=Panel)
PROBLEM_JSON = "application/problem+json"
TREND_LIFE_SECONDS = 30.0  # a stretch is minutes long: its chart need not be read each tick
TREND_PATIENCE_SECONDS = 0.3
MOST_PICTURES = 256
LIFE_SECONDS = 5.0  # an answer may be shared for one tick
DEADLINE_SECONDS = 3.0
"""How long an answer may take. The limits on statements are well under it: their errors name the relation."""
LONG_DEADLINE_SECONDS = 4.0
"""The same for what reads the relations of several panels."""


@dataclass(frozen=True)
class Room(Generic[P]):
    """A panel: its name, the question it answers, its answer's type, and its load."""

    name: str
    title: str
    question: str
    answer: type[P]
    load: Callable[[Snapshot, Filters], Awaitable[P]]
    reads: Literal["source", "state"] = "source"
    trend: Callable[[Snapshot, Filters], Awaitable[list[Chart]]] | None = None


class Served(msgspec.Struct, frozen=True):
    """An answer, its bytes and their strong ETag."""

    panel: Panel
    body: bytes
    etag: str


def served(panel: Panel) -> Served:
    """An answer, encoded once for all who ask."""
    body = msgspec.json.encode(panel)
    return Served(panel, body, etag_of(body))


def etag_of(body: bytes) -> str:
    """The strong ETag of some bytes."""
    return f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'


class Picture(msgspec.Struct, frozen=True):
    """A fragment, and what it was drawn from."""

    subject: tuple[Panel | None, str | None, Trend | None]
    body: bytes
    etag: str


class Desk:
    """Serves every room's answers: shared while fresh, the last good one while the source cannot be read."""

    def __init__(self, rooms: tuple[Room[Any], ...], source: Source, state: Source) -> None:
        self.rooms = {room.name: room for room in rooms}
        self._sources = {"source": source, "state": state}
        self._shared = {
            room.name: Shared(self._loader(room), life_seconds=LIFE_SECONDS, deadline_seconds=DEADLINE_SECONDS)
            for room in rooms
        }
        self._trends = {
            room.name: Shared(
                self._trend_loader(room), life_seconds=TREND_LIFE_SECONDS, deadline_seconds=DEADLINE_SECONDS, places=1
            )
            for room in rooms
            if room.trend
        }
        self._pictures: OrderedDict[tuple[str, Filters], Picture] = OrderedDict()

    def picture(self, name: str, filters: Filters, context: dict[str, Any], draw: Callable[[], str]) -> Picture:
        """A room's fragment of what `drawn` gave: drawn once for all who look, whoever they are."""
        subject = context["panel"], context["problem"], context["trend"]
        kept = self._pictures.pop((name, filters), None)
        if kept is None or kept.subject != subject:
            body = draw().encode()
            kept = Picture(subject, body, etag_of(body))
        self._pictures[name, filters] = kept
        if len(self._pictures) > MOST_PICTURES:
            self._pictures.popitem(last=False)
        return kept

    def _trend_loader(self, room: Room[Any]) -> Callable[[Filters], Awaitable[Trend]]:
        async def load(filters: Filters) -> Trend:
            assert room.trend
            async with self._sources[room.reads].snapshot() as snapshot:
                charts = await room.trend(snapshot, filters)
            return trend_of(room.name, snapshot.clock, filters, charts)

        return load

    async def trend(self, name: str, filters: Filters) -> Trend:
        """A room's charts. Raises SourceUnreadable or Busy."""
        return await self._trends[name].get(filters)

    def has_trend(self, name: str) -> bool:
        """Whether a room has charts."""
        return name in self._trends

    async def trend_if_quick(self, name: str, filters: Filters) -> Trend | None:
        """A room's charts if they come at once, else the last ones: no chart is worth waiting for."""
        shared = self._trends[name]
        try:
            return await asyncio.wait_for(asyncio.shield(shared.get(filters)), TREND_PATIENCE_SECONDS)
        except (SourceUnreadable, Busy, TimeoutError):
            return shared.last_good(filters)

    def _loader(self, room: Room[Any]) -> Callable[[Filters], Awaitable[Served]]:
        async def load(filters: Filters) -> Served:
            async with self._sources[room.reads].snapshot() as snapshot:
                return served(await room.load(snapshot, filters))

        return load

    async def answer(self, name: str, filters: Filters) -> Served:
        """A room's answer. Raises SourceUnreadable or Busy where there never was a good one."""
        shared = self._shared[name]
        try:
            return await shared.get(filters)
        except (SourceUnreadable, Busy) as error:
            last = shared.last_good(filters)
            if last is None:
                raise
            return served(msgspec.structs.replace(last.panel, stale=True, stale_reason=error.clause))

    def fresh_until(self, name: str, filters: Filters) -> float | None:
        """Until when a room's last answer is shared, as a monotonic time; None where it is no longer."""
        return self._shared[name].fresh_until(filters)

    def forget(self, name: str) -> None:
        """Answer anew next time: something was written."""
        self._shared[name].forget()


def is_known(etag: str, given: str) -> bool:
    """Does `If-None-Match` name this ETag? Compares weakly, as RFC 9110, 13.1.2 says."""
    known = {tag.strip().removeprefix("W/") for tag in given.split(",")}
    return etag.removeprefix("W/") in known or "*" in known


def bound(request: Request[Any, Any, Any], fresh_until: float | None) -> None:
    """Let nobody before the application keep the answer for longer than until then, as a monotonic time."""
    cast(dict[str, Any], request.scope)["fresh_until"] = fresh_until


def conditional(request: Request[Any, Any, Any], body: bytes, etag: str, media_type: str) -> Response[bytes]:
    """The bytes, or 304 where the client has them already."""
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if is_known(etag, request.headers.get("if-none-match", "")):
        return Response(b"", status_code=304, headers=headers, media_type=media_type)
    return Response(body, headers=headers, media_type=media_type)


REFUSALS = {
    400: ResponseSpec(Problem, description="The request is wrong.", media_type=PROBLEM_JSON, generate_examples=False),
    503: ResponseSpec(
        Problem, description="The source cannot be read.", media_type=PROBLEM_JSON, generate_examples=False
    ),
}


def routes(room: Room[Any]) -> list[HTTPRouteHandler]:
    """The two routes of a room: JSON for programs, a fragment for the page."""

    @get(
        f"/api/panels/{room.name}",
        name=f"{room.name}_json",
        operation_id=f"{room.name}_panel",
        summary=room.title,
        description=room.question,
        tags=["Panels"],
        responses=REFUSALS,
    )
    async def show_json(request: Request[Any, Any, Any], filters: NamedDependency[Filters]) -> Response[Panel]:
        # From the state, not as a dependency: with a second one Litestar opens a task group for each request.
        desk = request.app.state.desk
        answer = await desk.answer(room.name, filters)
        bound(request, desk.fresh_until(room.name, filters))
        return conditional(request, answer.body, answer.etag, MediaType.JSON)  # type: ignore[return-value]

    @get(f"/fragments/panels/{room.name}", name=f"{room.name}_fragment", include_in_schema=False)
    async def show_fragment(request: Request[Any, Any, Any], filters: NamedDependency[Filters]) -> Response[bytes]:
        desk = request.app.state.desk
        context = await drawn(desk, room, filters)
        bound(request, desk.fresh_until(room.name, filters))
        template = request.app.template_engine.get_template(f"panels/{room.name}/fragment.html")  # type: ignore[union-attr]
        picture = desk.picture(room.name, filters, context, lambda: template.render(**context))
        return conditional(request, picture.body, picture.etag, MediaType.HTML)

    # The type of the answer is the room's own: the OpenAPI document takes it from here.
    show_json.fn.__annotations__["return"] = Response[room.answer]  # type: ignore[name-defined]
    return [show_json, show_fragment, *([trend_route(room)] if room.trend else [])]


def trend_route(room: Room[Any]) -> HTTPRouteHandler:
    """The route of a room's charts."""

    @get(
        f"/api/panels/{room.name}/trend",
        name=f"{room.name}_trend",
        operation_id=f"{room.name}_trend",
        summary=f"{room.title}: charts",
        tags=["Panels"],
        responses=REFUSALS,
    )
    async def show_trend(request: Request[Any, Any, Any], filters: NamedDependency[Filters]) -> Trend:
        """How the panel's figures went, beside the week before."""
        found: Trend = await request.app.state.desk.trend(room.name, filters)
        return found

    return show_trend


def trend_of(name: str, clock: Clock, filters: Filters, charts: list[Chart]) -> Trend:
    """A room's charts with what they cover."""
    return Trend(
        panel=name,
        as_of=clock.now,
        window=window_shown(clock, filters.range),
        step_seconds=STEPS[filters.range].total_seconds(),
        starts=[window.start for window in stretches(clock, filters.range)],
        charts=charts,
    )


async def drawn(desk: Desk, room: Room[Any], filters: Filters) -> dict[str, Any]:
    """What a room's fragment is drawn from: its answer, or why there is none."""
    try:
        panel, problem = (await desk.answer(room.name, filters)).panel, None
    except (SourceUnreadable, Busy) as error:
        panel, problem = None, str(error)
    trend = await desk.trend_if_quick(room.name, filters) if panel and desk.has_trend(room.name) else None
    return {"room": room, "filters": filters, "panel": panel, "problem": problem, "trend": trend}
