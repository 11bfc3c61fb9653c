"""Demos for pictures and measurements: each on a database of its own, until its block ends."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from browser.service import Process
from conftest import administer
from houndmon.commands.database import apply_migrations
from houndmon.commands.demo import prepare_demo
from houndmon.core import embedded

FILLED = "template_demo"


def fill_template(cluster: embedded.Cluster) -> None:
    """Make a template with the demo's history: each demo on it then has minutes to fill instead of weeks."""
    asyncio.run(administer(cluster, f"create database {FILLED}"))
    apply_migrations(cluster.dsn(FILLED))
    asyncio.run(prepare_demo(cluster.dsn(FILLED), 1, calm=True))


@contextmanager
def cloned(cluster: embedded.Cluster, name: str, template: str) -> Iterator[str]:
    """The DSN of a database made of a template, until the block ends."""
    asyncio.run(administer(cluster, f"create database {name} template {template} strategy file_copy"))
    try:
        yield cluster.dsn(name)
    finally:
        asyncio.run(administer(cluster, f"drop database {name} with (force)"))


@contextmanager
def demo(cluster: embedded.Cluster, name: str, *options: str, template: str = "template1") -> Iterator[str]:
    """Run a demo; where it answers."""
    with cloned(cluster, name, template) as dsn:
        process = Process(dsn, "demo", *options)
        process.start()
        try:
            yield process.url
        finally:
            process.stop()
