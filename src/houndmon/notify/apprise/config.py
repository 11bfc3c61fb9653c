"""What the table of an Apprise receiver holds: one address, which Apprise itself understands."""

import importlib
import importlib.util
import logging
from collections.abc import Mapping

import msgspec
from msgspec import UNSET, UnsetType

from houndmon.config.addresses import is_of_this_machine
from houndmon.config.errors import KeyPath
from houndmon.config.model import Receiver
from houndmon.config.raw import convert_table
from houndmon.config.receivers import needed_text


class Table(msgspec.Struct, forbid_unknown_fields=True):
    """A table `[receivers.NAME]` of this kind."""

    kind: str
    url: str | UnsetType = UNSET
    url_env: str | UnsetType = UNSET
    allow_private: bool | UnsetType = UNSET


class AppriseTarget(Receiver, frozen=True, kw_only=True):
    """One target in Apprise's words. `url` is a secret: it goes into no log and no answer."""

    kind: str = "apprise"
    url: str
    allow_private: bool = False

    @property
    def is_outside(self) -> bool:
        return not is_of_this_machine(self.url)


def read(key_path: KeyPath, name: str, table: Mapping[str, object], environ: Mapping[str, str]) -> AppriseTarget:
    """The receiver that a table describes. Raises ConfigError."""
    refuse_secret(key_path, table)
    raw = convert_table(key_path, table, Table)
    url = needed_text(key_path, "url", raw.url, raw.url_env, environ)
    check_address(key_path, url)
    return AppriseTarget(name=name, url=url, allow_private=raw.allow_private is True)


def refuse_secret(key_path: KeyPath, table: Mapping[str, object]) -> None:
    """Refuse what would promise a signature that Apprise does not give."""
    for key in ("secret", "secret_env"):
        if key in table:
            raise key_path.at(key).error("belongs to webhooks only: remove it")


def check_address(key_path: KeyPath, url: str) -> None:
    """Refuse an address that Apprise does not understand, and one that names several targets.

    Of several one may fail: then all would be told again, or none.
    """
    if importlib.util.find_spec("apprise") is None:
        raise key_path.at("kind").error("apprise is not installed: run `pip install houndmon[notify]`")
    log = logging.getLogger("apprise")
    before, log.disabled = log.disabled, True  # it logs the addresses that it refuses, tokens included
    try:
        plugin = importlib.import_module("apprise").Apprise.instantiate(url)
    finally:
        log.disabled = before
    if plugin is None:
        raise key_path.at("url").error("apprise does not understand this address: see its list of services")
    if len(plugin) > 1:
        raise key_path.at("url").error("names several targets: make a receiver of each, and put all into the route")
