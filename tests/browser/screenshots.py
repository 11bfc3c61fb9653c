"""Draws every state of the page from demos: `make screenshots`; `ARGS="calm workers-die"` draws some scenes of it."""

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

import asyncpg
import httpx

from alerting import NOTES
from browser.demos import FILLED, cloned, demo, fill_template
from browser.service import served
from browser.studio import Studio, opened
from browser.visits import PHONE, drawn, followed
from houndmon.core import embedded
from houndmon.demo.incidents import INCIDENTS

WALL = {"width": 1920, "height": 1080}
ON_A_PHONE = {"viewport": PHONE, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}
PATIENCE_SECONDS = 240
HEARD_SECONDS = 6  # until every answer has heard of it
POLLED_MS = 20_000  # until every part of an open page has asked anew
SHOWN_INCIDENT, MENDED_INCIDENT = "ios-safari-decode", "workers-die"
FIELDS = {"Root cause": "root_cause", "Mitigation applied": "mitigation", "Prevention follow-up": "prevention"}
Shot = Callable[[Studio], Awaitable[None]]


class Sitting:
    """One run: a PostgreSQL with demos on it, and the pictures that are taken of them."""

    def __init__(self, cluster: embedded.Cluster, *, png: bool) -> None:
        self.cluster, self.png = cluster, png

    def demo(self, name: str, *options: str) -> Any:
        """A demo on a history that is there already."""
        return demo(self.cluster, name.replace("-", "_"), *options, template=FILLED)

    def take(self, shot: Shot) -> None:
        """Take pictures in a browser of their own."""

        async def work() -> None:
            async with opened(png=self.png) as studio:
                await shot(studio)

        asyncio.run(work())

    def calm(self) -> None:
        """A good day, in each form that the page has."""
        with self.demo("calm", "--calm") as url:
            wait_until(lambda: summary(url)["first_broken_stage"]["state"] == "ok")

            async def shot(studio: Studio) -> None:
                await studio.console(url, "light", color_scheme="light")
                await studio.console(url, "dark", color_scheme="dark")
                await studio.console(f"{url}/?range=7d", "calm-week")
                await studio.console(f"{url}/?wall=1", "calm-wall", viewport=WALL, color_scheme="dark")
                await studio.console(url, "calm-phone", **ON_A_PHONE)
                await studio.printed(url, "calm-print")

            self.take(shot)

    def incident(self, name: str) -> None:
        """An incident of the demo, from when its own rule fires."""
        with self.demo(name, "--incident", name) as url:
            self.fired(name, url)

    def fired(self, name: str, url: str) -> None:
        """Draw an incident that has begun, and for some what comes with it or after it."""
        rule = INCIDENTS[name].rule
        wait_until(lambda: alert_of(url, rule, "firing") is not None, INCIDENTS[name].seconds + PATIENCE_SECONDS)
        self.take(lambda studio: studio.console(url, f"incident-{name}"))
        if name == SHOWN_INCIDENT:
            self.take(lambda studio: every_form(studio, url, rule))
        if name == MENDED_INCIDENT:
            self.mended(url, rule)

    def mended(self, url: str, rule: str) -> None:
        """The same once it recovers, and the refusal of notes that are too short once it has."""
        wait_until(lambda: bool((alert_of(url, rule, "firing") or {}).get("clear_since")))
        self.take(lambda studio: studio.console(url, "recovering"))
        wait_until(lambda: alert_of(url, rule, "recovered") is not None, 3 * PATIENCE_SECONDS)
        over = alert_of(url, rule, "recovered") or {}
        self.take(lambda studio: closing_with_errors(studio, f"{url}/alerts/{over['id']}"))

    def held(self) -> None:
        """A relation that does not answer: its panel is stale for who knows it, and has failed for who does not."""
        with self.demo("held", "--calm") as url:
            wait_until(lambda: summary(url)["first_broken_stage"]["state"] == "ok")
            self.take(lambda studio: stale_and_failed(studio, url, self.cluster.dsn("held")))

    def log_in(self) -> None:
        """The way in."""
        with cloned(self.cluster, "log_in", FILLED) as dsn, served(dsn, auth="on") as service:

            async def shot(studio: Studio) -> None:
                await studio.plain(f"{service.url}/login", "log-in")
                await studio.plain(f"{service.url}/login", "log-in-phone", **ON_A_PHONE)

            self.take(shot)


