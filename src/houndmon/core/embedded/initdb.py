"""Makes a new cluster with an empty database of ours in it."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from houndmon.core.embedded.account import WAY_OUT, Account, EmbeddedError, closed_folder, popen_options

USER = DATABASE = "houndmon"


def initialise(folder: Path, pgdata: Path, account: Account | None, *, durable: bool) -> None:
    """Make the cluster and its database under another name, so that half a cluster is never taken for one."""
    half = pgdata.with_name("pgdata.unfinished")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(mode=0o700)
    if account:
        os.chown(half, account.uid, account.gid)
    shape = ["-U", USER, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-instructions"]
    if _version(folder, account) >= 17:
        shape += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]  # else lower('Ä') does nothing
    shape += [] if durable else ["--no-sync"]
    _run([folder / "initdb", "-D", half, *shape], half, account)
    single = [folder / "postgres", "--single", "-D", half, "-c", "fsync=off", "-c", "jit=off", "postgres"]
    _run(single, half, account, f"create database {DATABASE}\n")
    if durable:
        os.sync()
    half.rename(pgdata)


def _version(folder: Path, account: Account | None) -> int:
    text = subprocess.run([folder / "postgres", "-V"], capture_output=True, check=True, **popen_options(account))
    return int(text.stdout.split()[2].split(b".")[0].rstrip(b"abcdefghijklmnopqrstuvwxyz"))


def _run(command: list[Any], half: Path, account: Account | None, given: str = "") -> None:
    done = subprocess.run(command, input=given.encode(), capture_output=True, check=False, **popen_options(account))
    if done.returncode or b"ERROR:" in done.stderr or b"FATAL:" in done.stderr:
        closed = closed_folder(half, account)
        hint = f" ({closed} is closed to the user {account.name})" if closed and account else ""
        text = (done.stderr or done.stdout).decode(errors="replace").strip()[-1500:]
        raise EmbeddedError(
            f"PostgreSQL could not be set up in {half.parent}{hint}. Choose another folder, "
            f"or {WAY_OUT}. It said:\n{text}"
        )
