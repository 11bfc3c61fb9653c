"""What a viewer asks of every panel: a range, an environment, and perhaps one artist or release."""

from typing import Annotated, Literal, get_args
from urllib.parse import urlencode

import msgspec
from msgspec import Meta

from houndmon.core.clock import Range
from houndmon.core.problems import BadInput, FieldError

Environment = Literal["prod", "staging"]
ENVIRONMENTS: tuple[Environment, ...] = get_args(Environment)
RANGES: tuple[Range, ...] = get_args(Range)
ID_CHARACTERS = 200


class Filters(msgspec.Struct, frozen=True):
    """A question, apart from its time."""

    range: Range = "24h"
    environment: Environment = "prod"
    artist_id: str | None = None
    release_id: str | None = None

    @property
    def ids(self) -> dict[str, str]:
        """The ids that are given, by column."""
        given = {"artist_id": self.artist_id, "release_id": self.release_id}
        return {column: text for column, text in given.items() if text is not None}

    @property
    def has_ids(self) -> bool:
        return bool(self.ids)

    def query(self, **changes: str | None) -> str:
        """The query string of these filters with some changed; what is default is left out."""
        merged = {name: getattr(self, name) for name in self.__struct_fields__} | changes
        default = Filters()
        said = {n: v for n, v in merged.items() if v is not None and v != getattr(default, n, None)}
        return urlencode(said)


class AppliedFilters(msgspec.Struct):
    """The filters of an answer."""

    environment: Annotated[Environment, Meta(description="The environment asked for.", examples=["prod"])]
    artist_id: Annotated[str | None, Meta(description="The artist asked for.", examples=["artist-7"])]
    release_id: Annotated[str | None, Meta(description="The release asked for.", examples=["release-42"])]


def checked_id(field: str, text: str | None) -> str | None:
    """An id as a client may send it; an empty one is none. Raises BadInput."""
    return checked_parameter(field, text, ID_CHARACTERS)


def checked_parameter(field: str, text: str | None, most: int) -> str | None:
    """A text of at most so many characters as a client may send it; an empty one is none. Raises BadInput."""
    if not text:
        return None
    if "\0" in text:
        raise BadInput(FieldError(field, "must not hold a NUL character"))
    if len(text) > most:
        raise BadInput(FieldError(field, f"must be at most {most} characters"))
    return text


def checked_range(text: str) -> Range:
    """A range as a client may send it. Raises BadInput."""
    for known in RANGES:
        if text == known:
            return known
    raise BadInput(FieldError("range", f"must be one of {', '.join(RANGES)}"))


def checked_environment(text: str) -> Environment:
    """An environment as a client may send it. Raises BadInput."""
    for known in ENVIRONMENTS:
        if text == known:
            return known
    raise BadInput(FieldError("environment", f"must be one of {', '.join(ENVIRONMENTS)}"))
