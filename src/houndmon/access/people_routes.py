"""The routes of those who have logged in elsewhere: who they are, and whether they are blocked."""

from typing import Annotated, Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import PathParameter

from houndmon.access import audit, people
from houndmon.access.login import request_origin
from houndmon.access.middleware import AuthState
from houndmon.access.model import NoSuchPerson
from houndmon.access.people import Person, PersonList
from houndmon.core.panel_routes import ERROR_RESPONSES, PROBLEM_JSON
from houndmon.core.problems import Problem
from houndmon.core.requests import refuse_unknown_parameters, row_id
from houndmon.core.state_database import StateDatabase

PersonId = Annotated[str, PathParameter(description="The person's id.")]
MISSING = {404: ResponseSpec(Problem, description="No such id.", media_type=PROBLEM_JSON, generate_examples=False)}


@get("/api/people", operation_id="list_people", summary="People", tags=["Access"], responses=ERROR_RESPONSES)
async def list_people(request: Request[Any, Any, Any], database: NamedDependency[StateDatabase]) -> PersonList:
    """Who has logged in through the provider or the proxy."""
    refuse_unknown_parameters(request)
    async with database.connection() as conn:
        return await people.list_people(conn)


@post(
    "/api/people/{id:str}/block",
    operation_id="block_person",
    summary="Keep somebody out",
    tags=["Access"],
    responses=ERROR_RESPONSES | MISSING,
    status_code=200,
)
async def block_person(request: Request[Any, Any, Any], auth_state: NamedDependency[AuthState], id: PersonId) -> Person:
    """End somebody's sessions, now, and let them begin none."""
    return await set_blocked(request, auth_state, id, blocked=True)


@post(
    "/api/people/{id:str}/unblock",
    operation_id="unblock_person",
    summary="Let somebody in again",
    tags=["Access"],
    responses=ERROR_RESPONSES | MISSING,
    status_code=200,
)
async def unblock_person(
    request: Request[Any, Any, Any], auth_state: NamedDependency[AuthState], id: PersonId
) -> Person:
    """Let somebody log in again."""
    return await set_blocked(request, auth_state, id, blocked=False)


async def set_blocked(request: Request[Any, Any, Any], auth_state: AuthState, id: str, *, blocked: bool) -> Person:
    """Block somebody, or not, with its line in the audit log."""
    refuse_unknown_parameters(request)
    number, act = row_id(id), "block_person" if blocked else "unblock_person"
    if number is None:
        raise NoSuchPerson("There is nobody of that id.")
    async with auth_state.connection() as conn, conn.transaction():
        person = await people.block(conn, number, blocked=blocked)
        await audit.write_entry(
            conn, request.user, act, "done", target=person.id, after=person, **request_origin(request, auth_state)
        )
    return person


ROUTES = [
    list_people,
    block_person,
    unblock_person,
]
