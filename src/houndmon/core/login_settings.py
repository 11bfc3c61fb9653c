"""How people may log in other than by a token: through an OpenID provider, or by the header of a trusted proxy."""

import ipaddress
import re
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from houndmon.core.problems import HoundmonError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
GroupsByRole = Mapping[str, frozenset[str]]
ROLES = ("viewer", "operator", "admin")
LEAST_SECRET_CHARACTERS = 32
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")


class SettingsError(HoundmonError):
    """A variable cannot be used; the text names it."""


class Oidc(msgspec.Struct, frozen=True, kw_only=True):
    """An OpenID provider. `claim` names where the ID token says which groups somebody belongs to."""

    issuer: Annotated[
        str,
        Meta(
            description="an OpenID provider to log in through: [ways to log in](security.md#ways-to-log-in)",
            extra={"default": "none"},
        ),
    ]
    client_id: Annotated[str, Meta(description="houndmon's name there", extra={"default": "none"})]
    client_secret: Annotated[str, Meta(description="its secret there", extra={"default": "none"})]
    claim: Annotated[str, Meta(description="the claim that lists somebody's groups")] = "groups"

    def __repr__(self) -> str:
        return f"Oidc(issuer={self.issuer!r}, …)"  # a secret is in no traceback


class ProxyLogin(msgspec.Struct, frozen=True, kw_only=True):
    """The headers of a proxy that has logged people in, and what it proves itself by."""

    user_header: Annotated[
        str,
        Meta(description="the header in which a trusted proxy names who is logged in", extra={"default": "none: off"}),
    ]
    groups_header: Annotated[str, Meta(description="the header with their groups")] = "Remote-Groups"
    secret: Annotated[str, Meta(description="what that proxy proves itself by", extra={"default": "none"})]

    def __repr__(self) -> str:
        return f"ProxyLogin(user_header={self.user_header!r}, …)"


def read_oidc(given: Mapping[str, str], roles: GroupsByRole) -> Oidc | None:
    """The provider, where one is named. Raises SettingsError."""
    names = {
        "issuer": "HOUNDMON_OIDC_ISSUER",
        "client_id": "HOUNDMON_OIDC_CLIENT_ID",
        "client_secret": "HOUNDMON_OIDC_CLIENT_SECRET",
    }
    found = {key: given[name] for key, name in names.items() if given.get(name)}
    if not found:
        return None
    for key, name in names.items():
        if key not in found:
            raise SettingsError(f"{name} is not set: log-in through a provider needs {', '.join(names.values())}")
    url = urlsplit(found["issuer"])
    is_plain = url.scheme == "http" and _is_loopback(url.hostname or "")
    if not (url.scheme == "https" or is_plain) or not url.hostname or url.query or url.fragment or url.username:
        raise SettingsError("HOUNDMON_OIDC_ISSUER must be an https address without user, query or fragment")
    if not roles:
        raise SettingsError("HOUNDMON_ROLES is not set: without it nobody whom the provider knows may do anything")
    return Oidc(**found, claim=given.get("HOUNDMON_OIDC_CLAIM") or "groups")


def read_proxy(given: Mapping[str, str], roles: GroupsByRole, trusted: tuple[Network, ...]) -> ProxyLogin | None:
    """The log-in by a proxy's header, where its header is named. Raises SettingsError."""
    user = given.get("HOUNDMON_PROXY_USER_HEADER")
    if not user:
        return None
    groups, secret = given.get("HOUNDMON_PROXY_GROUPS_HEADER") or "Remote-Groups", given.get("HOUNDMON_PROXY_SECRET")
    for name, text in {"HOUNDMON_PROXY_USER_HEADER": user, "HOUNDMON_PROXY_GROUPS_HEADER": groups}.items():
        if not _HEADER.fullmatch(text):
            raise SettingsError(f"{name} must be the name of a header, such as Remote-User")
    if not trusted:
        raise SettingsError("HOUNDMON_TRUSTED_PROXIES is not set: anybody could send HOUNDMON_PROXY_USER_HEADER")
    if not secret or len(secret) < LEAST_SECRET_CHARACTERS or not secret.isascii():
        raise SettingsError(
            f"HOUNDMON_PROXY_SECRET must have at least {LEAST_SECRET_CHARACTERS} characters, all of ASCII"
        )
    if not roles:
        raise SettingsError("HOUNDMON_ROLES is not set: without it nobody whom the proxy knows may do anything")
    return ProxyLogin(user_header=user, groups_header=groups, secret=secret)


def read_roles(text: str) -> GroupsByRole:
    """Which groups have which role: `admin=chiefs; operator=on-call; viewer=staff`. Raises SettingsError."""
    found: dict[str, frozenset[str]] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        role, _, group = (word.strip() for word in part.partition("="))
        if role not in ROLES or not group:
            raise SettingsError(
                f"HOUNDMON_ROLES must hold pairs such as admin=chiefs; the roles are {', '.join(ROLES)}"
            )
        found[role] = found.get(role, frozenset()) | {group}
    return found


def read_proxies(text: str) -> tuple[Network, ...]:
    """The networks of the proxies that are believed. Raises SettingsError."""
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError:
        raise SettingsError(
            "HOUNDMON_TRUSTED_PROXIES must hold addresses or networks such as 127.0.0.1, 10.0.0.0/24"
        ) from None


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
