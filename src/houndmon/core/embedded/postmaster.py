"""Reads what a PostgreSQL server says of itself in its postmaster.pid."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Postmaster:
    """A server that runs: its process, the folder of its socket, and `starting`, `ready` or `stopping`."""

    pid: int
    sockets: str
    status: str


def find_postmaster(pgdata: Path) -> Postmaster | None:
    """Find the server that runs on a data folder, if any. Raises PermissionError where it is another's."""
    lines = _lines(pgdata)
    if len(lines) < 5 or not lines[0].isdecimal() or not _is_postgres(pid := int(lines[0])):
        return None
    return Postmaster(pid, lines[4], lines[7].strip() if len(lines) > 7 else "starting")


def remove_stale_pid_file(pgdata: Path) -> None:
    """Forget a dead server whose number another process has now: PostgreSQL would take that one for it.

    Only for whoever owns the folder and knows that no server runs on it.
    """
    lines = _lines(pgdata)
    if lines and lines[0].isdecimal() and _exists(int(lines[0])):
        (pgdata / "postmaster.pid").unlink(missing_ok=True)


def _lines(pgdata: Path) -> list[str]:
    try:
        return (pgdata / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_postgres(pid: int) -> bool:
    """Tell a living server from a stranger under its number, and from a zombie that nobody has buried."""
    if Path("/proc/self/status").exists():
        try:
            fields = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()[:3])
        except (FileNotFoundError, ProcessLookupError):
            return False
        return fields["Name"].startswith("postgres") and not fields["State"].startswith("Z")
    listed = subprocess.run(["ps", "-o", "stat=,comm=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return "postgres" in listed.stdout and not listed.stdout.lstrip().startswith("Z")
