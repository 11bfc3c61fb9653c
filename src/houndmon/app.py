"""The composition root: which rooms there are, and what they stand on."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Litestar, Request
from litestar.config.compression import CompressionConfig
from litestar.datastructures import CacheControlHeader, State
from litestar.di import Provide
from litestar.middleware import DefineMiddleware
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import License, Tag
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.plugins.prometheus import PrometheusConfig
from litestar.static_files import create_static_files_router
from litestar.template import TemplateConfig

from houndmon import __version__
from houndmon.access import routes as access
from houndmon.access.csrf import csrf_field
from houndmon.access.door import visitor
from houndmon.access.hosts import Addressed
from houndmon.access.middleware import Access, Gate
from houndmon.access.model import LogInNeeded
from houndmon.access.record import record
from houndmon.alerts import routes as alerts
from houndmon.config import routes as configuration
from houndmon.config.live import LiveConfig
from houndmon.demo.schedule import Schedule
from houndmon.evaluator import routes as evaluator_routes
from houndmon.kit.paths import PACKAGE, resource
from houndmon.kit.room import Desk, Room
from houndmon.kit.settings import Settings
from houndmon.notify import routes as notify
from houndmon.panels.api import routes as api
from houndmon.panels.incidents import routes as incidents
from houndmon.panels.ingest import routes as ingest
from houndmon.panels.playback import routes as playback
from houndmon.panels.publish import routes as publish
from houndmon.panels.transcode import routes as transcode
from houndmon.panels.workers import routes as workers
from houndmon.running import running
from houndmon.support import routes as support
from houndmon.web import alerts as alert_pages
from houndmon.web import (
    chart,
    edge,
    entrance,
    health,
    metrics,
    page,
    receivers,
    reference,
    runbooks,
    search,
    silences,
    titles,
)
from houndmon.web.display import FILTERS
from houndmon.web.summary import routes as summary

ROOMS = (ingest, transcode, workers, publish, playback, incidents, api)
PANELS: tuple[Room[Any], ...] = tuple(room.ROOM for room in ROOMS)
DESCRIPTION = "What is broken in Hound, since when, why, who owns it and what to do."
TAGS = [
    Tag(name="Panels", description="One endpoint a panel; every figure is defined in docs/numbers.md."),
    Tag(name="Summary", description="The five answers at once."),
    Tag(name="Alerts", description="What is broken, and what people did about it."),
    Tag(name="Rules", description="One endpoint a rule: verdict and state for each environment and subject."),
    Tag(name="Service levels", description="SLI, error budget and burn rates."),
    Tag(name="Support", description="Where one release is stuck."),
    Tag(name="Incidents", description="The feed of what happened."),
    Tag(name="Access", description="Tokens and the audit log, for admins."),
    Tag(name="Operations", description="For those who run houndmon."),
]
MAX_BODY_BYTES = 64 * 1024


Companion = Callable[[Litestar], AbstractAsyncContextManager[None]]


def create_app(
    settings: Settings,
    database_url: str,
    live_config: LiveConfig | None = None,
    *,
    companions: Sequence[Companion] = (),
    demo: Schedule | None = None,
) -> Litestar:
    """The whole service on one database; nothing is opened before its lifespan begins.

    `live_config` is the defaults where there is none. `companions` live inside that lifespan: the
    demo's simulated Hound, say, with its `demo` schedule.
    """
    config, gate = live_config or LiveConfig(None), Gate(settings)
    return Litestar(
        route_handlers=handlers(),
        lifespan=[running(settings, database_url, config, PANELS), *companions],
        dependencies={
            "filters": Provide(edge.provide_filters),
            "desk": Provide(provide_desk, sync_to_thread=False),
            "actor": Provide(provide_actor, sync_to_thread=False),
        },
        exception_handlers=edge.HANDLERS | {LogInNeeded: entrance.on_log_in_needed},
        before_request=entrance.checked,
        before_send=[edge.add_headers, record],
        compression_config=CompressionConfig(backend="gzip", minimum_size=500, gzip_compress_level=6),
        template_config=TemplateConfig(instance=JinjaTemplateEngine.from_environment(templates(settings))),
        openapi_config=document_config(),
        middleware=[
            Addressed(settings),
            PrometheusConfig(app_name="houndmon", prefix="houndmon", group_path=True).middleware,
            DefineMiddleware(Access, gate=gate),
        ],
        logging_config=None,
        request_max_body_size=MAX_BODY_BYTES,
        state=State({"panels": PANELS, "demo": demo, "gate": gate}),
    )


def handlers() -> list[Any]:
    """Every route."""
    return [
        *(route for room in ROOMS for route in room.ROUTES),
        *alerts.ROUTES,
        *notify.ROUTES,
        *evaluator_routes.ROUTES,
        *summary.ROUTES,
        *page.ROUTES,
        *support.ROUTES,
        *search.ROUTES,
        *alert_pages.ROUTES,
        *silences.ROUTES,
        *runbooks.ROUTES,
        *health.ROUTES,
        *configuration.ROUTES,
        *reference.ROUTES,
        *metrics.ROUTES,
        *access.ROUTES,
        *receivers.ROUTES,
        create_static_files_router(
            "/static",
            [resource("static")],
            include_in_schema=False,
            # The page names each file with its version: after an upgrade nobody keeps an old one.
            cache_control=CacheControlHeader(no_cache=True),
        ),
    ]


def document_config() -> OpenAPIConfig:
    """What the OpenAPI document says of the service as a whole."""
    return OpenAPIConfig(
        title="houndmon",
        version=__version__,
        description=DESCRIPTION,
        license=License(name="Apache-2.0", identifier="Apache-2.0"),
        tags=TAGS,
        # Litestar's own pages come from a CDN: only the document itself is served, at this very path.
        path="/api/openapi.json",
        render_plugins=[JsonRenderPlugin(path=["/", "/openapi.json"])],
    )


def provide_desk(state: State) -> Desk:
    """The desk that serves the panels."""
    desk: Desk = state.desk
    return desk


def provide_actor(request: Request[Any, Any, Any]) -> str | None:
    """Who changes something; None where there is no log-in."""
    who = request.scope.get("user")
    return who.name if who and who.kind != "off" else None


def templates(settings: Settings) -> Environment:
    """The templates of every room; what is undefined raises, what strangers wrote is escaped."""
    found = Environment(
        loader=FileSystemLoader(PACKAGE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(FILTERS | chart.FILTERS | titles.FILTERS)
    found.globals.update(
        {"version": __version__, "rooms": PANELS, "settings": settings, "csrf_field": csrf_field, "visitor": visitor}
    )
    return found
