"""Takes the port that a service will answer on before anything else is done: a taken one is found out at once."""

import errno
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from houndmon.core.settings import Settings, SettingsError


@contextmanager
def reserve_sockets(settings: Settings) -> Iterator[list[socket.socket]]:
    """Sockets bound to each address of the host; nobody is listened to yet. Raises SettingsError."""
    with ExitStack() as stack:
        sockets = []
        for family, address in host_addresses(settings):
            if taken := bind_if_present(family, address, settings):
                sockets.append(stack.enter_context(taken))
        if not sockets:
            raise SettingsError(f"HOUNDMON_HOST is {settings.host}: this machine has no such address")
        yield sockets


def host_addresses(settings: Settings) -> list[tuple[socket.AddressFamily, Any]]:
    """What the host means, each address once. Raises SettingsError."""
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise SettingsError(f"HOUNDMON_HOST is {settings.host}: set an address of this machine") from error
    return list(dict.fromkeys((family, address) for family, _, _, _, address in found))


def bind_if_present(family: socket.AddressFamily, address: Any, settings: Settings) -> socket.socket | None:
    """A socket bound to an address; None where the machine lacks that address. Raises SettingsError."""
    try:
        return bind_socket(family, address)
    except OSError as error:
        if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
            return None
        where = f"port {settings.port} of {settings.host}"
        if error.errno == errno.EADDRINUSE:
            raise SettingsError(
                f"{where} is in use: stop what listens there, or set HOUNDMON_PORT to another"
            ) from error
        raise SettingsError(f"{where} cannot be had ({error.strerror}): set HOUNDMON_PORT to another") from error


def local_address(settings: Settings) -> str:
    """Where the page is for who is on this machine, whatever else it listens on."""
    host = settings.host if settings.on_loopback else "127.0.0.1"
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def bind_socket(family: socket.AddressFamily, address: Any) -> socket.socket:
    """A socket on an address, that does not listen yet."""
    taken = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Else a restart would have to wait for the connections of the process before.
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            taken.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        taken.bind(address)
    except BaseException:
        taken.close()
        raise
    return taken
