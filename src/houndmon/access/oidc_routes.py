"""Log-in by an OpenID provider: the way there, and the way back."""

import secrets
from typing import Annotated, Any

import structlog
from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Redirect, Template

from houndmon.access.login import (
    NO_STORE,
    PENDING_SECONDS,
    begin_external_session,
    pending_cookie,
    pending_cookie_name,
    record_refusal,
    render_login,
    request_origin,
    safe_next_path,
)
from houndmon.access.middleware import AuthState
from houndmon.access.model import LogInRefused, ProviderUnavailable
from houndmon.access.oidc import PendingLogin
from houndmon.access.tokens import SQL, hash_secret, server_key
from houndmon.config.live import LiveConfig
from houndmon.core.requests import refuse_unknown_parameters
from houndmon.core.state_database import StateDatabase

log = structlog.get_logger()
MOST_NEXT_CHARACTERS = 2000
CALLBACK_PARAMETERS = ("code", "state", "iss", "error", "error_description", "error_uri", "session_state", "scope")
CALLBACK_PATH = "/login/oidc/callback"


@get("/login/oidc", include_in_schema=False)
async def start_oidc_login(
    request: Request[Any, Any, Any],
    auth_state: NamedDependency[AuthState],
    database: NamedDependency[StateDatabase],
    config: NamedDependency[LiveConfig],
    wanted: Annotated[str, QueryParameter(name="next", description="The page to go on to.")] = "/",
) -> Redirect | Template:
    """Send somebody to the provider, and remember that they went."""
    refuse_unknown_parameters(request, "next")
    wanted = safe_next_path(wanted)[:MOST_NEXT_CHARACTERS]
    if auth_state.provider is None or request.headers.get("sec-fetch-site") not in (None, "none", "same-origin"):
        return Redirect("/login", status_code=303, headers=NO_STORE)  # nobody is logged in by another site's link
    if auth_state.is_limited(auth_state.oidc_starts, request.scope):
        return render_login(request, auth_state, wanted, "Too many tries from this address: wait a minute.", 429)
    pending = PendingLogin(secrets.token_hex(32))
    try:
        address = await auth_state.provider.authorization_url(pending, redirect_uri(config))
    except ProviderUnavailable as error:
        return provider_unavailable(request, auth_state, wanted, error)
    async with database.connection() as conn:
        await conn.execute(SQL["sweep_departures"])
        await conn.execute(SQL["depart"], hash_secret(await server_key(conn), pending.id), wanted, PENDING_SECONDS)
    ticket = pending_cookie(request, pending.id)
    return Redirect(address, status_code=303, cookies=[ticket], headers=NO_STORE)


@get(CALLBACK_PATH, include_in_schema=False)
async def finish_oidc_login(
    request: Request[Any, Any, Any],
    auth_state: NamedDependency[AuthState],
    database: NamedDependency[StateDatabase],
    config: NamedDependency[LiveConfig],
) -> Redirect | Template:
    """Take somebody back from the provider: once, in the browser that left, in time."""
    answer = {name: value for name, value in request.query_params.multi_items() if name in CALLBACK_PARAMETERS}
    if auth_state.provider is None:
        return Redirect("/login", status_code=303, headers=NO_STORE)
    wanted = "/"
    if auth_state.is_limited(auth_state.oidc_callbacks, request.scope):
        return render_login(request, auth_state, wanted, "Too many tries from this address: wait a minute.", 429)
    try:
        pending, wanted = await claim_pending_login(request, database)
        who = await auth_state.provider.verify_answer(pending, answer, redirect_uri(config), auth_state.settings.roles)
    except LogInRefused as error:
        await record_refusal(request, auth_state, None, error.why)
        return render_login(request, auth_state, wanted, "The log-in did not hold: try again.", 403)
    except ProviderUnavailable as error:
        return provider_unavailable(request, auth_state, wanted, error)
    return await begin_external_session(request, auth_state, who, wanted)


async def claim_pending_login(request: Request[Any, Any, Any], database: StateDatabase) -> tuple[PendingLogin, str]:
    """The log-in that this browser left for, and where it goes on to. Raises LogInRefused."""
    names = [name for name, _ in request.query_params.multi_items()]
    if len(set(names)) != len(names):
        raise LogInRefused("a parameter came twice")
    pending = PendingLogin(request.cookies.get(pending_cookie_name(request), ""))
    async with database.connection() as conn:
        row = await conn.fetchrow(SQL["arrive"], hash_secret(await server_key(conn), pending.id))
    if row is None or not row["in_time"]:
        raise LogInRefused("nobody left for this log-in, or they are back already")
    return pending, row["next"]


def provider_unavailable(
    request: Request[Any, Any, Any], auth_state: AuthState, wanted: str, error: ProviderUnavailable
) -> Template:
    """Say that the provider is of no help just now; the log says why."""
    log.warning("provider_away", why=error.why, request_id=request_origin(request, auth_state)["request_id"])
    return render_login(
        request, auth_state, wanted, "The provider cannot be reached, or cannot be used: see the log.", 503
    )


def redirect_uri(config: LiveConfig) -> str:
    """Where the provider sends people back to: the one address that is configured, whatever Host was asked for."""
    return str(config().public_url) + CALLBACK_PATH


ROUTES = [
    start_oidc_login,
    finish_oidc_login,
]
