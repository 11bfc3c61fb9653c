"""What the table of a webhook holds: a URL, and a secret to sign with."""

from collections.abc import Mapping

import msgspec
from msgspec import UNSET, UnsetType

from houndmon.config.addresses import is_of_this_machine, is_web_address
from houndmon.config.errors import KeyPath
from houndmon.config.model import Receiver
from houndmon.config.raw import convert_table
from houndmon.config.receivers import needed_text, read_secret


class Table(msgspec.Struct, forbid_unknown_fields=True):
    """A table `[receivers.NAME]` of this kind."""

    kind: str
    url: str | UnsetType = UNSET
    url_env: str | UnsetType = UNSET
    secret: str | UnsetType = UNSET
    secret_env: str | UnsetType = UNSET
    allow_private: bool | UnsetType = UNSET


class Webhook(Receiver, frozen=True, kw_only=True):
    """A URL that takes JSON. `url` and `secret` are secrets: they go into no log and no answer."""

    kind: str = "webhook"
    url: str
    secret: str | None = None
    allow_private: bool = False

    @property
    def is_outside(self) -> bool:
        return not is_of_this_machine(self.url)


def read(key_path: KeyPath, name: str, table: Mapping[str, object], environ: Mapping[str, str]) -> Webhook:
    """The receiver that a table describes. Raises ConfigError."""
    raw = convert_table(key_path, table, Table)
    url = needed_text(key_path, "url", raw.url, raw.url_env, environ)
    secret = read_secret(key_path, "secret", raw.secret, raw.secret_env, environ)
    if not is_web_address(url):
        raise key_path.at("url").error("must be an http or https address with a host")
    return Webhook(name=name, url=url, secret=secret, allow_private=raw.allow_private is True)
