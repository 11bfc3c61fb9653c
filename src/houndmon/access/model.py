"""Who asks, and what may be said of tokens and of the audit log."""

from datetime import datetime
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta

from houndmon.core.problems import HoundmonError

Role = Literal["summary", "viewer", "operator", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
TokenName = Annotated[
    str,
    Meta(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$"),
]


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may ask something."""

    name: str
    role: Role
    token_id: int = 0
    person_id: int = 0
    kind: Literal["token", "session", "off"]
    proxied: str | None = None  # whom the proxy must go on naming while this session lasts

    @property
    def key(self) -> str | None:
        """Who it is, whatever they call themselves; the same by token and by its sessions."""
        if self.token_id:
            return f"token:{self.token_id}"
        return f"person:{self.person_id}" if self.person_id else None


# Nobody logs in here, so nobody may mint what would outlive this.
OFF = Identity(name="nobody", role="operator", kind="off")


def has_role(role: Role, least: Role) -> bool:
    """Whether a role may do what needs at least another."""
    return ROLES.index(role) >= ROLES.index(least)


class Token(msgspec.Struct):
    """What is known of a token; never the token itself."""

    id: Annotated[str, Meta(description="Its id.", examples=["3"])]
    name: Annotated[str, Meta(description="Who or what uses it.", examples=["chat bot"])]
    role: Annotated[Role, Meta(description="What it may do.", examples=["summary"])]
    lookup: Annotated[str, Meta(description="The part of it that is no secret.", examples=["0a1b2c3d4e5f"])]
    created_at: Annotated[datetime, Meta(description="When it was made.", examples=["2026-03-02T12:00:00Z"])]
    created_by: Annotated[str | None, Meta(description="By whom.", examples=["first start"])]
    expires_at: Annotated[
        datetime | None, Meta(description="Until when it holds; null for ever.", examples=["2026-06-01T12:00:00Z"])
    ]
    last_used_at: Annotated[datetime | None, Meta(description="When it was last used, to the minute.", examples=[None])]
    revoked_at: Annotated[datetime | None, Meta(description="When it was revoked.", examples=[None])]


class TokenList(msgspec.Struct):
    """Every token there ever was."""

    items: Annotated[list[Token], Meta(description="Tokens, newest first.")]


class NewToken(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A token that is wanted."""

    name: Annotated[TokenName, Meta(description="Who or what will use it.", examples=["chat bot"])]
    role: Annotated[Role, Meta(description="What it may do.", examples=["summary"])]
    expires_days: Annotated[int, Meta(ge=1, le=3650, description="For how many days it holds.", examples=[90])] = 90


class MadeToken(Token):
    """A new token, with its text: shown once."""

    token: Annotated[str, Meta(description="The token. It is shown this once.", examples=["hm_summary_…"])]


class Entry(msgspec.Struct):
    """One line of the audit log."""

    id: Annotated[str, Meta(description="Its id; later entries have higher ones.", examples=["42"])]
    at: Annotated[datetime, Meta(description="When.", examples=["2026-03-02T12:00:00Z"])]
    actor: Annotated[str | None, Meta(description="Who; null where nobody is known.", examples=["mira"])]
    role: Annotated[str | None, Meta(description="In which role.", examples=["operator"])]
    identity: Annotated[str | None, Meta(description="Which token or person, by id.", examples=["person:7"])]
    action: Annotated[str, Meta(description="What.", examples=["close_alert"])]
    target: Annotated[str | None, Meta(description="To what.", examples=["/api/alerts/17/close"])]
    outcome: Annotated[Literal["done", "refused"], Meta(description="What came of it.", examples=["done"])]
    address: Annotated[str | None, Meta(description="From which address.", examples=["127.0.0.1"])]
    request_id: Annotated[str | None, Meta(description="The request's id.", examples=["8f14e45f"])]
    before: Annotated[Any, Meta(description="What was there before, where that is known.")]
    after: Annotated[Any, Meta(description="What was sent, and what is there now.")]


class AuditPage(msgspec.Struct):
    """A page of the audit log."""

    items: Annotated[list[Entry], Meta(description="Entries, newest first.")]
    next_cursor: Annotated[str | None, Meta(description="Pass it as `cursor` for the next page.", examples=[None])]


class Session(msgspec.Struct):
    """A session that holds; never its secret."""

    id: Annotated[str, Meta(description="Its id.", examples=["12"])]
    name: Annotated[str, Meta(description="The name of its holder.", examples=["mira"])]
    role: Annotated[Role, Meta(description="In which role.", examples=["operator"])]
    identity: Annotated[str, Meta(description="Which token or person, by id.", examples=["person:7"])]
    address: Annotated[str | None, Meta(description="From where it was begun.", examples=["127.0.0.1"])]
    created_at: Annotated[datetime, Meta(description="Since when.", examples=["2026-03-02T12:00:00Z"])]
    used_at: Annotated[datetime, Meta(description="Last used by hand.", examples=["2026-03-02T12:30:00Z"])]
    expires_at: Annotated[datetime, Meta(description="Until when at most.", examples=["2026-03-03T00:00:00Z"])]


class SessionList(msgspec.Struct):
    """The sessions that hold just now."""

    items: Annotated[list[Session], Meta(description="Sessions, the last used first; at most 500.")]


class LogInNeeded(HoundmonError):
    """Nobody is known to ask this."""

    status = 401
    title = "Unauthorized"
    headers = {"WWW-Authenticate": 'Bearer realm="houndmon"', "Cache-Control": "no-store"}  # noqa: RUF012 -- a constant


class LogInRefused(HoundmonError):
    """What a provider answered does not hold; `why` is for the log, not for the one who asks."""

    status = 403
    title = "Forbidden"

    def __init__(self, why: str) -> None:
        super().__init__("The log-in did not hold: try again.")
        self.why = why


class ProviderUnavailable(HoundmonError):
    """The provider cannot be reached, or cannot be used; `why` is for the log."""

    status = 503
    title = "Provider unreachable"

    def __init__(self, why: str) -> None:
        super().__init__("The provider cannot be reached, or cannot be used: see the log.")
        self.why = why


class NotAllowed(HoundmonError):
    """The role does not reach."""

    status = 403
    title = "Forbidden"


class UnknownHost(HoundmonError):
    """The request names another host than ours."""

    status = 421
    title = "Misdirected Request"


class TooMany(HoundmonError):
    """Asked for too often."""

    status = 429
    title = "Too Many Requests"
    headers = {"Retry-After": "10"}  # noqa: RUF012 -- a constant


class NoSuchSession(HoundmonError):
    """There is no such session."""

    status = 404
    title = "Not Found"


class NoSuchPerson(HoundmonError):
    """There is no such person."""

    status = 404
    title = "Not Found"


class NoSuchToken(HoundmonError):
    """There is no such token."""

    status = 404
    title = "Not Found"
