"""Kills a sender at named points, all held from outside: the product knows nothing of them.

A trigger on the outbox holds the process in its claim or its mark, by an advisory lock that the harness has; the
receiver holds it on the way. Time passes as data: what failed is due at once, a lease ends with its holder.
"""

import asyncio
import os
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from deadlines import HANG_SECONDS
from houndmon.notify.outbox import record_messages
from notify.conftest import eventually, message, webhook
from notify.listener import Got, answer, read_request

TESTS = Path(__file__).resolve().parent.parent
POINTS = (
    "in the claim, undone",  # the statement is rolled back: nothing was claimed
    "after the claim",  # it is committed, and nobody lives who knows of it
    "connected",  # nothing was sent yet
    "received, not answered",
    "answered, not marked",
    "in the mark, undone",
    "after the mark",
)
HELD = {POINTS[0]: "claim", POINTS[1]: "claim", POINTS[5]: "mark", POINTS[6]: "mark"}
AT_RANDOM = "at random"
LOCK = 4242
HOLDING = """
create table public.held (point text);
create function public.hold() returns trigger language plpgsql as $$
declare
    reached text := case
        when new.attempts > old.attempts then 'claim'
        when new.sent_at is not null and old.sent_at is null then 'mark'
    end;
begin
    if exists (select from public.held where held.point = reached) then
        perform pg_advisory_xact_lock(4242);
    end if;
    return new;
end $$;
create trigger hold before update on houndmon.outbox for each row execute function public.hold();
"""
HURRY = """
update houndmon.outbox set due_at = clock_timestamp() where id in (
    select id from houndmon.outbox
    where sent_at is null and dead_at is null and leased_until is null and due_at > clock_timestamp()
    for update skip locked
)
"""
HELD_BACKENDS = """
select pid from pg_locks
where locktype = 'advisory' and objid = 4242 and not granted
    and database = (select oid from pg_database where datname = current_database())
"""


@dataclass
class Found:
    """What came of it all."""

    recorded: set[str]
    accepted: list[tuple[int, str]]  # after how many kills, which notification
    kills: Counter[str] = field(default_factory=Counter)

    @property
    def lost(self) -> set[str]:
        return self.recorded - {id for _, id in self.accepted}

    @property
    def duplicates(self) -> list[tuple[int, str]]:
        """Each acceptance after the first, with the number of kills before the one it repeats."""
        last: dict[str, int] = {}
        again = []
        for after, id in self.accepted:
            if id in last:
                again.append((last[id], id))
            last[id] = after
        return again

    def __str__(self) -> str:
        return (
            f"{len(self.recorded)} notifications, {self.kills.total()} kills {dict(self.kills)}: "
            f"{len(self.lost)} lost, {len(self.duplicates)} duplicates"
        )


