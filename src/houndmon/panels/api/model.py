"""The arithmetic of the API: counted requests in, figures out."""

from collections import Counter
from collections.abc import Callable
from typing import Annotated

import msgspec
from msgspec import Meta

from houndmon.core.answer import PanelAnswer
from houndmon.core.clock import SlicedRow, Slices, Window, rows_in_slices
from houndmon.core.stats import MOST, OTHER, OVERFLOW_NAME, TOP_COUNT, name_or_unspecified, ratio

CLIENT_CLOSED = 499  # stands for a hundred: of requests whose client hung up before the answer


class RequestRow(SlicedRow):
    """Requests of one slice that are alike."""

    flaw: str | None
    service: str
    route: str | None
    hundred: int
    requests: int
    rows: int


class Service(msgspec.Struct):
    """One service's answers, or those of all beyond the ones listed."""

    service: Annotated[
        str, Meta(description="The service; `unspecified` where blank, `other` the rest.", examples=["gateway"])
    ]
    requests: Annotated[int, Meta(description="Requests to it.", examples=[98120])]
    ratio_4xx: Annotated[
        float | None,
        Meta(description="errors_4xx / (requests - client_closed), in [0, 1]; null over 0.", examples=[0.02]),
    ]
    ratio_5xx: Annotated[
        float | None,
        Meta(description="errors_5xx / (requests - client_closed), in [0, 1]; null over 0.", examples=[0.001]),
    ]
    errors_4xx: Annotated[int, Meta(description="Requests answered with 4xx, but for those closed.", examples=[1962])]
    errors_5xx: Annotated[int, Meta(description="Requests answered with 5xx.", examples=[98])]
    client_closed: Annotated[
        int, Meta(description="Requests whose client hung up before the answer: 499 and 460.", examples=[20])
    ]
    is_rest: Annotated[
        bool, Meta(description="Whether this is all others: a real one may be called `other` too.", examples=[False])
    ]


class Route(msgspec.Struct):
    """One route's answers."""

    service: Annotated[str, Meta(description="The service; `unspecified` where blank.", examples=["gateway"])]
    route: Annotated[str | None, Meta(description="The route; null where unknown.", examples=["/v1/play/{track}"])]
    requests: Annotated[int, Meta(description="Requests to it.", examples=[40310])]
    errors_4xx: Annotated[int, Meta(description="Requests answered with 4xx, but for 499 and 460.", examples=[311])]
    errors_5xx: Annotated[int, Meta(description="Requests answered with 5xx.", examples=[44])]


class Api(PanelAnswer, kw_only=True):
    """What the API panel answers."""

    requests: Annotated[int, Meta(description="Requests of the range.", examples=[130240])]
    by_service: Annotated[
        list[Service], Meta(description="The 50 services with the most 5xx, then 4xx; then all others as `other`.")
    ]
    top_routes: Annotated[list[Route], Meta(description="The ten routes with the most 5xx, then 4xx.")]


class AnswerCounts(msgspec.Struct):
    """One service's answers in one window, as rules judge them."""

    requests: int = 0
    errors_4xx: int = 0
    errors_5xx: int = 0
    client_closed: int = 0

    @property
    def answered(self) -> int:
        """The requests for whose answer the client waited: a share of errors is one of these."""
        return self.requests - self.client_closed

    def add(self, hundred: int, requests: int) -> None:
        """Count requests answered in one hundred."""
        self.requests += requests
        self.errors_4xx += requests if hundred == 4 else 0
        self.errors_5xx += requests if hundred == 5 else 0
        self.client_closed += requests if hundred == CLIENT_CLOSED else 0


def countable_rows(rows: list[RequestRow], slices: Slices, window: Window) -> list[RequestRow]:
    """The rows of a window that count."""
    return [row for row in rows_in_slices(rows, slices.of(window)) if row.flaw is None]


def count_requests(rows: list[RequestRow], hundred: int | None = None) -> int:
    """How many requests, or how many of those answered in one hundred."""
    return sum(row.requests for row in rows if hundred in (None, row.hundred))


def answers(rows: list[RequestRow], name_of: Callable[[str], str]) -> dict[str, AnswerCounts]:
    """Every service's answers, from the rows of one window; those of one name are one."""
    found: dict[str, AnswerCounts] = {}
    for row in rows:
        if row.flaw is None:
            found.setdefault(name_of(row.service), AnswerCounts()).add(row.hundred, row.requests)
    return found


def by_service(rows: list[RequestRow]) -> list[Service]:
    """The answers of the 50 services with the most 5xx, then 4xx, then requests; all others are the last row."""
    ranked = sorted(
        answers(rows, name_or_unspecified).items(),
        key=lambda item: (-item[1].errors_5xx, -item[1].errors_4xx, -item[1].requests, item[0]),
    )
    listed = [service(name, one) for name, one in ranked[:MOST]]
    rest = [one for _, one in ranked[MOST:]]
    return [*listed, service(OTHER, together(rest), is_rest=True)] if rest else listed


def together(parts: list[AnswerCounts]) -> AnswerCounts:
    """The answers of several services."""
    return AnswerCounts(
        sum(part.requests for part in parts),
        sum(part.errors_4xx for part in parts),
        sum(part.errors_5xx for part in parts),
        sum(part.client_closed for part in parts),
    )


def service(name: str, theirs: AnswerCounts, *, is_rest: bool = False) -> Service:
    """One service's answers; who hung up is neither above nor below the line of a ratio."""
    ratio_4xx, ratio_5xx = ratio(theirs.errors_4xx, theirs.answered), ratio(theirs.errors_5xx, theirs.answered)
    return Service(
        name,
        theirs.requests,
        ratio_4xx,
        ratio_5xx,
        theirs.errors_4xx,
        theirs.errors_5xx,
        theirs.client_closed,
        is_rest,
    )


def top_routes(rows: list[RequestRow]) -> list[Route]:
    """The ten routes with the most 5xx, then 4xx."""
    groups: dict[tuple[str, str | None], list[RequestRow]] = {}
    for row in rows:
        groups.setdefault((name_or_unspecified(row.service), row.route), []).append(row)
    routes = [
        Route(name, route, count_requests(theirs), count_requests(theirs, 4), count_requests(theirs, 5))
        for (name, route), theirs in groups.items()
        if route != OVERFLOW_NAME
    ]
    ranked = sorted(routes, key=lambda r: (-r.errors_5xx, -r.errors_4xx, -r.requests, r.service, r.route or ""))
    return ranked[:TOP_COUNT]


def flaws(rows: list[RequestRow], slices: Slices, window: Window) -> Counter[str | None]:
    """How many rows of a window have each flaw."""
    seen: Counter[str | None] = Counter()
    for row in rows_in_slices(rows, slices.of(window)):
        seen[row.flaw] += row.rows
    return seen
