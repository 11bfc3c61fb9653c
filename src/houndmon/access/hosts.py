"""Stands before all else: whether a request names this service, and a path that can be."""

import ipaddress
import re
from urllib.parse import urlsplit

from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from houndmon.access.model import UnknownHost
from houndmon.core.problems import BadInput, FieldError
from houndmon.core.settings import Settings

LONGEST_PATH, LONGEST_NAME, HIGHEST_PORT = 2000, 255, 65535
MOST_KNOWN_HOSTS = 100
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(:(?P<port>[0-9]{1,5}))?")


class HostCheck(ASGIMiddleware):
    """Turns away what is not addressed to this service, before anything reads the address."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._known: set[bytes] = set()  # names that were found good

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Go on, if the host is ours. Raises UnknownHost, BadInput."""
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1 or hosts[0] not in self._known:
            self.check_hosts(hosts)
        check_path(scope["path"])
        await next_app(scope, receive, send)

    def check_hosts(self, hosts: list[bytes]) -> None:
        """Check a name that is new here; some of the good ones are kept. Raises UnknownHost."""
        if len(hosts) > 1:
            raise UnknownHost("The request names more than one host.")
        check_host(hosts[0].decode("latin-1") if hosts else "", self.settings)
        if hosts and len(self._known) < MOST_KNOWN_HOSTS:
            self._known.add(hosts[0])


def hostname(host: str) -> str:
    """The name in a Host header, without the port; empty where it cannot be read."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_loopback(name: str) -> bool:
    """Whether a name is this machine's own."""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def check_host(host: str, settings: Settings) -> None:
    """Refuse names that are not ours: a stranger's name that leads here is an attack. Raises UnknownHost."""
    match = _HOST.fullmatch(host)
    if host and (match is None or int(match["port"] or 0) > HIGHEST_PORT):
        raise UnknownHost("This is no name of a host.")
    if settings.allowed_hosts is None:
        return
    name = hostname(host)
    if name in settings.allowed_hosts or is_address(name):
        return
    raise UnknownHost("houndmon does not go by this name: add it to HOUNDMON_ALLOWED_HOSTS.")


def check_path(path: str) -> None:
    """Refuse a path that no file and no row can have: NUL, or names longer than file systems know. Raises BadInput."""
    is_long = len(path) > LONGEST_NAME and any(
        len(part.encode("utf-8", "replace")) > LONGEST_NAME for part in path.split("/")
    )
    if "\0" in path or is_long or len(path) > LONGEST_PATH:
        raise BadInput(FieldError("path", "cannot be the path of anything here"))


def is_address(name: str) -> bool:
    """Whether it is an IP address: no name, so no stranger's name that was made to lead here."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
