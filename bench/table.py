"""The one table of a run: each line a measurement, what it is held against, and whether it is what it should be."""

from collections.abc import Iterable
from dataclasses import dataclass

HEADS = ("part", "what", "measured", "against", "ratio", "target", "")


@dataclass(frozen=True)
class Line:
    """One measurement. `met` is None where there is no target, or nothing to judge."""

    part: str
    what: str
    measured: str
    against: str = ""
    ratio: str = ""
    target: str = ""
    met: bool | None = None

    @property
    def verdict(self) -> str:
        """The last column."""
        return {True: "met", False: "MISSED", None: ""}[self.met]

    @property
    def cells(self) -> tuple[str, ...]:
        """The columns as they are printed."""
        return (self.part, self.what, self.measured, self.against, self.ratio, self.target, self.verdict)


def plain(lines: Iterable[Line]) -> str:
    """The table for a terminal."""
    rows = [HEADS, *(line.cells for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    drawn = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([drawn[0], "  ".join("-" * width for width in widths).rstrip(), *drawn[1:]])


def markdown(lines: Iterable[Line]) -> str:
    """The table for a document."""
    rows = [(*HEADS[:-1], "verdict"), ("---",) * len(HEADS), *(line.cells for line in lines)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)


def times(number: float | None) -> str:
    """A ratio, with the digits that it is worth."""
    if number is None:
        return "n/a"
    return f"{number:.2f} ×" if number < 10 else f"{number:,.0f} ×"


def milliseconds(number: float) -> str:
    """A duration, with the digits that it is worth."""
    return f"{number:.2f} ms" if number < 10 else f"{number:,.0f} ms"


def percent(part: float | None) -> str:
    """A share."""
    return "n/a" if part is None else f"{part * 100:.0f} %"
