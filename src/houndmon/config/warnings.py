"""What a configuration that is accepted leaves undone: nobody is told, or what they are told leads nowhere."""

from collections.abc import Iterator

from houndmon.config.addresses import is_of_this_machine
from houndmon.config.model import Config


def configuration_warnings(config: Config) -> Iterator[str]:
    """What an operator should know of a configuration, a clause each."""
    if not config.receivers:
        yield "there is no receiver: alerts show on the page alone"
    for name in config.receivers:
        if not any(name in route.receivers for route in config.routes):
            yield f"the receiver {name} is in no route: it is told of nothing"
    if problem := link_problem(config):
        yield problem


def link_problem(config: Config) -> str | None:
    """Why the links in messages lead nowhere, and what to do; None where they lead to the page."""
    outside = [name for name, receiver in config.receivers.items() if receiver.is_outside]
    if not outside or not is_of_this_machine(config.public_url):
        return None
    return (
        f"the links in messages to {', '.join(outside)} lead to {config.public_url}, which is of this machine alone: "
        "set public_url to where people find the page"
    )
