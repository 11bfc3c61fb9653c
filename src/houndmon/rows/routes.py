"""The routes of the rows behind a figure: JSON, CSV, and a page."""

from typing import Annotated
from urllib.parse import urlencode

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, PathParameter, QueryParameter
from litestar.response import Template
from msgspec.structs import replace

from houndmon.config.live import LiveConfig
from houndmon.core.filters import Filters, checked_parameter
from houndmon.core.panel_cache import DEADLINE_SECONDS, LIFE_SECONDS
from houndmon.core.panel_routes import ERROR_RESPONSES
from houndmon.core.problems import BadInput, Busy, FieldError, SourceAbsent, SourceUnreadable
from houndmon.core.single_flight import SingleFlightCache
from houndmon.core.source import Source
from houndmon.rows.load import load
from houndmon.rows.model import KINDS, AnyRowList, RowsQuestion
from houndmon.rows.text import csv_text, file_name, filled_columns

MOST_CODE_CHARACTERS = 200
KindName = Annotated[str, PathParameter(description="Which rows.", schema_extra={"enum": list(KINDS)})]
Code = Annotated[
    str | None,
    QueryParameter(
        description="One error code, or reason of a rejection, as a panel shows it; of failed jobs, failed plays and "
        "rejected uploads.",
        schema_extra={"maxLength": MOST_CODE_CHARACTERS},
    ),
]


class RowsCache:
    """Serves rows, each answer shared for a tick; an old one is none, for what is listed must be there."""

    def __init__(self, source: Source, config: LiveConfig) -> None:
        self._source, self._config = source, config
        self._answers = SingleFlightCache(self._load, life_seconds=LIFE_SECONDS, deadline_seconds=DEADLINE_SECONDS)

    async def _load(self, question: RowsQuestion) -> AnyRowList:
        async with self._source.snapshot() as snapshot:
            return await load(snapshot, question, self._config())

    async def answer(self, question: RowsQuestion) -> AnyRowList:
        """The rows. Raises SourceUnreadable or Busy."""
        return await self._answers.get(question)

    def invalidate(self) -> None:
        """Answer anew next time."""
        self._answers.invalidate()


def checked_question(kind: str, filters: Filters, code: str | None) -> RowsQuestion:
    """What is asked for. Raises NotFoundException or BadInput."""
    if kind not in KINDS:
        raise NotFoundException(f"there are no such rows; there are {', '.join(KINDS)}")
    if code and not KINDS[kind].has_codes:
        raise BadInput(FieldError("code", "these rows have none"))
    if KINDS[kind].panel == "workers":  # its figures are of all artists and releases
        filters = replace(filters, artist_id=None, release_id=None)
    return RowsQuestion(kind, filters, checked_parameter("code", code, MOST_CODE_CHARACTERS))


def rows_query(filters: Filters, code: str | None) -> str:
    """The query string of a question."""
    return "&".join(filter(None, [filters.query(), urlencode({"code": code}) if code else ""]))


def rows_address(kind: str, filters: Filters, count: int, code: str | None = None) -> str:
    """The page of the rows behind a count; empty where there are none, or where a code is too long to be asked for."""
    assert kind in KINDS
    if not count or len(code or "") > MOST_CODE_CHARACTERS:
        return ""
    query = rows_query(filters, code)
    return f"/rows/{kind}?{query}" if query else f"/rows/{kind}"


@get(
    "/api/rows/{kind:str}",
    operation_id="rows",
    summary="The rows behind a figure",
    tags=["Rows"],
    responses=ERROR_RESPONSES,
)
async def rows_json(
    rows: NamedDependency[RowsCache], filters: NamedDependency[Filters], kind: KindName, code: Code = None
) -> AnyRowList:
    """At most 100 rows with their ids: the newest first, of what waits or is at work now the oldest first."""
    return await rows.answer(checked_question(kind, filters, code))


@get("/api/rows/{kind:str}/csv", include_in_schema=False, media_type="text/csv")
async def rows_csv(
    rows: NamedDependency[RowsCache], filters: NamedDependency[Filters], kind: FromPath[str], code: Code = None
) -> Response[str]:
    """The same rows as CSV, to be saved."""
    found = await rows.answer(checked_question(kind, filters, code))
    headers = {"Content-Disposition": f'attachment; filename="{file_name(found)}"'}
    return Response(csv_text(found), headers=headers, media_type="text/csv")


@get("/rows/{kind:str}", include_in_schema=False)
async def rows_page(
    rows: NamedDependency[RowsCache], filters: NamedDependency[Filters], kind: FromPath[str], code: Code = None
) -> Template:
    """The same rows as a page."""
    question = checked_question(kind, filters, code)
    context: dict[str, object] = {
        "name": kind,
        "kind": KINDS[kind],
        "columns": (),
        "filters": filters,
        "asked": question.filters,
        "code": question.code,
        "query": rows_query(question.filters, question.code),
        "found": None,
        "problem": None,
        "absent": None,
    }
    status = 200
    try:
        found = context["found"] = await rows.answer(question)
        context["columns"] = filled_columns(found)
    except SourceAbsent as error:
        context["absent"] = error.relation
    except (SourceUnreadable, Busy) as error:
        context["problem"], status = error.clause, error.status
    return Template(template_name="rows/page.html", context=context, status_code=status)


ROUTES = [rows_json, rows_csv, rows_page]
