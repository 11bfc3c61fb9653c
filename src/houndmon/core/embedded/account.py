"""Under which account PostgreSQL's programs run, and that they end with this process."""

import ctypes
import os
import pwd
import signal
import stat
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from houndmon.core.problems import HoundmonError

WAY_OUT = "set HOUNDMON_DATABASE_URL to a PostgreSQL of your own"
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None  # loaded here: between fork and exec is too late


class EmbeddedError(HoundmonError):
    """The embedded PostgreSQL cannot be had; the text says what to do next."""


@dataclass(frozen=True)
class Account:
    """The system account that runs PostgreSQL in our place."""

    name: str
    uid: int
    gid: int


def popen_options(account: Account | None) -> dict[str, Any]:
    """Arguments for subprocess that run a program as the account, apart from our environment and terminal.

    On Linux the program gets SIGINT when this process dies, kill -9 included; elsewhere nothing can do that.
    """
    options: dict[str, Any] = {
        "env": {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
        "cwd": "/",  # ours may be closed to the account
        "start_new_session": True,  # else Ctrl-C reaches it before us
        "preexec_fn": _die_with(os.getpid()),  # after the change of user, which would undo it
    }
    if account:
        options |= {"user": account.uid, "group": account.gid, "extra_groups": []}
    return options


def _die_with(parent: int) -> Callable[[], None]:
    def ask() -> None:
        if LIBC:
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGINT)
            if os.getppid() != parent:
                os._exit(1)

    return ask


def account_for(pgdata: Path) -> Account | None:
    """Choose who runs PostgreSQL: ourselves (None), or for root the data's owner, `postgres` or `nobody`."""
    if os.geteuid() != 0:
        return None
    owner = pgdata.stat().st_uid if pgdata.exists() else 0
    if owner:
        return _owner(pgdata, owner)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise EmbeddedError(f"PostgreSQL refuses to run as root: start houndmon as another user, or {WAY_OUT}")


def _owner(pgdata: Path, uid: int) -> Account:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        text = f"{pgdata} belongs to user {uid}, unknown here: give it to a known user (chown -R), or {WAY_OUT}"
        raise EmbeddedError(text) from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def closed_folder(path: Path, account: Account | None) -> Path | None:
    """Name the outermost folder on the way to `path` that its mode closes to the account, if there is one."""
    if account is None:
        return None
    for folder in reversed([path, *path.parents]):
        status = folder.stat()
        own, group = status.st_uid == account.uid, status.st_gid == account.gid
        needed = stat.S_IXUSR if own else stat.S_IXGRP if group else stat.S_IXOTH
        if not status.st_mode & needed:
            return folder
    return None


def temporary_root(account: Account | None) -> str:
    """Name the folder for temporary files: short enough for a socket's path, and open to the account."""
    usual = tempfile.gettempdir()
    return usual if len(usual) < 60 and not closed_folder(Path(usual), account) else "/tmp"  # noqa: S108 -- names in it are random
