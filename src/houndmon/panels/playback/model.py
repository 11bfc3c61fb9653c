"""The arithmetic of playback: counted plays in, figures out."""

from collections import Counter
from collections.abc import Container
from typing import Annotated

import msgspec
from msgspec import Meta

from houndmon.core.answer import PanelAnswer
from houndmon.core.clock import SlicedRow, Slices, Window, rows_in_slices
from houndmon.core.faults import lines_of
from houndmon.core.source_contract import IOS_PLATFORMS, SAFARI_BROWSERS, is_ios_safari
from houndmon.core.stats import MOST, OTHER, name_or_unspecified, ratio, top_entries, wilson


class PlayRow(SlicedRow):
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
    """Error codes of one shape, or all beyond the ten commonest."""

    error_code: Annotated[
        str,
        Meta(
            description="The code, `…` for what is one play's own; `unspecified` where blank, `other` the rest.",
            examples=["MEDIA_ERR_DECODE"],
        ),
    ]
    count: Annotated[int, Meta(description="Failed attempts with it.", examples=[61])]
    share: Annotated[float, Meta(description="Their share of all failed attempts, in [0, 1].", examples=[0.36])]
    message: Annotated[
        str | None,
        Meta(
            description="The most telling line of one of its messages, at most 200 characters; null for the rest.",
            examples=["The audio could not be decoded"],
        ),
    ]
    is_rest: Annotated[
        bool, Meta(description="Whether this is the rest: a real code may be called `other` too.", examples=[False])
    ]


class Client(Attempts):
    """One platform and browser, or all beyond those listed."""

    platform: Annotated[str, Meta(description="The platform; blank is `unspecified`.", examples=["ios"])]
    browser: Annotated[str, Meta(description="The browser; blank is `unspecified`.", examples=["safari"])]
    ratio_low: Annotated[float | None, Meta(description="Low end of the 95 % Wilson interval.", examples=[0.0035])]
    ratio_high: Annotated[float | None, Meta(description="High end of the 95 % Wilson interval.", examples=[0.0047])]
    is_rest: Annotated[
        bool, Meta(description="Whether this is all others: a real one may be called `other` too.", examples=[False])
    ]


class WindowPlays(Attempts):
    """The plays of one window."""

    blocked: int
    aborted: int
    codes: Counter[str]
    clients: Counter[str] = msgspec.field(default_factory=Counter)  # failed plays, by platform and browser


class Playback(PanelAnswer, kw_only=True):
    """What the playback panel answers."""

    attempts: Annotated[
        int,
        Meta(description="Plays of the range that started or failed; not those blocked or aborted.", examples=[41230]),
    ]
    failed: Annotated[int, Meta(description="Plays of the range that failed.", examples=[170])]
    blocked: Annotated[
        int,
        Meta(description="Plays that the browser refused without a gesture; not in the failure ratio.", examples=[610]),
    ]
    aborted: Annotated[
        int, Meta(description="Plays that the listener left before the first sound; no failures.", examples=[402])
    ]
    failure_ratio: Annotated[
        float | None, Meta(description="failed / attempts, in [0, 1]; null without attempts.", examples=[0.0041])
    ]
    ratio_low: Annotated[float | None, Meta(description="Low end of the 95 % Wilson interval.", examples=[0.0035])]
    ratio_high: Annotated[float | None, Meta(description="High end of the 95 % Wilson interval.", examples=[0.0047])]
    abandoned_ratio: Annotated[
        float | None,
        Meta(description="aborted / (attempts + aborted), in [0, 1]; null without either.", examples=[0.0097]),
    ]
    abandoned_ratio_low: Annotated[
        float | None, Meta(description="Low end of its 95 % Wilson interval.", examples=[0.0087])
    ]
    abandoned_ratio_high: Annotated[
        float | None, Meta(description="High end of its 95 % Wilson interval.", examples=[0.0107])
    ]
    last_24h: Annotated[Attempts, Meta(description="The same three over the last 24 h, whatever the range.")]
    top_errors: Annotated[
        list[PlayError], Meta(description="The ten commonest shapes of error codes of failed attempts, then `other`.")
    ]
    ios_safari: Annotated[
        Attempts, Meta(description="Safari on iOS, by the names that user-agent parsers give the two, in any case.")
    ]
    other_clients: Annotated[Attempts, Meta(description="All other clients.")]
    by_client: Annotated[
        list[Client],
        Meta(
            description="The 50 platforms and browsers with the most failed, worst first by `ratio_low`; then `other`."
        ),
    ]


