"""Has every rule judged, whatever one of them does."""

from datetime import datetime, timedelta

import msgspec
import structlog

from houndmon.alerts.step import Finding
from houndmon.config.model import Config
from houndmon.core.filters import Environment
from houndmon.evaluator.figures import EnvironmentFigures
from houndmon.evaluator.findings import unknown_finding
from houndmon.evaluator.rules import JUDGES
from houndmon.rulebook.book import BOOK
from houndmon.rulebook.spec import threshold_of
from houndmon.rulebook.units import said_duration

LOGGED_EVERY = timedelta(minutes=1)

log = structlog.get_logger()


class RaisedLog:
    """Logs rules that raise, each with its trace and once a minute at most: it would raise at each tick."""

    def __init__(self) -> None:
        self._logged_at: dict[str, datetime] = {}

    def __call__(self, rule: str, environment: Environment, error: Exception, now: datetime) -> None:
        """Log what a rule raised."""
        last = self._logged_at.get(rule)
        if last is None or now - last >= LOGGED_EVERY:
            self._logged_at[rule] = now
            log.error("rule_raised", rule=rule, environment=environment, exc_info=error)


def lagging(config: Config, figures: EnvironmentFigures) -> str | None:
    """Why ages and absence cannot be judged: the source lags too far behind; None where it does not."""
    rule = config.rules_in(figures.environment)["source_lagging"]
    if figures.lag is None or not rule.enabled or figures.lag.seconds <= threshold_of(rule):
        return None
    lag = said_duration(figures.lag.seconds)
    return f"the source lags {lag} behind its primary: what seems old or absent may only be late"


def belied(one: Finding, why: str) -> Finding:
    """A finding of rows that may only be late: nothing is known."""
    return msgspec.structs.replace(one, verdict="unknown", value=None, clears=False, reason=why, evidence={})


def judge(config: Config, figures: EnvironmentFigures, now: datetime, log_raised: RaisedLog) -> list[Finding]:
    """What every rule finds in an environment; `now` dates what could not be read.

    A rule that raises is `unknown` and logged, and the others go on.
    """
    found: list[Finding] = []
    behind = lagging(config, figures)
    for name, rule in config.rules_in(figures.environment).items():
        if not rule.enabled:
            continue
        try:
            theirs = JUDGES[name](rule, config.levels, figures, now)
            found += [belied(one, behind) for one in theirs] if behind and BOOK[name].fails_with_lag else theirs
        except Exception as error:  # noqa: BLE001 -- one rule that fails must not stop the others
            log_raised(name, figures.environment, error, now)
            reason = f"the rule itself failed: {type(error).__name__}"
            found.append(unknown_finding(rule, figures, None, reason, now))
    return found
