"""What can go wrong, and what a client is told of it (RFC 9457 problem details)."""

from typing import Annotated

import msgspec
from msgspec import Meta


class FieldError(msgspec.Struct):
    """One wrong field of a request."""

    field: Annotated[str, Meta(description="The field that is wrong.", examples=["range"])]
    message: Annotated[str, Meta(description="What is wrong with it.", examples=["must be 1h, 6h, 24h or 7d"])]


class Problem(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A problem document, as `application/problem+json`."""

    type: Annotated[str, Meta(description="The kind of problem.", examples=["about:blank"])]
    title: Annotated[str, Meta(description="The kind of problem, in words.", examples=["Bad Request"])]
    status: Annotated[int, Meta(description="The HTTP status.", examples=[400])]
    detail: Annotated[str, Meta(description="What went wrong here, and what to do.", examples=["range: unknown"])]
    errors: Annotated[list[FieldError], Meta(description="The wrong fields, for bad input.")] = []
    source: Annotated[str | None, Meta(description="The source that could not be read.", examples=["hound"])] = None
    relation: Annotated[
        str | None, Meta(description="The relation that could not be read.", examples=["play_attempts"])
    ] = None
    request_id: Annotated[
        str | None, Meta(description="The request's id; the log has the rest under it.", examples=["8f14e45f"])
    ] = None
    absent: Annotated[
        bool,
        Meta(description="houndmon.toml says that the source has no such relation: do not ask again.", examples=[True]),
    ] = False


class HoundmonError(Exception):
    """Every error of ours; its text says what to do next."""

    status = 500
    title = "Internal Server Error"
    headers: dict[str, str] = {}  # noqa: RUF012 -- a constant that subclasses replace

    @property
    def clause(self) -> str:
        """Its text as the end of a sentence that brings its own full stop."""
        return str(self).removesuffix(".")

    def extra(self) -> dict[str, object]:
        """Further members of the problem document."""
        return {}


class BadInput(HoundmonError):
    """The request is wrong; `errors` says where."""

    status = 400
    title = "Bad Request"

    def __init__(self, *errors: FieldError) -> None:
        super().__init__("; ".join(f"{error.field}: {error.message}" for error in errors))
        self.errors = list(errors)

    def extra(self) -> dict[str, object]:
        return {"errors": self.errors}


class DatabaseUnreadable(HoundmonError):
    """A database cannot be read just now, or one relation of it: `SourceUnreadable` or `StateUnreadable` says whose."""

    status = 503
    headers = {"Retry-After": "5"}  # noqa: RUF012 -- as above

    def __init__(self, text: str, relation: str | None, reason: str) -> None:
        super().__init__(f"{text} cannot be read: {reason}")
        self.relation, self.reason = relation, reason

    def extra(self) -> dict[str, object]:
        return {"relation": self.relation}


class SourceUnreadable(DatabaseUnreadable):
    """A relation of the source, or the source itself (`relation` None), cannot be read just now."""

    title = "Source unreadable"

    def __init__(self, source: str, relation: str | None, reason: str) -> None:
        super().__init__(f"relation {source}.{relation}" if relation else f"source {source}", relation, reason)
        self.source = source

    def extra(self) -> dict[str, object]:
        return {"source": self.source, "relation": self.relation}


class SourceAbsent(SourceUnreadable):
    """The configuration says that the source has no such relation: nothing waits for it."""

    title = "Not in this source"
    headers: dict[str, str] = {}  # noqa: RUF012 -- to ask again is of no use

    def __init__(self, source: str, relation: str) -> None:
        super().__init__(source, relation, "houndmon.toml says that this source has none")

    def extra(self) -> dict[str, object]:
        return super().extra() | {"absent": True}


class StateUnreadable(DatabaseUnreadable):
    """houndmon's own database cannot be read just now; that is no fault of the source."""

    title = "houndmon's own database unreadable"

    def __init__(self, relation: str | None, reason: str) -> None:
        own = "houndmon's own database"
        super().__init__(f"relation {relation} of {own}" if relation else own, relation, reason)


class Busy(HoundmonError):
    """Too much is asked at once."""

    status = 503
    title = "Busy"
    headers = {"Retry-After": "5"}  # noqa: RUF012 -- as above
