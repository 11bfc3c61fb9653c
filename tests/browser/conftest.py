"""One browser for each test process, one service for all tests that only read, a fresh context for each page."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import asyncpg
import pytest
from playwright.async_api import Browser, async_playwright

from browser import hounds
from browser.service import Process, Service, served
from browser.visits import Visits, launched
from conftest import TEMPLATE, administer
from houndmon.core import embedded
from houndmon.web import page as drawing

HERE = Path(__file__).resolve().parent
CALM = "template_calm"
numbers = itertools.count(1)
Cloning = Callable[[str], AbstractContextManager[str]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test in a browser takes its time."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.long)


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium, for all tests of this process."""
    async with async_playwright() as playwright:
        browser = await launched(playwright)
        yield browser
        await browser.close()


@pytest.fixture
async def visit(browser: Browser) -> AsyncIterator[Visits]:
    """Opens pages; the test fails if anything went wrong on one."""
    visits = Visits(browser)
    yield visits
    await visits.close()
    assert visits.unforgiven() == []


@pytest.fixture(scope="session")
def clone(cluster: embedded.Cluster) -> Cloning:
    """Makes databases of templates."""

    @contextmanager
    def clone(template: str) -> Iterator[str]:
        name = f"browser_{next(numbers)}"
        asyncio.run(administer(cluster, f"create database {name} template {template}"))
        yield cluster.dsn(name)
        asyncio.run(administer(cluster, f"drop database {name} with (force)"))

    return clone


@pytest.fixture(scope="session")
def calm_template(cluster: embedded.Cluster) -> str:
    """A template with a week of a calm Hound."""

    async def fill() -> None:
        await administer(cluster, f"create database {CALM} template {TEMPLATE}")
        conn = await asyncpg.connect(cluster.dsn(CALM))
        await hounds.calm(conn)
        await conn.close()

    asyncio.run(fill())
    return CALM


@pytest.fixture(scope="package")
def calm(clone: Cloning, calm_template: str) -> Iterator[Service]:
    """A service where all is well; tests read it only."""
    with clone(calm_template) as database, served(database) as service:
        yield service.judged()


@pytest.fixture(scope="package")
def broken(clone: Cloning, calm_template: str) -> Iterator[Service]:
    """A service on a bad day; tests read it only."""
    with clone(calm_template) as database:
        asyncio.run(hounds.broken(database))
        with served(database) as service:
            yield service.judged()


@pytest.fixture(scope="package")
def empty(clone: Cloning) -> Iterator[Service]:
    """A service whose Hound holds nothing; tests read it only."""
    with clone(TEMPLATE) as database, served(database) as service:
        yield service.judged()


@pytest.fixture
def patient_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages wait for all their panels: where nothing polls, they do not come again while a test acts on them."""
    monkeypatch.setattr(drawing, "PAGE_WAIT_SECONDS", 600)
    monkeypatch.setattr(drawing, "ALERTS_WAIT_SECONDS", 600)


@pytest.fixture
def day(request: pytest.FixtureRequest) -> Service:
    """The service that a test's parameter names."""
    service: Service = request.getfixturevalue(request.param)
    return service


@pytest.fixture
def calm_database(clone: Cloning, calm_template: str) -> Iterator[str]:
    """The DSN of a calm Hound of the test's own."""
    with clone(calm_template) as database:
        yield database


@pytest.fixture
def own(calm_database: str) -> Iterator[Service]:
    """A service on a calm Hound of the test's own."""
    with served(calm_database) as service:
        yield service.judged()


@pytest.fixture
def process(calm_database: str) -> Iterator[Process]:
    """A service as a process of its own, which the test may kill."""
    process = Process(calm_database)
    process.start()
    yield process
    process.kill()
