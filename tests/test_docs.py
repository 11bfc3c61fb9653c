"""The documents say what the code does: their links lead somewhere, and nothing is left out."""

import inspect
import re
from pathlib import Path
from typing import get_args

import pytest

from houndmon.__main__ import COMMANDS
from houndmon.app import PANELS
from houndmon.commands.config import configuration_document
from houndmon.config.raw import RawFile, RawRule
from houndmon.core.answer import ANOMALY_KINDS, PanelAnswer
from houndmon.core.settings import Settings, read_settings
from houndmon.core.source_contract import SOURCE_COLUMNS
from houndmon.rulebook.book import RuleName
from houndmon.rulebook.levels import LevelName
from houndmon.support.model import Support

ROOT = Path(__file__).resolve().parent.parent
DOCS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "static" / "README.md"])
ADRS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
FORBIDDEN = re.compile(r"/(home|root|Users|tmp)/|pypi\.org|pythonhosted\.org|npmjs\.", re.IGNORECASE)
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
NUMBERS = (ROOT / "docs" / "numbers.md").read_text(encoding="utf-8")
each_document = pytest.mark.parametrize("document", DOCS, ids=lambda path: str(path.relative_to(ROOT)))


def prose(text: str) -> str:
    """The text without its blocks of code, which hold no links and no headings."""
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def links(document: Path) -> list[tuple[str, str]]:
    """The relative links of a document, each as path and anchor."""
    found = re.findall(r"\]\(([^)\s]+)\)", prose(document.read_text(encoding="utf-8")))
    return [(link.partition("#")[0], link.partition("#")[2]) for link in found if "://" not in link]


def anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, as forges make them."""
    heads = re.findall(r"^#+ (.+)$", prose(document.read_text(encoding="utf-8")), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def section(text: str, head: str) -> str:
    """What stands under a heading, up to the next one of its level or above."""
    level = head.partition(" ")[0]
    return re.split(rf"^#{{1,{len(level)}}} ", text.partition(f"\n{head}\n")[2], flags=re.MULTILINE)[0]


@each_document
def test_it_links_to_what_is_there(document: Path) -> None:
    """Every relative link leads to a file, and every anchor to a heading of it."""
    for path, anchor in links(document):
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), path
        assert target.is_relative_to(ROOT), path
        assert not anchor or anchor in anchors(target), f"{path}#{anchor}"


@each_document
def test_it_names_no_place_of_one_machine(document: Path) -> None:
    """No document holds a path of somebody's own, or the host of a package index."""
    assert not FORBIDDEN.findall(document.read_text(encoding="utf-8"))


def test_it_checks_links_that_are_there() -> None:
    """The documents have links, and the pattern finds them."""
    assert len(links(ROOT / "README.md")) > 10
    assert ("docs/operations.md", "notifications") in links(ROOT / "README.md")


@pytest.mark.parametrize("spec", PANELS, ids=lambda spec: spec.name)
def test_it_defines_every_figure_of_a_panel(spec) -> None:
    """Each panel has its section in numbers.md, and each of its own fields is named there."""
    own = section(NUMBERS, f"### {spec.name}")
    assert own
    inherited = set(spec.answer.__mro__[1].__struct_fields__)
    # Ends of intervals are defined once for all ratios, the list of events is the section itself.
    for field in set(spec.answer.__struct_fields__) - inherited - {"ratio_low", "ratio_high", "items", "limit_minutes"}:
        assert f"`{field}`" in own, field


@pytest.mark.parametrize("field", sorted(set(Support.__struct_fields__) - set(PanelAnswer.__struct_fields__)))
def test_it_defines_every_figure_of_support(field: str) -> None:
    """Each field of support's answer is named in its section."""
    assert f"`{field}`" in section(NUMBERS, "## Support")


@pytest.mark.parametrize("field", ["ratio_low", "ratio_high", "limit_minutes", "before"])
def test_it_defines_what_several_panels_share(field: str) -> None:
    """What is defined outside the panels' sections is defined all the same."""
    assert f"`{field}`" in NUMBERS


def test_it_documents_the_charts() -> None:
    """Every panel with charts is named where they are defined."""
    own = section(NUMBERS, "### Charts")
    for spec in PANELS:
        assert (f"`{spec.name}`" in own) == bool(spec.trend), spec.name


@pytest.mark.parametrize("name", get_args(RuleName))
def test_it_documents_every_rule(name: str) -> None:
    """Each rule has its line in the table of rules."""
    assert f"\n| `{name}` |" in section(NUMBERS, "## Rules")


@pytest.mark.parametrize("name", get_args(LevelName))
def test_it_documents_every_service_level(name: str) -> None:
    """Each service level has its line in the table of service levels."""
    assert f"\n| `{name}` |" in section(NUMBERS, "## Service levels")


