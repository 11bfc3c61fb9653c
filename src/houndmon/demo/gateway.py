"""What the API answers: requests of each route by status code, already counted as telemetry sends them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from random import Random

from houndmon.demo.relations import Record
from houndmon.demo.traffic import poisson

REFUSED = 0.02
BROKEN = 0.001


@dataclass(frozen=True, slots=True)
class Route:
    """One route of a service: its usual answer, its refusals, and its mean rate over the week."""

    service: str
    name: str
    fine: int
    refusals: tuple[int, ...]
    requests_per_second: float


STREAM = Route("gateway", "/v1/stream/{track_id}", 206, (403, 404, 416), 2.6)
CATALOGUE = Route("gateway", "/v1/releases/{release_id}", 200, (404,), 1.4)

ACCOUNT = Route("gateway", "/v1/me", 200, (401,), 0.7)

ROUTES = (
    STREAM,
    CATALOGUE,
    Route("gateway", "/v1/search", 200, (400, 429), 0.8),
    ACCOUNT,
    Route("gateway", "/v1/playlists/{playlist_id}", 200, (403, 404), 0.45),
    Route("gateway", "/v1/uploads", 201, (400, 413, 422), 0.06),
    Route("functions", "play-events", 202, (400,), 0.7),
    Route("functions", "artwork-resize", 200, (404,), 0.25),
    Route("functions", "waveform", 200, (422,), 0.12),
    Route("functions", "transcode-dispatch", 202, (409,), 0.05),
)
_BROKEN_CODES = (500, 502, 502, 503, 504)


@dataclass(frozen=True, slots=True)
class Trouble:
    """The shares of 5xx and 4xx on the routes that are in trouble, and how often their clients ask again."""

    routes: tuple[Route, ...] = ()
    broken: float = BROKEN
    refused: float = REFUSED
    times: float = 1.0


QUIET = Trouble()


def draw_requests(
    rng: Random, at: datetime, environment: str, *, seconds: float, share: float, trouble: Trouble = QUIET
) -> Iterator[Record]:
    """Draw the requests of some seconds as records of `api_requests`; `share` scales the mean rate."""
    for route in ROUTES:
        suffered = trouble if route in trouble.routes else QUIET
        mean = route.requests_per_second * seconds * share * suffered.times
        for code, requests in _answers(rng, route, mean, suffered):
            yield at, environment, route.service, route.name, code, requests


def _answers(rng: Random, route: Route, mean: float, trouble: Trouble) -> list[tuple[int, int]]:
    fine = poisson(rng, mean * (1 - trouble.refused - trouble.broken))
    refused = poisson(rng, mean * trouble.refused)
    failed = poisson(rng, mean * trouble.broken)
    answers = [(route.fine, fine)] if fine else []
    if refused or failed:
        codes = rng.choices(route.refusals, k=refused) + rng.choices(_BROKEN_CODES, k=failed)
        answers += sorted(Counter(codes).items())
    return answers
