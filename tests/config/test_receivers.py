import importlib.util
import logging
import sys
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from houndmon.config.errors import ConfigError, KeyPath
from houndmon.config.load import load
from houndmon.config.model import Receiver, receivers_for
from houndmon.notify.apprise.config import AppriseTarget
from houndmon.notify.channels import CHANNELS, Channel
from houndmon.notify.webhook.config import Webhook

SECRET = "s3cr3t-canary"
HOOK = f"https://hooks.example/{SECRET}"
ONE_OF_KINDS = f"receivers.ops.kind: must be one of {', '.join(CHANNELS)}"
OPS = f"[receivers.ops]\nkind = 'webhook'\nurl = '{HOOK}'\n"


def refusal(loads, text: str, **environ: str) -> str:
    with pytest.raises(ConfigError) as caught:
        loads(text, **environ)
    cause: BaseException | None = caught.value
    while cause:  # a logged traceback shows these too
        assert SECRET not in str(cause)
        cause = cause.__cause__
    return str(caught.value)


@pytest.fixture
def apprise(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in that, like apprise, logs the addresses it refuses."""

    class Apprise:
        @staticmethod
        def instantiate(url: str) -> object | None:
            if url.startswith("slack://"):
                return ["one target"]
            logging.getLogger("apprise").error("Unparseable URL %s", url)
            return None

    fake = types.ModuleType("apprise")
    fake.Apprise = Apprise  # type: ignore[attr-defined]
    fake.__spec__ = importlib.util.spec_from_loader("apprise", None)
    monkeypatch.setitem(sys.modules, "apprise", fake)


def test_it_reads_receivers_and_routes(loads, apprise) -> None:
    """Addresses and secrets come from the file or from the environment; routes say who is told of what."""
    config = loads(
        f"""
        {OPS}
        allow_private = true
        secret_env = "HOOK_SECRET"
        [receivers.chat]
        kind = "apprise"
        url_env = "CHAT_URL"
        allow_private = true
        [[routes]]
        receivers = ["ops"]
        [[routes]]
        receivers = ["chat", "ops"]
        rules = ["queue_age"]
        environments = ["prod"]
        severities = ["warning", "critical"]
        """,
        HOOK_SECRET="shh",
        CHAT_URL=" slack://a/b/c\n",
    )
    assert config.receivers == {
        "ops": Webhook(name="ops", url=HOOK, secret="shh", allow_private=True),
        "chat": AppriseTarget(name="chat", url="slack://a/b/c", allow_private=True),
    }
    told = [receiver.name for receiver in receivers_for(config, "queue_age", "prod", "warning")]
    assert told == ["ops", "chat"]
    assert [receiver.name for receiver in receivers_for(config, "queue_age", "staging", "warning")] == ["ops"]


def test_it_takes_any_channel_that_it_is_given(tmp_path: Path) -> None:
    """A kind is whatever the table of channels holds: its reader gets the table, and a wrong one is offered it."""

    def read(key_path: KeyPath, name: str, table: Mapping[str, object], environ: Mapping[str, str]) -> Receiver:
        return Webhook(name=name, kind="carrier", url=f"{table['number']}{environ['SUFFIX']}")

    channels = {**CHANNELS, "carrier": Channel(read, CHANNELS["webhook"].send)}
    file = tmp_path / "houndmon.toml"
    file.write_text("[receivers.ops]\nkind = 'carrier'\nnumber = 7\n")
    found = load(file, channels, {"SUFFIX": "-8"}).receivers
    assert found == {"ops": Webhook(name="ops", kind="carrier", url="7-8")}
    with pytest.raises(ConfigError, match=f"{ONE_OF_KINDS}$"):
        load(file, CHANNELS)
    file.write_text("[receivers.ops]\nkind = 'carier'\n")
    with pytest.raises(ConfigError, match=f"{ONE_OF_KINDS}, carrier$"):
        load(file, channels)


REFUSALS: dict[str, str] = {
    "[receivers.ops]\nurl = 'https://a'": "receivers.ops.kind: is missing: set " + " or ".join(CHANNELS),
    f"[receivers.ops]\nkind = '{SECRET}'\nurl = 'https://a'": "receivers.ops.kind: must be one of "
    + ", ".join(CHANNELS),
    "[receivers.ops]\nkind = 'webhook'": "receivers.ops.url: is missing: set url, or url_env",
    "[receivers.ops]\nkind = 'webhook'\nurl = ' '": "receivers.ops.url: is blank",
    f"{OPS}url_env = 'A'": "receivers.ops.url: is given twice: keep url or url_env",
    f"{OPS}secret = 'a'\nsecret_env = 'A'": "receivers.ops.secret: is given twice: keep secret or secret_env",
    f"{OPS}secret = ''": "receivers.ops.secret: is blank: fill it in, or leave it out",
    f"{OPS}secret_env = 'UNSET'": "receivers.ops.secret_env: the environment variable UNSET is not set: set it",
    f"{OPS}secret_env = '{SECRET}'": "receivers.ops.secret_env: the environment variable it names is not set",
    "[receivers.ops]\nkind = 'webhook'\nurl_env = 'UNSET'": "receivers.ops.url_env: the environment variable UNSET",
    f"[receivers.ops]\nkind = 'webhook'\nurl = 'ftp://{SECRET}'": "receivers.ops.url: must be an http or https address",
    f"[receivers.ops]\nkind = 'webhook'\nurl = 'https:///{SECRET}'": "receivers.ops.url: must be an http or https",
    f"[receivers.ops]\nkind = 'webhook'\nurl = ['{SECRET}']": "receivers.ops.url: must be text in quotes",
    f"[receivers.ops]\nkind = 'webhook'\nuri = '{HOOK}'": "receivers.ops.uri: there is no such key; did you mean url?",
    f"{OPS}allow_private = 'yes'": "receivers.ops.allow_private: must be true or false",
    f"{OPS}url = '{HOOK}'": "line 4: the name url is used twice",
    f"{OPS}secret = '{SECRET}": "is not TOML",
    f"{OPS}{OPS.replace('ops', 'Ops')}": "receivers.Ops: differs from receivers.ops only in case: rename one",
    f"{OPS}{OPS}": "the name receivers.ops is used twice",
    OPS.replace("ops", "'a b'"): "receivers.a b: a receiver's name is made of letters, digits",
    f"{OPS}[[routes]]\nreceivers = ['opps']": "routes #1.receivers.opps: there is no receiver of this name; did you",
    f"{OPS}[[routes]]\nreceivers = ['ops']\n[[routes]]": "routes #2.receivers: is missing: name at least one receiver",
    "[[routes]]\nreceivers = ['ops']": "routes #1.receivers: there is no receiver at all: add a table",
    f"{OPS}[[routes]]\nreceivers = 'ops'": "routes #1.receivers: must be a list in brackets",
    f"{OPS}[[routes]]\nreceivers = ['ops']\nrules = ['queue']": "routes #1.rules: must be one of queue_age",
    f"{OPS}[[routes]]\nreceivers = ['ops']\nenvironments = ['dev']": "routes #1.environments: must be one of prod",
    f"{OPS}[[routes]]\nreceivers = ['ops']\nseverity = 'x'": "routes #1.severity: there is no such key; did you",
    f"{OPS}[routes]\nreceivers = ['ops']": "routes: must be a list in brackets",
}


@pytest.mark.parametrize("text", REFUSALS, ids=lambda text: text.rpartition("\n")[2][:60])
def test_it_refuses(loads, text: str) -> None:
    """A receiver or route that cannot be meant is refused by name, and no secret is shown."""
    assert REFUSALS[text] in refusal(loads, text)


@pytest.mark.parametrize("url", ["mailto://u:p@example.org?to=a@example.org,b@example.org", "slack://%s/#a/#b"])
def test_it_refuses_an_address_of_several_targets(loads, url: str) -> None:
    """By apprise itself: several targets in one address are refused when it is read, not when an alert fires."""
    token = "T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
    told = url.replace("%s", token)
    said = refusal(loads, f"[receivers.chat]\nkind = 'apprise'\nurl = '{told}'\n")
    assert "receivers.chat.url: names several targets: make a receiver of each" in said
    assert token not in said


CHAT = f"[receivers.chat]\nkind = 'apprise'\nurl = 'nosuch://{SECRET}'\n"


def test_it_refuses_an_address_that_apprise_does_not_understand(loads, apprise, caplog) -> None:
    """The address is named by its key alone, and apprise's own log of it is held back."""
    caplog.set_level(0)
    said = refusal(loads, CHAT)
    assert "receivers.chat.url: apprise does not understand this address" in said
    assert SECRET not in caplog.text
    assert not logging.getLogger("apprise").disabled


def test_it_asks_for_apprise_where_it_is_missing(loads, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence says what to install."""
    find: Any = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "apprise" else find(name, *more)
    )
    said = refusal(loads, CHAT)
    assert "receivers.chat.kind: apprise is not installed: run `pip install houndmon[notify]`" in said


@pytest.mark.parametrize("key", ["secret = 'x'", "secret_env = 'X'"])
def test_it_refuses_what_only_webhooks_have(loads, apprise, key: str) -> None:
    """A key that would do nothing is refused rather than believed."""
    said = refusal(loads, f"[receivers.chat]\nkind = 'apprise'\nurl = 'slack://a/b/c'\n{key}", X="y")
    assert f"receivers.chat.{key.partition(' ')[0]}: belongs to webhooks only: remove it" in said


def test_it_agrees_with_apprise_itself(loads) -> None:
    """The real apprise takes a Slack address and refuses an unknown one."""
    pytest.importorskip("apprise")
    config = loads("[receivers.chat]\nkind = 'apprise'\nurl = 'json://127.0.0.1/x'")
    assert config.receivers["chat"].url == "json://127.0.0.1/x"
    assert "apprise does not understand this address" in refusal(loads, CHAT)
