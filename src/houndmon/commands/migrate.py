"""Bring houndmon's own tables up to date, and say what was done."""

import argparse

from houndmon.commands.database import apply_migrations, database
from houndmon.core.settings import Settings


def arguments(parser: argparse.ArgumentParser) -> None:
    """There are none."""


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Migrate and report."""
    with database(settings) as url:
        applied = apply_migrations(url)
    print("\n".join(f"applied {name}" for name in applied) or "nothing to do: the database is up to date")
    return 0
