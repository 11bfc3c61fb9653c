import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.template import TemplateConfig
from litestar.testing import TestClient

from houndmon.app import PANELS, templates
from houndmon.config.defaults import DEFAULTS, RULES
from houndmon.config.live import LiveConfig
from houndmon.core.settings import Settings
from houndmon.counts_check.sampling import EVERY_SECONDS
from houndmon.demo.schedule import SAMPLED_SECONDS
from houndmon.notify.channels import CHANNELS
from houndmon.web import errors, runbooks
from houndmon.web.titles import TITLES

SECTIONS = ("meaning", "look", "causes", "steps", "over", "call")


@pytest.fixture(scope="module")
def live() -> LiveConfig:
    return LiveConfig(None, CHANNELS)


@pytest.fixture(scope="module")
def client(live: LiveConfig) -> Iterator[TestClient[Any]]:
    engine = JinjaTemplateEngine.from_environment(templates(Settings()))
    app = Litestar(
        route_handlers=[*runbooks.ROUTES],
        template_config=TemplateConfig(instance=engine),
        exception_handlers=errors.ERROR_HANDLERS,
        dependencies={"config": Provide(lambda: live, sync_to_thread=False)},
        openapi_config=None,
    )
    with TestClient(app) as client:
        yield client


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_it_has_a_runbook_for_every_rule() -> None:
    """No rule is without one, and none is left of a rule that is gone."""
    assert set(TITLES) == set(RULES)
    folder = Path(runbooks.__file__).with_name("runbooks")
    frames = {"index", "layout", "links", "burn"}
    assert {file.stem for file in folder.glob("*.html")} - frames == set(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_it_serves_a_runbook(client: TestClient[Any], rule) -> None:
    """Each has its six parts, none of them empty, and names the role that answers."""
    answer = client.get(RULES[rule].runbook_url)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    for section in SECTIONS:
        part = answer.text.partition(f'<section id="{section}">')[2].partition("</section>")[0]
        assert len(text_of(part)) > 60, section
    owners = {RULES[rule].owner_role} if RULES[rule].owner_role else {o.owner_role for o in DEFAULTS.levels.values()}
    call = answer.text.partition('<section id="call">')[2]
    assert all(str(owner) in call for owner in owners)


@pytest.mark.parametrize("rule", RULES)
def test_it_links_only_to_what_is_there(client: TestClient[Any], rule) -> None:
    """Every link leads to a runbook, a panel of the page, or the page's own files."""
    html = client.get(f"/runbooks/{rule}").text
    specs = {spec.name for spec in PANELS}
    for target in re.findall(r'href="([^"#]+)"', html):
        if target.startswith("/runbooks/"):
            assert target.removeprefix("/runbooks/") in RULES
        elif target.startswith("/?panel="):
            assert target.removeprefix("/?panel=") in specs
        else:
            assert target.startswith("/"), target
    assert not re.search(r"\son\w+=|\sstyle=|<script>", html)


def test_it_lists_the_runbooks(client: TestClient[Any]) -> None:
    """The list leads to each."""
    html = client.get("/runbooks").text
    assert re.findall(r'href="/runbooks/(\w+)"', html) == list(RULES)


def test_it_shows_the_figures_in_force(client: TestClient[Any], live: LiveConfig) -> None:
    """What the configuration changes the runbook says, and strangers' words are escaped."""
    changed = msgspec.structs.replace(
        RULES["queue_age"], threshold=42, owner_role="<b>media</b>", response_target_minutes=90
    )
    before = live.current
    live.current = msgspec.structs.replace(DEFAULTS, rules=DEFAULTS.rules | {"queue_age": changed})
    html = client.get("/runbooks/queue_age").text
    live.current = before
    assert "oldest queued job &gt; 42 min, for 1m" in html
    assert "<dd>90m</dd>" in html
    assert "&lt;b&gt;media&lt;/b&gt;" in html


@pytest.mark.parametrize("name", ["nothing", "layout", "burn", "index", "..%2Fbase"])
def test_it_knows_no_other(client: TestClient[Any], name: str) -> None:
    """Anything else is a problem with status 404, for programs and for people."""
    answer = client.get(f"/runbooks/{name}", headers={"Accept": "application/json"})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    page = client.get(f"/runbooks/{name}", headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["content-type"].partition(";")[0]) == (404, "text/html")


def test_it_says_how_often_samples_come_as_they_do(client: TestClient[Any]) -> None:
    """The runbook of figures that differ names both intervals: a sample of the demo does not wait for an hour."""
    assert (EVERY_SECONDS, SAMPLED_SECONDS < 60) == (3600, True)
    text = text_of(client.get("/runbooks/counts_differ").text)
    assert "Each hour, and in a demo within a minute, it reads some of those rows themselves" in text
    assert "an hour later" not in text
