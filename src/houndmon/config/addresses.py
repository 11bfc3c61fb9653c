"""Which addresses a configuration may hold."""

from urllib.parse import urlsplit

from houndmon.config.defaults import RULES, runbook
from houndmon.config.errors import Place

OWN_RUNBOOKS = tuple(runbook(rule) for rule in RULES)


def is_web_address(text: str) -> bool:
    """Whether it is an absolute http or https address with a host, free of blanks and control characters."""
    if not text.isascii() or not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises where it is no port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def runbook_address(place: Place, text: str) -> str:
    """A runbook's address. Raises ConfigError."""
    if not text:
        raise place.refused("is blank: a rule needs a runbook; leave the key out for houndmon's own")
    if text.startswith("/runbooks/"):
        if text not in OWN_RUNBOOKS:
            raise place.refused(f"houndmon has no such runbook; there are {', '.join(OWN_RUNBOOKS)}")
    elif not is_web_address(text):
        raise place.refused("must be an http or https address, or one of houndmon's own as in /runbooks/queue_age")
    return text


def public_address(place: Place, text: str) -> str:
    """Where people find the page, without a slash at its end. Raises ConfigError."""
    if not is_web_address(text) or "?" in text or "#" in text or "@" in text:
        raise place.refused("must be an http or https address without query, as in https://hound.example")
    return text.rstrip("/")


def heartbeat_address(place: Place, text: str) -> str | None:
    """What to call each tick; None where it is blank. Raises ConfigError."""
    if text and not is_web_address(text):
        raise place.refused("must be an http or https address, or blank for none")
    return text or None
