import re
from pathlib import Path

from msgspec.structs import replace

from houndmon.config.defaults import DEFAULTS
from houndmon.config.raw import RawFile, RawLevel, RawRoute
from houndmon.notify.channels import CHANNELS
from houndmon.rulebook.book import BOOK
from houndmon.rulebook.levels import LEVEL_BOOK, LEVEL_KEYS

EXAMPLE = Path(__file__).resolve().parent.parent.parent / "houndmon.example.toml"
TEXT = EXAMPLE.read_text(encoding="utf-8")
UNCOMMENTED = re.sub(r"^#(?=\S)", "", TEXT, flags=re.MULTILINE)
ALWAYS = {"enabled", "for", "recover_after", "severity", "owner_role", "response_target", "runbook_url"}


def keys_of(section: str) -> set[str]:
    """The keys of a table of the uncommented example."""
    body = UNCOMMENTED.partition(f"[{section}]\n")[2].partition("\n[")[0]
    return set(re.findall(r"^(\w+) =", body, re.MULTILINE))


def test_it_shows_the_defaults(loads) -> None:
    """As it stands the example changes nothing, and neither does every key in it."""
    assert loads(TEXT) == DEFAULTS
    assert replace(loads(UNCOMMENTED), environment_names={}) == DEFAULTS
    assert [loads(UNCOMMENTED).called(name) for name in ("prod", "staging")] == ["prod", "staging"]
    assert UNCOMMENTED != TEXT


def test_it_shows_every_key_of_every_rule_and_level() -> None:
    """No key is left out; the owner of a burn rule alone has no default to show."""
    for name, spec in BOOK.items():
        unsaid = {"owner_role"} if spec.default.owner_role is None else set()
        assert keys_of(f"rules.{name}") == ALWAYS - unsaid | set(spec.own_keys)
    for level_name, level in LEVEL_BOOK.items():
        own = set(RawLevel.__struct_encode_fields__) - set(LEVEL_KEYS) | set(level.own_keys)
        assert keys_of(f"slos.{level_name}") == own
    for key in (*RawFile.__struct_encode_fields__, *RawRoute.__struct_fields__):
        assert re.search(rf"\b{key}\b", TEXT), key


def test_it_shows_receivers_and_routes_that_work(loads) -> None:
    """The examples within the comments are a configuration too."""
    shown = "\n".join(re.findall(r"^#   (\[.*|\w+ = .*)$", TEXT, re.MULTILINE))
    shown = shown.replace('"apprise"', '"webhook"')  # apprise may not be installed here
    config = loads(shown, **dict.fromkeys(re.findall(r'_env = "(\w+)"', shown), "https://chat.example"))
    assert config.rules_in("staging")["queue_age"].threshold == 60
    assert config.rules_in("prod")["queue_age"] == DEFAULTS.rules["queue_age"]
    assert {"on-call", "automation"} <= set(config.receivers)
    assert {receiver.kind for receiver in config.receivers.values()} == set(CHANNELS) - {"apprise"}
    assert [route.receivers for route in config.routes] == [("on-call",), ("automation",)]
