"""The routes of rules and service levels; one typed endpoint for each rule."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, get_args

import msgspec
from litestar import MediaType, Request, Response, get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import PathParameter, QueryParameter
from msgspec import Meta

from houndmon.alerts.model import StateRow
from houndmon.alerts.routes import MISSING
from houndmon.alerts.step import RuleVerdict
from houndmon.alerts.step import State as RuleState
from houndmon.alerts.store import SQL, NoSuchAlert, read_open_alerts
from houndmon.config.model import Config
from houndmon.core.filters import ENVIRONMENTS, Environment, checked_environment
from houndmon.core.panel import etag_of
from houndmon.core.panel_cache import LONG_DEADLINE_SECONDS
from houndmon.core.panel_routes import ERROR_RESPONSES, conditional_response
from houndmon.core.requests import refuse_unknown_parameters
from houndmon.core.single_flight import SingleFlightCache
from houndmon.core.source import as_structs
from houndmon.core.state_database import StateDatabase
from houndmon.evaluator.level_cache import LevelCache, LevelList
from houndmon.evaluator.levels import Level
from houndmon.evaluator.store import alert_key
from houndmon.evaluator.ticks import Watched, read_last_tick
from houndmon.rulebook.book import NAMES, RuleName
from houndmon.rulebook.levels import LevelName
from houndmon.rulebook.spec import Severity

RulesQuery = tuple[tuple[RuleName, ...], Environment | None]


class RuleItem(msgspec.Struct, kw_only=True):
    """What a rule found last for one environment and subject."""

    rule: Annotated[RuleName, Meta(description="The rule, named for what it finds.", examples=["queue_age"])]
    environment: Annotated[Environment, Meta(description="The environment.", examples=["prod"])]
    subject: Annotated[
        str | None, Meta(description="What of it: a service, a service level, a relation.", examples=["gateway"])
    ]
    state: Annotated[RuleState, Meta(description="Where its alert stands; ok without one.", examples=["ok"])]
    verdict: Annotated[RuleVerdict, Meta(description="What was found.", examples=["ok"])]
    value: Annotated[float | None, Meta(description="The rule's value.", examples=[2.5])]
    threshold: Annotated[float | None, Meta(description="What it is held against, if a figure.", examples=[15])]
    sample_count: Annotated[int | None, Meta(description="The rule's denominator, if any.", examples=[14])]
    reason: Annotated[str | None, Meta(description="The finding in words.", examples=["no job is queued"])]
    severity: Annotated[Severity, Meta(description="How bad it is when it fires.", examples=["warning"])]
    evaluated_at: Annotated[
        datetime, Meta(description="The source's clock when it was judged.", examples=["2026-03-02T12:00:28Z"])
    ]
    pending_since: Annotated[
        datetime | None, Meta(description="Since when it holds without firing yet.", examples=[None])
    ]
    owner_role: Annotated[str, Meta(description="Who answers for it.", examples=["transcode on-call"])]
    response_target_minutes: Annotated[float, Meta(description="Minutes within which to acknowledge.", examples=[15])]
    runbook_url: Annotated[str, Meta(description="What to do.", examples=["/runbooks/queue_age"])]
    open_alert_id: Annotated[str | None, Meta(description="Its open alert.", examples=["17"])]


class RuleList(msgspec.Struct, kw_only=True):
    """What rules found last."""

    items: Annotated[list[RuleItem], Meta(description="One entry a rule, environment and subject.")]
    evaluator: Annotated[Watched, Meta(description="The watcher's own age.")]
    stale: Annotated[bool, Meta(description="The watcher is late: the verdicts are old.", examples=[False])]


def rule_item(config: Config, row: StateRow, alert_id: str | None) -> RuleItem:
    """A row as it is shown; the owner of a burn rule is that of its service level."""
    rule = config.rules_in(row.environment)[row.rule]
    figures = {name: getattr(row, name) for name in RuleItem.__struct_fields__ if name in StateRow.__struct_fields__}
    return RuleItem(
        **figures,
        severity=rule.severity,
        owner_role=config.owner_of(rule, row.subject),
        response_target_minutes=rule.response_target_minutes,
        runbook_url=rule.runbook_url,
        open_alert_id=alert_id,
    )


class RuleReader:
    """Serves what rules found: the same bytes to all who ask within two seconds, so that a poll may be a 304."""

    def __init__(self, database: StateDatabase, config: Callable[[], Config]) -> None:
        self._database, self._config = database, config
        self._shared: SingleFlightCache[RulesQuery, bytes] = SingleFlightCache(
            self._load, life_seconds=2, deadline_seconds=LONG_DEADLINE_SECONDS, concurrency=4
        )

    async def read(self, names: tuple[RuleName, ...], environment: Environment | None) -> RuleList:
        """What some rules found last. Raises StateUnreadable."""
        config = self._config()
        async with self._database.quick_connection() as conn:
            rows = as_structs(await conn.fetch(SQL["states"]), StateRow)
            alerts = {alert_key(alert): alert.id for alert in await read_open_alerts(conn)}
            lag = await read_last_tick(conn)
        wanted = [row for row in rows if row.rule in names and environment in (None, row.environment)]
        wanted.sort(key=lambda row: (NAMES.index(row.rule), row.environment, row.subject or ""))
        items = [rule_item(config, row, alerts.get(alert_key(row))) for row in wanted]
        return RuleList(items=items, evaluator=lag, stale=lag.is_late)

    async def answer(self, names: tuple[RuleName, ...], environment: Environment | None) -> bytes:
        """The same as JSON. Raises StateUnreadable or Busy."""
        return await self._shared.get((names, environment))

    async def _load(self, asked: RulesQuery) -> bytes:
        return msgspec.json.encode(await self.read(*asked))


async def rules_response(
    request: Request[Any, Any, Any], rules: RuleReader, names: tuple[RuleName, ...], environment: str | None
) -> Response[RuleList]:
    """Rules as JSON, with an ETag."""
    refuse_unknown_parameters(request, "environment")
    body = await rules.answer(names, checked_environment(environment) if environment is not None else None)
    return conditional_response(request, body, etag_of(body), MediaType.JSON)  # type: ignore[return-value]


EnvironmentOrBoth = Annotated[
    str | None, QueryParameter(description="Only this environment.", schema_extra={"enum": list(ENVIRONMENTS)})
]


@get("/api/rules", operation_id="list_rules", summary="All rules", tags=["Rules"], responses=ERROR_RESPONSES)
async def list_rules(
    request: Request[Any, Any, Any], rules: NamedDependency[RuleReader], environment: EnvironmentOrBoth = None
) -> Response[RuleList]:
    """What every rule found last, for each environment and subject."""
    return await rules_response(request, rules, NAMES, environment)


def rule_route(name: RuleName) -> HTTPRouteHandler:
    """The endpoint of one rule."""

    @get(
        f"/api/rules/{name}",
        name=f"rule_{name}",
        operation_id=f"rule_{name}",
        summary=f"The rule {name}",
        tags=["Rules"],
        responses=ERROR_RESPONSES,
    )
    async def show_rule(
        request: Request[Any, Any, Any], rules: NamedDependency[RuleReader], environment: EnvironmentOrBoth = None
    ) -> Response[RuleList]:
        """What the rule found last, for each environment and subject."""
        return await rules_response(request, rules, (name,), environment)

    return show_rule


EnvironmentChosen = Annotated[
    str, QueryParameter(description="The environment.", schema_extra={"enum": list(ENVIRONMENTS), "default": "prod"})
]


@get(
    "/api/slos", operation_id="list_slos", summary="Service levels", tags=["Service levels"], responses=ERROR_RESPONSES
)
async def list_slos(
    request: Request[Any, Any, Any], levels: NamedDependency[LevelCache], environment: EnvironmentChosen = "prod"
) -> LevelList:
    """Every service level of an environment that can be read now."""
    refuse_unknown_parameters(request, "environment")
    return await levels.answer(checked_environment(environment))


@get(
    "/api/slos/{name:str}",
    operation_id="get_slo",
    summary="One service level",
    tags=["Service levels"],
    responses=MISSING,
)
async def get_slo(
    request: Request[Any, Any, Any],
    levels: NamedDependency[LevelCache],
    name: Annotated[str, PathParameter(description="The service level.")],
    environment: EnvironmentChosen = "prod",
) -> Level:
    """One service level: SLI, error budget and burn rates."""
    refuse_unknown_parameters(request, "environment")
    known: LevelName | None = next((one for one in get_args(LevelName) if one == name), None)
    if known is None:
        raise NoSuchAlert(f"There is no such service level; there are {', '.join(get_args(LevelName))}.")
    return await levels.level(checked_environment(environment), known)


ROUTES = [list_rules, *map(rule_route, NAMES), list_slos, get_slo]
