"""The route of the configuration: whether the last file was taken, and who is told of alerts."""

from typing import Annotated, Any

import msgspec
from litestar import Request, get
from litestar.datastructures import State
from msgspec import Meta

from houndmon.config.live import LiveConfig
from houndmon.kit.requests import only
from houndmon.kit.room import REFUSALS


class Told(msgspec.Struct):
    """A receiver of notifications; never its address, which is a secret."""

    name: Annotated[str, Meta(description="Its name in houndmon.toml.", examples=["ops"])]
    kind: Annotated[str, Meta(description="How it is told.", examples=["webhook"])]


class Configuration(msgspec.Struct, kw_only=True):
    """The configuration in force; its rules and service levels have endpoints of their own."""

    problem: Annotated[
        str | None,
        Meta(
            description="Why the file of the last reload was refused; the configuration before it is in force.",
            examples=["houndmon.toml: rules.queue_age.thresold: there is no such key; did you mean threshold?"],
        ),
    ]
    receivers: Annotated[list[Told], Meta(description="Who is told of alerts.")]


@get(
    "/api/configuration",
    operation_id="get_configuration",
    summary="The configuration in force",
    tags=["Operations"],
    responses={400: REFUSALS[400]},
)
async def get_configuration(request: Request[Any, Any, Any], state: State) -> Configuration:
    """Whether the last reload was taken, and who is told of alerts."""
    only(request)
    live: LiveConfig = state.config
    receivers = [Told(one.name, one.kind) for one in live().receivers.values()]
    return Configuration(problem=live.problem, receivers=receivers)


ROUTES = [get_configuration]
