"""Guards on what a request may say, where the schema alone does not hold."""

from typing import Any

import msgspec
from litestar import Request

from houndmon.core.problems import BadInput, FieldError

MOST_PER_PAGE = 200
MOST_DIGITS = 18  # what surely fits into a bigint


def refuse_unknown_parameters(request: Request[Any, Any, Any], *names: str) -> None:
    """Refuse a query parameter that is unknown or given twice: a typing error must not go unnoticed."""
    wrong = []
    given = [name for name, _ in request.query_params.multi_items()]
    for name in dict.fromkeys(given):
        if name not in names:
            wrong.append(FieldError(name, f"unknown; there are {', '.join(names) or 'none'}"))
        elif given.count(name) > 1:
            wrong.append(FieldError(name, "given more than once"))
    if wrong:
        raise BadInput(*wrong)


def checked_limit(text: str) -> int:
    """How many entries a listing shall give. Raises BadInput."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:4]) <= MOST_PER_PAGE or len(text) > 3:
        raise BadInput(FieldError("limit", f"must be a whole number from 1 to {MOST_PER_PAGE}"))
    return int(text)


def row_id(text: str) -> int | None:
    """The id of a row of houndmon's own as a client sends it: plain digits of a bigint; None where it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None


def refuse_nul(data: msgspec.Struct) -> None:
    """Refuse NUL, which JSON can hold and PostgreSQL's text cannot. Raises BadInput."""
    fields: dict[str, object] = msgspec.to_builtins(data)
    found = [FieldError(name, "must not hold a NUL character") for name, value in fields.items() if holds_nul(value)]
    if found:
        raise BadInput(*found)


def holds_nul(value: object) -> bool:
    """Whether there is a NUL in a text, or in any text within."""
    if isinstance(value, dict):
        return any(holds_nul(part) for part in value.values())
    if isinstance(value, list):
        return any(holds_nul(part) for part in value)
    return isinstance(value, str) and "\0" in value
