"""The configuration as the rest of the house sees it: complete, checked, never half-filled."""

from collections.abc import Mapping

import msgspec

from houndmon.core.filters import Environment
from houndmon.core.source_contract import IOS_PLATFORMS, SAFARI_BROWSERS
from houndmon.rulebook.book import NAMES, RuleName
from houndmon.rulebook.levels import LevelName, ServiceLevel
from houndmon.rulebook.owners import PLATFORM
from houndmon.rulebook.spec import Rule, Severity


class Receiver(msgspec.Struct, frozen=True, kw_only=True):
    """Who is told; a channel adds what it needs. That is secret: it goes into no log and no answer."""

    name: str
    kind: str

    @property
    def is_outside(self) -> bool:
        """Whether who reads it may be elsewhere than on this machine."""
        return True


class NotificationRoute(msgspec.Struct, frozen=True, kw_only=True):
    """Which alerts go to which receivers; an empty matcher matches all."""

    receivers: tuple[str, ...]
    rules: tuple[RuleName, ...] = ()
    environments: tuple[Environment, ...] = ()
    severities: tuple[Severity, ...] = ()


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """The whole configuration. `public_url` is where people find the page, without a slash at its end."""

    rules: dict[str, Rule]
    levels: dict[LevelName, ServiceLevel]
    receivers: dict[str, Receiver] = {}
    routes: tuple[NotificationRoute, ...] = ()
    public_url: str = "http://127.0.0.1:8600"
    heartbeat_url: str | None = None
    own_rules: Mapping[Environment, Mapping[str, Rule]] = {}  # those that an environment has otherwise
    absent: frozenset[str] = frozenset()  # the relations that this source does not have
    environment_names: Mapping[str, str] = {}  # what the team calls them, where not by their own names
    ios_platforms: tuple[str, ...] = IOS_PLATFORMS
    ios_browsers: tuple[str, ...] = SAFARI_BROWSERS
    links: Mapping[str, str] = {}  # templates of the addresses of an alert's logs and traces

    def rules_in(self, environment: Environment) -> dict[str, Rule]:
        """The rules as they hold in an environment, by name, in the order of the book."""
        return self.rules | dict(self.own_rules.get(environment, {}))

    def switched_off(self, environment: Environment) -> list[RuleName]:
        """The rules that are not judged in an environment."""
        rules = self.rules_in(environment)
        return [name for name in NAMES if not rules[name].enabled]

    def with_rule(self, environment: Environment, rule: Rule) -> "Config":
        """The same with another rule in an environment."""
        own = dict(self.own_rules.get(environment, {})) | {rule.name: rule}
        return msgspec.structs.replace(self, own_rules=dict(self.own_rules) | {environment: own})

    def called(self, environment: str) -> str:
        """What the team calls an environment."""
        return self.environment_names.get(environment, environment)

    def owner_of(self, rule: Rule, subject: str | None) -> str:
        """Who answers for an alert: the rule's owner, else that of the service level that it is about."""
        owners: dict[str, str] = {level.name: level.owner_role for level in self.levels.values()}
        return rule.owner_role or owners.get(subject or "", PLATFORM)


def receivers_for(config: Config, rule: str, environment: str, severity: str) -> list[Receiver]:
    """Who is told of an alert: the receivers of every route that matches it; of none, where there is no route."""
    names = dict.fromkeys(
        name
        for route in config.routes
        if (not route.rules or rule in route.rules)
        and (not route.environments or environment in route.environments)
        and (not route.severities or severity in route.severities)
        for name in route.receivers
    )
    return [config.receivers[name] for name in names]
