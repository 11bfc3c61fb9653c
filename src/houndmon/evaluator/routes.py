"""The routes of rules and service levels; one typed endpoint for each rule."""

from datetime import datetime
from typing import Annotated, Any, get_args

import msgspec
from litestar import MediaType, Request, Response, get
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.params import PathParameter, QueryParameter
from msgspec import Meta

from houndmon.alerts.model import StateRow
from houndmon.alerts.people import SQL, NoSuchAlert, open_alerts
from houndmon.alerts.routes import MISSING
from houndmon.alerts.step import State as RuleState
from houndmon.alerts.step import Verdict
from houndmon.config.model import Config, LevelName, RuleName, Severity
from houndmon.evaluator.desk import LevelList
from houndmon.evaluator.levels import Level
from houndmon.evaluator.store import key_of
from houndmon.evaluator.watch import Watched, watched
from houndmon.kit.filters import ENVIRONMENTS, Environment, checked_environment
from houndmon.kit.requests import only
from houndmon.kit.room import LONG_DEADLINE_SECONDS, REFUSALS, conditional, etag_of
from houndmon.kit.shared import Shared
from houndmon.kit.source import plain

NAMES: tuple[RuleName, ...] = get_args(RuleName)
Asked = tuple[tuple[RuleName, ...], Environment | None]


class RuleItem(msgspec.Struct, kw_only=True):
    """What a rule found last for one environment and subject."""

    rule: Annotated[RuleName, Meta(description="The rule, named for what it finds.", examples=["queue_age"])]
    environment: Annotated[Environment, Meta(description="The environment.", examples=["prod"])]
    subject: Annotated[
        str | None, Meta(description="What of it: a service, a service level, a relation.", examples=["gateway"])
    ]
    state: Annotated[RuleState, Meta(description="Where its alert stands; ok without one.", examples=["ok"])]
    verdict: Annotated[Verdict, Meta(description="What was found.", examples=["ok"])]
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
    response_target_minutes: Annotated[float, Meta(description="Within which to acknowledge.", examples=[15])]
    runbook_url: Annotated[str, Meta(description="What to do.", examples=["/runbooks/queue_age"])]
    open_alert_id: Annotated[str | None, Meta(description="Its open alert.", examples=["17"])]


class RuleList(msgspec.Struct, kw_only=True):
    """What rules found last."""

    items: Annotated[list[RuleItem], Meta(description="One entry a rule, environment and subject.")]
    evaluator: Annotated[Watched, Meta(description="The watcher's own age.")]
    stale: Annotated[bool, Meta(description="The watcher is late: the verdicts are old.", examples=[False])]


async def rule_list(state: State, names: tuple[RuleName, ...], environment: Environment | None) -> RuleList:
    """What some rules found last."""
    config: Config = state.config()
    async with state.state.glanced() as conn:
        rows = plain(await conn.fetch(SQL["states"]), StateRow)
        alerts = {key_of(alert): alert.id for alert in await open_alerts(conn)}
        lag = await watched(conn)
    wanted = [row for row in rows if row.rule in names and environment in (None, row.environment)]
    wanted.sort(key=lambda row: (NAMES.index(row.rule), row.environment, row.subject or ""))
    items = [item(config, row, alerts.get(key_of(row))) for row in wanted]
    return RuleList(items=items, evaluator=lag, stale=lag.is_late)


def item(config: Config, row: StateRow, alert_id: str | None) -> RuleItem:
    """A row as it is shown; the owner of a burn rule is that of its service level."""
    rule = config.rules[row.rule]
    level = config.levels.get(row.subject) if row.subject else None  # type: ignore[call-overload]
    figures = {name: getattr(row, name) for name in RuleItem.__struct_fields__ if name in StateRow.__struct_fields__}
    return RuleItem(
        **figures,
        severity=rule.severity,
        owner_role=rule.owner_role or (level.owner_role if level else "platform on-call"),
        response_target_minutes=rule.response_target_minutes,
        runbook_url=rule.runbook_url,
        open_alert_id=alert_id,
    )


def rules_desk(state: State) -> Shared[Asked, bytes]:
    """Serves what rules found: the same bytes to all who ask within two seconds, so that a poll may be a 304."""

    async def load(asked: Asked) -> bytes:
        return msgspec.json.encode(await rule_list(state, *asked))

    return Shared(load, life_seconds=2, deadline_seconds=LONG_DEADLINE_SECONDS, places=4)


async def answer(
    request: Request[Any, Any, Any], state: State, names: tuple[RuleName, ...], environment: str | None
) -> Response[RuleList]:
    """Rules as JSON, with an ETag."""
    only(request, "environment")
    body = await state.rules.get((names, checked_environment(environment) if environment is not None else None))
    return conditional(request, body, etag_of(body), MediaType.JSON)  # type: ignore[return-value]


EnvironmentOrBoth = Annotated[
    str | None, QueryParameter(description="Only this environment.", schema_extra={"enum": list(ENVIRONMENTS)})
]


@get("/api/rules", operation_id="list_rules", summary="All rules", tags=["Rules"], responses=REFUSALS)
async def list_rules(
    request: Request[Any, Any, Any], state: State, environment: EnvironmentOrBoth = None
) -> Response[RuleList]:
    """What every rule found last, for each environment and subject."""
    return await answer(request, state, NAMES, environment)


def rule_route(name: RuleName) -> HTTPRouteHandler:
    """The endpoint of one rule."""

    @get(
        f"/api/rules/{name}",
        name=f"rule_{name}",
        operation_id=f"rule_{name}",
        summary=f"The rule {name}",
        tags=["Rules"],
        responses=REFUSALS,
    )
    async def show_rule(
        request: Request[Any, Any, Any], state: State, environment: EnvironmentOrBoth = None
    ) -> Response[RuleList]:
        """What the rule found last, for each environment and subject."""
        return await answer(request, state, (name,), environment)

    return show_rule


EnvironmentChosen = Annotated[
    str, QueryParameter(description="The environment.", schema_extra={"enum": list(ENVIRONMENTS), "default": "prod"})
]


@get("/api/slos", operation_id="list_slos", summary="Service levels", tags=["Service levels"], responses=REFUSALS)
async def list_slos(
    request: Request[Any, Any, Any], state: State, environment: EnvironmentChosen = "prod"
) -> LevelList:
    """Every service level of an environment that can be read now."""
    only(request, "environment")
    found: LevelList = await state.levels.answer(checked_environment(environment))
    return found


@get(
    "/api/slos/{name:str}",
    operation_id="get_slo",
    summary="One service level",
    tags=["Service levels"],
    responses=MISSING,
)
async def get_slo(
    request: Request[Any, Any, Any],
    state: State,
    name: Annotated[str, PathParameter(description="The service level.")],
    environment: EnvironmentChosen = "prod",
) -> Level:
    """One service level: SLI, error budget and burn rates."""
    only(request, "environment")
    if name not in get_args(LevelName):
        raise NoSuchAlert(f"There is no such service level; there are {', '.join(get_args(LevelName))}.")
    found: Level = await state.levels.one(checked_environment(environment), name)
    return found


ROUTES = [list_rules, *map(rule_route, NAMES), list_slos, get_slo]
