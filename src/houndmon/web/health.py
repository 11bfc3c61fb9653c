"""Whether the process answers, and whether it can do its work."""

import asyncio
from typing import Annotated, Any

import msgspec
from litestar import Response, get
from litestar.datastructures import State
from litestar.openapi.datastructures import ResponseSpec
from msgspec import Meta

from houndmon.evaluator.watch import watched
from houndmon.kit.migrate import MigrationError, migrations_folder, pending
from houndmon.kit.problems import HoundmonError, Problem, SourceUnreadable
from houndmon.kit.room import PROBLEM_JSON

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
async def readyz(state: State) -> Response[Health]:
    """The state database can be reached and its migrations are current; 503 with the reason otherwise."""
    for check in CHECKS:
        await check(state)
    return Response(Health(), headers={"Cache-Control": "no-store"})


async def database_is_current(state: State) -> None:
    """Raise NotReady where houndmon's own database cannot be reached, or lacks migrations."""
    try:
        async with asyncio.timeout(LIMIT_SECONDS), state.state.borrowed() as conn:
            missing = await pending(conn, migrations_folder())
    except MigrationError as error:
        raise NotReady(str(error)) from error
    except (SourceUnreadable, TimeoutError) as error:
        raise NotReady("houndmon's own database does not answer: is it running?") from error
    if missing:
        raise NotReady(f"migrations are missing: {', '.join(missing)}; run `houndmon migrate`")


async def evaluator_is_on_time(state: State) -> None:
    """Raise NotReady where more than two ticks are missing."""
    async with state.state.glanced() as conn:
        lag = await watched(conn)
    if lag.last_evaluated_at is None:
        raise NotReady("no rule has been evaluated yet: wait a few seconds")
    if lag.is_late:
        raise NotReady(f"the evaluator is late: its last tick ended {lag.lag_seconds:.0f} s ago; see the log")


CHECKS: list[Any] = [database_is_current, evaluator_is_on_time]


ROUTES = [healthz, readyz]
