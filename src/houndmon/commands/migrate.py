"""Bring houndmon's own tables up to date, and say what was done."""

import argparse

from houndmon.commands.database import database, migrated
from houndmon.kit.settings import Settings


def arguments(parser: argparse.ArgumentParser) -> None:
    """There are none."""


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Migrate and report."""
    with database(settings) as url:
        applied = migrated(url)
    print("\n".join(f"applied {name}" for name in applied) or "nothing to do: the database is up to date")
    return 0
