"""A channel made by CONTRIBUTING in a copy of the repository: a folder and a line."""

import re
import shutil
from pathlib import Path

import pytest

from copies import DOCUMENTS, copy_repository, edit, run_python, run_tests, write_documents
from factories import present

pytestmark = pytest.mark.long

IMPORTS = """
from houndmon.notify.pager import config as pager_config
from houndmon.notify.pager import send as pager"""
SECTION = "\n### pager\n\nA webhook by another name.\n"
TABLE = re.compile(r'\n# kind = "webhook": .*?(?=\n# (?:kind =|----))', re.DOTALL)
PROGRAM = """
from pathlib import Path
from houndmon.config.errors import ConfigError
from houndmon.config.load import load
from houndmon.notify.channels import CHANNELS

file = Path("houndmon.toml")
for kind in ("pager", "pigeon"):
    file.write_text(f'[receivers.ops]\\nkind = "{kind}"\\nurl = "https://pager.example/hook"\\n')
    try:
        print(load(file, CHANNELS).receivers["ops"].kind)
    except ConfigError as error:
        print(error)
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository with a new channel, made as its neighbour is."""
    place = copy_repository(tmp_path_factory.mktemp("copy"))
    notify = place / "src" / "houndmon" / "notify"
    shutil.copytree(notify / "webhook", notify / "pager")
    for file in (notify / "pager").iterdir():
        text = file.read_text(encoding="utf-8").replace("notify.webhook", "notify.pager")
        file.write_text(text.replace('kind: str = "webhook"', 'kind: str = "pager"'), encoding="utf-8")
    edit(
        notify / "channels.py",
        ("\n\n\nclass Channel(", f"\n{IMPORTS}\n\n\nclass Channel("),
        ("\n}\n", '\n    "pager": Channel(pager_config.read, pager.send),\n}\n'),
    )
    edit(place / "docs" / "operations.md", ("\n### webhook\n", f"{SECTION}\n### webhook\n"))
    example = place / "houndmon.example.toml"
    table = present(TABLE.search(example.read_text(encoding="utf-8")))[0]
    edit(example, (table, table.replace("webhook", "pager").replace("receivers.automation", "receivers.pager") + table))
    return place


def test_it_takes_a_new_channel_by_a_folder_and_a_line(copy: Path) -> None:
    """The tests of the house hold for the new channel, and all documents are whole again."""
    run_tests(copy, "-k", "channel", "tests/test_house.py")
    write_documents(copy)
    run_tests(copy, *DOCUMENTS)


def test_it_reads_a_new_channel_and_offers_it(copy: Path) -> None:
    """The configuration takes the new kind, and offers it where another is unknown."""
    taken, refused = run_python(copy, "-c", PROGRAM).splitlines()
    assert taken == "pager"
    assert "receivers.ops.kind" in refused
    assert "pager" in refused
