"""Which known word a strange one may mean."""

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from houndmon.core.filters import ENVIRONMENTS
from houndmon.core.source_contract import IOS_PLATFORMS, SAFARI_BROWSERS, WORDS, is_ios_safari
from houndmon.source_check.near_words import SYNONYMS, nearest, plainly, seems_ios_safari

COLUMNS = [*WORDS.values(), ("environment", ENVIRONMENTS)]
columns = st.sampled_from(COLUMNS)


@st.composite
def known_words(draw) -> tuple[str, str, tuple[str, ...]]:
    """A column, one of its words, and all of them."""
    column, known = draw(columns)
    return column, draw(st.sampled_from(known)), known


@given(known_words(), st.sampled_from([str.upper, str.title, " {} ".format, lambda word: word.replace("_", "-")]))
def test_it_sees_through_case_blanks_and_marks(word, change) -> None:
    """A known word in another dress is that word."""
    column, meant, known = word
    assert nearest(column, change(meant), known) == meant


@given(known_words(), st.data())
def test_it_sees_through_a_missing_letter(word, data) -> None:
    """A known word of more than five letters that lacks one, or has one twice, is nearest to itself."""
    column, meant, known = word
    if len(meant) > 5:
        at = data.draw(st.integers(1, len(meant) - 1))
        assert nearest(column, meant[:at] + meant[at + 1 :], known) == meant
        assert nearest(column, meant[:at] + meant[at - 1] + meant[at:], known) == meant


@given(columns, st.text())
@example(("status", WORDS["transcode_jobs"][1]), "")
@example(("status", WORDS["transcode_jobs"][1]), "\N{LATIN SMALL LETTER SHARP S}")
def test_it_names_known_words_alone(column, text) -> None:
    """Whatever strangers write: the nearest word is a known one, or there is none; blanks are near to nothing."""
    name, known = column
    meant = nearest(name, text, known)
    assert meant is None or meant in known
    if not any(character.isalnum() for character in text):
        assert meant is None


@given(columns, st.text(string.ascii_lowercase, min_size=1), st.randoms())
def test_it_depends_on_no_order_of_synonyms(column, text, random) -> None:
    """A synonym stands under one word alone among those that a column knows, so that no order decides."""
    name, known = column
    own = {meant: others for meant, others in SYNONYMS[name].items() if meant in known}
    listed = [other for others in own.values() for other in others]
    assert len(listed) == len(set(listed))
    assert set(listed).isdisjoint(map(plainly, known))
    shuffled = random.sample(known, len(known))
    if text in listed:
        assert nearest(name, text, tuple(shuffled)) == nearest(name, text, known)


@pytest.mark.parametrize(
    ("column", "relation", "word", "meant"),
    [
        ("status", "transcode_jobs", "todo", "queued"),
        ("status", "transcode_jobs", "created", "queued"),
        ("status", "transcode_jobs", "delayed", "scheduled"),
        ("status", "transcode_jobs", "picked", "in_progress"),
        ("status", "transcode_jobs", "in-progress", "in_progress"),
        ("status", "transcode_jobs", "retryable", "retrying"),
        ("status", "transcode_jobs", "discarded", "failed"),
        ("status", "transcode_jobs", "successful", "completed"),
        ("status", "transcode_jobs", "canceled", "cancelled"),
        ("status", "transcode_jobs", "banana", None),
        ("outcome", "upload_attempts", "failed", "rejected"),
        ("outcome", "play_attempts", "error", "failed"),
        ("outcome", "play_attempts", "NotAllowed", "blocked"),
        ("state", "tracks", "published", "live"),
        ("state", "tracks", "taken_down", "withdrawn"),
    ],
)
def test_it_knows_what_others_call_it(column, relation, word, meant) -> None:
    """The words of real queues and catalogues lead to those of the contract; one without a meaning to none."""
    assert nearest(column, word, WORDS[relation][1]) == meant


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("production", "prod"),
        ("PRODUCTION ", "prod"),
        ("prod-eu", "prod"),
        ("live", "prod"),
        ("stage", "staging"),
        ("pre-production", "staging"),
        ("dev", None),
        ("test", None),
        ("qa", None),
        ("nonprod", None),
    ],
)
def test_it_knows_what_others_call_an_environment(word, meant) -> None:
    """Longer names lead to the shorter; an environment of its own leads nowhere."""
    assert nearest("environment", word, ENVIRONMENTS) == meant


@given(st.sampled_from(IOS_PLATFORMS), st.sampled_from(SAFARI_BROWSERS))
def test_it_takes_what_is_counted_for_what_it_seems(platform: str, browser: str) -> None:
    """Each pair that houndmon counts as Safari on iOS seems to be it, too, whatever its case and blanks."""
    assert is_ios_safari(f" {platform.upper()}", f"{browser.title()} ")
    assert seems_ios_safari(platform, browser)


@pytest.mark.parametrize(
    ("platform", "browser", "seems"),
    [
        ("iOS 17.4", "Mobile Safari", True),
        ("iPhone OS 17_4", "Safari 17", True),
        (None, "iOS Safari 16", True),
        ("iPod touch", "Mobile Safari", True),
        ("Mac OS X", "Safari", False),
        ("ios", "Chrome Mobile iOS", False),
        ("ios", "CriOS Safari", False),
        ("ios", None, False),
        (None, None, False),
        ("curios", "safari", False),
    ],
)
def test_it_tells_safari_on_ios_by_its_names(platform, browser, seems) -> None:
    """Versions and other words look like it; other browsers on iOS, and Safari elsewhere, do not."""
    assert seems_ios_safari(platform, browser) == seems
