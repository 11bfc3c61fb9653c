"""A copy of the repository in which a test makes something new, as CONTRIBUTING says."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("src", "static", "migrations", "openapi", "docs", "tests", "bench", "findings")
FILES = ("*.md", "*.toml", "*.lock", "dev.py", "LICENSE", "Makefile")
DOCUMENTS = (
    "tests/test_docs.py",
    "tests/test_figures_in_docs.py",
    "tests/test_contributing.py",
    "tests/config",
    "tests/web/test_openapi.py::test_it_is_committed_as_it_is_generated",
    "tests/access/test_permissions.py::test_it_is_written_down",
)
WRITE = """
from contextlib import redirect_stdout
from houndmon.__main__ import main

for command, file in (
    ("config document", "docs/configuration.md"),
    ("token table", "docs/access.md"),
    ("openapi", "openapi/houndmon.json"),
):
    with open(file, "w", encoding="utf-8") as written, redirect_stdout(written):
        assert main(command.split()) == 0
"""


def copy_repository(place: Path) -> Path:
    """Copy what the tests of the house read to a folder; that folder."""
    for name in FOLDERS:
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (file for name in FILES for file in ROOT.glob(name)):
        shutil.copy(file, place)
    return place


def edit(file: Path, *changes: tuple[str, str]) -> None:
    """Put texts in place of others that stand in a file once."""
    text = file.read_text(encoding="utf-8")
    for before, after in changes:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    file.write_text(text, encoding="utf-8")


def run_python(place: Path, *arguments: str) -> str:
    """What Python prints in a copy. Its own code comes first on its path, before that which is installed."""
    environ = {"PYTHONPATH": f"{place / 'src'}:{place / 'tests'}", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=place, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def run_tests(place: Path, *arguments: str) -> None:
    """Run some tests of a copy: at least one, and all of them pass."""
    assert " passed" in run_python(place, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments)


def write_documents(place: Path) -> None:
    """Write a copy's generated documents anew, by the commands of CONTRIBUTING: nobody edits them."""
    run_python(place, "-c", WRITE)
