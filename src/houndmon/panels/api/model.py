"""The arithmetic of the API: counted requests in, figures out."""

from collections import Counter
from typing import Annotated

import msgspec
from msgspec import Meta

from houndmon.kit.clock import Sliced, Slices, Window, within
from houndmon.kit.panel import Panel
from houndmon.kit.stats import REST, TOP, ratio


class RequestRow(Sliced):
    """Requests of one slice that are alike."""

    flaw: str | None
    service: str
    route: str | None
    hundred: int
    requests: int
    rows: int


class Service(msgspec.Struct):
    """One service's answers."""

    service: Annotated[str, Meta(description="The service.", examples=["gateway"])]
    requests: Annotated[int, Meta(description="Requests it answered.", examples=[98120])]
    ratio_4xx: Annotated[
        float | None, Meta(description="Share answered with 4xx, in [0, 1]; null without requests.", examples=[0.02])
    ]
    ratio_5xx: Annotated[
        float | None, Meta(description="Share answered with 5xx, in [0, 1]; null without requests.", examples=[0.001])
    ]
    errors_4xx: Annotated[int, Meta(description="Requests answered with 4xx.", examples=[1962])]
    errors_5xx: Annotated[int, Meta(description="Requests answered with 5xx.", examples=[98])]


class Route(msgspec.Struct):
    """One route's answers."""

    service: Annotated[str, Meta(description="The service.", examples=["gateway"])]
    route: Annotated[str | None, Meta(description="The route; null where unknown.", examples=["/v1/play/{track}"])]
    requests: Annotated[int, Meta(description="Requests to it.", examples=[40310])]
    errors_4xx: Annotated[int, Meta(description="Requests answered with 4xx.", examples=[311])]
    errors_5xx: Annotated[int, Meta(description="Requests answered with 5xx.", examples=[44])]


class Api(Panel, kw_only=True):
    """What the API panel answers."""

    requests: Annotated[int, Meta(description="Requests of the range.", examples=[130240])]
    by_service: Annotated[list[Service], Meta(description="Every service, the most 5xx first.")]
    top_routes: Annotated[list[Route], Meta(description="The ten routes with the most 5xx, then 4xx.")]


def sound(rows: list[RequestRow], slices: Slices, window: Window) -> list[RequestRow]:
    """The rows of a window that count."""
    return [row for row in within(rows, slices.of(window)) if row.flaw is None]


def requests(rows: list[RequestRow], hundred: int | None = None) -> int:
    """How many requests, or how many of those answered in one hundred."""
    return sum(row.requests for row in rows if hundred in (None, row.hundred))


def by_service(rows: list[RequestRow]) -> list[Service]:
    """Every service's answers, the most 5xx first."""
    groups: dict[str, list[RequestRow]] = {}
    for row in rows:
        groups.setdefault(row.service, []).append(row)
    services = [service(name, theirs) for name, theirs in groups.items()]
    return sorted(services, key=lambda s: (-s.errors_5xx, -s.errors_4xx, s.service))


def service(name: str, rows: list[RequestRow]) -> Service:
    """One service's answers."""
    whole, bad_4xx, bad_5xx = requests(rows), requests(rows, 4), requests(rows, 5)
    return Service(name, whole, ratio(bad_4xx, whole), ratio(bad_5xx, whole), bad_4xx, bad_5xx)


def top_routes(rows: list[RequestRow]) -> list[Route]:
    """The ten routes with the most 5xx, then 4xx."""
    groups: dict[tuple[str, str | None], list[RequestRow]] = {}
    for row in rows:
        groups.setdefault((row.service, row.route), []).append(row)
    routes = [
        Route(name, route, requests(theirs), requests(theirs, 4), requests(theirs, 5))
        for (name, route), theirs in groups.items()
        if route != REST
    ]
    ranked = sorted(routes, key=lambda r: (-r.errors_5xx, -r.errors_4xx, -r.requests, r.service, r.route or ""))
    return ranked[:TOP]


def flaws(rows: list[RequestRow], slices: Slices, window: Window) -> Counter[str | None]:
    """How many rows of a window have each flaw."""
    seen: Counter[str | None] = Counter()
    for row in within(rows, slices.of(window)):
        seen[row.flaw] += row.rows
    return seen
