"""Tokens, and the command that makes them."""

import re

import pytest

from factories import present
from houndmon.__main__ import main
from houndmon.access import tokens
from houndmon.commands.token import first_token
from houndmon.core.settings import SettingsError, read_settings


async def test_it_knows_a_token_by_all_of_it(conn):
    """One character changed anywhere, or another role before it, and it is none."""
    text = (await tokens.create_token(conn, "bot", "viewer", 90)).token
    assert re.fullmatch(r"hm_viewer_[0-9a-f]{12}_[0-9a-f]{64}", text)
    found = present(await tokens.token_identity(conn, text))
    assert (found.name, found.role) == ("bot", "viewer")
    last = "0" if text[-1] != "0" else "1"
    for wrong in (
        text[:-1] + last,
        text.replace("viewer", "admin"),
        text[:-1],
        text + "0",
        text.upper(),
        "",
        "\0",
        "é",
    ):
        assert await tokens.token_identity(conn, wrong) is None, wrong


async def test_it_ends_a_token_at_its_time_and_at_once(conn):
    """An expired token is none, and so is a revoked one."""
    made = await tokens.create_token(conn, "bot", "viewer", 1)
    await conn.execute("update houndmon.tokens set expires_at = clock_timestamp()")
    assert await tokens.token_identity(conn, made.token) is None
    made = await tokens.create_token(conn, "bot", "viewer", None)
    assert made.expires_at is None
    await tokens.revoke_token(conn, int(made.id))
    assert await tokens.token_identity(conn, made.token) is None


async def test_it_writes_the_last_use_once_a_minute(conn):
    """Two uses within a minute write once."""
    made = await tokens.create_token(conn, "bot", "viewer", 90)
    await tokens.token_identity(conn, made.token)
    first = await conn.fetchval("select last_used_at from houndmon.tokens")
    await tokens.token_identity(conn, made.token)
    assert await conn.fetchval("select last_used_at from houndmon.tokens") == first
    await conn.execute("update houndmon.tokens set last_used_at = last_used_at - interval '61 s'")
    await tokens.token_identity(conn, made.token)
    assert await conn.fetchval("select last_used_at from houndmon.tokens") > first


async def test_it_makes_the_first_token_once(conn):
    """A first start makes one admin's token; the second start makes none."""
    made = present(await first_token(conn))
    assert present(await tokens.token_identity(conn, made.token)).role == "admin"
    assert await first_token(conn) is None


def test_it_makes_lists_and_revokes_on_the_command_line(database, monkeypatch, capsys):
    """`create` prints the token alone, `list` never, `revoke` ends it."""
    monkeypatch.setenv("HOUNDMON_DATABASE_URL", database)
    assert main(["token", "create", "--role", "summary", "--name", "bot", "--expires", "7d"]) == 0
    text = capsys.readouterr().out.strip()
    assert text.startswith("hm_summary_")
    assert main(["token", "list"]) == 0
    listed = capsys.readouterr().out
    assert "bot" in listed
    assert text[-64:] not in listed
    assert main(["token", "revoke", listed.split()[0]]) == 0
    assert main(["token", "revoke", listed.split()[0]]) == 1
    assert "revoked already" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--expires", "0d"], ["--expires", "9999d"], ["--name", " "], ["--name", "a\nb"]])
def test_it_refuses_senseless_tokens(words):
    """A name is printable; an expiry is a number of days."""
    with pytest.raises(SystemExit):
        main(["token", "create", "--role", "viewer", "--name", "bot", *words])


def test_it_reads_the_names_it_goes_by():
    """Names are listed with commas; its own host and localhost are always among them."""
    settings = read_settings({"HOUNDMON_ALLOWED_HOSTS": "houndmon.example.com, Other.", "HOUNDMON_HOST": "10.0.0.5"})
    assert settings.allowed_hosts == frozenset({"houndmon.example.com", "other", "localhost", "10.0.0.5"})
    with pytest.raises(SettingsError, match="HOUNDMON_ALLOWED_HOSTS"):
        read_settings({"HOUNDMON_ALLOWED_HOSTS": "http://houndmon"})


def test_it_starts_on_no_open_address_without_tokens(database, monkeypatch, capsys):
    """Off loopback the first token is made by hand: printed at start, others could use it first."""
    monkeypatch.setenv("HOUNDMON_DATABASE_URL", database)
    monkeypatch.setenv("HOUNDMON_HOST", "0.0.0.0")
    monkeypatch.delenv("HOUNDMON_AUTH", raising=False)
    assert main(["serve"]) == 1
    assert "houndmon token create" in capsys.readouterr().err


async def test_it_notices_another_key(house):
    """A database that was restored from elsewhere has another key: its tokens hold at once, those of before do not."""
    async with house.client("viewer") as client:
        assert (await client.get("/api/summary")).status_code in (200, 503)
        await house.conn.execute(
            "update houndmon.secrets set value = 'another key of thirty-two bytes!' where name = 'hashes'"
        )
        assert (await client.get("/api/summary")).status_code == 401
        theirs = tokens.hash_secret(await tokens.server_key(house.conn), house.tokens["viewer"])
        await house.conn.execute("update houndmon.tokens set hash = $1 where role = 'viewer'", theirs)
        assert (await client.get("/api/summary")).status_code in (200, 503)
