"""The search for a name on the page: a list of links, for the field's keys or drawn into the page."""

from typing import Annotated, Any

from litestar import get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Template

from houndmon.kit.filters import Filters
from houndmon.support.routes import checked_query, matches_drawn

Context = dict[str, Any]
Text = Annotated[str, QueryParameter(description="Words of a name, or an id.")]


def held(wall: str, panel: str) -> dict[str, str | None]:
    """What a link of the page keeps besides the filters."""
    return {"wall": "1" if wall == "1" else None, "panel": panel or None}


async def found(state: State, filters: Filters, text: str, wall: str, panel: str) -> Context:
    """What the matches are drawn from."""
    return await matches_drawn(state, text) | {"filters": filters, "shown": held(wall, panel)}


@get("/fragments/search", include_in_schema=False)
async def search_fragment(
    state: State, filters: NamedDependency[Filters], q: Text = "", wall: Text = "", panel: Text = ""
) -> Template:
    """What goes by the text in the field."""
    context = await found(state, filters, checked_query(q), wall, panel)
    return Template(template_name="web/search.html", context=context)


ROUTES = [search_fragment]
