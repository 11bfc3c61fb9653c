"""The routes of support: a search by name, and where a release or an artist is stuck; JSON and fragments."""

from typing import Annotated, Any

import msgspec
from litestar import MediaType, Request, Response, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Template

from houndmon.config.live import LiveConfig
from houndmon.kit.filters import Filters
from houndmon.kit.problems import BadInput, Busy, FieldError, SourceUnreadable
from houndmon.kit.requests import only
from houndmon.kit.room import DEADLINE_SECONDS, LIFE_SECONDS, REFUSALS, Served, conditional, served
from houndmon.kit.shared import Shared
from houndmon.kit.source import Source
from houndmon.support.load import load, search
from houndmon.support.model import Matches, Support

MOST_CHARACTERS = 100
Text = Annotated[
    str,
    QueryParameter(description="Words of an artist's or a release's name, or an id.", schema_extra={"maxLength": 100}),
]


class Desk:
    """Serves searches and support's answers: each shared for a tick, with the last good one kept."""

    def __init__(self, source: Source, config: LiveConfig) -> None:
        self._source, self._config = source, config
        self._answers = Shared(self._load, life_seconds=LIFE_SECONDS, deadline_seconds=DEADLINE_SECONDS)
        self._found = Shared(self._search, life_seconds=LIFE_SECONDS, deadline_seconds=DEADLINE_SECONDS)

    async def _load(self, filters: Filters) -> Served:
        config = self._config()
        limit = config.levels["upload_to_live"].limit_minutes
        threshold = config.rules["playback_failure_ratio"].threshold or 0
        async with self._source.snapshot() as snapshot:
            return served(await load(snapshot, filters, limit, threshold))

    async def _search(self, text: str) -> Matches:
        async with self._source.snapshot() as snapshot:
            return await search(snapshot, text)

    async def search(self, text: str) -> Matches:
        """What goes by a text. Raises SourceUnreadable or Busy."""
        return await self._found.get(text)

    async def answer(self, filters: Filters) -> Served:
        """Where it is stuck. Raises SourceUnreadable or Busy where there never was a good answer."""
        try:
            return await self._answers.get(filters)
        except (SourceUnreadable, Busy) as error:
            last = self._answers.last_good(filters)
            if last is None:
                raise
            return served(msgspec.structs.replace(last.panel, stale=True, stale_reason=str(error)))

    def forget(self) -> None:
        """Answer anew next time."""
        self._answers.forget()
        self._found.forget()


def checked_query(text: str) -> str:
    """A text to look for, blanks collapsed. Raises BadInput."""
    wrong = "must not hold a NUL character" if "\0" in text else None
    if len(text) > MOST_CHARACTERS:
        wrong = f"must be at most {MOST_CHARACTERS} characters"
    if wrong:
        raise BadInput(FieldError("q", wrong))
    return " ".join(text.split())


@get("/api/search", operation_id="search", summary="Find a release or an artist", tags=["Support"], responses=REFUSALS)
async def search_json(request: Request[Any, Any, Any], state: State, q: Text) -> Matches:
    """Artists and releases whose names hold every word, at most 5 and 12 of them."""
    only(request, "q")
    text = checked_query(q)
    if not text:
        raise BadInput(FieldError("q", "must hold a word"))
    desk: Desk = state.support
    return await desk.search(text)


@get(
    "/api/support",
    operation_id="support",
    summary="Where is this release stuck?",
    tags=["Support"],
    responses=REFUSALS,
)
async def support_json(
    request: Request[Any, Any, Any], state: State, filters: NamedDependency[Filters]
) -> Response[Support]:
    """A release's, or an artist's, tracks with stages and times, jobs with attempts and errors, uploads and plays."""
    answer = await state.support.answer(needed(filters))
    return conditional(request, answer.body, answer.etag, MediaType.JSON)  # type: ignore[return-value]


@get("/fragments/support", include_in_schema=False)
async def support_fragment(state: State, filters: NamedDependency[Filters]) -> Template:
    """The support panel."""
    return Template(template_name="support/fragment.html", context=await support_drawn(state, needed(filters)))


def needed(filters: Filters) -> Filters:
    """Filters that name a release or an artist. Raises BadInput."""
    if not filters.has_ids:
        raise BadInput(FieldError("release_id", "give a release_id or an artist_id; /api/search finds them"))
    return filters


async def support_drawn(state: State, filters: Filters) -> dict[str, Any]:
    """What the support panel is drawn from, or why there is nothing."""
    found: dict[str, Any] = {"filters": filters, "panel": None, "problem": None}
    try:
        return found | {"panel": (await state.support.answer(filters)).panel}
    except (SourceUnreadable, Busy) as error:
        return found | {"problem": str(error)}


async def matches_drawn(state: State, text: str) -> dict[str, Any]:
    """What a list of matches is drawn from; nothing where nothing was asked."""
    found: dict[str, Any] = {"text": text, "matches": None, "problem": None}
    try:
        return found | {"matches": await state.support.search(text)} if text else found
    except (SourceUnreadable, Busy) as error:
        return found | {"problem": str(error)}


ROUTES = [search_json, support_json, support_fragment]
