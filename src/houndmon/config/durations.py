"""Durations as people write them in a file: `90s`, `15m`, `2h`, `1d`."""

import re

UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
LONGEST_DAYS = 366
_WRITTEN = re.compile(r"(-?)([0-9]{1,9})([smhd])")


def parse_duration(text: str) -> int:
    """The seconds of a duration. Raises ValueError with a sentence."""
    match = _WRITTEN.fullmatch(text.strip())
    if not match:
        raise ValueError("must be a duration: a whole number with its unit, as in 90s, 15m, 2h or 1d")
    seconds = int(match[2]) * UNITS[match[3]]
    if match[1] and seconds:
        raise ValueError("must not be negative")
    if seconds > LONGEST_DAYS * UNITS["d"]:
        raise ValueError(f"must be at most {LONGEST_DAYS}d")
    return seconds


def format_duration(seconds: float) -> str:
    """A duration in the largest unit that holds it whole; part of a second is rounded."""
    whole = round(seconds)
    for unit, size in UNITS.items():
        if whole and whole % size == 0:
            return f"{whole // size}{unit}"
    return "0s"