class Harness:
    """One database, one receiver that fails half the time, one sender after the other."""

    def __init__(self, dsn: str, conn: asyncpg.Connection, who: str, seed: int) -> None:
        self.dsn, self.conn, self.who = dsn, conn, who
        self.chance = random.Random(seed)
        self.found = Found(set(), [])
        self.armed: str | None = None
        self.reached = asyncio.Event()
        self.process: asyncio.subprocess.Process | None = None
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self.armed == "connected":
                self.kill()
                return
            await self.receive(await read_request(reader), writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def receive(self, got: Got, writer: asyncio.StreamWriter) -> None:
        kills = self.armed in ("received, not answered", "answered, not marked")
        if not kills and self.chance.random() < 0.5:
            await answer(500)(got, writer)
            return
        # Counted before the answer: a receiver acts on what it got, whether or not the sender lives to know.
        self.found.accepted.append((self.found.kills.total(), got.notification_id))
        if self.armed == "received, not answered":
            self.kill()
            return
        await answer(200)(got, writer)
        if self.armed == "answered, not marked":
            self.kill()

    def kill(self) -> None:
        assert self.process
        assert self.armed
        if not self.reached.is_set():
            self.process.kill()
            self.found.kills[self.armed] += 1
            self.reached.set()

    async def start(self) -> None:
        url = f"http://127.0.0.1:{self.port}/hook"
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(TESTS / "notify" / "child.py"), self.dsn, url, self.who),
            env=os.environ | {"PYTHONPATH": os.pathsep.join((str(TESTS), str(TESTS.parent / "src")))},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )

    async def record(self, count: int) -> None:
        """Some alerts fire, a transaction each."""
        find = "select notification_id::text from houndmon.outbox where alert_ids = $1"
        for _ in range(count):
            alert = len(self.found.recorded) + 1
            await record_messages(self.conn, message(), [alert], [webhook("http://127.0.0.1:9/")])
            self.found.recorded.add(await self.conn.fetchval(find, [alert]))

    async def round(self, point: str, count: int) -> None:
        """Let a sender run to a point, kill it there, and tidy up as time would."""
        await self.record(count)
        self.reached.clear()
        self.armed = point
        if held := HELD.get(point):
            await self.conn.execute("select pg_advisory_lock($1)", LOCK)
            await self.conn.execute("insert into public.held values ($1)", held)
        await self.start()
        await self.await_point(point)
        assert self.process
        await self.process.wait()
        self.armed = None
        if point in HELD:
            await self.release(undo=point.endswith("undone"))
        await eventually(self.alone)
        await self.conn.execute("update houndmon.outbox set leased_until = '-infinity' where leased_until is not null")

    async def await_point(self, point: str) -> None:
        if point == AT_RANDOM:
            await asyncio.sleep(0.3 + self.chance.random() * 0.5)
            self.kill()
        elif point in HELD:
            await eventually(lambda: self.conn.fetchval(HELD_BACKENDS), 20)
            self.kill()
        else:
            await asyncio.wait_for(self.reached.wait(), HANG_SECONDS)

    async def release(self, *, undo: bool) -> None:
        """Let the statement of the dead go on, to its commit or not at all."""
        await self.conn.execute("delete from public.held")
        for row in await self.conn.fetch(HELD_BACKENDS) if undo else []:
            await self.conn.execute("select pg_terminate_backend($1)", row["pid"])
        if undo:
            await eventually(self.none_held)
        await self.conn.execute("select pg_advisory_unlock($1)", LOCK)

    async def none_held(self) -> bool:
        return not await self.conn.fetch(HELD_BACKENDS)

    async def alone(self) -> bool:
        """Whether the last session of the dead sender has ended."""
        others = "select count(*) from pg_stat_activity where datname = current_database() and application_name = ''"
        return not await self.conn.fetchval(others)

    async def finish(self) -> None:
        """Let one sender do what is left, undisturbed."""
        await self.start()
        assert self.process
        try:
            await eventually(self.done, 60)
        finally:
            self.process.terminate()
            await self.process.wait()

    async def done(self) -> bool:
        left = "select count(*) from houndmon.outbox where sent_at is null"
        return not await self.conn.fetchval(left)


async def hurrying(dsn: str) -> None:
    """Make due what failed: the backoff is tested elsewhere."""
    conn = await asyncpg.connect(dsn, server_settings={"application_name": "harness"})
    while True:
        await conn.execute(HURRY)
        await asyncio.sleep(0.05)


@asynccontextmanager
async def harnessed(dsn: str, who: str, seed: int) -> AsyncIterator[Harness]:
    """A harness at work on a database."""
    conn = await asyncpg.connect(dsn, server_settings={"application_name": "harness"})
    await conn.execute(HOLDING)
    harness = Harness(dsn, conn, who, seed)
    server = await asyncio.start_server(harness.serve, "127.0.0.1", 0)
    harness.port = server.sockets[0].getsockname()[1]
    hurry = asyncio.create_task(hurrying(dsn))
    try:
        yield harness
    finally:
        hurry.cancel()
        server.close()
        if harness.process and harness.process.returncode is None:
            harness.process.kill()
            await harness.process.wait()
        await conn.close()


async def killed(dsn: str, who: str, points: list[str], alerts: int, seed: int = 1) -> Found:
    """Kill a sender at each point in turn, while so many alerts fire; then let it finish."""
    async with harnessed(dsn, who, seed) as harness:
        for number, point in enumerate(points):
            due = alerts * (number + 1) // len(points) - len(harness.found.recorded)
            await harness.round(point, due)
        await harness.finish()
        return harness.found
