"""Rows that belong to no environment, in every panel that reads the source's events, jobs and tracks."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from factories import BLANK, Hound
from houndmon.panels.api.load import load as load_api
from houndmon.panels.ingest.load import load as load_ingest
from houndmon.panels.playback.load import load as load_playback
from houndmon.panels.publish.load import load as load_publish
from houndmon.panels.transcode.load import load as load_transcode
from houndmon.panels.workers.load import load as load_workers

PANEL_NAMES: dict[str, tuple[Any, Callable[..., Awaitable[None]]]] = {
    "ingest": (load_ingest, Hound.upload),
    "playback": (load_playback, Hound.play),
    "api": (load_api, Hound.requests),
    "publish": (load_publish, Hound.track),
    "transcode": (load_transcode, Hound.job),
    "workers": (load_workers, Hound.beat),
}


@pytest.mark.parametrize("spec", PANEL_NAMES)
async def test_it_counts_rows_without_an_environment_as_anomalies(hound: Hound, show: Any, spec: str) -> None:
    """A row whose environment is null or blank is an anomaly in both environments' panels, and in no figure."""
    load, add = PANEL_NAMES[spec]
    empty = await show(load)
    for environment in BLANK:
        await add(hound, environment=environment)
    for environment in ("prod", "staging"):
        found = await show(load, environment=environment)
        assert found["anomalies"] == [{"kind": "unknown_environment", "count": len(BLANK)}]
        figures = {name: value for name, value in found.items() if name not in ("anomalies", "filters")}
        assert figures == {name: empty[name] for name in figures}


async def test_it_counts_jobs_without_an_environment_in_any_state(hound: Hound, show: Any) -> None:
    """A job that belongs nowhere is an anomaly whether it waits, runs, is over, or is over without a finish."""
    for status in ("queued", "in_progress", "retrying", "failed", "completed"):
        await hound.job(status, environment=None)
    await hound.job("failed", environment=None, finished_at=None)
    await hound.job("failed", environment=None, finished_at="-8d")
    found = await show(load_transcode)
    assert found["anomalies"] == [{"kind": "unknown_environment", "count": 6}]
    assert (found["jobs_by_status"]["failed"], found["failure_ratio"]) == (0, None)
