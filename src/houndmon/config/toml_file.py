"""Reads a TOML file, and says in plain words what is wrong with it."""

import re
import tomllib
from pathlib import Path

from houndmon.config.errors import ConfigError, KeyPath

_TWICE = ("Cannot declare", "Cannot overwrite", "Duplicate inline", "Cannot mutate", "Cannot redefine")
_NAME = re.compile(r"\s*(?:\[+\s*(?P<table>[\w.\"'-]+)\s*\]+|(?P<key>[\w.-]+)\s*=)")


def read_tables(path: Path) -> dict[str, object]:
    """The tables of a file. Raises ConfigError."""
    key_path = KeyPath(str(path))
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise key_path.error(f"cannot be read: {error.strerror or type(error).__name__}") from error
    except UnicodeDecodeError as error:
        raise key_path.error("is not UTF-8 text: save it as UTF-8") from error
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise key_path.error("is nested too deeply") from error
    except ValueError as error:
        raise _explained(key_path, str(error), text) from None  # the cause may hold the whole file


def _explained(key_path: KeyPath, problem: str, text: str) -> ConfigError:
    found = re.search(r"\(at line (\d+)", problem)
    lines = text.rstrip().split("\n")
    number = min(int(found[1]), len(lines)) if found else len(lines)
    where = key_path.at(f"line {number}")
    if problem.startswith(_TWICE):
        name = _NAME.match(lines[number - 1])
        called = f"the name {name['table'] or name['key']}" if name else "a name"
        return where.error(f"{called} is used twice: keep one of the two")
    return where.error(f"is not TOML: {problem.partition(' (at ')[0]}")
