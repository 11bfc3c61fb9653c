"""What the panels say to people, drawn from a real source."""

import re


async def test_it_shows_a_ratio_once(console):
    """Where the chosen range is the last 24 h, the playback panel says so once; in others both ratios stand."""
    await console.hound.play(outcome="failed", times=3)
    await console.hound.play(times=37)
    for range, times in (("24h", 1), ("1h", 2), ("7d", 2)):
        html = (await console.get("/fragments/panels/playback", range=range)).text
        figures = html.partition('<dl class="figures">')[2].partition("</dl>")[0]
        assert len(re.findall(r'<span class="value">7\.50%</span>', figures)) == times
        assert ('data-figure="last_24h"' in figures) is (range != "24h")
