"""A test that hangs in any of its parts ends, with every stack told, and the run goes on."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
LOOP = """
import asyncio, pytest

async def ticking():
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            pass  # lost

@pytest.fixture(scope="session")
def anyio_backend():
    return "asyncio"
"""
TEARDOWN = f"""{LOOP}
@pytest.fixture
async def service():
    task = asyncio.create_task(ticking(), name="the loop")
    await asyncio.sleep(0)
    yield
    task.cancel()
    await asyncio.wait([task])

@pytest.mark.anyio
async def test_first(service):
    assert {{passes}}

def test_second():
    pass
"""
SET_UP = """
import pytest, threading

@pytest.fixture(scope="session")
def cluster():
    threading.Event().wait()

def test_first(cluster):
    pass
"""
SESSION_TEARDOWN = """
import pytest, threading

@pytest.fixture(scope="session")
def cluster():
    yield
    threading.Event().wait()

def test_first(cluster):
    pass
"""
NO_PYTHON = """
import re

def test_first():
    re.match("(a+)+b", "a" * 60)
"""
COMMAND = (sys.executable, "-m", "pytest", "-p", "anyio", "-p", "time_limit", "-p", "no:cacheprovider", "-o")


def run(folder: Path, text: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run pytest on a file, with a limit of 2 s and nothing of our own but that."""
    (folder / "test_hanging.py").write_text(text)
    return subprocess.run(
        [*COMMAND, "time_limit_seconds=2", "test_hanging.py", *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(TESTS), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("part", "text", "where"),
    [
        ("set-up", SET_UP, "in cluster"),
        ("teardown", TEARDOWN.format(passes=True), "in ticking"),
        ("teardown", TEARDOWN.format(passes=False), "in ticking"),  # a failure stops no clock
        ("teardown", SESSION_TEARDOWN, "in cluster"),
    ],
    ids=["session set-up", "teardown", "teardown after a failure", "session teardown"],
)
def test_it_ends_a_part_that_hangs(tmp_path: Path, part: str, text: str, where: str) -> None:
    """Each part of a test that hangs ends the process; its output says where all threads and tasks are."""
    ended = run(tmp_path, text)
    assert ended.returncode == 1
    assert f"the {part} of test_hanging.py::test_" in ended.stdout
    assert where in ended.stdout
    assert "most recent call first" in ended.stdout
    if where == "in ticking":
        assert "name='the loop'" in ended.stdout


def test_it_goes_on_with_the_other_tests(tmp_path: Path) -> None:
    """In a run of several workers a test that hangs has failed, its stacks are shown, and the next test passes."""
    ended = run(tmp_path, TEARDOWN.format(passes=True), "-p", "xdist", "-n1")
    assert ended.returncode == 1
    assert "crashed while running 'test_hanging.py::test_first'" in ended.stdout
    assert "name='the loop'" in ended.stdout
    assert "1 failed, 2 passed" in ended.stdout


def test_it_tells_what_a_task_waits_for_at_the_bottom(tmp_path: Path) -> None:
    """A task's stack goes down through asynchronous generators, as fixtures are, to the wait that hangs."""
    text = f"""{LOOP}
from contextlib import asynccontextmanager

@asynccontextmanager
async def opened():
    yield
    await closing()

async def closing():
    await asyncio.Event().wait()

@pytest.mark.anyio
async def test_first():
    async with opened():
        pass
"""
    told = run(tmp_path, text).stdout
    assert "the body of test_hanging.py::test_first" in told
    assert told.index("in test_first") < told.index("in opened") < told.index("in closing")


def test_it_ends_what_lets_no_python_run(tmp_path: Path) -> None:
    """A regular expression that never ends, and keeps every other thread waiting, is ended half a limit later."""
    ended = run(tmp_path, NO_PYTHON)
    assert ended.returncode == 1
    assert "in test_first" in ended.stdout
