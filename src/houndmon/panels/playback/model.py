"""The arithmetic of playback: counted plays in, figures out."""

from collections import Counter
from typing import Annotated

import msgspec
from msgspec import Meta

from houndmon.kit.clock import Sliced, Slices, Window, within
from houndmon.kit.panel import Panel
from houndmon.kit.stats import named, ratio, top, wilson
from houndmon.kit.text import one_each, shown


class PlayRow(Sliced):
    """Plays of one slice that are alike."""

    flaw: str | None
    outcome: str | None
    platform: str | None
    browser: str | None
    error_code: str | None
    plays: int
    message: str | None


class Attempts(msgspec.Struct):
    """Attempts to play and how many failed."""

    attempts: Annotated[int, Meta(description="Plays that started or failed.", examples=[41230])]
    failed: Annotated[int, Meta(description="Plays that failed.", examples=[170])]
    failure_ratio: Annotated[
        float | None, Meta(description="failed / attempts, in [0, 1]; null without attempts.", examples=[0.0041])
    ]


class PlayError(msgspec.Struct):
    """One error code, or `other` for all beyond the ten commonest."""

    error_code: Annotated[
        str, Meta(description="The code; null and blank ones are `unspecified`.", examples=["MEDIA_ERR_DECODE"])
    ]
    count: Annotated[int, Meta(description="Failed attempts with it.", examples=[61])]
    share: Annotated[float, Meta(description="Their share of all failed attempts, in [0, 1].", examples=[0.36])]
    message: Annotated[
        str | None,
        Meta(
            description="One message that came with it, at most 200 characters.",
            examples=["The audio could not be decoded"],
        ),
    ]


class Client(Attempts):
    """One platform and browser."""

    platform: Annotated[str, Meta(description="The platform; blank is `unspecified`.", examples=["ios"])]
    browser: Annotated[str, Meta(description="The browser; blank is `unspecified`.", examples=["safari"])]
    ratio_low: Annotated[float | None, Meta(description="Low end of the 95 % Wilson interval.", examples=[0.0035])]
    ratio_high: Annotated[float | None, Meta(description="High end of the 95 % Wilson interval.", examples=[0.0047])]


class Plays(Attempts):
    """The plays of one window."""

    blocked: int
    aborted: int
    codes: Counter[str]


class Playback(Panel, kw_only=True):
    """What the playback panel answers."""

    attempts: Annotated[
        int,
        Meta(description="Plays of the range that started or failed; not those blocked or aborted.", examples=[41230]),
    ]
    failed: Annotated[int, Meta(description="Plays of the range that failed.", examples=[170])]
    blocked: Annotated[
        int, Meta(description="Plays that the browser refused without a gesture; in no ratio.", examples=[610])
    ]
    aborted: Annotated[
        int, Meta(description="Plays that the listener left before they began; in no ratio.", examples=[402])
    ]
    failure_ratio: Annotated[
        float | None, Meta(description="failed / attempts, in [0, 1]; null without attempts.", examples=[0.0041])
    ]
    ratio_low: Annotated[float | None, Meta(description="Low end of the 95 % Wilson interval.", examples=[0.0035])]
    ratio_high: Annotated[float | None, Meta(description="High end of the 95 % Wilson interval.", examples=[0.0047])]
    last_24h: Annotated[Attempts, Meta(description="The same three over the last 24 h, whatever the range.")]
    top_errors: Annotated[
        list[PlayError], Meta(description="The ten commonest error codes of failed attempts, then `other`.")
    ]
    ios_safari: Annotated[Attempts, Meta(description="Platform `ios` with browser `safari`, in any case.")]
    other_clients: Annotated[Attempts, Meta(description="All other clients.")]
    by_client: Annotated[list[Client], Meta(description="Every platform and browser, worst first by `ratio_low`.")]


def sound(rows: list[PlayRow], slices: Slices, window: Window) -> list[PlayRow]:
    """The rows of a window that count."""
    return [row for row in within(rows, slices.of(window)) if row.flaw is None]


def attempts(rows: list[PlayRow]) -> Attempts:
    """How many plays started or failed: blocked and aborted ones are not the platform's failures."""
    failed = sum(row.plays for row in rows if row.outcome == "failed")
    whole = failed + sum(row.plays for row in rows if row.outcome == "started")
    return Attempts(whole, failed, ratio(failed, whole))


def summarize(rows: list[PlayRow]) -> Plays:
    """The plays of one window, from its sound rows."""
    tried = attempts(rows)
    beside = {outcome: sum(row.plays for row in rows if row.outcome == outcome) for outcome in ("blocked", "aborted")}
    codes: Counter[str] = Counter()
    for row in rows:
        if row.outcome == "failed":
            codes[named(row.error_code)] += row.plays
    return Plays(tried.attempts, tried.failed, tried.failure_ratio, beside["blocked"], beside["aborted"], codes)


def top_errors(rows: list[PlayRow], codes: Counter[str]) -> list[PlayError]:
    """The commonest error codes, each with one of its messages."""
    messages = one_each((named(row.error_code), row.message) for row in rows)
    return [
        PlayError(line.name, line.count, line.share, None if line.is_rest else shown(messages.get(line.name)))
        for line in top(codes)
    ]


def is_ios_safari(row: PlayRow) -> bool:
    """Whether a play came from Safari on iOS, however it was spelt."""
    return (row.platform or "").lower() == "ios" and (row.browser or "").lower() == "safari"


def by_client(rows: list[PlayRow]) -> list[Client]:
    """Every client's attempts, worst first by the interval's low end: 1 of 1 does not outrank 900 of 10,000."""
    groups: dict[tuple[str, str], list[PlayRow]] = {}
    for row in rows:
        if row.outcome in ("started", "failed"):
            groups.setdefault((named(row.platform), named(row.browser)), []).append(row)
    clients = []
    for (platform, browser), theirs in groups.items():
        tried = attempts(theirs)
        interval = wilson(tried.failed, tried.attempts)
        clients.append(
            Client(tried.attempts, tried.failed, tried.failure_ratio, platform, browser, interval.low, interval.high)
        )
    return sorted(clients, key=lambda c: (-(c.ratio_low or 0), -c.attempts, c.platform, c.browser))


def flaws(rows: list[PlayRow], slices: Slices, window: Window) -> Counter[str | None]:
    """How many rows of a window have each flaw."""
    seen: Counter[str | None] = Counter()
    for row in within(rows, slices.of(window)):
        seen[row.flaw] += row.plays
    return seen
