"""What a check finds and counts."""

from typing import Literal

import msgspec

DiagnosticLevel = Literal["error", "warning", "note"]


class Diagnostic(msgspec.Struct, frozen=True):
    """One thing to know of a relation. An error leaves figures unread or makes them lie; a note asks for nothing."""

    level: DiagnosticLevel
    relation: str
    what: str
    remedy: str = ""
    shown: tuple[str, ...] = ()


class CatalogueColumn(msgspec.Struct):
    """A column as the catalogue has it: its base type, the labels where that is an enum, and whether it bars null."""

    base: str
    labels: tuple[str, ...] | None = None
    is_filled: bool = False


class Relation(msgspec.Struct):
    """A relation as the catalogue has it."""

    kind: Literal["r", "p", "v", "m", "f"]
    columns: dict[str, CatalogueColumn]

    @property
    def name_of_kind(self) -> str:
        """What it is, in words."""
        return {
            "r": "table",
            "p": "partitioned table",
            "v": "view",
            "m": "materialized view",
            "f": "foreign table",
        }[self.kind]


class Look(msgspec.Struct, frozen=True):
    """Which rows were looked at: of which stretch before now (None: any rows, in no order), and at most how many."""

    stretch_seconds: float | None
    most_rows: int


class RowGroup(msgspec.Struct):
    """Rows of one environment and one word, and how many of them have each flaw."""

    environment: str | None
    word: str | None
    rows: int
    newest_seconds: float | None
    oldest_seconds: float | None
    flaws: dict[str, int]


class ValueCount(msgspec.Struct, frozen=True):
    """One value of a column: how many rows have it, whether houndmon knows it, and the known word that it may mean."""

    column: str
    value: str | None
    rows: int
    share: float
    is_known: bool
    nearest: str | None


class Census(msgspec.Struct, kw_only=True):
    """What was seen of a relation. `flaws` counts rows by what is wrong with them or null in them."""

    relation: str
    kind: str
    looked_at: str
    rows: int = 0
    values: list[ValueCount] = []
    newest_seconds: float | None = None
    oldest_seconds: float | None = None
    flaws: dict[str, int] = {}
    facts: list[str] = []


class Report(msgspec.Struct):
    """All that a check of a source comes to."""

    source: str
    findings: list[Diagnostic]
    census: list[Census]

    @property
    def errors(self) -> int:
        """How many errors were found."""
        return sum(finding.level == "error" for finding in self.findings)

    @property
    def warnings(self) -> int:
        """How many warnings were found."""
        return sum(finding.level == "warning" for finding in self.findings)
