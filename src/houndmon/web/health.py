"""Whether the process answers, and whether it can do its work."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from msgspec import Meta

from houndmon.core.migrate import MigrationError, migrations_folder, pending_migrations
from houndmon.core.panel_routes import PROBLEM_JSON
from houndmon.core.problems import HoundmonError, Problem, StateUnreadable
from houndmon.core.source import failure_reason
from houndmon.core.state_database import StateDatabase
from houndmon.evaluator.ticks import read_last_tick
from houndmon.web.summary.blindness import lateness

LIMIT_SECONDS = 3


class Health(msgspec.Struct):
    """A good answer of a health check."""

    status: Annotated[str, Meta(description="`ok`.", examples=["ok"])] = "ok"


class NotReady(HoundmonError):
    """The service cannot do its work just now; the text says why."""

    status = 503
    title = "Not ready"
    headers = {"Retry-After": "5"}  # noqa: RUF012 -- a constant


NOT_READY = ResponseSpec(Problem, description="Why it is not ready.", media_type=PROBLEM_JSON, generate_examples=False)


@get("/healthz", tags=["Operations"], summary="The process answers", operation_id="healthz")
async def healthz() -> Health:
    """Answer, whatever the state of the databases."""
    return Health()


@get(
    "/readyz",
    tags=["Operations"],
    summary="The service can do its work",
    operation_id="readyz",
    responses={503: NOT_READY},
)
async def readyz(database: NamedDependency[StateDatabase]) -> Response[Health]:
    """The state database can be reached and its migrations are current; 503 with the reason otherwise."""
    for check in CHECKS:
        await check(database)
    return Response(Health(), headers={"Cache-Control": "no-store"})


async def database_is_current(database: StateDatabase) -> None:
    """Raise NotReady where houndmon's own database cannot be reached, or lacks migrations."""
    try:
        async with asyncio.timeout(LIMIT_SECONDS), database.connection() as conn:
            missing = await pending_migrations(conn, migrations_folder())
    except MigrationError as error:
        raise NotReady(str(error)) from error
    except StateUnreadable as error:
        raise NotReady(str(error)) from error
    except TimeoutError as error:
        raise NotReady(str(database.unreadable(None, failure_reason(error)))) from error
    if missing:
        raise NotReady(f"migrations are missing: {', '.join(missing)}; run `houndmon migrate`")


async def evaluator_is_on_time(database: StateDatabase) -> None:
    """Raise NotReady where the status is unknown for want of ticks, in its words."""
    async with database.quick_connection() as conn:
        watch = await read_last_tick(conn)
    if reason := lateness(watch):
        raise NotReady(f"{reason}: {'wait a few seconds' if watch.lag_seconds is None else 'see the log'}")


CHECKS: list[Callable[[StateDatabase], Awaitable[None]]] = [database_is_current, evaluator_is_on_time]


ROUTES = [healthz, readyz]
