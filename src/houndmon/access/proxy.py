"""What a trusted proxy says of a request: from which address it comes, and who is logged in there."""

import hmac
import ipaddress
from typing import Any

from litestar.connection import ASGIConnection
from litestar.types import Scope

from houndmon.access.model import Role
from houndmon.access.people import MOST_SUBJECT_CHARACTERS, ExternalIdentity, display_name, role_of
from houndmon.access.sessions import PROXY
from houndmon.core.settings import Settings

FORWARDED, SECRET = "x-forwarded-for", "x-houndmon-proxy-secret"


def address_of(scope: Scope, settings: Settings) -> str:
    """The address that asks: the peer's, or what a trusted proxy says, back to the first that is not trusted."""
    client = scope.get("client")
    if client is None:
        return "unknown"
    found = str(client[0])
    if not settings.trusted_proxies:
        return found
    said = [value.decode("latin-1") for name, value in scope["headers"] if name == FORWARDED.encode()]
    for text in reversed(",".join(said).split(",")):
        if not is_trusted(found, settings):
            break
        try:
            found = str(ipaddress.ip_address(text.strip()))
        except ValueError:
            break
    return found


def rate_limit_key(address: str) -> str:
    """What limits count by: an address, and of IPv6 the network that one customer has to choose addresses from."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(known, ipaddress.IPv4Address) or known.ipv4_mapped or known.is_loopback:
        return address
    return str(ipaddress.ip_network((known, 64), strict=False))


def is_trusted(address: str, settings: Settings) -> bool:
    """Whether an address is a proxy's of ours."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return False
    known = getattr(known, "ipv4_mapped", None) or known  # how a socket of both kinds names an old address
    return any(known in network for network in settings.trusted_proxies)


def proxy_identity(connection: ASGIConnection[Any, Any, Any, Any], settings: Settings) -> ExternalIdentity | None:
    """Whom the proxy vouches for; None unless a trusted peer with the secret names exactly one."""
    proxy, client = settings.proxy, connection.client
    if proxy is None or client is None or not is_trusted(client.host, settings):
        return None
    given = {name: connection.headers.getall(name, []) for name in (SECRET, proxy.user_header, proxy.groups_header)}
    if any(len(values) != 1 for name, values in given.items() if name != proxy.groups_header):
        return None  # twice: the client's own came through
    secret, user = given[SECRET][0], given[proxy.user_header][0].strip()
    if not hmac.compare_digest(secret.encode("utf-8", "replace"), proxy.secret.encode()):
        return None
    if not 0 < len(user) <= MOST_SUBJECT_CHARACTERS or len(given[proxy.groups_header]) > 1:
        return None
    groups = [group.strip() for group in "".join(given[proxy.groups_header]).split(",")]
    role: Role | None = role_of(groups, settings.roles)
    return ExternalIdentity(issuer=PROXY, subject=user, name=display_name(user), role=role)
