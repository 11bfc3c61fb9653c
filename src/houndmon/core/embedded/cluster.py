"""Starts, finds and stops the embedded server."""

import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Self
from urllib.parse import quote

from houndmon.core.embedded.account import (
    WAY_OUT,
    Account,
    EmbeddedError,
    account_for,
    popen_options,
    temporary_root,
)
from houndmon.core.embedded.initdb import DATABASE, USER, initialise
from houndmon.core.embedded.postmaster import Postmaster, find_postmaster, remove_stale_pid_file
from houndmon.core.embedded.programs import programs

START_SECONDS = 60  # crash recovery after a power cut takes its time
STOP_SECONDS = 20
UNSAFE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}  # for data that may be lost
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "120",
    "shared_buffers": "32MB",
    "max_wal_size": "256MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",  # parallel plans need more /dev/shm than a container has
}


class LaunchedServer(NamedTuple):
    """A server that runs, the folder of its socket, and how to start it there again."""

    process: subprocess.Popen[bytes]
    sockets: Path
    again: Callable[[], subprocess.Popen[bytes]]


class Cluster:
    """A running PostgreSQL of ours; a context manager that stops it."""

    def __init__(self, launched: LaunchedServer, owner: int) -> None:
        self._process, self._sockets, self._again = launched
        self._owner = owner

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._process.pid

    def dsn(self, database: str = DATABASE) -> str:
        """Give the connection string of a database of the cluster."""
        return _dsn(str(self._sockets), database)

    def restart_if_dead(self) -> bool:
        """Start the server anew where it ended without being told to; whether that was so.

        It answers at the same place, once it has recovered: nobody waits for that here. Call it from the main thread.
        """
        if self._process.poll() is None:
            return False
        self._process = self._again()
        return True

    def stop(self) -> None:
        """Stop the server and wait until it has ended; open connections are closed."""
        _end(self._process)
        shutil.rmtree(self._sockets, ignore_errors=True)
        if self._owner >= 0:
            os.close(self._owner)
            self._owner = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def default_data_dir() -> Path:
    """Name the folder of the embedded data where none is configured."""
    if os.geteuid() == 0:
        return Path("/var/lib/houndmon")  # root's home is closed to the account that runs PostgreSQL
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "houndmon"


def start(data_dir: Path, *, settings: Mapping[str, str] | None = None) -> Cluster:
    """Start PostgreSQL on a folder, initialising it the first time; blocks until connections are accepted.

    Call it from the main thread: the server ends with the thread that started it. Raises EmbeddedError.
    """
    assert threading.current_thread() is threading.main_thread()
    try:
        return _start(data_dir.absolute(), SETTINGS | dict(settings or {}))
    except OSError as error:
        raise EmbeddedError(f"no PostgreSQL on {data_dir}: {error}. Choose another folder, or {WAY_OUT}") from error


def running_dsn(data_dir: Path) -> str | None:
    """Give the DSN of the cluster that already runs on a folder, else None. Raises EmbeddedError."""
    try:
        server = find_postmaster(data_dir.absolute() / "pgdata")
    except PermissionError as error:
        raise EmbeddedError(f"{data_dir} belongs to another user: run this as the user of the server") from error
    return _dsn(server.sockets, DATABASE) if server and server.status == "ready" else None


@contextmanager
def temporary(settings: Mapping[str, str] | None = None) -> Iterator[Cluster]:
    """Run a cluster whose data goes with it. Raises EmbeddedError."""
    root = Path(tempfile.gettempdir())
    account = account_for(root / "pgdata")
    folder = Path(tempfile.mkdtemp(prefix="houndmon-data-", dir=temporary_root(account)))
    try:
        folder.chmod(0o755 if account else 0o700)
        with start(folder, settings=UNSAFE | dict(settings or {})) as cluster:
            yield cluster
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start(data_dir: Path, settings: dict[str, str]) -> Cluster:
    pgdata = data_dir / "pgdata"
    account = account_for(pgdata)
    if not data_dir.exists():
        data_dir.mkdir(parents=True)
        data_dir.chmod(0o755 if account else 0o700)
    owner = _own(data_dir)
    try:
        _await_end_of(pgdata)
        remove_stale_pid_file(pgdata)
        folder = programs(account, data_dir)
        if not (pgdata / "PG_VERSION").exists():
            initialise(folder, pgdata, account, durable=settings.get("fsync") != "off")
        return Cluster(_launch(folder, data_dir, account, settings, owner), owner)
    except BaseException:
        os.close(owner)
        raise


