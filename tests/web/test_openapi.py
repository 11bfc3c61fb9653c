import re
from typing import Annotated, Any

import msgspec
import pytest
from msgspec import Meta

from houndmon import app as app_module
from houndmon.app import PANELS, create_app
from houndmon.config.model import Config
from houndmon.core.answer import PanelAnswer
from houndmon.core.filters import Filters
from houndmon.core.panel import PanelSpec
from houndmon.core.panel_routes import panel_routes
from houndmon.core.paths import CHECKOUT
from houndmon.core.settings import Settings
from houndmon.core.source import Snapshot
from houndmon.web.reference import openapi_document

HANDLERS, NAMES = app_module.handlers, [spec.name for spec in PANELS]
SHARED = {"Anomaly", "AppliedFilters", "Percentiles", "WindowShown"}
COMMITTED = CHECKOUT / "openapi" / "houndmon.json"
SCALARS = {"string", "integer", "number", "boolean"}
OPERATIONAL = {"/healthz", "/readyz"}


@pytest.fixture(scope="module")
def generated() -> bytes:
    return openapi_document(create_app(Settings(), "postgresql://"))


@pytest.fixture(scope="module")
def api(generated: bytes) -> dict[str, Any]:
    return msgspec.json.decode(generated, type=dict[str, Any])


def schemas(api):
    return {name: schema for name, schema in api["components"]["schemas"].items() if "properties" in schema}


