"""houndmon's own runbooks: for each rule what it means, where to look, what to do, and when it is over."""

from typing import Any

from litestar import get
from litestar.datastructures import State
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Template

from houndmon.config.defaults import DEFAULTS
from houndmon.config.durations import write
from houndmon.config.model import BURN_RULES, Config, Rule
from houndmon.config.words import condition

HEADERS = {"Cache-Control": "no-cache"}
TITLES = {
    "queue_age": "The oldest queued job waits too long",
    "queue_stalled": "The transcode queue stands still",
    "queue_failure_ratio": "Too many transcodes fail",
    "worker_heartbeat_missing": "No transcode worker beats",
    "playback_failure_ratio": "Too many plays fail",
    "api_5xx_spike": "A service answers with 5xx",
    "api_4xx_spike": "A service answers with 4xx",
    "traffic_absent": "Plays or uploads have ceased",
    "slo_burn_fast": "A service level spends its budget within hours",
    "slo_burn_slow": "A service level spends its budget within the day",
    "slo_burn_day": "A service level has spent its budget of the day",
    "source_unreadable": "houndmon cannot read its source",
}


@get("/runbooks", include_in_schema=False)
async def list_runbooks(state: State) -> Template:
    """Every runbook."""
    context = {"titles": TITLES, "config": in_force(state)}
    return Template(template_name="web/runbooks/index.html", context=context, headers=HEADERS)


@get("/runbooks/{rule:str}", include_in_schema=False)
async def show_runbook(state: State, rule: FromPath[str]) -> Template:
    """One runbook, with the figures of the configuration in force. Raises NotFoundException."""
    if rule not in TITLES:
        raise NotFoundException(f"there is no such runbook; there are {', '.join(TITLES)}")
    config = in_force(state)
    found = next(known for known in config.rules.values() if known.name == rule)
    return Template(template_name=f"web/runbooks/{rule}.html", context=shown(found, config), headers=HEADERS)


def in_force(state: State) -> Config:
    """The configuration in force."""
    live = state.get("config")
    config: Config = live.current if live else DEFAULTS
    return config


def shown(rule: Rule, config: Config) -> dict[str, Any]:
    """What a runbook is drawn from."""
    burns = rule.name in BURN_RULES
    owners = {level.name: rule.owner_role or level.owner_role for level in config.levels.values()} if burns else {}
    return {
        "rule": rule,
        "config": config,
        "title": TITLES[rule.name],
        "condition": condition(rule),
        "hold": write(rule.hold_seconds) if rule.hold_seconds else "",
        "respond": write(rule.response_target_minutes * 60),
        "owners": owners,
    }


ROUTES = [list_runbooks, show_runbook]
