"""Measures what the shared answers cost over HTTP, against a handler that has nothing to do but answer."""

import time
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Rate:
    """How many answers a second: of the clock, and of the server's own processor time."""

    a_second: float
    a_cpu_second: float
    statuses: frozenset[int]


async def rate_of(service: Service, path: str, headers: dict[str, str], seconds: float) -> Rate:
    """Ask one server for one path as fast as it answers."""
    cpu, began = service.cpu_seconds, time.perf_counter()
    done, statuses = await hammer(service.port, path, headers, seconds=seconds)
    used, took = service.cpu_seconds - cpu, time.perf_counter() - began
    return Rate(done / took, done / max(used, 0.01), frozenset(statuses))


async def measure_cached(service: Service, options: Options) -> list[Line]:
    """A shared answer whole and as 304, each in turn with the bare handler's, round after round."""
    found = await fetch(service.port, PATH)
    if found.status != 200:
        return [Line("cached", f"GET {PATH}", f"answered {found.status}", met=False)]
    rates: dict[str, list[Rate]] = {}
    async with bare(found.body) as other:
        cases: dict[str, tuple[Service, str, dict[str, str]]] = {
            "bare": (other, "/", {}),
            "whole": (service, PATH, {}),
            "bare 304": (other, "/304", {}),
            "304": (service, PATH, {"If_None_Match": "*"}),
            "gzip": (service, PATH, {"Accept_Encoding": "gzip"}),
        }
        for _ in tqdm(range(ROUNDS), desc="cached", mininterval=0.5):
            for name, (server, path, headers) in cases.items():
                rates.setdefault(name, []).append(await rate_of(server, path, headers, options.round_seconds))
    return cached_lines({name: median(rounds) for name, rounds in rates.items()}, len(found.body))


def median(rounds: list[Rate]) -> Rate:
    """The medians of some rounds, and every status seen."""
    statuses = frozenset[int]().union(*(one.statuses for one in rounds))
    by_clock = percentile([one.a_second for one in rounds], 0.5)
    return Rate(by_clock, percentile([one.a_cpu_second for one in rounds], 0.5), statuses)


def cached_lines(rates: dict[str, Rate], size: int) -> list[Line]:
    """The lines on shared answers."""
    plain = f"bare Litestar handler, same {size:,} bytes"
    return [
        cached_line(f"GET {PATH}", rates["whole"], plain, rates["bare"], 200, LEAST),
        cached_line("the same, 304", rates["304"], plain, rates["bare"], 304, LEAST_304),
        cached_line("the same, 304", rates["304"], "bare handler, 304", rates["bare 304"], 304),
        cached_line("the same, gzip asked for", rates["gzip"], plain, rates["bare"], 200),
    ]


def cached_line(what: str, own: Rate, of: str, bare: Rate, status: int, least: float | None = None) -> Line:
    """One such line. The judge is processor time: on a busy machine the clock says little of the server."""
    share = ratio(own.a_cpu_second, bare.a_cpu_second)
    met = own.statuses == {status} and share is not None and share >= (least or 0)
    said = f"{own.a_cpu_second:,.0f} a CPU second ({own.a_second:,.0f}/s)"
    against = f"{of}: {bare.a_cpu_second:,.0f} ({bare.a_second:,.0f}/s)"
    target = "" if least is None else f"≥ {least:.0%}"
    return Line("cached", what, said, against, percent(share), target, None if least is None else met)


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
