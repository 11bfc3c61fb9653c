"""Log-in by those who vouch for people: an OpenID provider, or a trusted proxy; and what admins do about them."""

import secrets
import time
from typing import Annotated, Any

import structlog
from litestar import Request, delete, get, post
from litestar.datastructures import Cookie, State
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import PathParameter, QueryParameter
from litestar.response import Redirect, Template

from houndmon.access import audit, people, sessions
from houndmon.access.door import PRIVATE, cookie, drawn, onward, origin, told
from houndmon.access.middleware import Gate, cookie_name, session_id
from houndmon.access.model import (
    Identity,
    LogInRefused,
    NoSuchPerson,
    NoSuchSession,
    ProviderAway,
    SessionList,
)
from houndmon.access.oidc import Departure
from houndmon.access.people import Person, PersonList, Vouched
from houndmon.access.proxy import vouched
from houndmon.access.tokens import SQL, hashed, server_key
from houndmon.kit.problems import Problem
from houndmon.kit.requests import only
from houndmon.kit.room import PROBLEM_JSON, REFUSALS

log = structlog.get_logger()
AWAY_SECONDS = 600
LONGEST_NEXT = 2000
ANSWER = ("code", "state", "iss", "error", "error_description", "error_uri", "session_state", "scope")
BACK = "/login/oidc/callback"
NO = "You are known there, but nothing is open to you here: ask an admin."
PersonId = Annotated[str, PathParameter(description="The person's id.")]
SessionId = Annotated[str, PathParameter(description="The session's id.")]
MISSING = {404: ResponseSpec(Problem, description="No such id.", media_type=PROBLEM_JSON, generate_examples=False)}


@get("/login/oidc", include_in_schema=False)
async def depart(
    request: Request[Any, Any, Any],
    state: State,
    wanted: Annotated[str, QueryParameter(name="next", description="The page to go on to.")] = "/",
) -> Redirect | Template:
    """Send somebody to the provider, and remember that they went."""
    only(request, "next")
    gate: Gate = state.gate
    wanted = onward(wanted)[:LONGEST_NEXT]
    if gate.provider is None or request.headers.get("sec-fetch-site") not in (None, "none", "same-origin"):
        return Redirect("/login", status_code=303, headers=PRIVATE)  # nobody is logged in by another site's link
    if gate.is_tired(gate.departures, request.scope):
        return drawn(request, wanted, "Too many tries from this address: wait a minute.", 429)
    departure = Departure(secrets.token_hex(32))
    try:
        address = await gate.provider.address(departure, redirect_uri(state))
    except ProviderAway as error:
        return away(request, wanted, error)
    async with state.state.borrowed() as conn:
        await conn.execute(SQL["sweep_departures"])
        await conn.execute(SQL["depart"], hashed(await server_key(conn), departure.id), wanted, AWAY_SECONDS)
    ticket = ticket_of(request, departure.id)
    return Redirect(address, status_code=303, cookies=[ticket], headers=PRIVATE)


@get(BACK, include_in_schema=False)
async def arrive(request: Request[Any, Any, Any], state: State) -> Redirect | Template:
    """Take somebody back from the provider: once, in the browser that left, in time."""
    gate: Gate = state.gate
    answer = {name: value for name, value in request.query_params.multi_items() if name in ANSWER}
    if gate.provider is None:
        return Redirect("/login", status_code=303, headers=PRIVATE)
    wanted = "/"
    if gate.is_tired(gate.arrivals, request.scope):
        return drawn(request, wanted, "Too many tries from this address: wait a minute.", 429)
    try:
        departure, wanted = await returned(request, state)
        who = await gate.provider.vouched(departure, answer, redirect_uri(state), gate.settings.roles)
    except LogInRefused as error:
        await refused(request, state, None, error.why)
        return drawn(request, wanted, "The log-in did not hold: try again.", 403)
    except ProviderAway as error:
        return away(request, wanted, error)
    return await let_in(request, state, who, wanted)


async def returned(request: Request[Any, Any, Any], state: State) -> tuple[Departure, str]:
    """The log-in that this browser left for, and where it goes on to. Raises LogInRefused."""
    names = [name for name, _ in request.query_params.multi_items()]
    if len(set(names)) != len(names):
        raise LogInRefused("a parameter came twice")
    departure = Departure(request.cookies.get(ticket_name(request), ""))
    async with state.state.borrowed() as conn:
        row = await conn.fetchrow(SQL["arrive"], hashed(await server_key(conn), departure.id))
    if row is None or not row["in_time"]:
        raise LogInRefused("nobody left for this log-in, or they are back already")
    return departure, row["next"]


@post("/login/proxy", include_in_schema=False, status_code=303)
async def by_proxy(request: Request[Any, Any, Any], state: State) -> Redirect | Template:
    """Begin a session for the one whom the proxy names."""
    gate: Gate = state.gate
    if gate.is_tired(gate.failures, request.scope):
        return drawn(request, "/", "Too many tries from this address: wait a minute.", 429)
    who = vouched(request, gate.settings)
    if gate.settings.auth == "off" or who is None:
        return drawn(request, "/", "No proxy vouches for you.", 401)
    return await let_in(request, state, who, "/")


