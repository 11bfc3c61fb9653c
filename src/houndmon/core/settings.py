"""What the environment says of this process; every variable begins with `HOUNDMON_`."""

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, cast
from zoneinfo import ZoneInfo, available_timezones

import msgspec
from msgspec import Meta

from houndmon.core.login_settings import (
    GroupsByRole,
    Network,
    Oidc,
    ProxyLogin,
    SettingsError,
    read_oidc,
    read_proxies,
    read_proxy,
    read_roles,
)

__all__ = ["Settings", "SettingsError", "read_settings"]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How this process runs. `database_url` None means the embedded PostgreSQL under `data_dir`."""

    database_url: Annotated[
        str | None,
        Meta(
            description="houndmon's own tables, in the schema `houndmon`",
            extra={"default": "none: the embedded PostgreSQL"},
        ),
    ] = None
    source_url: Annotated[
        str | None,
        Meta(description="where Hound's relations are read", extra={"default": "that of `HOUNDMON_DATABASE_URL`"}),
    ] = None
    source_schema: Annotated[str, Meta(description="the schema that holds them")] = "hound"
    data_dir: Annotated[
        Path | None,
        Meta(
            description="where the embedded PostgreSQL keeps its data",
            extra={
                "default": "`$XDG_STATE_HOME/houndmon`, else `~/.local/state/houndmon`; for root `/var/lib/houndmon`"
            },
        ),
    ] = None
    host: Annotated[str, Meta(description="the address to listen on")] = "127.0.0.1"
    port: Annotated[int, Meta(description="the port to listen on")] = 8600
    timezone: Annotated[str, Meta(description="an IANA name: at its midnight `today` begins")] = "UTC"
    auth: Annotated[Literal["on", "off"], Meta(description="`off`: no log-in, accepted on loopback only")] = "on"
    log_level: Annotated[str, Meta(description="`debug`, `info`, `warning` or `error`")] = "info"
    demo: bool = False  # set by the command, no variable
    allowed_hosts: Annotated[
        frozenset[str] | None,
        Meta(
            description="further names that the service goes by, separated by commas",
            extra={"default": "none but `localhost` and `HOUNDMON_HOST`"},
        ),
    ] = None  # None: whatever name is asked for
    trusted_proxies: Annotated[
        tuple[Network, ...],
        Meta(
            description="addresses or networks of proxies, separated by commas: their `X-Forwarded-For` counts",
            extra={"default": "none"},
        ),
    ] = ()
    roles: Annotated[
        GroupsByRole,
        Meta(
            description="which group has which role, for the log-ins below: `admin=chiefs; operator=on-call`",
            extra={"default": "none"},
        ),
    ] = {}
    oidc: Oidc | None = None
    proxy: ProxyLogin | None = None

    def __repr__(self) -> str:
        return f"Settings(host={self.host!r}, port={self.port}, auth={self.auth!r}, …)"  # the URLs hold passwords

    @property
    def on_loopback(self) -> bool:
        """Whether the service can be reached from this machine alone."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def read_settings(environ: Mapping[str, str]) -> Settings:
    """The settings of an environment. Raises SettingsError, naming the variable."""
    prefix = "HOUNDMON_"
    given = {
        name: environ[prefix + name.upper()]
        for name in Settings.__struct_fields__
        if environ.get(prefix + name.upper())
    }
    given.pop("demo", None)
    host = given.get("host", "127.0.0.1")
    roles, trusted = read_roles(given.get("roles", "")), read_proxies(given.get("trusted_proxies", ""))
    settings = Settings(
        database_url=given.get("database_url"),
        source_url=given.get("source_url"),
        source_schema=given.get("source_schema", "hound"),
        data_dir=Path(given["data_dir"]).expanduser() if "data_dir" in given else None,
        host=host,
        allowed_hosts=_hosts(given.get("allowed_hosts", "")) | {"localhost", host.lower()},
        port=_port(given.get("port", "8600")),
        timezone=_zone(given.get("timezone", "UTC")),
        auth=cast(Literal["on", "off"], _choice("HOUNDMON_AUTH", given.get("auth", "on"), "on", "off")),
        log_level=_choice("HOUNDMON_LOG_LEVEL", given.get("log_level", "info"), "debug", "info", "warning", "error"),
        trusted_proxies=trusted,
        roles=roles,
        oidc=read_oidc(environ, roles),
        proxy=read_proxy(environ, roles, trusted),
    )
    if settings.auth == "off" and not settings.on_loopback:
        raise SettingsError(
            f"HOUNDMON_AUTH=off is accepted on loopback only, and HOUNDMON_HOST is {settings.host}: "
            "set HOUNDMON_HOST=127.0.0.1"
        )
    return settings


def _hosts(text: str) -> frozenset[str]:
    names = frozenset(name.strip().lower().rstrip(".") for name in text.split(",") if name.strip())
    if wrong := sorted(name for name in names if not re.fullmatch(r"[a-z0-9._-]{1,253}", name)):
        raise SettingsError(f"HOUNDMON_ALLOWED_HOSTS holds {wrong[0]!r}: set names such as houndmon.example.com")
    return names


def _port(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 0 < int(text) < 65536:
        raise SettingsError(f"HOUNDMON_PORT is {text!r}: set a port between 1 and 65535")
    return int(text)


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise SettingsError(f"HOUNDMON_TIMEZONE is {name!r}: set an IANA name such as Europe/Berlin")
    return ZoneInfo(name).key


def _choice(variable: str, text: str, *choices: str) -> str:
    if text not in choices:
        raise SettingsError(f"{variable} is {text!r}: set one of {', '.join(choices)}")
    return text
