"""The console on paper."""

import re

import pytest

from browser.visits import drawn


@pytest.mark.parametrize("day", ["calm", "broken"], indirect=True)
async def test_it_prints_one_page(day, visit):
    """The verdict, the five answers, the alerts, each panel's figures and the service levels fit one sheet of A4."""
    page = await visit(day.url)
    await drawn(page)
    sheets = await page.pdf(format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b", sheets)) == 1
    await page.emulate_media(media="print")
    for kept in (".verdict", ".answers", ".alerts", ".slos", *(f"#panel-{name}" for name in ("transcode", "playback"))):
        assert await page.locator(kept).first.is_visible(), kept
