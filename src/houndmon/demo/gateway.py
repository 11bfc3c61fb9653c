"""What the API answers: requests of each route by status code, already counted as telemetry sends them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from random import Random

from houndmon.demo.relations import Record
from houndmon.demo.traffic import poisson

REFUSED_RATIO = 0.02
BROKEN_RATIO = 0.001

# Listeners skip a song before its first bytes: the client closes the request.
HUNG_UP, HUNG_UP_RATIO = 499, 0.004


@dataclass(frozen=True, slots=True)
class ApiRoute:
    """One route of a service: its usual answer, its refusals, and its mean rate over the week."""

    service: str | None
    name: str
    fine: int
    refusals: tuple[int, ...]
    requests_per_second: float


STREAM = ApiRoute("gateway", "/v1/stream/{track_id}", 206, (403, 404, 416), 2.6)
CATALOGUE = ApiRoute("gateway", "/v1/releases/{release_id}", 200, (404,), 1.4)

ACCOUNT = ApiRoute("gateway", "/v1/me", 200, (401,), 0.7)

ROUTES = (
    STREAM,
    CATALOGUE,
    ApiRoute("gateway", "/v1/search", 200, (400, 429), 0.8),
    ACCOUNT,
    ApiRoute("gateway", "/v1/playlists/{playlist_id}", 200, (403, 404), 0.45),
    ApiRoute("gateway", "/v1/uploads", 201, (400, 413, 422), 0.06),
    ApiRoute("functions", "play-events", 202, (400,), 0.7),
    ApiRoute("functions", "artwork-resize", 200, (404,), 0.25),
    ApiRoute("functions", "waveform", 200, (422,), 0.12),
    ApiRoute("functions", "transcode-dispatch", 202, (409,), 0.05),
    ApiRoute(None, "/livez", 204, (404,), 0.03),  # answered before any service is known
)
_BROKEN_CODES = (500, 502, 502, 503, 504)


@dataclass(frozen=True, slots=True)
class ErrorRates:
    """The shares of 5xx and 4xx on the routes that are in trouble, and how often their clients ask again."""

    routes: tuple[ApiRoute, ...] = ()
    broken: float = BROKEN_RATIO
    refused: float = REFUSED_RATIO
    times: float = 1.0


NORMAL_RATES = ErrorRates()


def draw_requests(
    rng: Random, at: datetime, environment: str, *, seconds: float, share: float, trouble: ErrorRates = NORMAL_RATES
) -> Iterator[Record]:
    """Draw the requests of some seconds as records of `api_requests`; `share` scales the mean rate."""
    for route in ROUTES:
        suffered = trouble if route in trouble.routes else NORMAL_RATES
        mean = route.requests_per_second * seconds * share * suffered.times
        for code, requests in _answers(rng, route, mean, suffered):
            yield at, environment, route.service, route.name, code, requests


def _answers(rng: Random, route: ApiRoute, mean: float, trouble: ErrorRates) -> list[tuple[int, int]]:
    left = HUNG_UP_RATIO if route is STREAM else 0.0
    fine = poisson(rng, mean * (1 - trouble.refused - trouble.broken - left))
    refused = poisson(rng, mean * trouble.refused)
    failed = poisson(rng, mean * trouble.broken)
    hung_up = poisson(rng, mean * left)
    answers = [(code, times) for code, times in ((route.fine, fine), (HUNG_UP, hung_up)) if times]
    if refused or failed:
        codes = rng.choices(route.refusals, k=refused) + rng.choices(_BROKEN_CODES, k=failed)
        answers += sorted(Counter(codes).items())
    return answers
