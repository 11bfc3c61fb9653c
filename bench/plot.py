"""Draws the panels' latencies as a picture, without any package: one row a panel, a logarithmic scale."""

from html import escape
from math import ceil, floor, log10

from bench.console import NAMES
from bench.panels import Cells
from bench.stats import Times

WIDTH, LEFT, RIGHT, ROW, TOP = 760, 96, 24, 46, 64
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f }
.small { font-size: 11px }
.grid { stroke: #d0d7de; stroke-width: 1 }
.raw { fill: #8c959f }
.small-n { fill: none; stroke: #0969da; stroke-width: 2 }
.large-n { fill: #0969da }
.span { stroke: #8c959f; stroke-width: 2; stroke-dasharray: 2 4 }
.limit { stroke: #cf222e; stroke-width: 1.5; stroke-dasharray: 6 4 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .grid { stroke: #30363d }
  .small-n { stroke: #58a6ff }
  .large-n { fill: #58a6ff }
  .limit { stroke: #ff7b72 }
}
"""


class Scale:
    """Milliseconds to places from left to right; whole powers of ten at both ends."""

    def __init__(self, samples: list[float]) -> None:
        low, high = min(samples), max(samples)
        self.first, self.last = floor(log10(low)), max(ceil(log10(high)), floor(log10(low)) + 1)

    @property
    def powers(self) -> list[float]:
        """Where the grid's lines stand."""
        return [10.0**power for power in range(self.first, self.last + 1)]

    def x(self, ms: float) -> float:
        """The place of a duration."""
        part = (log10(ms) - self.first) / (self.last - self.first)
        return round(LEFT + part * (WIDTH - LEFT - RIGHT), 1)


def draw(small: Cells, large: Cells, raws: dict[str, Times], plays: int, limit_ms: float) -> str:
    """The picture: each panel at 7d, at a tenth of the plays, at all of them, and its raw SQL."""
    every = [small[n, "7d"].p50 for n in NAMES] + [large[n, "7d"].p50 for n in NAMES] + [raws[n].p50 for n in NAMES]
    scale = Scale([*every, limit_ms])
    height = TOP + ROW * len(NAMES) + 34
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="title">',
        f'<title id="title">{escape(title(plays))}</title>',
        f"<style>{STYLE}</style>",
        *legend(plays, limit_ms),
        *grid(scale, height),
        line("limit", scale.x(limit_ms), TOP - 6, scale.x(limit_ms), height - 30),
    ]
    for row, name in enumerate(NAMES):
        y = TOP + ROW * row + ROW / 2
        marks = (small[name, "7d"].p50, large[name, "7d"].p50, raws[name].p50)
        parts += panel(name, y, *(scale.x(ms) for ms in marks))
    return "\n".join([*parts, "</svg>", ""])


def title(plays: int) -> str:
    """What the picture says to those who cannot see it."""
    sizes = f"{plays // 10:,} and {plays:,} plays"
    return f"Milliseconds of each panel over seven days, uncached, at {sizes}, and of its raw SQL"


def legend(plays: int, limit_ms: float) -> list[str]:
    """What the marks mean."""
    marks = [
        ('<circle class="small-n" cx="0" cy="-4" r="5"/>', f"panel at {plays // 10:,} plays"),
        ('<circle class="large-n" cx="0" cy="-4" r="6"/>', f"panel at {plays:,}"),
        ('<rect class="raw" x="-5" y="-9" width="10" height="10"/>', f"raw SQL at {plays:,}"),
        ('<line class="limit" x1="-6" x2="6" y1="-4" y2="-4"/>', f"{limit_ms:g} ms"),
    ]
    drawn, x = [], float(LEFT)
    for mark, words in marks:
        drawn.append(f'<g transform="translate({x} 24)">{mark}<text class="small" x="12">{escape(words)}</text></g>')
        x += 40 + 6.4 * len(words)
    return drawn


def grid(scale: Scale, height: int) -> list[str]:
    """A line and a number for each power of ten."""
    drawn = []
    for ms in scale.powers:
        x = scale.x(ms)
        words = f"{ms:g} ms" if ms < 1000 else f"{ms / 1000:g} s"
        drawn.append(line("grid", x, TOP - 6, x, height - 30))
        drawn.append(f'<text class="small" x="{x}" y="{height - 12}" text-anchor="middle">{words}</text>')
    return drawn


def panel(name: str, y: float, small: float, large: float, raw: float) -> list[str]:
    """One row."""
    return [
        f'<text x="8" y="{y + 4}">{escape(name)}</text>',
        line("span", min(small, large, raw), y, max(small, large, raw), y),
        f'<rect class="raw" x="{raw - 5}" y="{y - 5}" width="10" height="10"/>',
        f'<circle class="large-n" cx="{large}" cy="{y}" r="6"/>',
        f'<circle class="small-n" cx="{small}" cy="{y}" r="5"/>',
    ]


def line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    """One line."""
    return f'<line class="{kind}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>'
