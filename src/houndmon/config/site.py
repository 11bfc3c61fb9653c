"""What differs from one installation to another: absent relations, names of environments, and of Safari on iOS."""

from houndmon.config.errors import KeyPath
from houndmon.config.raw import RawNames, RawSource, given_keys, look_up
from houndmon.core.filters import ENVIRONMENTS
from houndmon.core.sql import RELATIONS

KNOWN = {name: name for name in RELATIONS}
LONGEST_NAME = 40


def absent(key_path: KeyPath, raw: RawSource) -> frozenset[str]:
    """The relations that this source does not have. Raises ConfigError."""
    return frozenset(look_up(key_path.at("absent").at(name[:64]), name, KNOWN, "relation") for name in raw.absent)


def environment_names(key_path: KeyPath, raw: RawNames) -> dict[str, str]:
    """What the team calls the two environments. Raises ConfigError."""
    found = {key: str(value).strip() for key, value in given_keys(raw).items()}
    for key, value in found.items():
        if not value or not value.isprintable() or len(value) > LONGEST_NAME:
            raise key_path.at(key).error(f"must be a name of 1 to {LONGEST_NAME} characters on one line")
    if len({found.get(name, name) for name in ENVIRONMENTS}) < len(ENVIRONMENTS):
        raise key_path.error("calls both environments the same")
    return found


def folded_names(key_path: KeyPath, names: tuple[str, ...]) -> tuple[str, ...]:
    """Names as they are compared: in lower case, without blanks around them. Raises ConfigError."""
    found = tuple(dict.fromkeys(name.strip().lower() for name in names))
    if not found or "" in found:
        raise key_path.error("must hold names, and no blank one")
    return found