@pytest.mark.parametrize("kind", ANOMALY_KINDS)
def test_it_documents_every_anomaly(kind: str) -> None:
    """Each kind of anomaly has its line in the table of anomalies."""
    assert f"\n| `{kind}` |" in section(NUMBERS, "## Anomalies")


@pytest.mark.parametrize("relation", SOURCE_COLUMNS)
def test_it_documents_every_column_of_the_source(relation: str) -> None:
    """The README's table names each relation with all its columns."""
    line = re.search(rf"^\| `{relation}` \|.*$", README, re.MULTILINE)
    assert line
    marks = {name: "?" * (column.is_nullable + column.is_optional) for name, column in SOURCE_COLUMNS[relation].items()}
    assert [name for name, mark in marks.items() if f"`{name}{mark}`" not in line[0]] == []
    named = set(re.findall(r"`(\w+)\?{0,2}`", line[0]))
    assert SOURCE_COLUMNS[relation].keys() <= named


def test_it_lists_every_variable() -> None:
    """Every HOUNDMON_ variable that the code reads has its line, and no other has."""
    # Set by the command, and never read; made of several variables, which the code names.
    fields = set(Settings.__struct_fields__) - {"demo"} - {"oidc", "proxy"}
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    read = {f"HOUNDMON_{name.upper()}" for name in fields} | set(re.findall(r"\bHOUNDMON_[A-Z_]*[A-Z]\b", code))
    assert set(re.findall(r"^\| `(HOUNDMON_\w+)` \|", CONFIGURATION, re.MULTILINE)) == read


def test_it_gives_the_defaults_of_the_variables() -> None:
    """The defaults are those of the code, and of what is read where nothing is set."""
    unset = read_settings({})
    for name in ("source_schema", "host", "port", "timezone", "auth", "log_level"):
        assert getattr(Settings(), name) == getattr(unset, name)
        assert f"| `HOUNDMON_{name.upper()}` | `{getattr(unset, name)}` |" in CONFIGURATION, name


def test_it_writes_down_the_configuration() -> None:
    """docs/configuration.md is what `houndmon config document` prints."""
    assert configuration_document() == CONFIGURATION


def test_it_describes_every_section_of_the_file() -> None:
    """Each key and table of houndmon.toml has its line, with every name and key that houndmon knows."""
    own = section(CONFIGURATION, "## houndmon.toml")
    assert re.findall(r"^\| `\[*(\w+)", own, re.MULTILINE) == list(RawFile.__struct_fields__)
    for name in (*get_args(RuleName), *get_args(LevelName), *RawRule.__struct_encode_fields__):
        assert f"`{name}`" in own


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__.rpartition(".")[2])
def test_it_mentions_every_command(command) -> None:
    """The README's table of commands has each one."""
    assert inspect.ismodule(command)
    name = command.__name__.rpartition(".")[2]
    assert re.search(rf"^\| `houndmon {name}\b", README, re.MULTILINE)


@pytest.mark.parametrize("adr", ADRS, ids=lambda path: path.stem)
def test_it_keeps_decisions_short(adr: Path) -> None:
    """A decision has at most 60 lines, its five parts, its number in its title, and its line in the index."""
    text = adr.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 60
    for part in ("## Question", "## Options", "## Decision", "## Good", "## Bad", "## What would reopen it"):
        assert f"\n{part}\n" in text, part
    assert text.startswith(f"# {adr.stem[:4]}: ")
    assert f"({adr.name})" in (adr.parent / "README.md").read_text(encoding="utf-8")


def test_it_numbers_decisions_in_order() -> None:
    """Decisions are numbered from 1 on, without a gap."""
    assert [int(adr.stem[:4]) for adr in ADRS] == list(range(1, len(ADRS) + 1))


def test_it_says_each_change_of_a_version_in_one_place() -> None:
    """A version stands in the changelog once, and each kind of change in it once: a merge repeats them silently."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## (.+)$", text, flags=re.MULTILINE)
    assert len(versions) == len(set(versions)) > 1, versions
    for version in versions:
        kinds = re.findall(r"^### (.+)$", section(text, f"## {version}"), flags=re.MULTILINE)
        assert kinds, version
        assert len(kinds) == len(set(kinds)), version
        assert set(kinds) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_it_says_at_once_that_tables_can_be_mapped() -> None:
    """The README's first paragraph says that the reader's own tables will do, and leads to how they are mapped."""
    first = README.split("\n\n")[1]
    assert "**Your tables may look different**" in first
    assert "(#point-it-at-a-database)" in first
    assert "views are the mapping" in section(README, "## Point it at a database")
