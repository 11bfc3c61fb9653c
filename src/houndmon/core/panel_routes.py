"""The routes of a panel: two thin handlers over its cache, a third for its charts, and answers that may be 304."""

import sys
from dataclasses import dataclass
from typing import Any, cast

import msgspec
from litestar import MediaType, Request, Response, get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec

from houndmon.core.answer import PanelAnswer
from houndmon.core.filters import Filters
from houndmon.core.panel import AnyPanel
from houndmon.core.panel_cache import Drawn, PanelCache
from houndmon.core.problems import Busy, DatabaseUnreadable, Problem, SourceAbsent
from houndmon.core.trend import Trend

PROBLEM_JSON = "application/problem+json"


@dataclass(frozen=True)
class Question:
    """What a panel is asked, and the panel cache that answers.

    One dependency: for two of them Litestar opens a task group, which costs each request 0.16 ms.
    """

    panel_cache: "PanelCache"
    filters: Filters


def etag_matches(etag: str, given: str) -> bool:
    """Does `If-None-Match` name this ETag? Compares weakly, as RFC 9110, 13.1.2 says."""
    known = {tag.strip().removeprefix("W/") for tag in given.split(",")}
    return etag.removeprefix("W/") in known or "*" in known


def limit_caching(request: Request[Any, Any, Any], fresh_until: float | None) -> None:
    """Let nobody before the application keep the answer for longer than until then, as a monotonic time."""
    cast(dict[str, object], request.scope)["fresh_until"] = fresh_until


def conditional_response(request: Request[Any, Any, Any], body: bytes, etag: str, media_type: str) -> Response[bytes]:
    """The bytes, or 304 where the client has them already."""
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if etag_matches(etag, request.headers.get("if-none-match", "")):
        return Response(b"", status_code=304, headers=headers, media_type=media_type)
    return Response(body, headers=headers, media_type=media_type)


ERROR_RESPONSES = {
    400: ResponseSpec(Problem, description="The request is wrong.", media_type=PROBLEM_JSON, generate_examples=False),
    503: ResponseSpec(
        Problem,
        description="The source, or houndmon's own database, cannot be read.",
        media_type=PROBLEM_JSON,
        generate_examples=False,
    ),
}


def json_path(spec: AnyPanel) -> str:
    """Where programs ask for a panel's answer."""
    return f"/api/panels/{spec.name}"


def trend_path(spec: AnyPanel) -> str:
    """Where they ask for its charts."""
    return f"{json_path(spec)}/trend"


def fragment_path(spec: AnyPanel) -> str:
    """Where the page asks for its fragment."""
    return f"/fragments/panels/{spec.name}"


def paths(spec: AnyPanel) -> list[str]:
    """Where a panel is asked: all that `panel_routes` opens."""
    return [json_path(spec), fragment_path(spec), *([trend_path(spec)] if spec.trend else [])]


def name_components(spec: AnyPanel) -> None:
    """Name the structs of a panel's model after it in the OpenAPI document: no other panel's can rename them then."""
    module, title = spec.answer.__module__, spec.name.title()
    for struct in vars(sys.modules[module]).values():
        if isinstance(struct, type) and issubclass(struct, msgspec.Struct) and struct.__module__ == module:
            # Litestar names a component by its type's qualified name, and lengthens it where two are the same.
            struct.__qualname__ = title + struct.__name__.removeprefix(title)


def panel_routes(spec: AnyPanel) -> list[HTTPRouteHandler]:
    """The two routes of a panel: JSON for programs, a fragment for the page."""
    name_components(spec)

    @get(
        json_path(spec),
        name=f"{spec.name}_json",
        operation_id=f"{spec.name}_panel",
        summary=spec.title,
        description=spec.question,
        tags=["Panels"],
        responses=ERROR_RESPONSES,
    )
    async def show_json(request: Request[Any, Any, Any], question: NamedDependency[Question]) -> Response[PanelAnswer]:
        panel_cache, filters = question.panel_cache, question.filters
        answer = await panel_cache.answer(spec.name, filters)
        limit_caching(request, panel_cache.fresh_until(spec.name, filters))
        return conditional_response(request, answer.body, answer.etag, MediaType.JSON)  # type: ignore[return-value]

    @get(fragment_path(spec), name=f"{spec.name}_fragment", include_in_schema=False)
    async def show_fragment(request: Request[Any, Any, Any], question: NamedDependency[Question]) -> Response[bytes]:
        panel_cache, filters = question.panel_cache, question.filters
        context = await panel_context(panel_cache, spec, filters)
        limit_caching(request, panel_cache.fresh_until(spec.name, filters))
        template = request.app.template_engine.get_template(f"panels/{spec.name}/fragment.html")  # type: ignore[union-attr]
        rendered = panel_cache.fragment(spec.name, filters, context, lambda: template.render(**context))
        return conditional_response(request, rendered.body, rendered.etag, MediaType.HTML)

    # The type of the answer is the panel's own: the OpenAPI document takes it from here.
    show_json.fn.__annotations__["return"] = Response[spec.answer]  # type: ignore[name-defined]
    return [show_json, show_fragment, *([trend_route(spec)] if spec.trend else [])]


def trend_route(spec: AnyPanel) -> HTTPRouteHandler:
    """The route of a panel's charts."""

    @get(
        trend_path(spec),
        name=f"{spec.name}_trend",
        operation_id=f"{spec.name}_trend",
        summary=f"{spec.title}: charts",
        tags=["Panels"],
        responses=ERROR_RESPONSES,
    )
    async def show_trend(question: NamedDependency[Question]) -> Trend:
        """How the panel's figures went, beside the week before."""
        return await question.panel_cache.trend(spec.name, question.filters)

    return show_trend


async def panel_context(panel_cache: PanelCache, spec: AnyPanel, filters: Filters) -> Drawn:
    """What a panel's fragment is drawn from: its answer, or why there is none."""
    absent = None
    try:
        panel, problem = (await panel_cache.answer(spec.name, filters)).panel, None
    except SourceAbsent as error:
        panel, problem, absent = None, error.clause, error.relation
    except (DatabaseUnreadable, Busy) as error:
        panel, problem = None, error.clause
    trend = await panel_cache.trend_if_quick(spec.name, filters) if panel and panel_cache.has_trend(spec.name) else None
    commonest = await panel_cache.commonest_if_quick(spec.name, panel, filters) if panel else ()
    return {
        "spec": spec,
        "filters": filters,
        "panel": panel,
        "problem": problem,
        "absent": absent,
        "trend": trend,
        "commonest": commonest,
    }
