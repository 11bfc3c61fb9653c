"""docs/asvs.md leaves no requirement out, and names only tests that there are."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
TEXT = (TESTS.parent / "docs" / "asvs.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (\d+\.\d+\.\d+) \| (.+?) \| (.+) \|$", TEXT, re.MULTILINE)
# How many requirements of level 1 and 2 each section of ASVS 5.0.0 has; they come before those of level 3.
SECTIONS = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2,
    "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1,
    "3.2": 2, "3.3": 4, "3.4": 6, "3.5": 5, "3.7": 2,
    "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4,
    "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3,
    "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4,
    "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2,
    "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1,
    "9.1": 3, "9.2": 4,
    "10.1": 2, "10.2": 2, "10.3": 4, "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3,
    "11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1, "11.6": 1,
    "12.1": 3, "12.2": 2, "12.3": 4,
    "13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5,
    "14.1": 2, "14.2": 4, "14.3": 3,
    "15.1": 3, "15.2": 3, "15.3": 7,
    "16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3,
    "17.1": 1, "17.2": 4, "17.3": 2,
}  # fmt: skip


def test_it_leaves_no_requirement_out():
    """All 253 requirements of levels 1 and 2 have one row each, in order, with a test or a reason."""
    expected = [f"{section}.{number}" for section, count in SECTIONS.items() for number in range(1, count + 1)]
    assert [id for id, _, _ in ROWS] == expected
    assert len(expected) == 253
    assert [id for id, _, how in ROWS if len(how.strip()) < 4] == []


def test_it_names_tests_that_there_are():
    """Each named test is a function of the named file."""
    named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", TEXT)
    missing = [
        f"{file}::{name}"
        for file, name in named
        if not (TESTS / file).exists()
        or not re.search(rf"^(async )?def {name}\(", (TESTS / file).read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert len(named) > 100
    assert missing == []
    assert len(re.findall(r"::test_", TEXT)) == len(named)
