"""What a run measures, and for how long."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

PARTS = ("panels", "growth", "support", "ready", "cached", "tabs", "events", "counts", "memory")
QUICK_PLAYS, PLAYS = 200_000, 10_000_000


@dataclass(frozen=True)
class Options:
    """The size of a run and the parts of it that are wanted."""

    plays: int
    quick: bool = False
    only: frozenset[str] = frozenset(PARTS)
    write: bool = False
    tabs: int = 500

    def wants(self, *parts: str) -> bool:
        """Whether any of these parts is to be measured."""
        return bool(self.only & set(parts))

    @property
    def repeats(self) -> int:
        """How often a panel is read for one figure, if the time allows."""
        return 8 if self.quick else 60

    @property
    def cell_seconds(self) -> float:
        """How long one panel is read at one range, at most."""
        return 1.0 if self.quick else 6.0

    @property
    def round_seconds(self) -> float:
        """How long one round of requests goes on."""
        return 1.0 if self.quick else 4.0

    @property
    def tabs_seconds(self) -> float:
        """For how long the tabs poll, after they have warmed up."""
        return 10.0 if self.quick else 60.0

    @property
    def events_seconds(self) -> float:
        """For how long events come in."""
        return 30.0 if self.quick else 300.0


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    made = argparse.ArgumentParser(
        prog="make bench",
        description="Load N plays over a week into a PostgreSQL of its own, and measure the console on them.",
        epilog=f"N comes from the environment: `N=100000000 make bench`; else {PLAYS:,}, with --quick {QUICK_PLAYS:,}.",
    )
    made.add_argument("--quick", action="store_true", help="short rounds; the figures are rough")
    made.add_argument("--only", nargs="+", choices=PARTS, metavar="PART", help=f"of {', '.join(PARTS)}")
    made.add_argument("--tabs", type=int, default=500, help="how many tabs poll at a time")
    made.add_argument("--no-write", action="store_true", help="leave docs/performance.md as it is")
    made.add_argument("--write", action="store_true", help="write a short run there too; a whole one is written anyway")
    return made


def read_options(words: Sequence[str], environ: Mapping[str, str]) -> Options:
    """The options of a command line and its environment; ends the program where they make no sense."""
    reader = parser()
    given = reader.parse_args(words)
    text = environ.get("N") or str(QUICK_PLAYS if given.quick else PLAYS)
    number = text.replace("_", "").replace(",", "")
    if not number.isdecimal() or not 1_000 <= int(number) <= 1_000_000_000:
        reader.error(f"N is {text!r}: set a whole number of plays from 1000 on")
    only = frozenset(given.only or PARTS)
    is_whole = not given.quick and only == frozenset(PARTS)
    write = (is_whole or given.write) and not given.no_write
    return Options(int(number), given.quick, only, write=write, tabs=max(1, given.tabs))
