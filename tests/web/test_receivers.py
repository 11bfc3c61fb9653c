"""Tests of receivers take the way of every notification, and pass by none of its guards."""

from contextlib import asynccontextmanager

import pytest

from access.conftest import House
from conftest import judged
from houndmon.access import tokens
from houndmon.app import create_app
from houndmon.config.live import LiveConfig
from houndmon.core.settings import Settings
from houndmon.notify.channels import CHANNELS
from notify.listener import answer, listening


@pytest.fixture
def console(database, conn, tmp_path, monkeypatch):
    """Make a service with receivers, as a block."""

    @asynccontextmanager
    async def console(**urls: str):
        text = ""
        for name, url in urls.items():
            monkeypatch.setenv(f"URL_{name.upper()}", url)
            private = "true" if name != "guarded" else "false"
            text += f'[receivers.{name}]\nkind = "webhook"\nurl_env = "URL_{name.upper()}"\nallow_private = {private}\n'
        (tmp_path / "houndmon.toml").write_text(text)
        settings = Settings(auth="on", allowed_hosts=frozenset({"houndmon.test"}))
        house = House(create_app(settings, database, LiveConfig(tmp_path / "houndmon.toml", CHANNELS)), conn)
        for role in ("operator", "admin"):
            house.tokens[role] = (await tokens.create_token(conn, f"the {role}", role, 90)).token
        async with house.app.lifespan():
            await judged(conn)
            yield house

    return console


@pytest.mark.parametrize(("url", "is_outside"), [("https://hooks.example/x", True), ("http://127.0.0.1:9/x", False)])
async def test_it_says_where_links_lead_nowhere(console, url, is_outside):
    """The page warns of a receiver elsewhere that cannot open it, and of none on the machine itself."""
    async with console(ops=url) as house, house.client("operator") as client:
        said = "the links in messages to ops lead to http://127.0.0.1:8600, which is of this machine alone"
        for path in ("/", "/fragments/alerts"):
            assert (said in (await client.get(path)).text) is is_outside, path


async def test_it_sends_a_test_as_it_sends_all(console):
    """The receiver gets it through outbox and sender; the answer says so, and so does the audit log."""
    async with listening(answer(204)) as receiver, console(ops=receiver.url) as house:
        async with house.client("operator") as client:
            assert (await client.post("/api/receivers/ops/test")).status_code == 403
        async with house.client("admin") as client:
            found = (await client.post("/api/receivers/ops/test")).json()
            assert (await client.post("/api/receivers/nobody/test")).status_code == 404
        assert (found["sent"], found["attempts"], found["error"]) == (True, 1, None)
        (got,) = receiver.got
        assert (got.json["kind"], got.json["notification_id"]) == ("test", found["notification_id"])
        assert "the admin" in got.json["text"]
        assert [row["actor"] for row in await house.audit("test_receiver") if row["outcome"] == "done"] == ["the admin"]


async def test_it_tries_a_test_once(console):
    """A receiver that fails is named with the reason; there is no second try, and no dead letter."""
    async with listening(answer(500)) as receiver, console(ops=receiver.url) as house:
        async with house.client("admin") as client:
            found = (await client.post("/api/receivers/ops/test")).json()
            assert (found["sent"], found["attempts"], found["error"]) == (False, 1, "it answered 500")
            assert "TEST: houndmon" not in (await client.get("/fragments/alerts")).text
        assert len(receiver.got) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://[::ffff:169.254.169.254]/",
        "http://[fd00:ec2::254]/",
        "http://127.0.0.1:{port}/hook",
        "http://localhost:{port}/hook",
        "http://[::ffff:127.0.0.1]:{port}/hook",
        "http://2130706433:{port}/hook",
        "http://0x7f.1:{port}/hook",
        "http://0.0.0.0:{port}/hook",
        "http://10.0.0.1/hook",
    ],
)
async def test_it_guards_tests_as_all(console, url):
    """A test reaches no address that a notification may not: private, link-local, metadata, in any writing."""
    async with listening(answer(204)) as receiver, console(guarded=url.format(port=receiver.port)) as house:
        async with house.client("admin") as client:
            found = (await client.post("/api/receivers/guarded/test")).json()
        assert not found["sent"]
        assert "address" in found["error"]
        assert receiver.connections == 0


async def test_it_follows_no_redirect(console):
    """A receiver that sends a test on to another gets nothing more."""
    async with listening(answer(204)) as other:
        sends_on = answer(302, Location=other.url)
        async with listening(sends_on) as receiver, console(ops=receiver.url) as house:
            async with house.client("admin") as client:
                found = (await client.post("/api/receivers/ops/test")).json()
            assert found["error"] == "it answered 302, a redirect, which is not followed"
            assert other.connections == 0