def operations(api):
    for path, methods in api["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def kinds(field):
    """The JSON types that a field may have, null apart."""
    found = set()
    for variant in field.get("oneOf") or field.get("anyOf") or [field]:
        kind = variant.get("type", "string" if "enum" in variant else None)
        found |= {kind} if not isinstance(kind, list) else set(kind)
    return found - {"null"}


def test_it_is_committed_as_it_is_generated(generated):
    """The document in openapi/ is what the code says: `make openapi` writes it anew."""
    assert COMMITTED.is_file(), "openapi/houndmon.json is missing: run `make openapi`"
    assert COMMITTED.read_bytes() == generated, "openapi/houndmon.json is stale: run `make openapi`"


def test_it_is_generated_the_same_twice(generated):
    """Two apps of the same code give the same bytes."""
    assert openapi_document(create_app(Settings(port=1), "postgresql://elsewhere")) == generated


@pytest.mark.parametrize("name", NAMES)
def test_it_names_the_components_of_a_panel_after_it(api, name):
    """Whatever a panel answers with is named after it, or is what every panel's answer holds: no bare `Reason`."""
    found = reached(api, f"/api/panels/{name}")
    assert {"AppliedFilters", "WindowShown", name.title()} <= found
    assert {one for one in found if not one.startswith(name.title())} <= SHARED


def reached(api, path):
    """The components that a path's answer is made of."""
    found: set[str] = set()
    ahead = [api["paths"][path]["get"]["responses"]["200"]]
    while ahead:
        names = re.findall(r"#/components/schemas/([^'\"]+)", str(ahead.pop()))
        ahead += [api["components"]["schemas"][one] for one in set(names) - found]
        found |= set(names)
    return found


class Reason(msgspec.Struct):
    """A struct that goes by the name of one of ingest's."""

    text: Annotated[str, Meta(description="Why.", examples=["so"])]


class Toy(PanelAnswer, kw_only=True):
    """What a panel answers that is not there yet."""

    reasons: Annotated[list[Reason], Meta(description="Why.")]


async def load_toy(snapshot: Snapshot, filters: Filters, config: Config) -> Toy:
    raise NotImplementedError("it is only described")


def test_it_renames_nothing_for_a_new_panel(api, monkeypatch):
    """A panel whose structs go by the names of another's adds components of its own; all others stay as they were."""
    toy = PanelSpec(name="toy", title="Toy", question="Why?", answer=Toy, load=load_toy, series=lambda config: ())
    monkeypatch.setattr(app_module, "handlers", lambda: [*HANDLERS(), *panel_routes(toy)])
    both = msgspec.json.decode(openapi_document(create_app(Settings(), "postgresql://")))
    before, after = api["components"]["schemas"], both["components"]["schemas"]
    assert {name for name in after if name not in before} == {"Toy", "ToyReason"}
    assert {name: after[name] for name in before} == before


def test_it_says_which_bodies_are_needed(api):
    """A body whose only field is optional may be left out, every other one must be there."""
    bodies = {name: one["requestBody"]["required"] for name, one in operations(api) if "requestBody" in one}
    assert {name for name, needed in bodies.items() if not needed} == {
        "POST /api/alerts/{id}/acknowledge",
        "POST /api/alerts/{id}/unacknowledge",
    }
    assert len(bodies) > 3


def test_it_describes_every_field(api):
    """Every field of every schema says what it means."""
    silent = [
        f"{name}.{field}"
        for name, schema in schemas(api).items()
        for field, value in schema["properties"].items()
        if not value.get("description")
    ]
    assert len(schemas(api)) > 20
    assert silent == []


def test_it_gives_every_scalar_field_an_example(api):
    """Every field that is no object and no list shows what it may hold, in its own type."""
    python: dict[str, type | tuple[type, ...]] = {
        "string": str,
        "integer": int,
        "number": (int, float),
        "boolean": bool,
    }
    without, wrong = [], []
    for name, schema in schemas(api).items():
        for field, value in schema["properties"].items():
            scalar = kinds(value) & SCALARS
            if not scalar or kinds(value) - SCALARS:
                continue
            examples = value.get("examples") or []
            if not examples:
                without.append(f"{name}.{field}")
            if any(one is not None and not any(isinstance(one, python[kind]) for kind in scalar) for one in examples):
                wrong.append(f"{name}.{field}")
    assert without == []
    assert wrong == []


def test_it_sums_up_every_operation(api):
    """Every operation has a summary, a tag and an id of its own; every parameter says what it is."""
    found = dict(operations(api))
    assert len(found) > 20
    assert [name for name, one in found.items() if not (one.get("summary") and one.get("tags"))] == []
    ids = [operation["operationId"] for operation in found.values()]
    assert len(ids) == len(set(ids))
    silent = [
        f"{name} {parameter['name']}"
        for name, operation in found.items()
        for parameter in operation.get("parameters", [])
        if not parameter.get("description")
    ]
    assert silent == []


def test_it_says_how_every_operation_fails(api):
    """Every operation documents its failures, each as a problem document."""
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    silent, wrong = [], []
    for name, operation in operations(api):
        failures = {status: one for status, one in operation["responses"].items() if status[0] in "45"}
        if not failures and name != "GET /healthz":
            silent.append(name)
        wrong += [f"{name} {status}" for status, one in failures.items() if one.get("content") != problem]
        silent += [f"{name} {status}" for status, one in failures.items() if not one.get("description")]
    assert silent == []
    assert wrong == []


def test_it_documents_every_panel(api):
    """Each panel has its path and its own schema, which holds what all panels share."""
    panels = [path for path in api["paths"] if re.fullmatch("/api/panels/[a-z]+", path)]
    assert {"ingest", "transcode", "workers", "playback", "incidents", "api"} <= {path[12:] for path in panels}
    for path in panels:
        content = api["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
        schema = api["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
        assert {"panel", "as_of", "window", "filters", "anomalies", "stale"} <= set(schema["properties"]), path
        assert {"as_of", "window", "filters", "anomalies"} <= set(schema["required"]), path


def test_it_refers_to_nothing_that_is_missing(api, generated):
    """Every reference leads somewhere, and every schema is referred to."""
    named = {part.split('"')[0] for part in generated.decode().split('"#/components/schemas/')[1:]}
    assert named <= set(api["components"]["schemas"])


def test_it_keeps_pages_out_of_the_document(api):
    """The document is of the API and the health checks; pages and fragments are nobody's contract."""
    assert [path for path in api["paths"] if not path.startswith("/api/") and path not in OPERATIONAL] == []


async def test_it_is_served_as_it_is_committed(quiet, api):
    """`/api/openapi.json` is the document, and `/docs` draws it."""
    served = await quiet.get("/api/openapi.json")
    assert served.status_code == 200
    assert msgspec.json.decode(served.content) == api
    page = await quiet.get("/docs")
    assert page.status_code == 200
    for path in api["paths"]:
        assert path in page.text


@pytest.mark.parametrize("name", ["ingest", "transcode", "workers", "publish", "playback", "incidents", "api"])
async def test_it_says_what_panels_answer(quiet, api, name):
    """The fields of an answer are those of its schema, no more and no fewer."""
    content = api["paths"][f"/api/panels/{name}"]["get"]["responses"]["200"]["content"]["application/json"]
    schema = api["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
    assert set(await quiet.panel(name)) == set(schema["properties"])
