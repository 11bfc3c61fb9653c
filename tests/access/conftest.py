"""The whole service with log-in, on a database of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncpg
import httpx
import pytest
from litestar import Litestar

from conftest import judged
from houndmon.access import tokens
from houndmon.access.model import ROLES, Role
from houndmon.app import create_app
from houndmon.core.settings import Settings

BASE = "https://houndmon.test"
PERSON = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}


@dataclass
class House:
    """A service, its database, and a token for each role."""

    app: Litestar
    conn: asyncpg.Connection
    tokens: dict[Role, str] = field(default_factory=dict)

    def client(self, role: Role | None = None, **options: object) -> httpx.AsyncClient:
        """A client with its own cookies, with a role's token or none."""
        headers = {"Authorization": f"Bearer {self.tokens[role]}"} if role else {}
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),  # type: ignore[arg-type]
            base_url=BASE,
            headers=headers,
            **options,  # type: ignore[arg-type]
        )

    async def log_in(self, role: Role, client: httpx.AsyncClient) -> None:
        """Give a client a session."""
        answer = await client.post("/login", data={"token": self.tokens[role]}, headers=PERSON)
        assert answer.status_code == 303, answer.text

    @asynccontextmanager
    async def logged_in(self, role: Role = "admin") -> AsyncIterator[httpx.AsyncClient]:
        """A client with a session."""
        async with self.client() as client:
            await self.log_in(role, client)
            yield client

    async def audit(self, action: str) -> list[asyncpg.Record]:
        """The audit log's lines of an action, oldest first."""
        query = "select * from houndmon.audit where action = $1 order by id"
        return list(await self.conn.fetch(query, action))


@pytest.fixture
async def house(database: str, conn: asyncpg.Connection) -> AsyncIterator[House]:
    """A service with log-in."""
    app = create_app(Settings(auth="on", allowed_hosts=frozenset({"houndmon.test"})), database)
    found = House(app, conn)
    for role in ROLES:
        found.tokens[role] = (await tokens.create_token(conn, f"the {role}", role, 90)).token
    async with app.lifespan():
        await judged(conn)
        yield found
