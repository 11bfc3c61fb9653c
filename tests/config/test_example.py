import re
from pathlib import Path

from houndmon.config.defaults import DEFAULTS, OWN_KEYS
from houndmon.config.model import BURN_RULES
from houndmon.config.raw import RawFile, RawLevel, RawReceiver, RawRoute

EXAMPLE = Path(__file__).resolve().parent.parent.parent / "houndmon.example.toml"
TEXT = EXAMPLE.read_text(encoding="utf-8")
UNCOMMENTED = re.sub(r"^#(?=\S)", "", TEXT, flags=re.MULTILINE)
ALWAYS = {"for", "recover_after", "severity", "owner_role", "response_target", "runbook_url"}


def keys_of(section: str) -> set[str]:
    """The keys of a table of the uncommented example."""
    body = UNCOMMENTED.partition(f"[{section}]\n")[2].partition("\n[")[0]
    return set(re.findall(r"^(\w+) =", body, re.MULTILINE))


def test_it_shows_the_defaults(loads) -> None:
    """As it stands the example changes nothing, and neither does every key in it."""
    assert loads(TEXT) == DEFAULTS
    assert loads(UNCOMMENTED) == DEFAULTS
    assert UNCOMMENTED != TEXT


def test_it_shows_every_key_of_every_rule_and_level() -> None:
    """No key is left out; the owner of a burn rule alone has no default to show."""
    for name, own in OWN_KEYS.items():
        assert keys_of(f"rules.{name}") == ALWAYS - ({"owner_role"} if name in BURN_RULES else set()) | set(own)
    for name in DEFAULTS.levels:
        limit = {"limit"} if name == "upload_to_live" else set()
        assert keys_of(f"slos.{name}") == set(RawLevel.__struct_encode_fields__) - {"limit"} | limit
    for key in (*RawFile.__struct_encode_fields__, *RawReceiver.__struct_fields__, *RawRoute.__struct_fields__):
        assert re.search(rf"\b{key}\b", TEXT), key


def test_it_shows_receivers_and_routes_that_work(loads) -> None:
    """The examples within the comments are a configuration too."""
    shown = "\n".join(re.findall(r"^#   (\[.*|\w+ = .*)$", TEXT, re.MULTILINE))
    shown = shown.replace('"apprise"', '"webhook"')  # apprise may not be installed here
    config = loads(shown, ON_CALL_URL="https://chat.example", AUTOMATION_SECRET="shh")
    assert set(config.receivers) == {"on-call", "automation"}
    assert [route.receivers for route in config.routes] == [("on-call",), ("automation",)]
