"""A panel as the core sees it: what it is made of, and its answers as bytes."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, Literal, Never, TypeVar

import msgspec

from houndmon.core.answer import PanelAnswer
from houndmon.core.clock import SlicedRow
from houndmon.core.filters import Filters
from houndmon.core.flawed_rows import FlawedRows
from houndmon.core.series import CountSeries
from houndmon.core.source import Snapshot
from houndmon.core.trend import Chart

P_co = TypeVar("P_co", bound=PanelAnswer, covariant=True)
C_contra = TypeVar("C_contra", contravariant=True)  # the configuration: the floor does not know what it holds


@dataclass(frozen=True)
class PanelSpec(Generic[P_co, C_contra]):
    """A panel: its name, its question, its answer's type, its load, what is counted for it, how flaws are looked at."""

    name: str
    title: str
    question: str
    answer: type[P_co]
    load: Callable[[Snapshot, Filters, C_contra], Awaitable[P_co]]
    series: Callable[[C_contra], tuple[CountSeries[SlicedRow], ...]]
    reads: Literal["source", "state"] = "source"
    trend: Callable[[Snapshot, Filters], Awaitable[list[Chart]]] | None = None
    flawed: FlawedRows | None = None


AnyPanel = PanelSpec[PanelAnswer, Never]
"""A panel whose configuration is not known: what is drawn and routed of it needs none, and nobody can load it."""


class EncodedAnswer(msgspec.Struct, frozen=True):
    """An answer, its bytes and their strong ETag."""

    panel: PanelAnswer
    body: bytes
    etag: str


def encode_answer(panel: PanelAnswer) -> EncodedAnswer:
    """An answer, encoded once for all who ask."""
    body = msgspec.json.encode(panel)
    return EncodedAnswer(panel, body, etag_of(body))


def aged(answer: EncodedAnswer, why: str | None) -> EncodedAnswer:
    """An answer as it is given, marked as stale where there is a reason why none is fresh."""
    return answer if why is None else encode_answer(msgspec.structs.replace(answer.panel, stale=True, stale_reason=why))


def etag_of(body: bytes) -> str:
    """The strong ETag of some bytes."""
    return f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'
