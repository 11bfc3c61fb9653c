"""What can go wrong, and what a client is told of it (RFC 9457 problem details)."""

from typing import Annotated, Any

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


class HoundmonError(Exception):
    """Every error of ours; its text says what to do next."""

    status = 500
    title = "Internal Server Error"
    headers: dict[str, str] = {}  # noqa: RUF012 -- a constant that subclasses replace

    @property
    def clause(self) -> str:
        """Its text as the end of a sentence that brings its own full stop."""
        return str(self).removesuffix(".")

    def extra(self) -> dict[str, Any]:
        """Further members of the problem document."""
        return {}


class BadInput(HoundmonError):
    """The request is wrong; `errors` says where."""

    status = 400
    title = "Bad Request"

    def __init__(self, *errors: FieldError) -> None:
        super().__init__("; ".join(f"{error.field}: {error.message}" for error in errors))
        self.errors = list(errors)

    def extra(self) -> dict[str, Any]:
        return {"errors": self.errors}


class SourceUnreadable(HoundmonError):
    """A relation of the source, or the source itself (`relation` None), cannot be read just now."""

    status = 503
    title = "Source unreadable"
    headers = {"Retry-After": "5"}  # noqa: RUF012 -- as above

    def __init__(self, source: str, relation: str | None, reason: str) -> None:
        what = f"relation {source}.{relation}" if relation else f"source {source}"
        super().__init__(f"{what} cannot be read: {reason}")
        self.source, self.relation, self.reason = source, relation, reason

    def extra(self) -> dict[str, Any]:
        return {"source": self.source, "relation": self.relation}


class Busy(HoundmonError):
    """Too much is asked at once."""

    status = 503
    title = "Busy"
    headers = {"Retry-After": "5"}  # noqa: RUF012 -- as above
