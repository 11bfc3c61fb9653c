"""CONTRIBUTING describes the house as it is: its folders, its layers, its families, the files that it names."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "houndmon"
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
FOLDERS = ("src", "tests", "docs", "migrations", "static", "openapi", "bench", "findings")
THERE = {
    f"/{path.relative_to(ROOT).as_posix()}{'/' * path.is_dir()}"
    for path in [*ROOT.iterdir(), *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*"))]
}
MODULES = {
    f"{path.name}{'/' * path.is_dir()}"
    for path in PACKAGE.iterdir()
    if (path / "__init__.py").exists() or (path.suffix == ".py" and path.stem not in ("__init__", "__main__"))
}


def quoted(text: str) -> list[str]:
    """What stands in a text as code."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


# The last is the operator's own.
NAMED = {one for one in quoted(TEXT) if re.fullmatch(r"[\w./]+(/|\.\w{2,4})", one)} - {"houndmon.toml"}


def test_it_lays_out_what_there_is() -> None:
    """Every module and package of houndmon has its line in the layout, and none that is gone."""
    block = TEXT.partition("\n## The layout\n")[2].split("```")[1]
    outer = re.findall(r"^(\w+/)", block, re.MULTILINE)
    inner = re.findall(r"^  (\w+(?:/|\.py))", block, re.MULTILINE)
    assert len(inner) == len(set(inner))
    assert set(inner) == MODULES
    assert [folder for folder in outer if not (ROOT / folder).is_dir()] == []


def test_it_says_where_things_are() -> None:
    """The table of the architecture has each of them too."""
    rows = ARCHITECTURE.partition("\n| folder | holds |\n")[2].partition("\n\n")[0].splitlines()[1:]
    named = [name.replace("<name>/", "") for row in rows for name in quoted(row.split("|")[1])]
    assert len(named) == len(set(named))
    assert set(named) == MODULES


def test_it_names_the_layers_that_lint_holds() -> None:
    """Imports go down through the layers of import-linter's contract, in its order."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (layers,) = (one["layers"] for one in contracts if one["type"] == "layers")
    sentence = TEXT.partition("- **Imports go down**: ")[2].partition(".")[0]
    assert quoted(sentence) == [name for layer in layers for name in re.findall(r"\w+", layer)]


def test_it_names_the_families_of_rules() -> None:
    """The families are those that have both a module of specs and a module of judges."""
    judges = {path.stem for path in (PACKAGE / "evaluator" / "rules").glob("*.py")} - {"__init__"}
    specs = {path.stem for path in (PACKAGE / "rulebook").glob("*.py")}
    (sentence,) = re.findall(r"A rule has a family: (.*?)\.", TEXT)
    assert set(quoted(sentence)) == judges
    assert judges <= specs


@pytest.mark.parametrize("path", sorted(NAMED))
def test_it_names_files_that_there_are(path: str) -> None:
    """A file or folder that it names is there."""
    assert any(there.endswith(f"/{path}") for there in THERE)


@pytest.mark.parametrize("path", ["src/houndmon/rulebook/units.py", "static/", "CONTRIBUTING.md"])
def test_it_knows_the_files_that_there_are(path: str) -> None:
    """The list of files has those of every depth, and nothing else."""
    assert f"/{path}" in THERE
    assert not any(there.endswith("/units.txt") for there in THERE)
