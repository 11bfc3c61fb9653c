import os
import time
from datetime import datetime, timedelta
from typing import get_args

import httpx
import pytest

from browser.demos import demo
from houndmon.config.model import RuleName
from houndmon.kit import embedded

TORTURE = os.environ.get("HOUNDMON_TORTURE") == "1"
SHOWN = timedelta(minutes=10)
PATIENCE_SECONDS = 720


@pytest.mark.skipif(not TORTURE, reason="ten minutes long: HOUNDMON_TORTURE=1 runs it")
def test_it_shows_every_rule_at_work_in_ten_minutes(cluster: embedded.Cluster) -> None:
    """Each rule of the source has fired ten minutes after the start, and every panel has answered throughout."""
    with demo(cluster, "ten_minutes") as url, httpx.Client(base_url=url) as client:
        wanted = {*get_args(RuleName)} - {"counts_differ"}  # it tells of a fault of houndmon's own
        until = time.monotonic() + PATIENCE_SECONDS
        fired: dict[str, datetime] = {}
        while wanted - set(fired) and time.monotonic() < until:
            for alert in client.get("/api/alerts?limit=100").raise_for_status().json()["items"]:
                at = datetime.fromisoformat(alert["fired_at"])
                fired[alert["rule"]] = min(at, fired.get(alert["rule"], at))
            time.sleep(2)
        assert not wanted - set(fired)
        assert max(fired.values()) - started(client) < SHOWN


def started(client: httpx.Client) -> datetime:
    """When the demo began: its feed tells of the opening at once."""
    found = client.get("/api/incidents?limit=200").raise_for_status().json()["items"]
    return min(datetime.fromisoformat(one["occurred_at"]) for one in found)