def _own(data_dir: Path) -> int:
    """Take the folder for this process: the kernel gives it back however the process ends."""
    owner = os.open(data_dir / "owner", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.read(owner, 20).decode().partition("\n")[0]
        os.close(owner)
        text = f"{data_dir} is in use by process {pid}: stop that one, or choose another HOUNDMON_DATA_DIR"
        raise EmbeddedError(text) from None
    left = os.read(owner, 4096).decode().splitlines()[1:2]
    for sockets in left:  # a killed process could not remove its folder
        shutil.rmtree(sockets, ignore_errors=True)
    return owner


def _await_end_of(pgdata: Path) -> None:
    """Wait for the server of a process that was killed; it is on its way down."""
    deadline = time.monotonic() + STOP_SECONDS
    while server := find_postmaster(pgdata):
        if time.monotonic() > deadline:
            raise EmbeddedError(f"PostgreSQL {server.pid} still runs on {pgdata}: stop it with kill -INT {server.pid}")
        time.sleep(0.01)


def _launch(
    folder: Path, data_dir: Path, account: Account | None, settings: dict[str, str], owner: int
) -> LaunchedServer:
    sockets = Path(tempfile.mkdtemp(prefix="houndmon-", dir=temporary_root(account)))
    if account:
        os.chown(sockets, account.uid, account.gid)
    os.ftruncate(owner, 0)
    os.pwrite(owner, f"{os.getpid()}\n{sockets}\n".encode(), 0)
    command = [folder / "postgres", "-D", data_dir / "pgdata", "-k", sockets, *_options(settings)]
    try:
        return LaunchedServer(_ready(command, data_dir, account), sockets, partial(_spawn, command, data_dir, account))
    except BaseException:
        shutil.rmtree(sockets, ignore_errors=True)
        raise


def _ready(command: list[Any], data_dir: Path, account: Account | None) -> subprocess.Popen[bytes]:
    deadline = time.monotonic() + START_SECONDS
    process = _spawn(command, data_dir, account)
    try:
        while not _is_ready(find_postmaster(data_dir / "pgdata"), process.pid):
            late = time.monotonic() > deadline
            if process.poll() is not None and "still in use" in _tail(data_dir) and not late:
                time.sleep(0.1)  # the children of a killed server have not all noticed yet
                process = _spawn(command, data_dir, account)
            elif process.poll() is not None or late:
                raise EmbeddedError(
                    f"PostgreSQL did not start on {data_dir}: choose another folder, or {WAY_OUT}. "
                    f"Its log says:\n{_tail(data_dir)}"
                )
            time.sleep(0.005)
    except BaseException:
        _end(process)
        raise
    return process


def _is_ready(server: Postmaster | None, pid: int) -> bool:
    return server is not None and server.pid == pid and server.status == "ready"


def _spawn(command: list[Any], data_dir: Path, account: Account | None) -> subprocess.Popen[bytes]:
    log_file = os.open(data_dir / "server.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(log_file, "wb") as log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **popen_options(account))


def _end(process: subprocess.Popen[bytes]) -> None:
    for number, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
        if process.poll() is not None:
            return
        process.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)


def _options(settings: dict[str, str]) -> list[str]:
    return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]


def _dsn(sockets: str, database: str) -> str:
    return f"postgresql://{USER}@/{quote(database, safe='')}?host={quote(sockets)}"


def _tail(data_dir: Path) -> str:
    return (data_dir / "server.log").read_text(errors="replace").strip()[-1500:]
