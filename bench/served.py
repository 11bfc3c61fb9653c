"""Measures what the shared answers cost over HTTP, against a handler that has nothing to do but answer."""

from tqdm import tqdm

from bench.http import fetch, hammer
from bench.options import Options
from bench.service import Service, bare, houndmon, until_ok
from bench.stats import Times, percentile, ratio
from bench.table import Line, percent

PATH = "/api/panels/workers"
LEAST, LEAST_304 = 0.6, 0.9
ROUNDS = 5
READY_SECONDS, MOST_MB = 2.0, 150
STARTS = 3


async def measure_cached(service: Service, options: Options) -> list[Line]:
    """A shared answer whole and as 304, each in turn with the bare handler's, round after round."""
    found = await fetch(service.port, PATH)
    if found.status != 200:
        return [Line("cached", f"GET {PATH}", f"answered {found.status}", met=False)]
    rates: dict[str, list[float]] = {}
    statuses: dict[str, set[int]] = {}
    async with bare(found.body) as other:
        cases = {
            "bare": (other.port, "/", {}),
            "whole": (service.port, PATH, {}),
            "bare 304": (other.port, "/304", {}),
            "304": (service.port, PATH, {"If_None_Match": "*"}),
            "gzip": (service.port, PATH, {"Accept_Encoding": "gzip"}),
        }
        for _ in tqdm(range(ROUNDS), desc="cached", mininterval=0.5):
            for name, (port, path, headers) in cases.items():
                rate, seen = await hammer(port, path, seconds=options.round_seconds, **headers)
                rates.setdefault(name, []).append(rate)
                statuses.setdefault(name, set()).update(seen)
    assert statuses["bare"] == {200} and statuses["bare 304"] == {304}
    return cached_lines({name: percentile(rounds, 0.5) for name, rounds in rates.items()}, statuses, len(found.body))


def cached_lines(rates: dict[str, float], statuses: dict[str, set[int]], size: int) -> list[Line]:
    """The lines on shared answers, from the median rates."""
    whole, unchanged = ratio(rates["whole"], rates["bare"]), ratio(rates["304"], rates["bare"])
    told = f"bare Litestar handler, same {size:,} bytes, {rates['bare']:,.0f}/s"
    good, good_304 = statuses["whole"] == {200}, statuses["304"] == {304}
    return [
        Line(
            "cached",
            f"GET {PATH}",
            f"{rates['whole']:,.0f}/s",
            told,
            percent(whole),
            f"≥ {LEAST:.0%}",
            good and whole is not None and whole >= LEAST,
        ),
        Line(
            "cached",
            "the same, 304",
            f"{rates['304']:,.0f}/s",
            told,
            percent(unchanged),
            f"≥ {LEAST_304:.0%}",
            good_304 and unchanged is not None and unchanged >= LEAST_304,
        ),
        Line(
            "cached",
            "the same, 304",
            f"{rates['304']:,.0f}/s",
            f"bare 304 {rates['bare 304']:,.0f}/s",
            percent(ratio(rates["304"], rates["bare 304"])),
        ),
        Line(
            "cached",
            "the same, gzip asked for",
            f"{rates['gzip']:,.0f}/s",
            told,
            percent(ratio(rates["gzip"], rates["bare"])),
        ),
    ]


async def measure_ready(dsn: str) -> list[Line]:
    """From the start of the process to `/readyz` 200, on a database that is there; the worst of a few starts."""
    seconds = []
    for _ in tqdm(range(STARTS), desc="start", mininterval=0.5):
        async with houndmon(dsn) as service:
            taken = await until_ok(service, "/readyz")
            if taken is None:
                return [Line("ready", "start to /readyz 200", "never", "", "", f"≤ {READY_SECONDS:.0f} s", False)]
            seconds.append(taken)
    found = Times(tuple(seconds))
    worst = found.most / 1000
    return [
        Line(
            "ready",
            f"start to /readyz 200, {STARTS} starts",
            f"p50 {found.p50 / 1000:.2f} s, worst {worst:.2f} s",
            "the limit",
            percent(worst / READY_SECONDS),
            f"≤ {READY_SECONDS:.0f} s",
            worst <= READY_SECONDS,
        )
    ]


def measure_memory(service: Service) -> list[Line]:
    """What the service holds in memory after all that went before."""
    now, most = service.memory_mb()
    return [
        Line(
            "memory",
            "resident, at the end",
            f"{now:.0f} MB, at most {most:.0f} MB",
            "the limit",
            percent(most / MOST_MB),
            f"≤ {MOST_MB} MB",
            most <= MOST_MB,
        )
    ]
