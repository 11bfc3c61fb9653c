"""The search for a name on the page: a list of links, for the field's keys or drawn into the page."""

from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Template

from houndmon.core.filters import Filters
from houndmon.support.routes import SupportCache, checked_query, matches_context

SearchContext = dict[str, object]
QueryText = Annotated[str, QueryParameter(description="Words of a name, or an id.")]


def kept_parameters(wall: str, panel: str) -> dict[str, str | None]:
    """What a link of the page keeps besides the filters."""
    return {"wall": "1" if wall == "1" else None, "panel": panel or None}


async def search_context(support: SupportCache, filters: Filters, text: str, wall: str, panel: str) -> SearchContext:
    """What the matches are drawn from."""
    return await matches_context(support, text) | {"filters": filters, "shown": kept_parameters(wall, panel)}


@get("/fragments/search", include_in_schema=False)
async def search_fragment(
    support: NamedDependency[SupportCache],
    filters: NamedDependency[Filters],
    q: QueryText = "",
    wall: QueryText = "",
    panel: QueryText = "",
) -> Template:
    """What goes by the text in the field."""
    context = await search_context(support, filters, checked_query(q), wall, panel)
    return Template(template_name="web/search.html", context=context)


ROUTES = [search_fragment]
