"""The bench as a whole, on a world so small that its figures mean nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench import tabs
from bench.console import NAMES
from bench.counts import measure_counts
from bench.database import connection
from bench.events import Checks, tick_lines
from bench.options import Options
from bench.served import measure_cached, measure_memory
from bench.service import houndmon, until_ok

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[2]


class Short(Options):
    """Rounds that are over at once."""

    round_seconds = 0.05
    tabs_seconds = 1.0


@pytest.fixture
async def service(world):
    """The real service on the small world."""
    async with houndmon(world) as service:
        assert await until_ok(service, "/readyz")
        yield service


def test_it_runs_from_the_command_line() -> None:
    """One command loads its own world, measures what is asked for, and prints one table; the document stays."""
    before = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--only", "panels", "growth", "--no-write"],
        cwd=ROOT,
        env=os.environ | {"N": "2000", "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "plays: 2,000 over 7 days" in done.stdout
    lines = done.stdout.splitlines()
    assert sum(line.startswith("panels ") for line in lines) == 4 * len(NAMES)
    assert sum(line.startswith("growth ") for line in lines) == len(NAMES)
    assert (ROOT / "docs" / "performance.md").read_text(encoding="utf-8") == before


async def test_it_measures_what_is_shared(service) -> None:
    """The service's answers are held against a bare handler that answers with the same bytes, and are all good."""
    whole, unchanged, *_ = await measure_cached(service, Short(1000))
    assert whole.against.startswith("bare Litestar handler, same ")
    assert whole.ratio.endswith(" %")
    assert whole.target
    assert unchanged.target
    (memory,) = measure_memory(service)
    assert memory.measured.endswith(" MB")


async def test_it_plays_tabs(service, world, monkeypatch) -> None:
    """Every fragment of the page is polled, and every poll answered."""
    monkeypatch.setattr(tabs, "PERIOD_SECONDS", 1.0)
    monkeypatch.setattr(tabs, "WARM_SECONDS", 0.0)
    monkeypatch.setattr(tabs, "PATIENCE_SECONDS", 600.0)
    async with connection(world) as conn:
        lines = await tabs.measure_tabs(service, conn, Short(1000, tabs=2))
        assert await conn.fetchval("show log_min_duration_statement") == "-1"
    paths = await tabs.polled_paths(service.port)
    assert {f"/fragments/panels/{name}" for name in NAMES} <= set(paths)
    assert lines[0].against.endswith(f"{len(paths)} fragments each")
    assert lines[1].measured == "none"


async def test_it_weighs_rows(world) -> None:
    """COPY and a sequential scan have a rate; nothing of either stays behind."""
    (line,) = await measure_counts(world)
    assert "COPY" in line.against
    async with connection(world) as conn:
        assert await conn.fetchval("select to_regclass('public.copied')") is None


def test_it_judges_nothing_where_nothing_was_seen() -> None:
    """Without a live answer there is no verdict on them; without a tick the verdict is bad."""
    assert Checks().line().met is None
    assert [line.met for line in tick_lines([], [], 0.0)] == [False]
    assert Checks(10, 1, "an example").line().met is False
