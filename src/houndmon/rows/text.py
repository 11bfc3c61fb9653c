"""Rows as CSV that a spreadsheet opens and does not run."""

import csv
import io
from datetime import datetime

import msgspec

from houndmon.core.text import clean_message
from houndmon.rows.model import KINDS, AnyRowList

FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a cell begins with that a spreadsheet takes for a formula; some fold the wide ones. None begins with a tab."""


def csv_text(found: AnyRowList) -> str:
    """The rows with a head of their columns' names (RFC 4180)."""
    columns = row_columns(found.kind)
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([cell(getattr(row, name)) for name in columns] for row in found.items)
    return out.getvalue()


def row_columns(kind: str) -> tuple[str, ...]:
    """The columns of a kind of rows."""
    return tuple(field.name for field in msgspec.structs.fields(KINDS[kind].row))


def filled_columns(found: AnyRowList) -> list[str]:
    """The columns in which any row holds something: what is left of them on a page."""
    return [
        name for name in row_columns(found.kind) if any(getattr(row, name) not in (None, "") for row in found.items)
    ]


def cell(value: str | float | datetime | None) -> str:
    """A value as a cell: an instant in RFC 3339, null as nothing, and before a text like a formula an apostrophe.

    Control characters are replaced: a cell is one line, and a terminal may show it.
    """
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, str):
        text = clean_message(value) or ""
        return f"'{text}" if text.startswith(FORMULA_STARTS) else text
    return "" if value is None else str(value)


def file_name(found: AnyRowList) -> str:
    """What the file is called; it says where there are more rows than it holds."""
    cut = f"-{found.order.replace('_', '-')}-{len(found.items)}" if found.truncated else ""
    return f"houndmon-{found.kind.replace('_', '-')}-{found.filters.environment}{cut}.csv"
