"""Which column the flawed rows of a panel are wrong in, and what stands there most often: a look at the newest ones.

The counts say how many there are, and keep nothing of what stands in them: anybody may write that.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

import msgspec

from houndmon.core.answer import AnomalyKind
from houndmon.core.clock import Range
from houndmon.core.filters import Filters
from houndmon.core.problems import DatabaseUnreadable
from houndmon.core.source import Snapshot
from houndmon.core.sql import Statement

MOST_ROWS = 10_000
LOOK_SECONDS = 0.5
"""How long a look may take, and a shorter one in its place."""
SHORT: Range = "1h"
COMMONEST = """
select distinct on (kind)
    kind, field, value, count(*) as rows, (sum(count(*)) over (partition by kind))::bigint as all_rows
from (select kind, field, left(value, 41) as value from ({flawed}) as flawed where kind is not null) as cut
group by kind, field, value
order by kind, rows desc, field collate "C", value collate "C"
"""
"""One more character than is shown tells that a value was cut."""


class Commonest(msgspec.Struct, frozen=True):
    """What most rows of an anomaly are wrong in, of those looked at; the value is null too where it is a time."""

    kind: AnomalyKind
    field: str
    value: str | None
    rows: int
    all_rows: int


@dataclass(frozen=True)
class FlawedRows:
    """How a panel's flawed rows are looked at: a statement, and what is known without it.

    The statement gives `kind`, `field` and `value` of each. It takes $1 environment, $2 the last instant that counts as
    now, $3 the first instant, $4 the most rows to read. `fields` are the columns of the kinds that can have but one.
    Where no index gives the newest rows first, an hour is looked at at most (`is_ordered` false).
    """

    statement: Statement
    fields: Mapping[AnomalyKind, str] = field(default_factory=dict)
    is_ordered: bool = True

    def spans(self, asked: Range) -> tuple[Range, ...]:
        """Which stretches are looked at: the first of these that is read in time."""
        return (asked, SHORT) if self.is_ordered and asked != SHORT else (SHORT,)


async def read_commonest(snapshot: Snapshot, flawed: FlawedRows, filters: Filters) -> tuple[Commonest, ...]:
    """The commonest column and value of each kind of anomaly, at most one each. Raises DatabaseUnreadable."""
    text = COMMONEST.replace("{flawed}", flawed.statement.text)
    statement = replace(flawed.statement, text=text)
    theirs = filters if "{filters}" in text else None
    *long, last = flawed.spans(filters.range)
    for span in long:
        with suppress(DatabaseUnreadable):
            async with snapshot.savepoint():
                return await _look(snapshot, statement, filters, theirs, span)
    return await _look(snapshot, statement, filters, theirs, last)


async def _look(
    snapshot: Snapshot, statement: Statement, asked: Filters, theirs: Filters | None, span: Range
) -> tuple[Commonest, ...]:
    clock = snapshot.clock
    args = (asked.environment, clock.soon, clock.since(span), MOST_ROWS)
    return tuple(await snapshot.rows(statement, Commonest, *args, filters=theirs))
