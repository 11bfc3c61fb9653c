"""The configuration as a file has it: keys and types, before anything is made of them."""

import re
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import Annotated, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UNSET, Meta, UnsetType

from houndmon.config.defaults import DEFAULTS
from houndmon.config.errors import ConfigError, KeyPath
from houndmon.core.filters import Environment
from houndmon.rulebook.book import RuleName
from houndmon.rulebook.spec import Severity

T = TypeVar("T")
RawValue = str | float | bool  # a whole number is a float here, as it is to mypy
PositiveCount = Annotated[int, Meta(ge=1, le=1_000_000_000)]
Delay = Annotated[int, Meta(ge=0, le=1440)]
TYPE_NAMES = {
    "str": "text in quotes",
    "float": "a number without quotes",
    "int": "a whole number without quotes",
    "bool": "true or false",
    "array": "a list in brackets",
    "object": "a table",
}
_PATH = re.compile(r"(?P<what>.*?)(?: - at `\$\.?(?P<path>[^\[]*).*`)?", re.DOTALL)


class RawRule(msgspec.Struct, forbid_unknown_fields=True, rename={"hold": "for"}):
    """A table `[rules.NAME]`, or of one environment `[rules.NAME.staging]`."""

    enabled: bool | UnsetType = UNSET
    threshold: float | UnsetType = UNSET
    ceiling: float | UnsetType = UNSET
    hold: str | UnsetType = UNSET
    recover_after: str | UnsetType = UNSET
    minimum_sample: PositiveCount | UnsetType = UNSET
    minimum_bad: PositiveCount | UnsetType = UNSET
    baseline_factor: float | UnsetType = UNSET
    delay_minutes: Delay | UnsetType = UNSET
    stalled_after: str | UnsetType = UNSET
    stuck_after: str | UnsetType = UNSET
    silent_after: str | UnsetType = UNSET
    idle_is_ok: bool | UnsetType = UNSET
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


class RawSource(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The table `[source]`."""

    absent: tuple[str, ...] = ()


class RawNames(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The table `[environment_names]`."""

    prod: str | UnsetType = UNSET
    staging: str | UnsetType = UNSET


class RawSafari(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The table `[ios_safari]`."""

    platforms: tuple[str, ...] = DEFAULTS.ios_platforms
    browsers: tuple[str, ...] = DEFAULTS.ios_browsers


class RawLinks(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The table `[links]`."""

    logs: str | UnsetType = UNSET
    traces: str | UnsetType = UNSET


class RawReceiver(msgspec.Struct):
    """What every table `[receivers.NAME]` has; the other keys are its channel's to read."""

    kind: str | UnsetType = UNSET


class RawRoute(msgspec.Struct, forbid_unknown_fields=True):
    """A table `[[routes]]`."""

    receivers: list[str] = []
    rules: list[RuleName] = []
    environments: list[Environment] = []
    severities: list[Severity] = []


class RawFile(msgspec.Struct, forbid_unknown_fields=True):
    """The whole file."""

    public_url: Annotated[
        str, Meta(description="Where people find the page: the links in notifications lead there.")
    ] = DEFAULTS.public_url
    heartbeat_url: Annotated[
        str, Meta(description="Called at each tick, so that somebody else can see when houndmon itself stops.")
    ] = ""
    source: Annotated[dict[str, object], Meta(description="What this source does not have: nothing waits for it.")] = {}
    environment_names: Annotated[dict[str, object], Meta(description="What the team calls the two environments.")] = {}
    ios_safari: Annotated[
        dict[str, object],
        Meta(description="Which platforms and browsers are Safari on iOS; case and blanks do not matter."),
    ] = {}
    links: Annotated[
        dict[str, object], Meta(description="Where the logs and traces of an alert are; its page leads there.")
    ] = {}
    rules: Annotated[
        dict[str, object], Meta(description="A rule: when it fires, how bad that is, who answers for it and how soon.")
    ] = {}
    slos: Annotated[dict[str, object], Meta(description="A service level: its objective, window and owner.")] = {}
    receivers: Annotated[
        dict[str, object], Meta(description="Who is told, and through which channel; its kind says what else it needs.")
    ] = {}
    routes: Annotated[list[object], Meta(description="Which alerts go to which receivers.")] = []


def convert_table(key_path: KeyPath, table: object, kind: type[T]) -> T:
    """A table as a struct. Raises ConfigError, naming the key."""
    try:
        return msgspec.convert(table, kind)
    except msgspec.ValidationError as error:
        raise _translated(key_path, str(error), kind) from None  # the cause may quote a value


def given_keys(raw: RawRule | RawLevel | RawNames | RawLinks) -> dict[str, RawValue]:
    """The keys that were given, by the names of the file, in the order of the struct."""
    names = zip(raw.__struct_fields__, raw.__struct_encode_fields__, strict=True)
    return {key: value for field, key in names if (value := getattr(raw, field)) is not UNSET}


def look_up(key_path: KeyPath, name: str, known: Mapping[str, T], what: str) -> T:
    """What a name stands for. Raises ConfigError."""
    if name not in known:
        raise key_path.error(f"there is no {what} of this name; {_offer(name, known)}")
    return known[name]


def _translated(key_path: KeyPath, text: str, kind: type) -> ConfigError:
    match = _PATH.fullmatch(text)
    assert match, "the pattern matches any text"
    what, key = match["what"], match["path"] or ""
    if unknown := re.fullmatch(r"Object contains unknown field `(.*)`", what, re.DOTALL):
        keys: tuple[str, ...] = kind.__struct_encode_fields__  # type: ignore[attr-defined]
        return key_path.at(unknown[1]).error(f"there is no such key; {_offer(unknown[1], keys)}")
    return (key_path.at(key) if key else key_path).error(_sentence(what, kind, key))


def _sentence(what: str, kind: type, key: str) -> str:
    if what.startswith("Invalid enum value"):
        hints = dict(zip(kind.__struct_encode_fields__, get_type_hints(kind).values(), strict=True))  # type: ignore[attr-defined]
        return f"must be one of {', '.join(_choices(hints[key]))}"
    if wrong := re.match(r"Expected `(\w+)`, got", what):
        return f"must be {TYPE_NAMES[wrong[1]]}"
    if bound := re.match(r"Expected `int` (>=|<=) (\d+)", what):
        return f"must be at {'least' if bound[1] == '>=' else 'most'} {bound[2]}"
    return "is out of range"


def _choices(hint: object) -> Iterator[str]:
    for part in get_args(hint):
        if get_origin(hint) is Literal:
            yield part
        else:
            yield from _choices(part)


def _offer(name: str, known: Collection[str]) -> str:
    close = get_close_matches(name, known, 1)
    return f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