def countable_rows(rows: list[PlayRow], slices: Slices, window: Window) -> list[PlayRow]:
    """The rows of a window that count."""
    return [row for row in rows_in_slices(rows, slices.of(window)) if row.flaw is None]


def count_attempts(rows: list[PlayRow]) -> Attempts:
    """How many plays started or failed: blocked and aborted ones are not the platform's failures."""
    failed = sum(row.plays for row in rows if row.outcome == "failed")
    whole = failed + sum(row.plays for row in rows if row.outcome == "started")
    return Attempts(whole, failed, ratio(failed, whole))


def summarize(rows: list[PlayRow]) -> WindowPlays:
    """The plays of one window, from its sound rows."""
    tried = count_attempts(rows)
    beside = {outcome: sum(row.plays for row in rows if row.outcome == outcome) for outcome in ("blocked", "aborted")}
    codes: Counter[str] = Counter()
    clients: Counter[str] = Counter()
    for row in rows:
        if row.outcome == "failed":
            codes[name_or_unspecified(row.error_code)] += row.plays
            clients[f"{name_or_unspecified(row.platform)} {name_or_unspecified(row.browser)}"] += row.plays
    blocked, aborted = beside["blocked"], beside["aborted"]
    return WindowPlays(tried.attempts, tried.failed, tried.failure_ratio, blocked, aborted, codes, clients)


def top_errors(rows: list[PlayRow], codes: Counter[str]) -> list[PlayError]:
    """The commonest error codes, each with the line that tells of one of its messages."""
    listed = top_entries(codes)
    names = {line.name for line in listed if not line.is_rest}
    lines = lines_of((name, row.message) for row in rows if (name := name_or_unspecified(row.error_code)) in names)
    return [
        PlayError(line.name, line.count, line.share, None if line.is_rest else lines.get(line.name), line.is_rest)
        for line in listed
    ]


def split(
    rows: list[PlayRow], platforms: Container[str] = IOS_PLATFORMS, browsers: Container[str] = SAFARI_BROWSERS
) -> tuple[Attempts, Attempts]:
    """The attempts of Safari on iOS, and those of all other clients."""
    sides: tuple[list[PlayRow], list[PlayRow]] = ([], [])
    for row in rows:
        sides[not is_ios_safari(row.platform, row.browser, platforms, browsers)].append(row)
    return count_attempts(sides[0]), count_attempts(sides[1])


def by_client(rows: list[PlayRow]) -> list[Client]:
    """The attempts of the 50 clients with the most failed, then the most attempts; all others are the last row.

    The worst is first, by the interval's low end: 1 of 1 does not outrank 900 of 10,000.
    """
    groups: dict[tuple[str, str], list[PlayRow]] = {}
    for row in rows:
        if row.outcome in ("started", "failed"):
            groups.setdefault((name_or_unspecified(row.platform), name_or_unspecified(row.browser)), []).append(row)
    clients = [client(*name, theirs) for name, theirs in groups.items()]
    clients.sort(key=lambda c: (-c.failed, -c.attempts, c.platform, c.browser))
    listed = sorted(clients[:MOST], key=lambda c: (-(c.ratio_low or 0), c.platform, c.browser))
    others = [row for one in clients[MOST:] for row in groups[one.platform, one.browser]]
    return [*listed, client(OTHER, OTHER, others, is_rest=True)] if others else listed


def client(platform: str, browser: str, rows: list[PlayRow], *, is_rest: bool = False) -> Client:
    """One client's attempts."""
    tried = count_attempts(rows)
    interval = wilson(tried.failed, tried.attempts)
    return Client(
        tried.attempts, tried.failed, tried.failure_ratio, platform, browser, interval.low, interval.high, is_rest
    )


def flaws(rows: list[PlayRow], slices: Slices, window: Window) -> Counter[str | None]:
    """How many rows of a window have each flaw."""
    seen: Counter[str | None] = Counter()
    for row in rows_in_slices(rows, slices.of(window)):
        seen[row.flaw] += row.plays
    return seen
