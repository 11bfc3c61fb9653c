import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from factories import present
from houndmon import __version__
from houndmon.commands.config import EXAMPLE
from houndmon.core.paths import resource

ROOT = Path(__file__).parent.parent
LOCKS = [ROOT / "requirements.lock", ROOT / "requirements-dev.lock"]
ENTRY = re.compile(
    r"^([a-z0-9-]+)==([^ ]+)(?: ; [^\\]+)? \\((?:\n    --hash=sha256:[0-9a-f]{64} ?\\?)+)\n", re.MULTILINE
)


def entries(lock):
    return {match[1]: match[2] for match in ENTRY.finditer(lock.read_text())}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_it_locks_by_hash_alone(lock):
    """A lock holds versions and hashes, and no address that it was made from."""
    text = lock.read_text()
    assert ENTRY.sub("", text) == ""
    assert len(entries(lock)) > 20
    for address in ("http:", "https:", "//", "index-url", "find-links", "file:", "@"):
        assert address not in text


def test_it_needs_nothing_but_the_development_lock_for_all():
    """The development lock holds every package of the other, in the same version."""
    run, dev = map(entries, LOCKS)
    assert run.items() <= dev.items()


def test_it_locks_what_the_project_asks_for():
    """Every dependency, extra and development tool of pyproject.toml is locked."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"].values()
    wanted = [*project["project"]["dependencies"], *(name for extra in extras for name in extra)]
    names = {present(re.match(r"[a-z0-9-]+", text))[0] for text in wanted}
    assert names <= entries(LOCKS[0]).keys()
    tools = {present(re.match(r"[a-z0-9-]+", text))[0] for text in project["dependency-groups"]["dev"]}
    assert tools <= entries(LOCKS[1]).keys()


def test_it_has_one_version():
    """The package and the project agree on the version."""
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == __version__


def test_it_lists_its_chores():
    """dev.py says what it can do without installing anything, in isolation from any environment."""
    done = subprocess.run([sys.executable, "-I", ROOT / "dev.py", "--help"], capture_output=True, text=True, check=True)
    for chore in (
        "demo",
        "test",
        "lint",
        "openapi",
        "bench",
        "bench-page",
        "screenshots",
        "lock",
        "postgres",
        "acceptance",
    ):
        assert re.search(rf"^  {chore} +[A-Z]", done.stdout, re.MULTILINE), chore


def test_it_refuses_an_unknown_chore():
    """A mistyped chore is refused, with the list of those there are."""
    done = subprocess.run([sys.executable, "-I", ROOT / "dev.py", "tset"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "acceptance" in done.stderr


def test_it_ships_what_it_asks_for():
    """The wheel holds each file and folder at the root that the code asks for, under the name that it asks by."""
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]
    shipped = build["wheel"]["force-include"]
    code = "".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
    assert set(re.findall(r'resource\("([\w.]+)"\)', code)) | {EXAMPLE} <= set(shipped)
    for name, place in shipped.items():
        assert place == f"houndmon/{name}"
        assert (ROOT / name).exists()


def test_it_finds_what_is_shipped_beside_the_code():
    """What lies at the root of a checkout is found by name, and what is missing is reported."""
    assert (resource("migrations") / "0001_incidents.sql").exists()
    with pytest.raises(FileNotFoundError, match="install houndmon again"):
        resource("no_such_folder")
