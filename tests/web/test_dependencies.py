"""What handlers are given: by name, of one type, and never as a bag of anything."""

from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler

from houndmon.app import create_app
from houndmon.core.settings import Settings
from houndmon.web.dependencies import Services, services_of


def handlers() -> Iterator[HTTPRouteHandler]:
    app = create_app(Settings(), "postgresql://")
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if handler.fn.__module__.startswith("houndmon."):
                yield handler


def bare(annotation: Any) -> Any:
    """A type without what is noted on it."""
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def test_it_gives_handlers_the_types_that_they_name():
    """A handler's parameter that bears a service's name has that service's type: what mypy checks is what comes."""
    types = get_type_hints(Services)
    named = [
        (handler.fn.__qualname__, name, bare(annotation))
        for handler in handlers()
        for name, annotation in get_type_hints(handler.fn, include_extras=True).items()
        if name in types
    ]
    assert {name for _, name, _ in named} >= {
        "database",
        "config",
        "auth_state",
        "alerts",
        "rules",
        "levels",
        "summaries",
    }
    assert [(where, name) for where, name, found in named if found != types[name]] == []


def test_it_hands_no_handler_the_application_s_state():
    """No handler takes Litestar's state, in which everything is of any type."""
    taking = [
        handler.fn.__qualname__
        for handler in handlers()
        if State in map(bare, get_type_hints(handler.fn, include_extras=True).values())
    ]
    assert taking == []


async def test_it_has_every_service_once_it_has_begun(quiet):
    """Each service is there, and of its type; outside the demo there is no schedule."""
    services = services_of(quiet.app)
    for name, kind in get_type_hints(Services).items():
        assert isinstance(getattr(services, name), kind), name
    assert services.demo is None
