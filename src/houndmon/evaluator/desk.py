"""Serves the service levels, shared by all who ask within a tick."""

from collections.abc import Callable
from typing import Annotated

import msgspec
from msgspec import Meta

from houndmon.config.model import Config, LevelName
from houndmon.evaluator.figures import Unreadable, read_figures
from houndmon.evaluator.levels import PARTS, Level, level, relation_of
from houndmon.kit.filters import Environment
from houndmon.kit.problems import SourceUnreadable
from houndmon.kit.room import LIFE_SECONDS, LONG_DEADLINE_SECONDS
from houndmon.kit.shared import Shared
from houndmon.kit.source import Source


class LevelList(msgspec.Struct):
    """The service levels of an environment."""

    items: Annotated[list[Level], Meta(description="Those that can be read now.")]
    unreadable: Annotated[
        dict[str, str],
        Meta(description="Those that cannot, and why.", examples=[{"upload_to_live": "it does not exist"}]),
    ] = {}


class LevelDesk:
    """Reads and serves service levels."""

    def __init__(self, source: Source, config: Callable[[], Config]) -> None:
        self._source, self._config = source, config
        self._shared: Shared[Environment, LevelList] = Shared(
            self._load, life_seconds=LIFE_SECONDS, deadline_seconds=LONG_DEADLINE_SECONDS
        )

    async def answer(self, environment: Environment) -> LevelList:
        """Every service level. Raises Busy."""
        return await self._shared.get(environment)

    async def one(self, environment: Environment, name: LevelName) -> Level:
        """One service level. Raises SourceUnreadable, naming its relation."""
        found = await self.answer(environment)
        for one in found.items:
            if one.name == name:
                return one
        raise SourceUnreadable(self._source.schema, relation_of(name), found.unreadable[name])

    async def _load(self, environment: Environment) -> LevelList:
        config = self._config()
        figures = await read_figures(self._source, environment, config, parts=frozenset(PARTS.values()))
        found = LevelList([])
        for name, settings in config.levels.items():
            one = level(settings, figures)
            if isinstance(one, Unreadable):
                found.unreadable[name] = one.reason
            else:
                found.items.append(one)
        return found
