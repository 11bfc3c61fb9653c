"""What listeners do: which client they use, what they play and how it ends."""

from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random

from houndmon.demo.catalogue import ReleaseCatalogue
from houndmon.demo.relations import Record

# About 300,000 a week in both environments together.
PLAYS_PER_SECOND = 300_000 / (7 * 86_400)


@dataclass(frozen=True, slots=True)
class ClientProfile:
    """A platform and browser, its share of all plays and how often it fails in health."""

    platform: str | None
    browser: str | None
    share: float
    failed: float = 0.0025
    blocked: float = 0.0025
    aborted: float = 0.01


IOS_SAFARI = ClientProfile("ios", "safari", 0.15, failed=0.009, blocked=0.062)

# The same under the names that parsers of user agents give it.
MOBILE_SAFARI = ClientProfile("iOS", "Mobile Safari", 0.06, failed=0.009, blocked=0.062)
SAFARIS_ON_IOS = (IOS_SAFARI, MOBILE_SAFARI)

CLIENTS = (
    IOS_SAFARI,
    MOBILE_SAFARI,
    ClientProfile("ios", "app", 0.17, blocked=0.0),
    ClientProfile("android", "chrome", 0.15, failed=0.004),
    ClientProfile("android", "app", 0.16, blocked=0.0),
    ClientProfile("windows", "chrome", 0.11),
    ClientProfile("macos", "chrome", 0.06),
    ClientProfile("macos", "safari", 0.05, blocked=0.006),
    ClientProfile("windows", "edge", 0.035),
    ClientProfile("windows", "firefox", 0.02, failed=0.006),
    ClientProfile("linux", "firefox", 0.014, failed=0.006),
    ClientProfile("linux", "chrome", 0.012),
    ClientProfile("android", "samsung internet", 0.006, failed=0.008),
    ClientProfile(None, None, 0.003, failed=0.01),
)
_SHARES = list(accumulate(client.share for client in CLIENTS))

DECODE = ("MEDIA_ERR_DECODE", "The audio could not be decoded: unsupported sample entry in fragment")
_ERRORS: tuple[tuple[str | None, str | None], ...] = (
    ("MEDIA_ERR_NETWORK", "A network error ended the download of the media"),
    ("MEDIA_ERR_NETWORK", "Segment request timed out after 8000 ms"),
    ("MEDIA_ERR_NETWORK", "The connection was reset while the media was loading"),
    DECODE,
    ("DRM_LICENSE_EXPIRED", "The licence for this key id is no longer valid"),
    ("DRM_LICENSE_EXPIRED", "The licence server answered 403"),
    ("STREAM_404", "The playlist was not found at the edge"),
    ("GET https://edge.hound.example/{segment}.m4s failed", "The edge answered 503 for a segment"),
    ("BUFFER_STALLED", "Playback stood still for 30 s with an empty buffer"),
    ("MEDIA_ERR_SRC_NOT_SUPPORTED", "No supported source was found"),
    ("BUFFER_STALLED", None),
    (None, None),
)
_BLOCKED = ("NotAllowedError", "play() needs a gesture of the listener first")


@dataclass(frozen=True, slots=True)
class PlaybackHealth:
    """How playback fares beyond its health: a bump of the past or an incident."""

    ios_safari_failed: float = 0.0
    failed_times: float = 1.0
    abandoned: float = 0.0


HEALTHY = PlaybackHealth()


# A check plays in staging at all hours: the few people there leave whole half-hours empty.
CHECK_INTERVAL = timedelta(seconds=60)
_CHECKER = ClientProfile("linux", "chrome", 0.0, blocked=0.0, aborted=0.0)


def draw_checks(rng: Random, catalogue: ReleaseCatalogue, begins: datetime, ends: datetime) -> Iterator[Record]:
    """Draw the plays of the check in staging after `begins` and up to `ends`."""
    every = CHECK_INTERVAL.total_seconds()
    for number in range(int(begins.timestamp() // every) + 1, int(ends.timestamp() // every) + 1):
        at = datetime.fromtimestamp(number * every, UTC)
        yield draw_play(rng, catalogue, at, "staging", client=_CHECKER)


def draw_client(rng: Random) -> ClientProfile:
    """Draw the client of one play."""
    return CLIENTS[min(bisect(_SHARES, rng.random() * _SHARES[-1]), len(CLIENTS) - 1)]


def draw_play(
    rng: Random,
    catalogue: ReleaseCatalogue,
    at: datetime,
    environment: str,
    *,
    client: ClientProfile | None = None,
    playback: PlaybackHealth = HEALTHY,
) -> Record:
    """Draw one play attempt as a record of `play_attempts`."""
    client = client or draw_client(rng)
    song = catalogue.song(rng)
    outcome, (code, message) = _outcome(rng, client, playback)
    return (
        at, environment, song.artist_id, song.release_id, song.track_id,
        client.platform, client.browser, outcome, code, message,
    )  # fmt: skip


def _outcome(rng: Random, client: ClientProfile, playback: PlaybackHealth) -> tuple[str, tuple[str | None, str | None]]:
    chance = rng.random()
    if chance < playback.ios_safari_failed and client in SAFARIS_ON_IOS:
        return "failed", DECODE
    if chance < playback.abandoned:
        return "aborted", (None, None)
    failed = client.failed * playback.failed_times
    if chance < 1 - failed - client.blocked - client.aborted:
        return "started", (None, None)
    if chance >= 1 - failed:
        code, message = rng.choice(_ERRORS)
        return "failed", (code and code.format(segment=f"{rng.getrandbits(64):016x}"), message)
    if chance >= 1 - failed - client.blocked:
        return "blocked", _BLOCKED
    return "aborted", (None, None)
