"""Tests of the receivers, for admins: through the outbox and the sender, as any notification."""

import asyncio
from typing import Annotated, Any

from litestar import Request, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import PathParameter

from houndmon.kit.problems import HoundmonError, Problem
from houndmon.kit.requests import only
from houndmon.kit.room import PROBLEM_JSON, REFUSALS
from houndmon.notify.trial import Trial, begin_trial, trial_message, trial_of

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
    responses=REFUSALS | MISSING,
    status_code=200,
)
async def test_receiver(
    request: Request[Any, Any, Any], state: State, name: ReceiverName, actor: NamedDependency[str | None]
) -> Trial:
    """Send a test message to a receiver, once, by the very way of real ones; what came of it."""
    only(request)
    config = state.config()
    if name not in config.receivers:
        raise NoSuchReceiver("There is no receiver of this name in houndmon.toml.")
    async with state.state.borrowed() as conn:
        id = await begin_trial(conn, name, trial_message(config, actor))
    deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
    while True:
        async with state.state.borrowed() as conn:
            found, is_over = await trial_of(conn, id)
        if is_over or asyncio.get_running_loop().time() > deadline:
            return found
        await asyncio.sleep(LOOK_SECONDS)


ROUTES = [test_receiver]
