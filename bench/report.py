"""Writes a run into the document on performance, between its marks; what people wrote around them stays."""

from collections.abc import Sequence
from pathlib import Path

from bench.table import Line, markdown

BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "performance.md"


def section(facts: dict[str, str], lines: Sequence[Line], settings: str) -> str:
    """What a run has to say."""
    told = "\n".join(f"- {name}: {value}" for name, value in facts.items())
    missed = sum(line.met is False for line in lines)
    met = sum(line.met is True for line in lines)
    summed = f"{met} targets met, {missed} missed."
    return f"{told}\n- server: {settings}\n\n{summed}\n\n{markdown(lines)}\n"


def replaced(document: str, text: str) -> str:
    """The document with the text between its marks. Raises ValueError where it has none."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the document holds no {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{text}{END}{after}"


def write(text: str, picture: str | None, document: Path = DOCUMENT) -> None:
    """Write the section, and the picture where there is one."""
    document.write_text(replaced(document.read_text(encoding="utf-8"), text), encoding="utf-8")
    if picture:
        document.with_suffix(".svg").write_text(picture, encoding="utf-8")
