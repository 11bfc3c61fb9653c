"""Holds what people see on the page against itself: the strip against the list, and one moment against those before it.

Nothing is needed but HTML. What is found are sentences, each one contradiction.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from web.exits import Seen, spoken

WELL = "All is well"
WORKS_AGAIN = "Everything works again"
DASH = "—"
ANSWERS = (
    "transcodes_failed_today",
    "oldest_queued_job",
    "worker_alive",
    "play_failure_ratio_24h",
    "top_failure_cause",
)
NAMES = {"source": r"\bthe source\b|\bsource hound\b|\brelation hound\.", "own": r"\bown database\b"}
"""The two databases, as a sentence calls them that says which cannot be read."""
MENDS = 2  # answers within which strip and list agree again


@dataclass(frozen=True)
class Moment:
    """What was seen at one moment, and how many answers list and strip had got until then."""

    seen: Seen
    answered: int


def page_contradictions(seen: Seen) -> list[str]:
    """What contradicts what within the page at one moment."""
    return [f"{check.__name__}: {one}" for check in CHECKS for one in check(seen)]


def course_contradictions(moments: list[Moment], *, away: str | None = None) -> list[str]:
    """What contradicts what in the course of time; `away` is the database that cannot be read, `own` or `source`."""
    found = dict.fromkeys(one for moment in moments for one in page_contradictions(moment.seen))
    found |= dict.fromkeys([*lost_answers(one.seen for one in moments), *disagreements(moments)])
    if away is not None:
        found |= dict.fromkeys(one for moment in moments for one in wrongly_named(moment.seen, away))
    return list(found)


def clear_over_alerts(seen: Seen) -> Iterator[str]:
    """No all-clear stands above an alert that fires, and all is well above none at all."""
    firing = [row.id for row in seen.rows or [] if row.state == "firing"]
    if firing and (WELL in seen.sentence or WORKS_AGAIN in seen.sentence):
        yield f"{seen.sentence!r} above the alerts {firing}, which fire"
    if WELL in seen.sentence and seen.rows and len(set(seen.marks)) == 1:
        yield f"{seen.sentence!r} above {len(seen.rows)} rows"


def open_count(seen: Seen) -> Iterator[str]:
    """The strip counts what it was drawn for, and what the list has where both tell of the same findings."""
    opened, shown = counted_open(seen), seen.duty("Open alerts")
    if shown is not None and opened is None and spoken(shown) not in ("cannot be read", DASH):
        yield f"the strip counts {spoken(shown)!r}, and knows of no alerts"
    if shown is not None and opened is not None and not re.match(rf"{opened or 'none'}\b", spoken(shown)):
        yield f"the strip counts {spoken(shown)!r}, and was drawn for {opened}"
    if seen.rows is None or opened is None or len(set(seen.marks)) > 1:
        return
    if len(seen.listed) != opened:
        yield f"the strip was drawn for {opened} alerts, and the list has {sorted(seen.listed)}"


def counted_open(seen: Seen) -> int | None:
    """For how many open alerts the strip was drawn; None where it knows of none."""
    found = re.search(r'data-open="(\d+)"', seen.page)
    return int(found[1]) if found else None


def judged_at_all(seen: Seen) -> Iterator[str]:
    """Where there are alerts, some rule was evaluated: it may be unknown when."""
    if "No rule has been evaluated" in spoken(seen.page) and (seen.rows or counted_open(seen)):
        yield "there are alerts, and no rule has been evaluated yet"


def wrongly_named(seen: Seen, away: str) -> Iterator[str]:
    """Only the database that is away is said to be."""
    other = {"source": "own", "own": "source"}[away]
    for name, html in (("strip", seen.page), ("list", seen.alerts)):
        for told in re.findall(r'<p class="(?:sentence|notice)"[^>]*>.*?</p>', html, re.DOTALL):
            if re.search(NAMES[other], spoken(told)):
                yield f"the {away} database is away, and the {name} says {spoken(told)!r}"


def lost_answers(course: Iterable[Seen]) -> Iterator[str]:
    """An answer that was once there never becomes a dash."""
    known = dict[str, str]()
    for seen in course:
        for name in ANSWERS:
            now = seen.answer(name)
            if now == DASH and name in known:
                yield f"{name} was {known[name]!r}, and is a dash"
            elif now not in ("", DASH):
                known[name] = now


def disagreements(moments: Iterable[Moment]) -> Iterator[str]:
    """Strip and list tell of the same findings, or do so again within two answers."""
    since: int | None = None
    for moment in moments:
        listed, told = moment.seen.marks
        if not listed or not told or listed == told:
            since = None
        elif since is None:
            since = moment.answered
        elif moment.answered > since + MENDS:
            yield f"strip and list tell of different findings for {moment.answered - since} answers"


CHECKS: tuple[Callable[[Seen], Iterator[str]], ...] = (clear_over_alerts, open_count, judged_at_all)
