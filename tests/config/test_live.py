from pathlib import Path

import pytest

from houndmon.config.errors import ConfigError
from houndmon.config.live import LiveConfig
from houndmon.notify.channels import CHANNELS

GOOD, BETTER, BAD = (f"[rules.queue_age]\nthreshold = {value}\n" for value in ("20", "25", "'x'"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "houndmon.toml"
    path.write_text(GOOD)
    return path


def threshold(live: LiveConfig) -> float | None:
    return live.current.rules["queue_age"].threshold


def test_it_takes_over_a_changed_file(file: Path) -> None:
    """After a reload the new figures hold."""
    live = LiveConfig(file, CHANNELS)
    file.write_text(BETTER)
    assert threshold(live) == 20
    live.reload()
    assert (threshold(live), live.problem) == (25, None)


def test_it_keeps_the_old_rules_over_a_bad_file(file: Path) -> None:
    """A bad file changes nothing but `problem`, which a good one clears."""
    live = LiveConfig(file, CHANNELS)
    before = live.current
    file.write_text(BAD)
    live.reload()
    assert live.current is before
    assert [live.problem] == [f"{file}: rules.queue_age.threshold: must be a number without quotes"]
    file.write_text(BETTER)
    live.reload()
    assert (threshold(live), live.problem) == (25, None)


def test_it_keeps_the_old_rules_where_the_file_is_gone(file: Path) -> None:
    """A file that vanishes does not bring the defaults back."""
    live = LiveConfig(file, CHANNELS)
    file.unlink()
    live.reload()
    assert threshold(live) == 20
    assert live.problem == f"{file}: cannot be read: No such file or directory"


def test_it_finds_a_file_that_comes_later(file: Path) -> None:
    """Where there was none at the start, the next reload looks again."""
    live = LiveConfig(None, CHANNELS, {"HOUNDMON_CONFIG": str(file)})
    assert threshold(live) == 15
    live.reload()
    assert (threshold(live), live.path) == (20, file)


def test_it_refuses_to_start_on_a_bad_file(file: Path) -> None:
    """At the start there are no old rules to keep."""
    file.write_text(BAD)
    with pytest.raises(ConfigError):
        LiveConfig(file, CHANNELS)


def test_it_leads_links_to_where_the_page_is(file: Path) -> None:
    """Without an address in the file links lead to the port that the service listens on; the file's own comes first."""
    live = LiveConfig(file, CHANNELS, {}, page="http://127.0.0.1:8671")
    assert live().public_url == "http://127.0.0.1:8671"
    file.write_text('public_url = "https://houndmon.example"', encoding="utf-8")
    live.reload()
    assert live().public_url == "https://houndmon.example"
