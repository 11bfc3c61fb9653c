import socket

import pytest

from houndmon.__main__ import main
from houndmon.commands.port import reserve_sockets
from houndmon.core.settings import Settings, SettingsError


@pytest.fixture
def taken():
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_it_says_at_once_that_its_port_is_taken(command, taken, tmp_path, monkeypatch, capsys):
    """Neither service makes a database, or says that it listens, on a port that is another's."""
    monkeypatch.setenv("HOUNDMON_PORT", str(taken))
    monkeypatch.setenv("HOUNDMON_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("HOUNDMON_DATABASE_URL", raising=False)
    monkeypatch.setattr("signal.signal", lambda *_: None)  # a test keeps its own
    assert main([command]) == 1
    said = capsys.readouterr().err
    assert f"port {taken} of 127.0.0.1 is in use" in said
    assert "HOUNDMON_PORT" in said
    assert "listens on" not in said
    assert not (tmp_path / "data").exists()


def test_it_listens_to_nobody_before_it_is_ready():
    """A reserved port refuses connections, so that nobody takes a service for ready; it is free again afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as passing:
        free = passing.getsockname()[1]
    with reserve_sockets(Settings(port=free)) as sockets:
        assert [one.getsockname() for one in sockets] == [("127.0.0.1", free)]
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", free), timeout=1)
    with reserve_sockets(Settings(port=free)):
        pass


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host", "x" * 300])
def test_it_refuses_a_host_that_is_not_here(host):
    """An address of another machine, or none at all, is named with its variable."""
    with pytest.raises(SettingsError, match="HOUNDMON_HOST"), reserve_sockets(Settings(host=host, port=8600)):
        pass
