"""Serves the service levels, shared by all who ask within a tick."""

from collections.abc import Callable
from typing import Annotated

import msgspec
from msgspec import Meta

from houndmon.config.model import Config
from houndmon.core.filters import Environment
from houndmon.core.panel_cache import LIFE_SECONDS, LONG_DEADLINE_SECONDS
from houndmon.core.problems import SourceUnreadable
from houndmon.core.single_flight import SingleFlightCache
from houndmon.core.source import Source
from houndmon.evaluator.figures import Unreadable
from houndmon.evaluator.levels import Level, evaluate_level, relation_of
from houndmon.evaluator.reading import read_figures
from houndmon.rulebook.levels import LEVEL_BOOK, LevelName


class LevelList(msgspec.Struct):
    """The service levels of an environment."""

    items: Annotated[list[Level], Meta(description="Those that can be read now.")]
    unreadable: Annotated[
        dict[str, str],
        Meta(description="Those that cannot, and why.", examples=[{"upload_to_live": "it does not exist"}]),
    ] = {}
    absent: Annotated[
        list[LevelName],
        Meta(description="Those of relations that this source does not have, by houndmon.toml.", examples=[[]]),
    ] = []


class LevelCache:
    """Reads and serves service levels."""

    def __init__(self, source: Source, config: Callable[[], Config]) -> None:
        self._source, self._config = source, config
        self._shared: SingleFlightCache[Environment, LevelList] = SingleFlightCache(
            self._load, life_seconds=LIFE_SECONDS, deadline_seconds=LONG_DEADLINE_SECONDS
        )

    async def answer(self, environment: Environment) -> LevelList:
        """Every service level. Raises Busy."""
        return await self._shared.get(environment)

    def invalidate(self) -> None:
        """Answer anew next time."""
        self._shared.invalidate()

    async def level(self, environment: Environment, name: LevelName) -> Level:
        """One service level. Raises SourceUnreadable, naming its relation."""
        found = await self.answer(environment)
        for one in found.items:
            if one.name == name:
                return one
        relation = relation_of(name)
        self._source.refuse_absent(relation)
        raise SourceUnreadable(self._source.schema, relation, found.unreadable[name])

    async def _load(self, environment: Environment) -> LevelList:
        config, parts = self._config(), frozenset(spec.part for spec in LEVEL_BOOK.values())
        figures = await read_figures(self._source, environment, config, parts)
        found = LevelList([])
        for name, settings in config.levels.items():
            one = evaluate_level(settings, figures)
            if not isinstance(one, Unreadable):
                found.items.append(one)
            elif one.is_absent:
                found.absent.append(name)
            else:
                found.unreadable[name] = one.reason
        return found
