"""A panel made by CONTRIBUTING in a copy of the repository: a folder and a line."""

import re
import shutil
from pathlib import Path

import pytest

from copies import DOCUMENTS, copy_repository, edit, run_python, run_tests, write_documents
from factories import present

pytestmark = pytest.mark.long

SECTION = re.compile(r"\n### ingest\n.*?(?=\n### )", re.DOTALL)
RENAMED = (("ingest", "arrivals"), ("Ingest", "Arrivals"), ('name="uploads",\n    st', 'name="arrivals",\n    st'))
PROGRAM = """
from functools import partial
from houndmon.app import PANELS, TABLE, create_app
from houndmon.config.live import LiveConfig
from houndmon.core.settings import Settings
from houndmon.lifespan import counted_series
from houndmon.notify.channels import CHANNELS

print(sorted(one.name for one in counted_series(PANELS, LiveConfig(None, CHANNELS)) if one.name == "arrivals"))
print(TABLE.allowed("viewer", "GET", "/api/panels/arrivals"), TABLE.allowed(None, "GET", "/api/panels/arrivals"))
found = create_app(Settings(), "postgresql://").openapi_schema.to_schema()
print(sorted(name for name in found["components"]["schemas"] if name.endswith("Reason")))
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository with a new panel, made as its neighbour is."""
    place = copy_repository(tmp_path_factory.mktemp("copy"))
    panels = place / "src" / "houndmon" / "panels"
    shutil.copytree(panels / "ingest", panels / "arrivals")
    for file in (panels / "arrivals").iterdir():
        text = file.read_text(encoding="utf-8")
        for before, after in RENAMED:
            text = text.replace(before, after)
        file.write_text(text, encoding="utf-8")
    edit(
        place / "src" / "houndmon" / "app.py",
        (
            "from houndmon.panels.api import routes as api\n",
            "from houndmon.panels.api import routes as api\nfrom houndmon.panels.arrivals import routes as arrivals\n",
        ),
        ("PANEL_MODULES = (ingest, ", "PANEL_MODULES = (arrivals, ingest, "),
    )
    book = place / "docs" / "numbers.md"
    section = present(SECTION.search(book.read_text(encoding="utf-8")))[0]
    edit(
        book,
        (section, section + section.replace("ingest", "arrivals")),
        ("/trend` of `ingest`, ", "/trend` of `arrivals`, `ingest`, "),
    )
    return place


def test_it_takes_a_new_panel_by_a_folder_and_a_line(copy: Path) -> None:
    """The tests of the house hold for the new panel, and for all that knows panels; all documents are whole again."""
    run_tests(copy, "-k", "arrivals or the_panels", "tests/test_house.py", "tests/counts/test_panels.py")
    write_documents(copy)
    run_tests(copy, *DOCUMENTS)


def test_it_serves_counts_and_guards_a_new_panel(copy: Path) -> None:
    """Its rows are counted, every viewer may read it and nobody else, and it renames nothing in the API's document."""
    series, access, reasons = run_python(copy, "-c", PROGRAM).splitlines()
    assert series == "['arrivals']"
    assert access == "True False"
    assert reasons == "['ArrivalsReason', 'IngestReason']"
