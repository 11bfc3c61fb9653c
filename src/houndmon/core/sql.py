"""SQL that lives in files beside the code that runs it.

A file holds named statements, each under a comment that opens with `-- name:`. In a statement `{relation}`
is one of the source's relations, and `{name}` of an earlier statement of the file stands for its text, in
parentheses: one definition, however many statements build on it. A relation takes no alias: what stands for it may
have one already. `{filters}` stands for the conditions of the support filter. The other words are the same expression
wherever they stand:

- `{theirs}`: the conditions of rows that belong to the environment $1 or to no known one.
- `{nobodys}`: the conditions of those that belong to no known one.
- `{ripe_at:TIME, …}`: the latest of some times where it lies after $2, the last instant that counts as now; else null.
- `{bucket:SAMPLE}`: the bucket of a finite sample of type float8, as core/buckets.py has it.
- `{message:COLUMN, BLANKS}`: a message that may stand for many, as core/faults.py has it; null for a blank one.

What is none of these is refused when the file is read.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from houndmon.core.buckets import bucket_sql
from houndmon.core.faults import message_sql

RELATIONS = (
    "upload_attempts",
    "transcode_jobs",
    "worker_heartbeats",
    "play_attempts",
    "api_requests",
    "tracks",
    "releases",
)
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")  # `{}` is an empty value of SQL's own
_UNKNOWN = (
    "environment < 'prod' or environment > 'prod' and environment < 'staging'"
    " or environment > 'staging' or environment is null"
)
"""Null, and three ranges beside and between the two known names: an index on environment serves each of them."""
ENVIRONMENTS_MEANT = {"theirs": f"(environment = $1 or {_UNKNOWN})", "nobodys": f"({_UNKNOWN})"}


def ripe_at_sql(times: str) -> str:
    """When the latest of some times comes, where that is in the future; the year 9999 for what never comes."""
    latest = f"greatest({times})"
    return f"case when {latest} > $2::timestamptz then least({latest}, timestamptz '9999-01-01Z') end"


WORDS: dict[str, Callable[[str], str]] = {"bucket": bucket_sql, "message": message_sql, "ripe_at": ripe_at_sql}
"""What a word makes of the text after its colon."""
_ALIAS = re.compile(r"\{(" + "|".join(RELATIONS) + r")\}\s+as\b", re.IGNORECASE)
_HEAD = re.compile(r"^-- name: (\w+)[ \t]*$", re.MULTILINE)


@dataclass(frozen=True)
class Statement:
    """A named statement and the one source relation it reads (None for houndmon's own tables)."""

    name: str
    text: str
    relation: str | None

    def render(self, qualified_name: Callable[[str], str], conditions: str = "") -> str:
        """The statement with `qualified_name` of its relation, and the conditions of a support filter, put in."""
        return _PLACEHOLDER.sub(
            lambda match: conditions if match[1] == "filters" else qualified_name(match[1]), self.text
        )


def load_statements(file: Path) -> dict[str, Statement]:
    """Every statement of a file, by name. Raises ValueError where a placeholder is unknown."""
    parts = _HEAD.split(file.read_text(encoding="utf-8"))[1:]
    found: dict[str, Statement] = {}
    for name, body in zip(parts[::2], parts[1::2], strict=True):
        lines = (line for line in body.strip().splitlines() if not line.lstrip().startswith("--"))
        found[name] = _statement(name, "\n".join(lines).rstrip().rstrip(";"), found, file)
    return found


def _statement(name: str, text: str, earlier: dict[str, Statement], file: Path) -> Statement:
    text = _PLACEHOLDER.sub(lambda match: _put_in(match, earlier), text)
    places = set(_PLACEHOLDER.findall(text)) - {"filters"}
    if strangers := places - set(RELATIONS):
        raise ValueError(f"{file}: {name} names the unknown {', '.join(sorted(strangers))}")
    if alias := _ALIAS.search(text):
        raise ValueError(f"{file}: {name} gives {alias[1]} an alias")
    if len(places) > 1:
        raise ValueError(f"{file}: {name} reads {len(places)} relations; one that fails could not be named")
    return Statement(name, text, next(iter(places), None))


def _put_in(match: re.Match[str], earlier: dict[str, Statement]) -> str:
    word, _, said = match[1].partition(":")
    if word in WORDS and said.strip():
        return WORDS[word](said.strip())
    if match[1] in ENVIRONMENTS_MEANT:
        return ENVIRONMENTS_MEANT[match[1]]
    known = earlier.get(match[1])
    return f"({known.text})" if known else match[0]
