"""The process in which Apprise runs: one order on standard input, the answer as exit code."""

import importlib
import json
import signal
import sys
from contextlib import suppress
from typing import Any, NoReturn, TypedDict

from houndmon.notify.addresses import refusal_reason

SENT, FAILED, BAD_URL, MISSING, REFUSED, SEVERAL = range(6)
MEMORY_BYTES = 512 * 1024 * 1024
CONNECT_SECONDS, READ_SECONDS = 4.0, 8.0


class Order(TypedDict):
    """What to send where; it travels as JSON."""

    title: str
    body: str
    type: str
    url: str
    allow_private: bool
    seconds: int


class Guard:
    """Refuses connections to addresses that are not allowed, whichever plugin makes them."""

    def __init__(self, *, allow_private: bool) -> None:
        self.allow_private, self.refused = allow_private, False

    def __call__(self, event: str, values: tuple[Any, ...]) -> None:
        if event not in ("socket.connect", "socket.sendto"):
            return
        address = values[1]
        try:
            why = refusal_reason(str(address[0]), allow_private=self.allow_private)
        except ValueError:  # a name that nobody resolved, or a local socket: nothing to check
            why = None if self.allow_private else "no address"
        if why:
            self.refused = True
            raise PermissionError(why)


def main() -> NoReturn:
    """Do what the order says."""
    order: Order = json.load(sys.stdin)
    limit(order["seconds"])
    try:
        apprise = importlib.import_module("apprise")
    except ImportError:
        sys.exit(MISSING)
    guard = Guard(allow_private=order["allow_private"])
    sys.addaudithook(guard)
    plugin = apprise.Apprise.instantiate(order["url"])
    if not plugin:
        sys.exit(BAD_URL)
    if len(plugin) > 1:
        sys.exit(SEVERAL)
    sent = notify(apprise, plugin, order)
    sys.exit(SENT if sent else REFUSED if guard.refused else FAILED)


def limit(seconds: int) -> None:
    """End by itself, should nobody be left to end it; and answers of a gigabyte find no room."""
    signal.alarm(seconds)
    with suppress(ImportError, ValueError, OSError):  # not every system has these limits
        resource: Any = importlib.import_module("resource")
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def notify(apprise: Any, plugin: Any, order: Order) -> bool:
    """Send to the one target."""
    plugin.socket_connect_timeout = min(plugin.socket_connect_timeout or CONNECT_SECONDS, CONNECT_SECONDS)
    plugin.socket_read_timeout = min(plugin.socket_read_timeout or READ_SECONDS, READ_SECONDS)
    sender = apprise.Apprise()
    sender.add(plugin)
    return bool(sender.notify(title=order["title"], body=order["body"], notify_type=order["type"], body_format="text"))


if __name__ == "__main__":
    main()
