from pathlib import Path

import pytest

from houndmon.core.settings import Settings, SettingsError, read_settings


def test_it_needs_nothing():
    """Without a variable there is a service on loopback, in UTC, with log-in, on the embedded database."""
    assert read_settings({}) == Settings(allowed_hosts=frozenset({"127.0.0.1", "localhost"}))
    assert Settings() == Settings(
        database_url=None,
        source_url=None,
        source_schema="hound",
        data_dir=None,
        host="127.0.0.1",
        port=8600,
        timezone="UTC",
        auth="on",
        log_level="info",
    )


def test_it_reads_what_is_said():
    """Each variable sets its own setting; one that is empty says nothing, and others are not ours."""
    found = read_settings(
        {
            "HOUNDMON_DATABASE_URL": "postgresql://db/own",
            "HOUNDMON_SOURCE_URL": "postgresql://db/theirs",
            "HOUNDMON_SOURCE_SCHEMA": "Hound 2",
            "HOUNDMON_DATA_DIR": "/srv/houndmon",
            "HOUNDMON_HOST": "::1",
            "HOUNDMON_PORT": "65535",
            "HOUNDMON_TIMEZONE": "Pacific/Chatham",
            "HOUNDMON_AUTH": "off",
            "HOUNDMON_LOG_LEVEL": "",
            "PORT": "1",
        }
    )
    assert found == Settings(
        database_url="postgresql://db/own",
        source_url="postgresql://db/theirs",
        source_schema="Hound 2",
        data_dir=Path("/srv/houndmon"),
        host="::1",
        port=65535,
        timezone="Pacific/Chatham",
        auth="off",
        allowed_hosts=frozenset({"::1", "localhost"}),
    )


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("HOUNDMON_PORT", "0"),
        ("HOUNDMON_PORT", "65536"),
        ("HOUNDMON_PORT", "http"),
        ("HOUNDMON_PORT", "-1"),
        ("HOUNDMON_PORT", "８６００"),
        ("HOUNDMON_PORT", "9" * 5000),
        ("HOUNDMON_TIMEZONE", "Berlin"),
        ("HOUNDMON_TIMEZONE", "../../etc/passwd"),
        ("HOUNDMON_TIMEZONE", "europe/berlin"),
        ("HOUNDMON_AUTH", "no"),
        ("HOUNDMON_LOG_LEVEL", "loud"),
    ],
)
def test_it_names_the_variable_that_cannot_be_used(variable, text):
    """A value that makes no sense stops the start, and the message names its variable."""
    with pytest.raises(SettingsError, match=variable):
        read_settings({variable: text})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_it_may_go_without_log_in_on_loopback(host):
    """Where only this machine reaches the service, log-in may be off."""
    assert read_settings({"HOUNDMON_HOST": host, "HOUNDMON_AUTH": "off"}).auth == "off"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "houndmon.example.com", "localhost.example.com"])
def test_it_never_goes_without_log_in_elsewhere(host):
    """On any other address log-in cannot be turned off."""
    assert not Settings(host=host).on_loopback
    with pytest.raises(SettingsError, match="loopback only"):
        read_settings({"HOUNDMON_HOST": host, "HOUNDMON_AUTH": "off"})


def test_it_is_a_demo_only_by_command():
    """No variable turns the demo on: it goes without log-in."""
    assert read_settings({"HOUNDMON_DEMO": "1"}).demo is False
