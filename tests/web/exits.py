"""What each exit of the console says at one moment: JSON, text, and the page's strip and list, read as people do."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html import unescape
from typing import Any

ROUNDING = timedelta(milliseconds=1)  # of a time as the page has it
MARK = r'data-findings="(\w+)"'
ROW = re.compile(r'<li data-state="(?P<state>\w+)"[^>]* id="alert-(?P<id>\d+)"')


@dataclass(frozen=True)
class Row:
    """An alert as the list on the page has it."""

    id: str
    state: str
    html: str

    @property
    def explains(self) -> list[str]:
        """The alerts that it lists as explained by it."""
        found = re.search(r'<small class="explains">(.*?)</small>', self.html, re.DOTALL)
        return re.findall(r'href="/alerts/(\d+)', found[1]) if found else []

    @property
    def finding(self) -> str:
        """What was found, in words."""
        return spoken(part(self.html, r"<small>\s*(<bdi.*?</bdi>)"))

    def cell(self, name: str) -> str:
        """One of its cells: `badge`, `owner`, `due`."""
        return part(self.html, rf'<p class="{name}">(.*?)</p>')


@dataclass(frozen=True)
class Seen:
    """What people see: the list of alerts and the strip; `rows` are those of the list, None where it is not read."""

    alerts: str
    page: str
    rows: list[Row] | None = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", read_rows(self.alerts))

    @property
    def marks(self) -> tuple[str, str]:
        """The marks of the findings that list and strip tell of, each empty where it knows of none."""
        return part(self.alerts, MARK), part(self.page, MARK)

    @property
    def sentence(self) -> str:
        """What the strip says first."""
        return spoken(part(self.page, r'<p class="sentence"[^>]*>(.*?)</p>'))

    @property
    def listed(self) -> set[str]:
        """The alerts that the list has, for themselves or under their cause."""
        rows = self.rows or []
        return {row.id for row in rows} | {id for row in rows for id in row.explains}

    def duty(self, name: str) -> str | None:
        """What the strip says under one of its headings, as HTML; None where it has no such heading."""
        found = re.search(rf"<dt>{name}</dt><dd>(.*?)</dd>", self.page, re.DOTALL)
        return found[1] if found else None

    def answer(self, name: str) -> str:
        """One of the five answers, as the strip draws it."""
        card = part(self.page, rf'data-answer="{name}".*?(<span class="value">.*?</span>)')
        return spoken(card)


@dataclass(frozen=True)
class Said(Seen):
    """What each exit says: JSON and text beside what people see."""

    summary: dict[str, Any]
    text: str

    @property
    def first(self) -> dict[str, Any]:
        """Where it breaks first, as JSON has it."""
        found: dict[str, Any] = self.summary["first_broken_stage"]
        return found

    @property
    def open(self) -> list[dict[str, Any]]:
        """The open alerts, as JSON has them; none where nobody can tell."""
        return self.summary["open_alerts"] or []

    @property
    def firing(self) -> list[dict[str, Any]]:
        """Those that fire."""
        return [one for one in self.open if one["state"] == "firing"]

    @property
    def lead(self) -> dict[str, Any] | None:
        """The alert that the strip leads with."""
        return next((one for one in self.open if one["id"] == self.first["alert_id"]), None)

    @property
    def causes(self) -> list[dict[str, Any]]:
        """Those that fire and that no other one that fires explains."""
        ids = {one["id"] for one in self.firing}
        return [one for one in self.firing if one["explained_by"] not in ids]


def part(html: str, pattern: str) -> str:
    """The first group of a pattern, empty where it is not there."""
    found = re.search(pattern, html, re.DOTALL)
    return found[1] if found else ""


def spoken(html: str) -> str:
    """HTML as it is read; what is cut is whole where its title says it whole."""
    whole = re.sub(r'<bdi title="([^"]*)">.*?</bdi>', r"\1", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", "", whole)).split())


def times(html: str) -> list[datetime]:
    """The instants that HTML names."""
    return [datetime.fromisoformat(one) for one in re.findall(r'<time datetime="([^"]*)"', html)]


def read_rows(html: str) -> list[Row] | None:
    """The rows of the list; None where the alerts could not be read."""
    if 'data-state="failed"' in html or 'data-state="pending"' in html:
        return None
    found = list(ROW.finditer(html))
    ends = [one.start() for one in found[1:]] + [len(html)]
    return [Row(one["id"], one["state"], html[one.start() : end]) for one, end in zip(found, ends, strict=False)]


def stage_item(page: str, stage: str) -> str:
    """The place of a stage in the chain, as HTML."""
    items = re.findall(r"<li data-state=.*?</li>", page, re.DOTALL)
    return next((one for one in items if f"<span>{stage}</span>" in one), "")


def near(shown: list[datetime], instant: str | None) -> bool:
    """Whether the one time that is shown is this instant."""
    return instant is not None and len(shown) == 1 and abs(shown[0] - datetime.fromisoformat(instant)) <= ROUNDING
