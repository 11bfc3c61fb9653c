"""Tests of the receivers, for admins: through the outbox and the sender, as any notification."""

import asyncio
from typing import Annotated, Any

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import PathParameter

from houndmon.config.live import LiveConfig
from houndmon.core.panel_routes import ERROR_RESPONSES, PROBLEM_JSON
from houndmon.core.problems import HoundmonError, Problem
from houndmon.core.requests import refuse_unknown_parameters
from houndmon.core.state_database import StateDatabase
from houndmon.notify.test_message import Trial, build_test_message, read_test_outcome, record_test_message

WAIT_SECONDS, LOOK_SECONDS = 18.0, 0.2  # longer than a receiver may take
ReceiverName = Annotated[str, PathParameter(description="The receiver's name in houndmon.toml.")]
MISSING = {
    404: ResponseSpec(Problem, description="No such receiver.", media_type=PROBLEM_JSON, generate_examples=False)
}


class NoSuchReceiver(HoundmonError):
    """No receiver of that name is configured."""

    status = 404
    title = "Not Found"


@post(
    "/api/receivers/{name:str}/test",
    operation_id="test_receiver",
    summary="Send a test message",
    tags=["Access"],
    responses=ERROR_RESPONSES | MISSING,
    status_code=200,
)
async def test_receiver(
    request: Request[Any, Any, Any],
    config: NamedDependency[LiveConfig],
    database: NamedDependency[StateDatabase],
    name: ReceiverName,
    actor: NamedDependency[str | None],
) -> Trial:
    """Send a test message to a receiver, once, by the very way of real ones; what came of it."""
    refuse_unknown_parameters(request)
    known = config()
    if name not in known.receivers:
        raise NoSuchReceiver("There is no receiver of this name in houndmon.toml.")
    async with database.connection() as conn:
        id = await record_test_message(conn, name, build_test_message(known, actor))
    deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
    while True:
        async with database.connection() as conn:
            found, is_over = await read_test_outcome(conn, id)
        if is_over or asyncio.get_running_loop().time() > deadline:
            return found
        await asyncio.sleep(LOOK_SECONDS)


ROUTES = [test_receiver]