async def let_in(request: Request[Any, Any, Any], state: State, who: Vouched, wanted: str) -> Redirect | Template:
    """Begin a session for somebody who is vouched for, unless they have no role or are blocked."""
    if who.role is None:
        await refused(request, state, who, "no role")
        return drawn(request, wanted, NO, 403)
    async with state.state.borrowed() as conn, conn.transaction():
        row = await people.met(conn, who)
        person = Identity(name=who.name, role=who.role, person_id=row["id"], kind="session")
        said = {"issuer": who.issuer, "subject": who.subject}
        if row["blocked_at"]:
            await audit.write(conn, person, "log_in", "refused", after=said | {"why": "blocked"}, **told(request))
            return drawn(request, wanted, NO, 403)
        id = await sessions.begin(conn, person, session_id(request), state.gate.address(request.scope))
        await audit.write(conn, person, "log_in", "done", after=said, **origin(request))
    taken = ticket_of(request, None)
    return Redirect(wanted, status_code=303, cookies=[cookie(request, id), taken], headers=PRIVATE)


async def refused(request: Request[Any, Any, Any], state: State, who: Vouched | None, why: str) -> None:
    """Write down that somebody was not let in, unless strangers fill the log."""
    said = {"why": why} | ({"issuer": who.issuer, "subject": who.subject, "name": who.name} if who else {})
    log.warning("log_in_refused", why=why, request_id=origin(request)["request_id"])
    if state.gate.refusals.take("all", time.monotonic()):
        async with state.state.borrowed() as conn:
            await audit.write(conn, None, "log_in", "refused", after=said, **told(request))


def away(request: Request[Any, Any, Any], wanted: str, error: ProviderAway) -> Template:
    """Say that the provider is of no help just now; the log says why."""
    log.warning("provider_away", why=error.why, request_id=origin(request)["request_id"])
    return drawn(request, wanted, "The provider cannot be reached, or cannot be used: see the log.", 503)


def redirect_uri(state: State) -> str:
    """Where the provider sends people back to: the one address that is configured, whatever Host was asked for."""
    return str(state.config().public_url) + BACK


def ticket_name(request: Request[Any, Any, Any]) -> str:
    """The cookie of those who are on their way."""
    return f"{cookie_name(request)}-away"


def ticket_of(request: Request[Any, Any, Any], id: str | None) -> Cookie:
    """That cookie. It must come along when another site leads back here, so it is lax; without an id, it goes."""
    secure = cookie_name(request) == sessions.SECURE
    age = AWAY_SECONDS if id else 0
    name = ticket_name(request)
    return Cookie(key=name, value=id or "", path="/", max_age=age, secure=secure, httponly=True, samesite="lax")


@get("/api/people", operation_id="list_people", summary="People", tags=["Access"], responses=REFUSALS)
async def list_people(request: Request[Any, Any, Any], state: State) -> PersonList:
    """Who has logged in through the provider or the proxy."""
    only(request)
    async with state.state.borrowed() as conn:
        return await people.everybody(conn)


@post(
    "/api/people/{id:str}/block",
    operation_id="block_person",
    summary="Keep somebody out",
    tags=["Access"],
    responses=REFUSALS | MISSING,
    status_code=200,
)
async def block_person(request: Request[Any, Any, Any], state: State, id: PersonId) -> Person:
    """End somebody's sessions, now, and let them begin none."""
    return await change(request, state, id, blocked=True)


@post(
    "/api/people/{id:str}/unblock",
    operation_id="unblock_person",
    summary="Let somebody in again",
    tags=["Access"],
    responses=REFUSALS | MISSING,
    status_code=200,
)
async def unblock_person(request: Request[Any, Any, Any], state: State, id: PersonId) -> Person:
    """Let somebody log in again."""
    return await change(request, state, id, blocked=False)


async def change(request: Request[Any, Any, Any], state: State, id: str, *, blocked: bool) -> Person:
    """Block somebody, or not, with its line in the audit log."""
    only(request)
    number, act = number_of(id), "block_person" if blocked else "unblock_person"
    if number is None:
        raise NoSuchPerson("There is nobody of that id.")
    async with state.state.borrowed() as conn, conn.transaction():
        person = await people.block(conn, number, blocked=blocked)
        await audit.write(conn, request.user, act, "done", target=person.id, after=person, **origin(request))
    return person


@get("/api/sessions", operation_id="list_sessions", summary="Sessions", tags=["Access"], responses=REFUSALS)
async def list_sessions(request: Request[Any, Any, Any], state: State) -> SessionList:
    """The sessions that hold just now, of everybody."""
    only(request)
    async with state.state.borrowed() as conn:
        return await sessions.live(conn)


@delete(
    "/api/sessions/{id:str}",
    operation_id="end_session",
    summary="End a session",
    tags=["Access"],
    responses=REFUSALS | MISSING,
)
async def end_session(request: Request[Any, Any, Any], state: State, id: SessionId) -> None:
    """End a session, now."""
    only(request)
    number = number_of(id)
    if number is None:
        raise NoSuchSession("There is no session of that id, or it is over already.")
    async with state.state.borrowed() as conn, conn.transaction():
        whose = await sessions.end_one(conn, number)
        said = {"identity": whose}
        await audit.write(conn, request.user, "end_session", "done", target=id, after=said, **origin(request))


def number_of(text: str) -> int | None:
    """An id as a client sends it; None where it cannot be one."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


ROUTES = [
    depart,
    arrive,
    by_proxy,
    list_people,
    block_person,
    unblock_person,
    list_sessions,
    end_session,
]
