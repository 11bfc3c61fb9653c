"""Which addresses a configuration may hold."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from houndmon.config.errors import KeyPath
from houndmon.rulebook.book import NAMES
from houndmon.rulebook.spec import runbook

OWN_RUNBOOKS = tuple(runbook(name) for name in NAMES)


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


def is_of_this_machine(text: str) -> bool:
    """Whether an address leads to the machine itself, whoever opens it."""
    try:
        host = urlsplit(text).hostname or ""
    except ValueError:
        return False
    try:
        return ip_address(host).is_loopback or ip_address(host).is_unspecified
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def runbook_address(key_path: KeyPath, text: str) -> str:
    """A runbook's address. Raises ConfigError."""
    if not text:
        raise key_path.error("is blank: a rule needs a runbook; leave the key out for houndmon's own")
    if text.startswith("/runbooks/"):
        if text not in OWN_RUNBOOKS:
            raise key_path.error(f"houndmon has no such runbook; there are {', '.join(OWN_RUNBOOKS)}")
    elif not is_web_address(text):
        raise key_path.error("must be an http or https address, or one of houndmon's own as in /runbooks/queue_age")
    return text


def public_address(key_path: KeyPath, text: str) -> str:
    """Where people find the page, without a slash at its end. Raises ConfigError."""
    if not is_web_address(text) or "?" in text or "#" in text or "@" in text:
        raise key_path.error("must be an http or https address without query, as in https://hound.example")
    return text.rstrip("/")


def heartbeat_address(key_path: KeyPath, text: str) -> str | None:
    """What to call each tick; None where it is blank. Raises ConfigError."""
    if text and not is_web_address(text):
        raise key_path.error("must be an http or https address, or blank for none")
    return text or None
