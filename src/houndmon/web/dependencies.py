"""What the handlers stand on, each by its type. A handler gets the ones that it names, as dependencies of that name."""

from collections.abc import Callable
from dataclasses import dataclass, fields

from litestar import Litestar
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide

from houndmon.access.middleware import AuthState
from houndmon.alerts.actions import AlertActions
from houndmon.config.live import LiveConfig
from houndmon.core.filters import Filters
from houndmon.core.panel_cache import PanelCache
from houndmon.core.panel_routes import Question
from houndmon.core.state_database import StateDatabase
from houndmon.demo.schedule import Schedule
from houndmon.evaluator.level_cache import LevelCache
from houndmon.evaluator.routes import RuleReader
from houndmon.evaluator.value_cache import ValueCache
from houndmon.rows.routes import RowsCache
from houndmon.support.routes import SupportCache
from houndmon.web.summary.routes import SummaryCache

KEY = "services"


@dataclass(frozen=True, kw_only=True)
class Services:
    """All of them; made as the service begins. `demo` is the schedule of the demo's incidents, None outside it."""

    config: LiveConfig
    database: StateDatabase
    auth_state: AuthState
    panel_cache: PanelCache
    alerts: AlertActions
    rules: RuleReader
    levels: LevelCache
    values: ValueCache
    summaries: SummaryCache
    support: SupportCache
    rows: RowsCache
    demo: Schedule | None


def services_of(app: Litestar) -> Services:
    """The services of an application that has begun."""
    return found(app.state)


def found(state: State) -> Services:
    """The same, from the application's state: the one place where that is looked into."""
    services = state[KEY]
    assert isinstance(services, Services)
    return services


def providers() -> dict[str, Provide]:
    """A dependency for each service, under its name."""
    each = {field.name: Provide(provider(field.name), sync_to_thread=False) for field in fields(Services)}
    return each | {
        KEY: Provide(provide_services, sync_to_thread=False),
        "question": Provide(provide_question, sync_to_thread=False),
    }


def provider(name: str) -> Callable[[State], object]:
    """What gives the service of a name."""

    def provide(state: State) -> object:
        return getattr(found(state), name)

    return provide


def provide_services(state: State) -> Services:
    """All of them at once, for the page, which draws everything."""
    return found(state)


def provide_question(state: State, filters: NamedDependency[Filters]) -> Question:
    """A panel's question, with the panel cache that answers."""
    return Question(found(state).panel_cache, filters)
