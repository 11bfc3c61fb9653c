"""The routes of what could not be delivered: the dead letters, and another try."""

from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.datastructures import State
from litestar.params import PathParameter
from msgspec import Meta

from houndmon.alerts.routes import MISSING
from houndmon.kit.problems import HoundmonError
from houndmon.kit.requests import only
from houndmon.kit.room import REFUSALS
from houndmon.kit.source import PEOPLE_WAIT_SECONDS
from houndmon.notify.outbox import DeadLetter, dead_letters, retry_dead

LetterId = Annotated[str, PathParameter(description="The dead letter's id.")]


class DeadLetterList(msgspec.Struct):
    """What was given up."""

    items: Annotated[list[DeadLetter], Meta(description="Those of the last seven days, the newest first.")]


class NoSuchLetter(HoundmonError):
    """There is no dead letter of that id: it never died, or somebody has put it back."""

    status = 404
    title = "Not Found"


@get("/api/dead-letters", operation_id="list_dead_letters", summary="Dead letters", tags=["Alerts"], responses=REFUSALS)
async def list_dead_letters(request: Request[Any, Any, Any], state: State) -> DeadLetterList:
    """The notifications that no receiver took within a day."""
    only(request)
    async with state.state.borrowed() as conn:
        return DeadLetterList(await dead_letters(conn))


@post(
    "/api/dead-letters/{id:str}/retry",
    status_code=202,
    operation_id="retry_dead_letter",
    summary="Try a dead letter again",
    tags=["Alerts"],
    responses=MISSING,
)
async def retry_dead_letter(request: Request[Any, Any, Any], state: State, id: LetterId) -> DeadLetterList:
    """Try a notification that was given up for another day; what is left of the dead letters."""
    only(request)
    return DeadLetterList(await retried(state, id))


async def retried(state: State, id: str) -> list[DeadLetter]:
    """Try a dead letter again; those that are left. Raises NoSuchLetter."""
    async with state.state.borrowed(PEOPLE_WAIT_SECONDS) as conn:
        known = id.isascii() and id.isdigit() and len(id) <= 18
        if not (known and await retry_dead(conn, int(id))):
            raise NoSuchLetter("There is no such dead letter: it may have been put back already.")
        return await dead_letters(conn)


ROUTES = [list_dead_letters, retry_dead_letter]
