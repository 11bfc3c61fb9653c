"""The composition root: which panels there are, and what they stand on."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Litestar, Request
from litestar.config.compression import CompressionConfig
from litestar.datastructures import CacheControlHeader
from litestar.di import Provide
from litestar.middleware import DefineMiddleware
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import License, Tag
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.plugins.prometheus import PrometheusConfig
from litestar.static_files import create_static_files_router
from litestar.template import TemplateConfig
from litestar.types import ControllerRouterHandler

from houndmon import __version__
from houndmon.access import routes as access
from houndmon.access.audit_hook import record_answer
from houndmon.access.csrf import csrf_field
from houndmon.access.hosts import HostCheck
from houndmon.access.login import visitor
from houndmon.access.middleware import AuthMiddleware, AuthState
from houndmon.access.model import LogInNeeded
from houndmon.access.permissions import PermissionTable
from houndmon.alerts import routes as alerts
from houndmon.config import routes as configuration
from houndmon.config.defaults import DEFAULTS
from houndmon.config.live import LiveConfig
from houndmon.config.model import Config
from houndmon.core.answer import PanelAnswer
from houndmon.core.panel import PanelSpec
from houndmon.core.panel_routes import paths
from houndmon.core.paths import PACKAGE, resource
from houndmon.core.settings import Settings
from houndmon.demo.schedule import Schedule
from houndmon.evaluator import routes as evaluator_routes
from houndmon.lifespan import service_lifespan
from houndmon.notify import routes as notify
from houndmon.notify.channels import CHANNELS
from houndmon.panels.api import routes as api
from houndmon.panels.incidents import routes as incidents
from houndmon.panels.ingest import routes as ingest
from houndmon.panels.playback import routes as playback
from houndmon.panels.publish import routes as publish
from houndmon.panels.transcode import routes as transcode
from houndmon.panels.workers import routes as workers
from houndmon.rows import routes as rows
from houndmon.support import routes as support
from houndmon.web import (
    alert_forms,
    alert_list,
    alert_page,
    anomalies,
    chart,
    errors,
    headers,
    health,
    metrics,
    page,
    query_filters,
    receivers,
    recurrence_form,
    reference,
    request_checks,
    runbooks,
    search,
    silences,
    titles,
)
from houndmon.web import alerts as alert_pages
from houndmon.web.dependencies import providers
from houndmon.web.display import FILTERS
from houndmon.web.summary import routes as summary

PANEL_MODULES = (ingest, transcode, workers, publish, playback, incidents, api)
PANELS: tuple[PanelSpec[PanelAnswer, Config], ...] = tuple(module.PANEL for module in PANEL_MODULES)
TABLE = PermissionTable(path for panel in PANELS for path in paths(panel))
DESCRIPTION = "What is broken in Hound, since when, why, who owns it and what to do."
TAGS = [
    Tag(name="Panels", description="One endpoint a panel; every figure is defined in docs/numbers.md."),
    Tag(name="Summary", description="The five answers at once."),
    Tag(name="Alerts", description="What is broken, and what people did about it."),
    Tag(name="Rules", description="One endpoint a rule: verdict and state for each environment and subject."),
    Tag(name="Service levels", description="SLI, error budget and burn rates."),
    Tag(name="Support", description="Where one release is stuck."),
    Tag(name="Rows", description="The rows behind a figure."),
    Tag(name="Incidents", description="The feed of what happened."),
    Tag(name="Access", description="Tokens and the audit log, for admins."),
    Tag(name="Operations", description="For those who run houndmon."),
]
MAX_BODY_BYTES = 64 * 1024


LifespanPart = Callable[[Litestar], AbstractAsyncContextManager[None]]


def create_app(
    settings: Settings,
    database_url: str,
    live_config: LiveConfig | None = None,
    *,
    companions: Sequence[LifespanPart] = (),
    demo: Schedule | None = None,
) -> Litestar:
    """The whole service on one database; nothing is opened before its lifespan begins.

    `live_config` is the defaults where there is none. `companions` live inside that lifespan: the
    demo's simulated Hound, say, with its `demo` schedule.
    """
    config, auth_state = live_config or LiveConfig(None, CHANNELS), AuthState(settings, TABLE)
    return Litestar(
        route_handlers=handlers(),
        lifespan=[service_lifespan(settings, database_url, config, PANELS, auth_state, demo), *companions],
        dependencies=providers()
        | {
            "filters": Provide(query_filters.provide_filters),
            "actor": Provide(provide_actor, sync_to_thread=False),
        },
        exception_handlers=errors.ERROR_HANDLERS | {LogInNeeded: errors.on_log_in_needed},
        before_request=partial(request_checks.check_request, auth_state),
        before_send=[headers.add_headers, partial(record_answer, auth_state)],
        compression_config=CompressionConfig(backend="gzip", minimum_size=500, gzip_compress_level=6),
        template_config=TemplateConfig(instance=JinjaTemplateEngine.from_environment(templates(settings, config))),
        openapi_config=document_config(),
        middleware=[
            HostCheck(settings),
            PrometheusConfig(app_name="houndmon", prefix="houndmon", group_path=True).middleware,
            DefineMiddleware(AuthMiddleware, auth_state=auth_state),
        ],
        logging_config=None,
        request_max_body_size=MAX_BODY_BYTES,
    )


def handlers() -> list[ControllerRouterHandler]:
    """Every route."""
    return [
        *(route for module in PANEL_MODULES for route in module.ROUTES),
        *alerts.ROUTES,
        *notify.ROUTES,
        *evaluator_routes.ROUTES,
        *summary.ROUTES,
        *page.ROUTES,
        *support.ROUTES,
        *rows.ROUTES,
        *search.ROUTES,
        *alert_pages.ROUTES,
        *alert_list.ROUTES,
        *alert_page.ROUTES,
        *alert_forms.ROUTES,
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


def provide_actor(request: Request[Any, Any, Any]) -> str | None:
    """Who changes something; None where there is no log-in."""
    who = request.scope.get("user")
    return who.name if who and who.kind != "off" else None


def midnight_text(timezone: str) -> str:
    """Since which midnight `today` counts, to fit a tile: `since midnight UTC`, `since midnight in Berlin`."""
    _, _, city = timezone.replace("_", " ").rpartition("/")
    return f"since midnight in {city}" if "/" in timezone else f"since midnight {timezone}"


def templates(settings: Settings, config: Callable[[], Config] = lambda: DEFAULTS) -> Environment:
    """The templates of every panel; what is undefined raises, what strangers wrote is escaped."""
    found = Environment(
        loader=FileSystemLoader(PACKAGE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(FILTERS | anomalies.FILTERS | chart.FILTERS | recurrence_form.FILTERS | titles.FILTERS)
    found.filters["called"] = lambda environment: config().called(environment)
    found.globals.update(
        {
            "version": __version__,
            "specs": PANELS,
            "settings": settings,
            "csrf_field": csrf_field,
            "visitor": visitor,
            "rows_address": rows.rows_address,
            "since_midnight": midnight_text(settings.timezone),
            "fetch_seconds": page.FETCH_SECONDS,
        }
    )
    return found
