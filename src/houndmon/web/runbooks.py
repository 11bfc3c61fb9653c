"""houndmon's own runbooks: for each rule what it means, where to look, what to do, and when it is over."""

from litestar import get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Template

from houndmon.config.durations import format_duration
from houndmon.config.live import LiveConfig
from houndmon.config.model import Config
from houndmon.rulebook.book import BOOK
from houndmon.rulebook.spec import Rule
from houndmon.web.titles import TITLES

RUNBOOK_HEADERS = {"Cache-Control": "no-cache"}


@get("/runbooks", include_in_schema=False)
async def list_runbooks(config: NamedDependency[LiveConfig]) -> Template:
    """Every runbook."""
    context = {"titles": TITLES, "config": config()}
    return Template(template_name="web/runbooks/index.html", context=context, headers=RUNBOOK_HEADERS)


@get("/runbooks/{rule:str}", include_in_schema=False)
async def show_runbook(config: NamedDependency[LiveConfig], rule: FromPath[str]) -> Template:
    """One runbook, with the figures of the configuration in force. Raises NotFoundException."""
    if rule not in TITLES:
        raise NotFoundException(f"there is no such runbook; there are {', '.join(TITLES)}")
    current = config()
    found = runbook_context(current.rules[rule], current)
    return Template(template_name=f"web/runbooks/{rule}.html", context=found, headers=RUNBOOK_HEADERS)


def runbook_context(rule: Rule, config: Config) -> dict[str, object]:
    """What a runbook is drawn from."""
    spec = BOOK[rule.name]
    owners = {name: config.owner_of(rule, name) for name in spec.subjects} if spec.directness == "budget" else {}
    return {
        "rule": rule,
        "otherwise": [
            environment_condition(own[rule.name], config.called(where))
            for where, own in config.own_rules.items()
            if rule.name in own
        ],
        "config": config,
        "title": spec.title,
        "condition": spec.condition(rule) if rule.enabled else "never: it is switched off",
        "hold": format_duration(rule.hold_seconds) if rule.hold_seconds and rule.enabled else "",
        "respond": format_duration(rule.response_target_minutes * 60),
        "owners": owners,
    }


def environment_condition(rule: Rule, environment: str) -> tuple[str, str]:
    """What an environment has otherwise: its name, and the rule there."""
    if not rule.enabled:
        return environment, "never: it is switched off"
    hold = f", for {format_duration(rule.hold_seconds)}" if rule.hold_seconds else ""
    respond = f"acknowledge within {format_duration(rule.response_target_minutes * 60)}"
    owner = f", {rule.owner_role}" if rule.owner_role else ""
    return environment, f"{BOOK[rule.name].condition(rule)}{hold}; {rule.severity}, {respond}{owner}"


ROUTES = [list_runbooks, show_runbook]
