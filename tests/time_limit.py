"""Ends a test that hangs: writes where every task and every thread stands, then ends the process.

The process, because nothing less is sure: what hangs may swallow every exception, and the event loop's own end waits
for it. pytest-xdist reports the test as failed and goes on with a new worker. The set-up of a test, its body and its
teardown each have the whole limit, with what they make and end for a module or the session.

Neither pytest-timeout nor pytest's own `faulthandler_timeout` will do: both stop their clocks once a test has failed,
and a service that was left behind by a failure is what hangs in the teardown.
"""

import asyncio
import faulthandler
import gc
import os
import threading
import traceback
from collections.abc import Generator, Iterator
from types import AsyncGeneratorType, CoroutineType, FrameType, GeneratorType
from typing import Any

import pytest

LIMIT_SECONDS = 3600 if os.environ.get("HOUNDMON_TORTURE") == "1" else 600
LAST_RESORT = 1.5  # limits, for a hang that lets no Python run
SUSPENDED = (CoroutineType, AsyncGeneratorType, GeneratorType)
STDERR = pytest.StashKey[int]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("time_limit_seconds", "of each part of a test: set-up, body, teardown", default=str(LIMIT_SECONDS))


def pytest_configure(config: pytest.Config) -> None:
    config.stash[STDERR] = os.dup(2)  # while a test runs, 2 is a file of pytest's


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    with Limited(item, "set-up"):
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    with Limited(item, "body"):
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    with Limited(item, "teardown"):
        return (yield)


def pytest_enter_pdb() -> None:
    """Who looks into a test by hand has all the time there is."""
    Limited.disarm()


class Limited:
    """A part of a test that ends the process once its time is up."""

    timer: threading.Timer | None = None

    def __init__(self, item: pytest.Item, part: str) -> None:
        self.what, self.stderr = f"the {part} of {item.nodeid}", item.config.stash[STDERR]
        self.seconds = float(item.config.getini("time_limit_seconds"))

    def __enter__(self) -> None:
        Limited.timer = threading.Timer(self.seconds, self.end)
        Limited.timer.daemon = True
        Limited.timer.start()
        faulthandler.dump_traceback_later(LAST_RESORT * self.seconds, exit=True, file=self.stderr)

    def __exit__(self, *_: object) -> None:
        self.disarm()

    @classmethod
    def disarm(cls) -> None:
        if cls.timer:
            cls.timer.cancel()
        faulthandler.cancel_dump_traceback_later()

    def end(self) -> None:
        try:
            with os.fdopen(self.stderr, "w", closefd=False) as stderr:
                print(f"\n{self.what} has taken more than {self.seconds:g} s", *stacks(), sep="\n", file=stderr)
            faulthandler.dump_traceback(self.stderr, all_threads=True)
        finally:
            os._exit(1)


def stacks() -> Iterator[str]:
    """Where each task of each loop stands, from the outermost coroutine to the innermost wait."""
    for task in gc.get_objects():
        if isinstance(task, asyncio.Task) and not task.done():
            frames = [(frame, frame.f_lineno) for frame in chain(task.get_coro())]
            yield f"\n{task!r}\n" + "".join(traceback.StackSummary.extract(iter(frames)).format())


def chain(waiting: Any) -> Iterator[FrameType]:
    """The frames of a coroutine and of all that it awaits."""
    while waiting is not None:
        if isinstance(waiting, SUSPENDED):
            prefix = {CoroutineType: "cr", AsyncGeneratorType: "ag", GeneratorType: "gi"}[type(waiting)]
            frame = getattr(waiting, f"{prefix}_frame")
            if frame:
                yield frame
            waiting = getattr(waiting, "gi_yieldfrom" if prefix == "gi" else f"{prefix}_await")
        else:  # the step of an asynchronous generator, say, tells nobody what it is a step of
            waiting = next((found for found in gc.get_referents(waiting) if isinstance(found, SUSPENDED)), None)
