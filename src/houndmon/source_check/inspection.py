"""Looks at a source: first the catalogue, then plans, then what its rows say."""

from collections.abc import AsyncIterator, Callable, Container, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TypeVar

import asyncpg
import msgspec

from houndmon.config.defaults import DEFAULTS
from houndmon.config.model import Config
from houndmon.core.source import failure_reason
from houndmon.core.sql import RELATIONS
from houndmon.source_check import plausibility
from houndmon.source_check.catalogue import guarded, misfits, read_catalogue, refused, unindexed
from houndmon.source_check.census import (
    LONG_LOOKS,
    LOOKS,
    SAMPLE_ROWS,
    TIME_OF,
    WEEK,
    CensusReader,
    grouped,
    summed,
    undated,
    unlooked,
    words_of,
)
from houndmon.source_check.facts import facts_of
from houndmon.source_check.judge import flawed, judge_values
from houndmon.source_check.model import Census, Diagnostic, Look, Relation, Report
from houndmon.source_check.plans import costly
from houndmon.web.display import plural

T = TypeVar("T")
CATALOGUE_SECONDS = 5
ORDER = ("error", "warning", "note")
Tell = Callable[[str], None]


async def inspected(
    conn: asyncpg.Connection, schema: str, seconds: float, tell: Tell, config: Config = DEFAULTS
) -> Report:
    """All there is to say of a source; each statement ends after so many seconds. Nothing is written.

    `tell` hears what is looked at next. Of what the configuration says is not there, nothing is told but that it is.
    Raises asyncpg's errors where the source itself is away.
    """
    tell("catalogue")
    async with limited(conn):
        there = await read_catalogue(conn, schema)
        relations = {name: found for name, found in there.items() if name not in config.absent}
        findings = list(misfits(relations))
        findings += [one for name in relations if (one := await refused(conn, schema, name, relations[name]))]
        unread = {finding.relation for finding in findings if finding.level == "error"}
        findings += await guarded(conn, schema)
        findings += [one for one in await unindexed(conn, schema, relations) if one.relation not in unread]
    inspection = Inspection(CensusReader(conn, schema, seconds), relations, unread, config)
    for name in (one for one in RELATIONS if one not in config.absent):
        tell(name)
        if name in relations:
            findings += await inspection.look(name)
        if name in relations and name not in unread:
            findings += await judge_reads(conn, schema, name, relations[name], grows=name not in inspection.registries)
    wanted = [one for one in findings if one.relation not in config.absent] + list(denied(there, config))
    ranked = sorted(wanted, key=lambda one: (RELATIONS.index(one.relation), ORDER.index(one.level)))
    return Report(schema, ranked, inspection.census)


def denied(there: Container[str], config: Config) -> Iterator[Diagnostic]:
    """Relations that are there, though the configuration says that they are not."""
    for name in config.absent:
        if name in there:
            what = "it is there, and houndmon.toml says that the source has none: nothing is read of it"
            yield Diagnostic("note", name, what, "take it out of [source] absent, if it shall be read")


@asynccontextmanager
async def limited(conn: asyncpg.Connection) -> AsyncIterator[None]:
    """A transaction in which nothing waits for long."""
    async with conn.transaction(readonly=True):
        await conn.execute(f"set local statement_timeout = '{CATALOGUE_SECONDS}s'; set local lock_timeout = '2s'")
        yield


async def judge_reads(
    conn: asyncpg.Connection, schema: str, name: str, found: Relation, *, grows: bool
) -> list[Diagnostic]:
    """What the reads of a relation cost, where it has no indexes of its own."""
    try:
        async with limited(conn):
            now = await conn.fetchval("select clock_timestamp()")
            return await costly(conn, schema, name, found, now, grows=grows)
    except asyncpg.PostgresError as error:
        return [
            Diagnostic(
                "error", name, f"its reads cannot be planned: {failure_reason(error)}", "run explain on it as this role"
            )
        ]


