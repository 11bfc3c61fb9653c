"""What the figures depend on: the machine, and the versions of what runs on it."""

import os
import platform
from datetime import datetime
from pathlib import Path

import asyncpg


async def facts(conn: asyncpg.Connection, plays: int, now: datetime) -> dict[str, str]:
    """The facts that are printed with the figures."""
    return {
        "plays": f"{plays:,} over 7 days",
        "cores": str(len(os.sched_getaffinity(0))),
        "processor": processor(),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GB",
        "Python": platform.python_version(),
        "PostgreSQL": await conn.fetchval("show server_version"),
        "load before the run": f"{os.getloadavg()[0]:.1f}",
        "date": f"{now:%Y-%m-%d}",
    }


def processor() -> str:
    """The processor's name, as far as the system tells it."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as lines:
            names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.machine()
