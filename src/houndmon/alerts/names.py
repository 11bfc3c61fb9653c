"""What is said of an alert in plain text: its subject and its finding, in messages, summary, page and feed. Pure."""

import hashlib
from collections.abc import Iterable
from datetime import datetime

import msgspec

from houndmon.alerts.model import Alert, AlertRow
from houndmon.core.neutral import quoted
from houndmon.rulebook.book import BOOK
from houndmon.rulebook.levels import LEVEL_BOOK
from houndmon.rulebook.parts import STAGE_OF_RELATION

MARK_BYTES = 6
LEVEL_TITLES: dict[str, str] = {name: spec.title for name, spec in LEVEL_BOOK.items()}


def subject_named(rule: str, subject: str) -> str:
    """A subject within plain text: a service level by its title, what houndmon named itself as it is.

    What strangers named stands in backticks.
    """
    if subject in LEVEL_TITLES:
        return LEVEL_TITLES[subject]
    return subject if subject in BOOK[rule].subjects or subject in STAGE_OF_RELATION else quoted(subject)


def finding_text(alert: Alert | AlertRow) -> str:
    """The finding of now, and while there is none, the one that fired with what is known since."""
    fired, latest = alert.finding or "see the alert", alert.latest_finding
    if alert.clear_since and alert.recovers_at:
        return f"{fired}; now {latest or 'that is over'}, recovers at {clock_time(alert.recovers_at)} if that lasts"
    if alert.state != "firing" or latest is None or alert.latest_verdict == "breach":
        return latest if latest and alert.state == "firing" else fired
    return f"{fired}; now {latest}"


def findings_mark(alerts: Iterable[Alert | AlertRow]) -> str:
    """A short mark of what is said of some open alerts: two places with the same mark tell of the same tick."""
    told = [
        (one.id, one.state, finding_text(one), one.explained_by, one.acknowledged_at, one.response_due_at)
        for one in alerts
    ]
    return hashlib.blake2b(msgspec.json.encode(told), digest_size=MARK_BYTES).hexdigest()


def clock_time(at: datetime) -> str:
    """A time of day, to the minute."""
    return f"{at:%H:%M} UTC"
