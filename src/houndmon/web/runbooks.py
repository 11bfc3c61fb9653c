"""houndmon's own runbooks: for each rule what it means, where to look, what to do, and when it is over."""

from typing import Any

from litestar import get
from litestar.datastructures import State
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Template

from houndmon.config.defaults import DEFAULTS, RULES
from houndmon.config.durations import write
from houndmon.config.model import BURN_RULES, Config, Rule
from houndmon.config.words import condition
from houndmon.web.titles import titled

HEADERS = {"Cache-Control": "no-cache"}
TITLES = {rule: titled(rule) for rule in RULES}


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
        "title": titled(rule.name),
        "condition": condition(rule),
        "hold": write(rule.hold_seconds) if rule.hold_seconds else "",
        "respond": write(rule.response_target_minutes * 60),
        "owners": owners,
    }


ROUTES = [list_runbooks, show_runbook]
