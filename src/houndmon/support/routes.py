"""The routes of support: a search by name, and where a release or an artist is stuck; JSON and fragments."""

from typing import Annotated, Any

from litestar import MediaType, Request, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Template

from houndmon.config.live import LiveConfig
from houndmon.core.filters import Filters, checked_parameter
from houndmon.core.panel import EncodedAnswer, aged, encode_answer
from houndmon.core.panel_cache import DEADLINE_SECONDS, LIFE_SECONDS
from houndmon.core.panel_routes import ERROR_RESPONSES, conditional_response
from houndmon.core.problems import BadInput, Busy, FieldError, SourceAbsent, SourceUnreadable
from houndmon.core.requests import refuse_unknown_parameters
from houndmon.core.single_flight import SingleFlightCache
from houndmon.core.source import Source
from houndmon.support.load import load, search
from houndmon.support.model import Matches, Support

MOST_CHARACTERS = 100
SearchText = Annotated[
    str,
    QueryParameter(description="Words of an artist's or a release's name, or an id.", schema_extra={"maxLength": 100}),
]


class SupportCache:
    """Serves searches and support's answers: each shared for a tick, with the last good one kept."""

    def __init__(self, source: Source, config: LiveConfig) -> None:
        self._source, self._config = source, config
        self._answers = SingleFlightCache(self._load, life_seconds=LIFE_SECONDS, deadline_seconds=DEADLINE_SECONDS)
        self._matches = SingleFlightCache(self._search, life_seconds=LIFE_SECONDS, deadline_seconds=DEADLINE_SECONDS)

    async def _load(self, filters: Filters) -> EncodedAnswer:
        async with self._source.snapshot() as snapshot:
            return encode_answer(await load(snapshot, filters, self._config()))

    async def _search(self, text: str) -> Matches:
        async with self._source.snapshot() as snapshot:
            return await search(snapshot, text)

    async def search(self, text: str) -> Matches:
        """What goes by a text. Raises SourceUnreadable or Busy."""
        return await self._matches.get(text)

    async def answer(self, filters: Filters) -> EncodedAnswer:
        """Where it is stuck. Raises SourceUnreadable or Busy where there never was a good answer."""
        return aged(*await self._answers.get_or_last(filters))

    def invalidate(self) -> None:
        """Answer anew next time."""
        self._answers.invalidate()
        self._matches.invalidate()


def checked_query(text: str) -> str:
    """A text to look for, blanks collapsed. Raises BadInput."""
    return " ".join((checked_parameter("q", text, MOST_CHARACTERS) or "").split())


@get(
    "/api/search",
    operation_id="search",
    summary="Find a release or an artist",
    tags=["Support"],
    responses=ERROR_RESPONSES,
)
async def search_json(
    request: Request[Any, Any, Any], support: NamedDependency[SupportCache], q: SearchText
) -> Matches:
    """Artists and releases whose names hold every word, at most 5 and 12 of them."""
    refuse_unknown_parameters(request, "q")
    text = checked_query(q)
    if not text:
        raise BadInput(FieldError("q", "must hold a word"))
    return await support.search(text)


@get(
    "/api/support",
    operation_id="support",
    summary="Where is this release stuck?",
    tags=["Support"],
    responses=ERROR_RESPONSES,
)
async def support_json(
    request: Request[Any, Any, Any], support: NamedDependency[SupportCache], filters: NamedDependency[Filters]
) -> Response[Support]:
    """A release's, or an artist's, tracks with stages and times, jobs with attempts and errors, uploads and plays."""
    answer = await support.answer(require_ids(filters))
    return conditional_response(request, answer.body, answer.etag, MediaType.JSON)  # type: ignore[return-value]


@get("/fragments/support", include_in_schema=False)
async def support_fragment(support: NamedDependency[SupportCache], filters: NamedDependency[Filters]) -> Template:
    """The support panel."""
    return Template(template_name="support/fragment.html", context=await support_context(support, require_ids(filters)))


def require_ids(filters: Filters) -> Filters:
    """Filters that name a release or an artist. Raises BadInput."""
    if not filters.has_ids:
        raise BadInput(FieldError("release_id", "give a release_id or an artist_id; /api/search finds them"))
    return filters


async def support_context(support: SupportCache, filters: Filters) -> dict[str, object]:
    """What the support panel is drawn from, or why there is nothing."""
    found: dict[str, object] = {"filters": filters, "panel": None, "problem": None, "absent": None}
    try:
        return found | {"panel": (await support.answer(filters)).panel}
    except SourceAbsent as error:
        return found | {"problem": error.clause, "absent": error.relation}
    except (SourceUnreadable, Busy) as error:
        return found | {"problem": error.clause}


async def matches_context(support: SupportCache, text: str) -> dict[str, object]:
    """What a list of matches is drawn from; nothing where nothing was asked."""
    found: dict[str, object] = {"text": text, "matches": None, "problem": None}
    try:
        return found | {"matches": await support.search(text)} if text else found
    except SourceAbsent:
        return found | {"problem": "this source has no releases, by houndmon.toml"}
    except (SourceUnreadable, Busy) as error:
        return found | {"problem": error.clause}


ROUTES = [search_json, support_json, support_fragment]
