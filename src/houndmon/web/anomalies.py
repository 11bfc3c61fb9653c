"""What is wrong with rows, in words: in which column, and what stands there most often."""

from collections.abc import Iterable

import msgspec

from houndmon.core.answer import Anomaly, AnomalyKind
from houndmon.core.flawed_rows import Commonest, FlawedRows
from houndmon.web.display import plural

VALUE_CHARACTERS = 40
ANOMALIES: dict[AnomalyKind, str] = {
    "unknown_environment": "in an environment other than prod and staging: in no figure",
    "future_time": "dated in the future: in no figure",
    "unknown_value": "with a status or outcome that houndmon does not know: in no figure",
    "missing_time": "without a time that they need: in no figure that is counted from it",
    "negative_duration": "that end before they begin: in the counts, not in the percentiles",
    "late_beats": "over 120 s old on arrival: a clock runs behind, or beats travel slowly",
}
"""Where nothing more is known."""
PLACES = {
    "future_time": ("with {} in the future", "with a time in the future"),
    "missing_time": ("without {}", "without a time that they need"),
    "negative_duration": ("with {}", ""),
}
"""Where one column is wrong, and where several are."""
NO_FIGURE = "in no figure"
EFFECTS = {
    "queued_at": {"missing_time": "counted, but in no age"},
    "finished_at": {"missing_time": "in no figure of the range"},
    "live_at": {"missing_time": "in no figure of the range"},
    "process_started_at": {"future_time": "the beats count, such a start does not"},
}
"""What comes of it, where that is not the same for all columns."""


class AnomalySentence(msgspec.Struct, frozen=True):
    """A sentence without its full stop, around a value that a stranger wrote, if any."""

    before: str
    value: str = ""
    after: str = ""


def anomaly(found: Anomaly, flawed: FlawedRows | None = None, commonest: Iterable[Commonest] = ()) -> AnomalySentence:
    """What is wrong with some rows, with the column and the commonest value as far as they are known."""
    field = flawed.fields.get(found.kind) if flawed else None
    if field is not None:
        return placed(found, Commonest(found.kind, field, None, found.count, found.count))
    for one in commonest:
        if one.kind == found.kind:
            return placed(found, one) if found.kind in PLACES else word_sentence(found, one)
    return AnomalySentence(f"{plural(found.count, 'row', 'rows')} {ANOMALIES[found.kind]}")


def word_sentence(found: Anomaly, one: Commonest) -> AnomalySentence:
    """What stands in a column that holds one of a few words."""
    rows = plural(found.count, "row", "rows")
    if found.kind == "unknown_environment":
        what = f"{rows} of no known environment"
    else:
        have = "has" if found.count == 1 else "have"
        what = f"{rows} {have} an {'impossible' if one.field == 'requests' else 'unknown'} {one.field}"
    how_many = share(found, one)
    often = "most often " if how_many else "all " if found.count > 1 else ""
    return AnomalySentence(f"{what}, {often}", quoted_text(one.value), f"{how_many}: {NO_FIGURE}")


def placed(found: Anomaly, one: Commonest) -> AnomalySentence:
    """Which time is wrong."""
    rows, (alone, mixed) = plural(found.count, "row", "rows"), PLACES[found.kind]
    if one.rows < one.all_rows:
        return AnomalySentence(f"{rows} {mixed}, most often {one.field}{share(found, one)}: not in all figures")
    usual = ANOMALIES[found.kind].partition(": ")[2]
    return AnomalySentence(f"{rows} {alone.format(one.field)}: {EFFECTS.get(one.field, {}).get(found.kind, usual)}")


def share(found: Anomaly, one: Commonest) -> str:
    """How many of the rows it is: of those looked at, where these are not all; empty where it is all of them."""
    if one.all_rows != found.count:
        return f" ({one.rows:,} of {one.all_rows:,} looked at)"
    return f" ({one.rows:,})" if one.rows < one.all_rows else ""


def quoted_text(value: str | None) -> str:
    """A value in quotes, with what cannot be seen escaped, cut to 40 characters; `null` and `blank` in words."""
    if value is None or not value.strip():
        return "null" if value is None else "blank"
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in value)
    return f"'{text if len(text) <= VALUE_CHARACTERS else text[: VALUE_CHARACTERS - 1] + '…'}'"


FILTERS = {"anomaly": anomaly}
