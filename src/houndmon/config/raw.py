"""The configuration as a file has it: keys and types, before anything is made of them."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UNSET, Meta, UnsetType

from houndmon.config.defaults import DEFAULTS
from houndmon.config.errors import ConfigError, Place
from houndmon.config.model import RuleName, Severity
from houndmon.kit.filters import Environment

T = TypeVar("T")
Count = Annotated[int, Meta(ge=1, le=1_000_000_000)]
TYPES = {
    "str": "text in quotes",
    "float": "a number without quotes",
    "int": "a whole number without quotes",
    "bool": "true or false",
    "array": "a list in brackets",
    "object": "a table",
}
_PATH = re.compile(r"(?P<what>.*?)(?: - at `\$\.?(?P<path>[^\[]*).*`)?", re.DOTALL)


class RawRule(msgspec.Struct, forbid_unknown_fields=True, rename={"hold": "for"}):
    """A table `[rules.NAME]`."""

    threshold: float | UnsetType = UNSET
    hold: str | UnsetType = UNSET
    recover_after: str | UnsetType = UNSET
    minimum_sample: Count | UnsetType = UNSET
    minimum_bad: Count | UnsetType = UNSET
    baseline_factor: float | UnsetType = UNSET
    severity: Severity | UnsetType = UNSET
    owner_role: str | UnsetType = UNSET
    response_target: str | UnsetType = UNSET
    runbook_url: str | UnsetType = UNSET


class RawLevel(msgspec.Struct, forbid_unknown_fields=True):
    """A table `[slos.NAME]`."""

    objective: float | UnsetType = UNSET
    window: str | UnsetType = UNSET
    limit: str | UnsetType = UNSET
    owner_role: str | UnsetType = UNSET
    runbook_url: str | UnsetType = UNSET


class RawReceiver(msgspec.Struct, forbid_unknown_fields=True):
    """A table `[receivers.NAME]`."""

    kind: Literal["webhook", "apprise"] | UnsetType = UNSET
    url: str | UnsetType = UNSET
    url_env: str | UnsetType = UNSET
    secret: str | UnsetType = UNSET
    secret_env: str | UnsetType = UNSET
    allow_private: bool | UnsetType = UNSET


class RawRoute(msgspec.Struct, forbid_unknown_fields=True):
    """A table `[[routes]]`."""

    receivers: list[str] = []
    rules: list[RuleName] = []
    environments: list[Environment] = []
    severities: list[Severity] = []


class RawFile(msgspec.Struct, forbid_unknown_fields=True):
    """The whole file."""

    public_url: str = DEFAULTS.public_url
    heartbeat_url: str = ""
    rules: dict[str, Any] = {}
    slos: dict[str, Any] = {}
    receivers: dict[str, Any] = {}
    routes: list[Any] = []


def typed(place: Place, table: Any, kind: type[T]) -> T:
    """A table as a struct. Raises ConfigError, naming the key."""
    try:
        return msgspec.convert(table, kind)
    except msgspec.ValidationError as error:
        raise _translated(place, str(error), kind) from None  # the cause may quote a value


def given(raw: msgspec.Struct) -> dict[str, Any]:
    """The keys that were given, by the names of the file, in the order of the struct."""
    names = zip(raw.__struct_fields__, raw.__struct_encode_fields__, strict=True)
    return {key: value for field, key in names if (value := getattr(raw, field)) is not UNSET}


def named(place: Place, name: str, known: Mapping[str, T], what: str) -> T:
    """What a name stands for. Raises ConfigError."""
    if name not in known:
        raise place.refused(f"there is no {what} of this name; {_offer(name, known)}")
    return known[name]


def _translated(place: Place, text: str, kind: type) -> ConfigError:
    match = _PATH.fullmatch(text)
    assert match, "the pattern matches any text"
    what, key = match["what"], match["path"] or ""
    if unknown := re.fullmatch(r"Object contains unknown field `(.*)`", what, re.DOTALL):
        keys: tuple[str, ...] = kind.__struct_encode_fields__  # type: ignore[attr-defined]
        return place.at(unknown[1]).refused(f"there is no such key; {_offer(unknown[1], keys)}")
    return (place.at(key) if key else place).refused(_sentence(what, kind, key))


def _sentence(what: str, kind: type, key: str) -> str:
    if what.startswith("Invalid enum value"):
        hints = dict(zip(kind.__struct_encode_fields__, get_type_hints(kind).values(), strict=True))  # type: ignore[attr-defined]
        return f"must be one of {', '.join(_choices(hints[key]))}"
    if wrong := re.match(r"Expected `(\w+)`, got", what):
        return f"must be {TYPES[wrong[1]]}"
    if bound := re.match(r"Expected `int` (>=|<=) (\d+)", what):
        return f"must be at {'least' if bound[1] == '>=' else 'most'} {bound[2]}"
    return "is out of range"


def _choices(hint: Any) -> Iterator[str]:
    for part in get_args(hint):
        if get_origin(hint) is Literal:
            yield part
        else:
            yield from _choices(part)


def _offer(name: str, known: Any) -> str:
    close = get_close_matches(name, known, 1)
    return f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
