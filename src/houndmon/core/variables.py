"""The variables that houndmon reads, each with its default and what it means, as the settings describe them."""

from collections.abc import Iterator
from typing import NamedTuple, get_type_hints

import msgspec
from msgspec import NODEFAULT, Meta

from houndmon.core.login_settings import Oidc, ProxyLogin
from houndmon.core.settings import Settings


class Variable(NamedTuple):
    """A variable of the environment; `default` and `meaning` are Markdown."""

    name: str
    default: str
    meaning: str


ELSEWHERE = (  # read where they are needed, by what works without any other setting
    Variable(
        "HOUNDMON_CONFIG",
        "`houndmon.toml` in the working directory, if there is one",
        "the configuration file, see below",
    ),
    Variable("HOUNDMON_TOKEN", "none", "the token that `houndmon summary` shows where there is a log-in"),
    Variable("HOUNDMON_PG_BIN", "searched for", "the `bin` folder of the PostgreSQL to embed"),
)


def variables() -> list[Variable]:
    """Every variable."""
    groups = (("HOUNDMON_", Settings), ("HOUNDMON_OIDC_", Oidc), ("HOUNDMON_PROXY_", ProxyLogin))
    return [*(one for prefix, group in groups for one in described(prefix, group)), *ELSEWHERE]


def described(prefix: str, group: type[msgspec.Struct]) -> Iterator[Variable]:
    """The variables of a group of settings; a field without a description is none."""
    hints = get_type_hints(group, include_extras=True)
    for field in msgspec.structs.fields(group):
        meta = next((one for one in getattr(hints[field.name], "__metadata__", ()) if isinstance(one, Meta)), None)
        if meta and meta.description:
            yield Variable(f"{prefix}{field.name.upper()}", default_of(field.default, meta), meta.description)


def default_of(default: object, meta: Meta) -> str:
    """A default in words, or as it is written."""
    said = (meta.extra or {}).get("default")
    assert said or default not in (None, NODEFAULT), "a default that is no text needs words"
    return str(said or f"`{default}`")
