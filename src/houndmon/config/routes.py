"""The route of the configuration: whether the last file was taken, and who is told of alerts."""

from typing import Annotated, Any

import msgspec
from litestar import Request, get
from litestar.di import NamedDependency
from msgspec import Meta

from houndmon.config.live import LiveConfig
from houndmon.core.filters import ENVIRONMENTS, Environment
from houndmon.core.panel_routes import ERROR_RESPONSES
from houndmon.core.requests import refuse_unknown_parameters
from houndmon.rulebook.book import RuleName


class ReceiverName(msgspec.Struct):
    """A receiver of notifications; never its address, which is a secret."""

    name: Annotated[str, Meta(description="Its name in houndmon.toml.", examples=["ops"])]
    kind: Annotated[str, Meta(description="How it is told.", examples=["webhook"])]


class IosSafari(msgspec.Struct):
    """Names of Safari on iOS, in lower case."""

    platforms: Annotated[list[str], Meta(description="Its platforms.", examples=[["ios", "ipados"]])]
    browsers: Annotated[list[str], Meta(description="Its browsers.", examples=[["safari", "mobile safari"]])]


class Configuration(msgspec.Struct, kw_only=True):
    """The configuration in force; its rules and service levels have endpoints of their own."""

    problem: Annotated[
        str | None,
        Meta(
            description="Why the file of the last reload was refused; the configuration before it is in force.",
            examples=["houndmon.toml: rules.queue_age.thresold: there is no such key; did you mean threshold?"],
        ),
    ]
    receivers: Annotated[list[ReceiverName], Meta(description="Who is told of alerts.")]
    absent: Annotated[
        list[str], Meta(description="The relations that this source does not have.", examples=[["api_requests"]])
    ]
    environment_names: Annotated[
        dict[Environment, str],
        Meta(description="What the team calls the environments.", examples=[{"prod": "live", "staging": "canary"}]),
    ]
    ios_safari: Annotated[IosSafari, Meta(description="What is taken for Safari on iOS.")]
    switched_off: Annotated[
        dict[Environment, list[RuleName]],
        Meta(description="The rules that are not judged, for each environment.", examples=[{"staging": ["queue_age"]}]),
    ]


@get(
    "/api/configuration",
    operation_id="get_configuration",
    summary="The configuration in force",
    tags=["Operations"],
    responses={400: ERROR_RESPONSES[400]},
)
async def get_configuration(request: Request[Any, Any, Any], config: NamedDependency[LiveConfig]) -> Configuration:
    """Whether the last reload was taken, and who is told of alerts."""
    refuse_unknown_parameters(request)
    receivers = [ReceiverName(one.name, one.kind) for one in config().receivers.values()]
    current = config()
    return Configuration(
        problem=config.problem,
        receivers=receivers,
        absent=sorted(current.absent),
        environment_names={name: current.called(name) for name in ENVIRONMENTS},
        ios_safari=IosSafari(list(current.ios_platforms), list(current.ios_browsers)),
        switched_off={name: current.switched_off(name) for name in ENVIRONMENTS},
    )


ROUTES = [get_configuration]
