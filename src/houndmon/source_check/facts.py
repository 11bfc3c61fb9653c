"""What is worth saying of a relation's rows without being wrong with them. Pure."""

from houndmon.rulebook.units import percent
from houndmon.source_check.judge import is_flaw
from houndmon.source_check.model import Census, RowGroup

AMONG = {"null_error_code": "failed", "null_rejection_reason": "rejected"}
"""Nulls that are looked for among the rows of one word alone."""
UNTOLD = ("null_queued_at", "null_finished_at")
"""What depends on the status: judged, not told."""


def facts_of(census: Census, groups: list[RowGroup]) -> list[str]:
    """Which columns are null, always or at times."""
    shares = {
        flaw.removeprefix("null_"): number / whole
        for flaw, number in census.flaws.items()
        if flaw.startswith("null_") and flaw not in UNTOLD and not is_flaw(census.relation, flaw)
        if number and (whole := rows_concerned(flaw, census, groups))
    }
    always = [column for column, share in shares.items() if share == 1]
    at_times = [f"{column} {percent(share)}" for column, share in shares.items() if share < 1]
    facts = []
    if always:
        facts.append(f"{'always null':<13}  {', '.join(always)}")
    if at_times:
        facts.append(f"{'null at times':<13}  {', '.join(at_times)}")
    return facts


def rows_concerned(flaw: str, census: Census, groups: list[RowGroup]) -> int:
    """Of how many rows such nulls are counted."""
    word = AMONG.get(flaw)
    return sum(group.rows for group in groups if group.word == word) if word else census.rows
