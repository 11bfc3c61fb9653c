"""Demos for pictures and measurements: each on a fresh database, until its block ends."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from browser.service import Process
from conftest import administer
from houndmon.kit import embedded


@contextmanager
def demo(cluster: embedded.Cluster, name: str, *options: str) -> Iterator[str]:
    """Run a demo; where it answers."""
    asyncio.run(administer(cluster, f"create database {name}"))
    process = Process(cluster.dsn(name), "demo", *options)
    process.start()
    try:
        yield process.url
    finally:
        process.stop()