async def every_form(studio: Studio, url: str, rule: str) -> None:
    """An incident in each form that the page has, and the pages around its alert."""
    alert = alert_of(url, rule, "firing") or {}
    await studio.console(url, "incident")
    await studio.console(f"{url}/?wall=1", "wall", viewport=WALL, color_scheme="dark")
    await studio.console(url, "phone", **ON_A_PHONE)
    await studio.console(url, "incident-dark", color_scheme="dark")
    await studio.printed(url, "incident-print")
    for path, name in ((f"/alerts/{alert['id']}", "alert"), ("/alerts", "alerts"), ("/silences", "silences")):
        await studio.plain(f"{url}{path}", name)
    await studio.plain(f"{url}/alerts/{alert['id']}", "alert-phone", **ON_A_PHONE)


async def closing_with_errors(studio: Studio, url: str) -> None:
    """The form that closes an alert, refused for a note that is too short."""
    async with studio.page(url) as page:
        for label, name in FIELDS.items():
            await page.get_by_label(label).fill("short" if name == "mitigation" else NOTES[name])
        await followed(page, page.get_by_role("button", name="Close", exact=True))
        wrong = page.locator("[aria-invalid]").first
        await wrong.scroll_into_view_if_needed()
        await studio.keep(page, "closing-with-errors")


async def stale_and_failed(studio: Studio, url: str, dsn: str) -> None:
    """What an open page and a new one show while plays are locked."""
    conn = await asyncpg.connect(dsn)
    async with studio.page(url) as known:
        await drawn(known)
        async with conn.transaction():
            await conn.execute("lock table hound.play_attempts in access exclusive mode")
            await known.wait_for_selector("#panel-playback[data-state=stale]")
            await known.wait_for_timeout(POLLED_MS)
            await studio.keep(known, "stale")
            async with studio.page(f"{url}/?range=6h") as new:
                await new.wait_for_selector("#panel-playback[data-state=failed]")
                await drawn(new)
                await studio.keep(new, "failed")
    await conn.close()


def summary(url: str) -> dict[str, Any]:
    """What the page says first."""
    answer: dict[str, Any] = httpx.get(f"{url}/api/summary", timeout=30).json()
    return answer


def alert_of(url: str, rule: str, state: str) -> dict[str, Any] | None:
    """The newest alert of a rule that is in a state."""
    asked = {"environment": "prod", "rule": rule, "state": state}
    found: list[dict[str, Any]] = httpx.get(f"{url}/api/alerts", params=asked, timeout=30).json()["items"]
    return found[0] if found else None


def wait_until(true: Callable[[], bool], patience_seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until something is so, and all parts of the page have heard of it."""
    ends_at = time.monotonic() + patience_seconds
    while not true():
        assert time.monotonic() < ends_at, "it never came to be"
        time.sleep(1)
    time.sleep(HEARD_SECONDS)


SCENES: dict[str, Callable[[Sitting], None]] = {
    "calm": Sitting.calm,
    "held": Sitting.held,
    "log-in": Sitting.log_in,
    **{name: partial(Sitting.incident, name=name) for name in INCIDENTS},
}


def slow(names: Sequence[str]) -> Iterator[str]:
    """The incidents of which nothing is to be seen for long: they begin first and are drawn last."""
    return (name for name in names if name in INCIDENTS and INCIDENTS[name].seconds > 2 * PATIENCE_SECONDS)


def main() -> None:
    """Draw the scenes that are asked for, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenes", nargs="*", metavar="SCENE", help=f"of: {', '.join(SCENES)}")
    parser.add_argument("--png", action="store_true", help="no WebP")
    options = parser.parse_args()
    chosen = options.scenes or list(SCENES)
    if unknown := set(chosen) - set(SCENES):
        parser.error(f"no such scene: {', '.join(sorted(unknown))}")
    with embedded.temporary({"max_connections": "300"}) as cluster, ExitStack() as begun:
        fill_template(cluster)
        sitting = Sitting(cluster, png=options.png)
        later = {name: begun.enter_context(sitting.demo(name, "--incident", name)) for name in slow(chosen)}
        for name in chosen:
            if name not in later:
                SCENES[name](sitting)
        for name, url in later.items():
            sitting.fired(name, url)


if __name__ == "__main__":
    main()
