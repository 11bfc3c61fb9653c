"""SQL that lives in files beside the code that runs it.

A file holds named statements, each under a comment that opens with `-- name:`. In a statement `{relation}`
is one of the source's relations, and `{name}` of an earlier statement of the file stands for its text, in
parentheses: one definition, however many statements build on it. `{filters}` stands for the conditions of
the support filter, `{theirs}` for those that rows meet which belong to the environment $1 or to no known one.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

RELATIONS = (
    "upload_attempts",
    "transcode_jobs",
    "worker_heartbeats",
    "play_attempts",
    "api_requests",
    "tracks",
    "releases",
)
_PLACE = re.compile(r"\{(\w+)\}")
THEIRS = (
    "(environment = $1 or environment < 'prod' or environment > 'prod' and environment < 'staging'"
    " or environment > 'staging')"
)
"""Three ranges beside and between the two known names: an index on environment serves each of them."""
_HEAD = re.compile(r"^-- name: (\w+)[ \t]*$", re.MULTILINE)


@dataclass(frozen=True)
class Statement:
    """A named statement and the one source relation it reads (None for houndmon's own tables)."""

    name: str
    text: str
    relation: str | None

    def render(self, place: Callable[[str], str], conditions: str = "") -> str:
        """The statement with `place` of its relation, and the conditions of a support filter, put in."""
        return _PLACE.sub(lambda match: conditions if match[1] == "filters" else place(match[1]), self.text)


def statements(file: Path) -> dict[str, Statement]:
    """Every statement of a file, by name. Raises ValueError where a placeholder is unknown."""
    parts = _HEAD.split(file.read_text(encoding="utf-8"))[1:]
    found: dict[str, Statement] = {}
    for name, body in zip(parts[::2], parts[1::2], strict=True):
        lines = (line for line in body.strip().splitlines() if not line.lstrip().startswith("--"))
        found[name] = _statement(name, "\n".join(lines).rstrip().rstrip(";"), found, file)
    return found


def _statement(name: str, text: str, earlier: dict[str, Statement], file: Path) -> Statement:
    text = _PLACE.sub(lambda match: _inlined(match, earlier), text.replace("{theirs}", THEIRS))
    places = set(_PLACE.findall(text)) - {"filters"}
    if strangers := places - set(RELATIONS):
        raise ValueError(f"{file}: {name} names the unknown {', '.join(sorted(strangers))}")
    if len(places) > 1:
        raise ValueError(f"{file}: {name} reads {len(places)} relations; one that fails could not be named")
    return Statement(name, text, next(iter(places), None))


def _inlined(match: re.Match[str], earlier: dict[str, Statement]) -> str:
    known = earlier.get(match[1])
    return f"({known.text})" if known else match[0]
