"""The API's reference: the OpenAPI document, drawn as a page that needs nothing from elsewhere."""

from typing import Any

import msgspec
from litestar import Litestar, Request, get
from litestar.response import Template


def openapi_document(app: Litestar) -> bytes:
    """The OpenAPI document as it is committed: keys sorted, indented by two."""
    schema = msgspec.to_builtins(app.openapi_schema.to_schema(), str_keys=True)
    return msgspec.json.format(msgspec.json.encode(schema, order="sorted"), indent=2) + b"\n"


@get("/docs", include_in_schema=False)
async def docs(request: Request[Any, Any, Any]) -> Template:
    """The document as a page."""
    schema = msgspec.json.decode(openapi_document(request.app))
    return Template(template_name="web/reference.html", context={"document": schema})


ROUTES = [docs]
