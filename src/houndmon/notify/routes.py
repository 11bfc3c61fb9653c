"""The routes of what could not be delivered: the dead letters, and another try."""

from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import PathParameter
from msgspec import Meta

from houndmon.alerts.routes import MISSING
from houndmon.core.panel_routes import ERROR_RESPONSES
from houndmon.core.problems import HoundmonError
from houndmon.core.requests import refuse_unknown_parameters, row_id
from houndmon.core.state_database import WRITE_WAIT_SECONDS, StateDatabase
from houndmon.notify.outbox import DeadLetter, dead_letters, requeue_dead_letter

LetterId = Annotated[str, PathParameter(description="The dead letter's id.")]


class DeadLetterList(msgspec.Struct):
    """What was given up."""

    items: Annotated[list[DeadLetter], Meta(description="Those of the last seven days, the newest first.")]


class NoSuchLetter(HoundmonError):
    """There is no dead letter of that id: it never died, or somebody has put it back."""

    status = 404
    title = "Not Found"


@get(
    "/api/dead-letters",
    operation_id="list_dead_letters",
    summary="Dead letters",
    tags=["Alerts"],
    responses=ERROR_RESPONSES,
)
async def list_dead_letters(
    request: Request[Any, Any, Any], database: NamedDependency[StateDatabase]
) -> DeadLetterList:
    """The notifications that no receiver took within a day."""
    refuse_unknown_parameters(request)
    async with database.connection() as conn:
        return DeadLetterList(await dead_letters(conn))


@post(
    "/api/dead-letters/{id:str}/retry",
    status_code=202,
    operation_id="retry_dead_letter",
    summary="Try a dead letter again",
    tags=["Alerts"],
    responses=MISSING,
)
async def retry_dead_letter(
    request: Request[Any, Any, Any], database: NamedDependency[StateDatabase], id: LetterId
) -> DeadLetterList:
    """Try a notification that was given up for another day; what is left of the dead letters."""
    refuse_unknown_parameters(request)
    return DeadLetterList(await retry_and_list(database, id))


async def retry_and_list(database: StateDatabase, id: str) -> list[DeadLetter]:
    """Try a dead letter again; those that are left. Raises NoSuchLetter."""
    async with database.connection(WRITE_WAIT_SECONDS) as conn:
        letter = row_id(id)
        if letter is None or not await requeue_dead_letter(conn, letter):
            raise NoSuchLetter("There is no such dead letter: it may have been put back already.")
        return await dead_letters(conn)


ROUTES = [list_dead_letters, retry_dead_letter]
