from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from houndmon.config.links import PLACES, fill_template, link_values

FIRED, UNTIL = datetime(2026, 3, 2, 11, 43, 0, 500_000, UTC), datetime(2026, 3, 2, 12, 5, tzinfo=UTC)


def values(subject, rule="api_5xx_spike"):
    return link_values(rule, "prod", subject, FIRED, UNTIL)


def test_it_takes_what_is_an_address(loads) -> None:
    """Addresses with known places are taken as they are; blank ones are none."""
    config = loads("""
        [links]
        logs = " https://logs.example:8443/?q={service}%20{subject}&from={from_ms}#{environment} "
        traces = ""
    """)
    assert config.links == {"logs": "https://logs.example:8443/?q={service}%20{subject}&from={from_ms}#{environment}"}


def test_it_begins_before_the_alert() -> None:
    """The time runs from 15 min before the alert fired, in UTC and in milliseconds of the same second."""
    found = values("gateway")
    assert set(found) == set(PLACES)
    assert (found["from"], found["to"]) == ("2026-03-02T11:28:00Z", "2026-03-02T12:05:00Z")
    for text, milliseconds in ((found["from"], found["from_ms"]), (found["to"], found["to_ms"])):
        assert datetime.fromisoformat(text).timestamp() * 1000 == int(milliseconds)


def test_it_knows_the_service() -> None:
    """The service of an API rule is its subject; of any other alert it is the part of the chain."""
    assert values("gateway")["service"] == "gateway"
    assert values(None, "queue_age")["service"] == "transcode"
    assert (values("w-1", "queue_age")["service"], values("w-1", "queue_age")["subject"]) == ("transcode", "w-1")
    assert values(None)["subject"] == ""


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_it_keeps_strangers_within_their_place(subject) -> None:
    """Whatever a subject holds, it comes out of the address as it was, and changes nothing else of it."""
    filled = fill_template("https://logs.example/a?subject={subject}&to={to}#x", values(subject))
    parts = urlsplit(filled)
    assert (parts.scheme, parts.netloc, parts.path, parts.fragment) == ("https", "logs.example", "/a", "x")
    assert filled.isascii()
    assert filled.isprintable()
    found = parse_qs(parts.query, keep_blank_values=True, strict_parsing=True)
    assert found == {"subject": [subject], "to": ["2026-03-02T12:05:00Z"]}
