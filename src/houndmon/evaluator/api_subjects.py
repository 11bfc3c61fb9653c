"""Which services are judged, and kept of the hours before: at most so many, for strangers choose their names."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from houndmon.core.stats import MOST
from houndmon.panels.api.model import AnswerCounts

Hours = list[dict[str, AnswerCounts]]
"""Every service's answers, hour by hour."""


def leading(requests: Mapping[str, int]) -> list[str]:
    """The names with the most requests, ties by name."""
    return sorted(requests, key=lambda name: (-requests[name], name))[:MOST]


def judged(recent: Mapping[str, AnswerCounts], held: Collection[str | None]) -> list[str]:
    """The services with the most requests, and those with an open alert: one that fell behind has not gone."""
    first = leading({name: one.requests for name, one in recent.items()})
    return [*first, *sorted(name for name in recent if name in held and name not in first)]


def known_before(hours: Hours) -> list[str]:
    """The services with the most requests in the 24 hours before: telemetry that is late must not look like health."""
    requests: Counter[str] = Counter()
    for hour in hours:
        for name, one in hour.items():
            requests[name] += one.requests
    return leading(requests)


class Kept(NamedTuple):
    """The hours of some services."""

    names: frozenset[str]
    hours: Hours


def of_services(hours: Hours, names: Iterable[str]) -> Kept:
    """The same hours of some services alone."""
    wanted = frozenset(names)
    return Kept(wanted, [{name: one for name, one in hour.items() if name in wanted} for hour in hours])