class Inspection:
    """Looks at the rows of one relation after the other."""

    def __init__(self, asked: CensusReader, relations: dict[str, Relation], unread: set[str], config: Config) -> None:
        self.asked, self.relations, self.unread, self.config = asked, relations, unread, config
        self.census: list[Census] = []
        self.registries: set[str] = set()

    async def look(self, name: str) -> list[Diagnostic]:
        """Count a relation's rows, and judge them. What cannot be asked says so in the census."""
        try:
            return await (self._releases() if name == "releases" else self._events(name))
        except asyncpg.PostgresConnectionError:
            raise
        except asyncpg.PostgresError as error:
            kind = self.relations[name].name_of_kind
            self.census.append(unlooked(name, kind, f"not looked at: {failure_reason(error)}"))
            if name in self.unread:
                return []  # the cause is told already
            return [
                Diagnostic(
                    "error", name, f"its rows cannot be counted: {failure_reason(error)}", "mend the view or its rights"
                )
            ]

    async def _events(self, name: str) -> list[Diagnostic]:
        found = self.relations[name]
        answer = await self.asked.looked(f"seen_{name}", LOOKS)
        if answer is None:
            return self._given_up(name)
        records, look = answer
        groups = grouped(records)
        rows = sum(group.rows for group in groups)
        census = summed(name, found.name_of_kind, groups, words_of(look, rows, self.asked.seconds, name))
        census.facts = facts_of(census, groups)
        self.census.append(census)
        findings = list(judge_values(census, groups))
        if name in TIME_OF and (none := await undated(self.asked, name, found, TIME_OF[name])):
            findings.append(none)
        return findings + await self._habits(name, census, look)

    def _given_up(self, name: str) -> list[Diagnostic]:
        why = f"not even {SAMPLE_ROWS:,} rows were read in {self.asked.seconds:g} s"
        self.census.append(unlooked(name, self.relations[name].name_of_kind, f"not looked at: {why}"))
        remedy = "see the plan of the view, or give the check more time with --seconds"
        return [Diagnostic("error", name, f"it is too slow to be read: {why}", remedy)]

    async def _habits(self, name: str, census: Census, look: Look) -> list[Diagnostic]:
        looks = LOOKS[LOOKS.index(look) :]
        match name:
            case "transcode_jobs":
                told = bool([value for value in census.values if value.nearest == "completed"])
                found = [await self._repeats(name, "job_id", looks), await self._silent(looks)]
                return [one for one in (*found, None if told else await self._history()) if one]
            case "tracks":
                repeats = await self._repeats(name, "track_id", looks)
                return [repeats] if repeats else []
            case "worker_heartbeats":
                beats = await self._rows("beats_a_worker", looks, plausibility.Beats)
                if beats and beats[0].most_rows == 1:
                    self.registries.add(name)
                jobs = sum(one.rows for one in self.census if one.relation == "transcode_jobs")
                return plausibility.beating(beats[0], jobs) if beats else []
            case "play_attempts":
                clients = await self._rows("clients", looks, plausibility.ClientPlays)
                named = plausibility.browsers(clients, self.config.ios_platforms, self.config.ios_browsers)
                return [named] if named else []
        return []

    async def _rows(self, statement: str, looks: tuple[Look, ...], row: type[T]) -> list[T]:
        """The rows of a statement; none where it took too long."""
        answer = await self.asked.looked(statement, looks)
        return msgspec.convert(answer[0], list[row], strict=False) if answer else []  # type: ignore[valid-type]

    async def _repeats(self, name: str, column: str, looks: tuple[Look, ...]) -> Diagnostic | None:
        found = await self._rows(f"repeated_{name}", looks, plausibility.Repeat)
        return plausibility.repeating(name, column, found)

    async def _history(self) -> Diagnostic | None:
        answer = await self.asked.looked("history", LONG_LOOKS)
        if answer is None or answer[0][0]["all_rows"] >= answer[1].most_rows:
            return None  # a history longer than can be looked at is one
        found = msgspec.convert(dict(answer[0][0]), plausibility.History)
        return plausibility.deleting(found, not found.completed and await self._ever_completed())

    async def _ever_completed(self) -> bool:
        try:
            return bool(await self.asked.rows("ever_completed"))
        except (asyncpg.QueryCanceledError, TimeoutError):
            return True  # nobody knows: a table that long keeps something

    async def _silent(self, looks: tuple[Look, ...]) -> Diagnostic | None:
        workers = await self._rows("job_workers", looks, plausibility.JobWorker)
        if not workers or "worker_heartbeats" not in self.relations or "worker_heartbeats" in self.unread:
            return None
        since = await self.asked.now() - timedelta(seconds=WEEK)
        try:
            beating = await self.asked.rows("beating_workers", since, [worker.worker_id for worker in workers])
            any_beats = bool(await self.asked.rows("any_beats", since))
        except (asyncpg.QueryCanceledError, TimeoutError):
            return None
        return plausibility.silent(workers, {row["worker_id"] for row in beating}, any_beats)

    async def _releases(self) -> list[Diagnostic]:
        row = (await self.asked.rows("seen_releases", SAMPLE_ROWS))[0]
        flaws = {key: value for key, value in row.items() if key != "rows"}
        number = plural(row["rows"], "row", "rows")
        looked_at = f"{number} in no order, and there are more" if row["rows"] >= SAMPLE_ROWS else number
        census = Census(
            relation="releases",
            kind=self.relations["releases"].name_of_kind,
            looked_at=looked_at,
            rows=row["rows"],
            flaws=flaws,
        )
        census.facts = facts_of(census, [])
        self.census.append(census)
        return list(flawed("releases", census.rows, flaws))
