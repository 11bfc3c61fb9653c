"""What every form of the page has in common: its fields, and the way back to where it stood."""

from collections.abc import Callable
from typing import Annotated, TypeVar
from urllib.parse import parse_qsl

from litestar.enums import RequestEncodingType
from litestar.params import BodyKwarg

from houndmon.core.filters import Filters, checked_environment, checked_id, checked_range
from houndmon.core.problems import BadInput, FieldError

T = TypeVar("T")
Form = Annotated[dict[str, str], BodyKwarg(media_type=RequestEncodingType.URL_ENCODED)]


def form_fields(data: dict[str, str]) -> dict[str, str]:
    """The fields of a form. Raises BadInput for NUL, which no text of PostgreSQL can hold."""
    wrong = [FieldError(name, "must not hold a NUL character") for name, text in data.items() if "\0" in name + text]
    if wrong:
        raise BadInput(*wrong)
    return data


def return_address(data: dict[str, str], path: str, place: str = "") -> str:
    """The address of a page of ours, with the filters that the form was drawn with: nothing else of what it sends."""
    query = filters_of_query(data.get("back", "")).query()
    return path + (f"?{query}" if query else "") + place


def filters_of_query(query: str) -> Filters:
    """The filters in the query of a page; what no page could have had is left out."""
    given = dict(parse_qsl(query))
    return Filters(
        read_or_default(lambda: checked_range(given.get("range", "")), "24h"),
        read_or_default(lambda: checked_environment(given.get("environment", "")), "prod"),
        read_or_default(lambda: checked_id("artist_id", given.get("artist_id")), None),
        read_or_default(lambda: checked_id("release_id", given.get("release_id")), None),
    )


def read_or_default(read: Callable[[], T], otherwise: T) -> T:
    """What can be read, or else something else."""
    try:
        return read()
    except BadInput:
        return otherwise
