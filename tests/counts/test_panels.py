import pytest

from houndmon.app import PANELS
from houndmon.config.live import LiveConfig
from houndmon.core.filters import ENVIRONMENTS, Filters
from houndmon.core.source import Source
from houndmon.counts.read import Counts
from houndmon.evaluator.reading import read_figures
from houndmon.lifespan import counted_series
from houndmon.notify.channels import CHANNELS

COUNTED = [spec for spec in PANELS if spec.reads == "source"]


class Asked(Counts):
    """Counts that note which series they are asked for."""

    def __init__(self, pool):
        super().__init__(pool, "this source")
        self.series = []

    async def add_to(self, totals, series, environment, slices, now, definition):
        self.series += [] if series in self.series else [series]
        return await super().add_to(totals, series, environment, slices, now, definition)


@pytest.fixture
def asked(harness):
    return Asked(harness.pool)


@pytest.fixture
def source(harness, asked):
    return Source(harness.pool, "hound", "UTC", timeout_seconds=30, counts=asked)


async def shown(spec, source, config):
    async with source.snapshot() as snapshot:
        await spec.load(snapshot, Filters("7d"), config)
        if spec.trend:
            await spec.trend(snapshot, Filters("24h"))


@pytest.mark.parametrize("spec", COUNTED, ids=lambda spec: spec.name)
async def test_it_counts_whatever_a_panel_reads(harness, source, asked, spec):
    """A panel says of each series that it reads that it is to be counted: else it would read its rows for ever."""
    config = harness.config()
    await shown(spec, source, config)
    assert asked.series
    assert [series.name for series in asked.series if series not in spec.series(config)] == []


async def test_it_counts_nothing_in_vain(harness, source, asked):
    """What is counted is what panels, their charts, rules and service levels read, and no more."""
    config = harness.config()
    for spec in COUNTED:
        await shown(spec, source, config)
    for environment in ENVIRONMENTS:
        await read_figures(source, environment, config)
    assert {series.name for series in asked.series} == {
        series.name for series in counted_series(PANELS, harness.config)
    }


def test_it_counts_the_shortest_first():
    """Beats and jobs come before requests and plays, so that they are counted soon; no two series share a name."""
    found = counted_series(PANELS, LiveConfig(None, CHANNELS))
    relations = list(dict.fromkeys(series.statement.relation for series in found))
    assert relations[:2] == ["worker_heartbeats", "transcode_jobs"]
    assert relations[-2:] == ["api_requests", "play_attempts"]
    assert len({series.name for series in found}) == len(found) > len(COUNTED)


def test_it_counts_by_the_configuration_in_force(tmp_path):
    """Another limit of a service level makes another series of tracks, and leaves all others as they are."""
    file = tmp_path / "houndmon.toml"
    file.write_text('[slos.upload_to_live]\nlimit = "25m"\n')
    before, after = (
        {one.name: one for one in counted_series(PANELS, LiveConfig(path, CHANNELS))} for path in (None, file)
    )
    assert {name for name in before if before[name] != after[name]} == {"tracks"}
    assert after["tracks"].extra == (1500.0,)
