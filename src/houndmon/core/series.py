"""A series as the floor sees it: one grouped statement of a panel, and how the rows that it gives add up."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Generic, Literal, Protocol, TypeVar

import msgspec

from houndmon.core.clock import SlicedRow, Slices
from houndmon.core.filters import Environment
from houndmon.core.sql import Statement

MergeRule = Literal["sum", "min", "max", "histogram", "message"]
"""How a measure adds up; of messages one stays, whatever the order, and is kept as its most telling line."""
Value = str | int | float | datetime | None
Measure = Value | dict[int, int]
CellKey = tuple[Value, ...]
Measures = list[Measure]
Cells = dict[CellKey, Measures]
Totals = dict[int, Cells]
GRAINS = (60, 600, 3600, 86400)
"""The lengths of blocks in seconds, each a multiple of the one before."""
HISTOGRAM = {"bucket": int, "samples": int}
"""What a statement gives for a histogram: a bucket, and how many samples lie in it."""
Row_co = TypeVar("Row_co", bound=SlicedRow, covariant=True)


class CountSeries(msgspec.Struct, Generic[Row_co], frozen=True, kw_only=True):
    """What is counted, and how. A name that is no field of the row raises ValueError.

    The statement takes $1 environment, $2 the last instant that counts as now, $3 the edges of the slices, $4 the
    first instant, $5 the first one beyond (or null) and `extra` from $6 on. It gives the slice, the `keys` that tell
    groups apart, then the `measures`; for a histogram it gives `bucket` and `samples`, so that `record` says what its
    own rows are. The fields of both stand in this order. `unsettled_minutes` takes $1 environment, $2 the first
    instant and $3 the first one beyond, and gives `at`.
    """

    name: str
    statement: Statement
    row: type[Row_co]
    record: type[SlicedRow] | None = None
    keys: tuple[str, ...]
    measures: dict[str, MergeRule]
    extra: tuple[str | float, ...] = ()
    grains: tuple[int, ...] = GRAINS
    open_key: str | None = None  # the key that strangers choose freely, if any
    shaped: tuple[str, ...] = ()  # the keys that are codes of faults: those of one shape are one
    worst: tuple[str, tuple[Value, ...]] | None = None  # a key, and its values by which names rank before all others
    within_key: str | None = None  # a key that holds a minute: in a coarse block None where it lies within
    unsettled: tuple[str, Value] | None = None  # a key and its value: such groups change, and are counted again
    unsettled_minutes: Statement | None = None  # finds the minutes that hold such groups now, where rows move in time
    tail: timedelta = timedelta(0)  # for so long rows are read from the source in any case, for they change

    def __post_init__(self) -> None:
        self._check_fields(self.row, (*self.keys, *self.measures))
        self._check_fields(self.read_as, (*self.keys, *self.columns))
        paired = (pair[0] for pair in (self.worst, self.unsettled) if pair)
        named = (self.open_key, self.within_key, *self.shaped, *paired)
        for key in named:
            if key is not None and key not in self.keys:
                raise ValueError(f"series {self.name}: {key} is none of its keys")
        if self.open_key is not None and self.merges[0] != "sum":
            raise ValueError(f"series {self.name}: names rank by the first measure, which must be a sum")

    def _check_fields(self, row: type[SlicedRow], names: Iterable[str]) -> None:
        fields = {field.name: field.type for field in msgspec.structs.fields(row)}
        if list(fields) != ["slice", *names]:
            wanted = ", ".join(["slice", *names])
            raise ValueError(f"series {self.name}: {row.__name__} has the fields {', '.join(fields)}, not {wanted}")
        wants = HISTOGRAM | {name: ADDED[how] for name, how in self.measures.items() if how in ADDED}
        for name, kind in fields.items():
            if name in wants and kind != wants[name]:
                raise ValueError(f"series {self.name}: {row.__name__}.{name} is {kind}, not {wants[name]}")

    @property
    def merges(self) -> tuple[MergeRule, ...]:
        """How each measure adds up, in order."""
        return tuple(self.measures.values())

    @property
    def columns(self) -> list[str]:
        """The columns that the statement gives for the measures."""
        return [
            name for measure, how in self.measures.items() for name in (HISTOGRAM if how == "histogram" else (measure,))
        ]

    @property
    def read_as(self) -> type[SlicedRow]:
        """What the statement's own rows are."""
        return self.record or self.row

    def place(self, key: str) -> int:
        """Where a key stands among the keys."""
        return self.keys.index(key)

    def rows(self, number: int, cells: Cells) -> list[Row_co]:
        """The cells of one slice as rows."""
        make: Callable[..., Row_co] = self.row  # its fields stand in this order: that was checked
        return [make(number, *key, *measures) for key, measures in cells.items()]


ADDED = {"sum": int, "histogram": dict[int, int]}
"""The types of what is added up; the least and the greatest may be of any type that has an order."""


class Interval(msgspec.Struct, frozen=True):
    """The stretch that counts cover: from `start` on, up to but without `end`; both whole minutes."""

    start: datetime
    end: datetime


class CountsReader(Protocol):
    """The counts of a source, as those see them that read it."""

    async def add_to(
        self,
        totals: Totals,
        series: CountSeries[SlicedRow],
        environment: Environment,
        slices: Slices,
        now: datetime,
        definition: str,
    ) -> Interval | None:
        """Add what is counted to the totals; the stretch that is served by it. None where that is nothing.

        What was counted under another definition of the relation is not.
        """

    def invalidate(self) -> None:
        """Look anew at what is covered."""
