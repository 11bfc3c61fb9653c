"""The names of the house: each has one meaning, and each module's is a word that the glossary or the field knows."""

import ast
import re
from collections import defaultdict
from pathlib import Path

from houndmon.app import PANELS
from houndmon.rulebook.book import BOOK

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "houndmon"
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").partition("\n| word |")[2].lower()
ALIKE = {  # what stands in several modules under one name, and what it is in each
    "Arrivals": "what is known of the beats' arrivals: in the evaluator's process, and in the panel",
    "Event": "what an alert did, in the feed",
    "Name": "the names of a family's rules",
    "Table": "the keys of a channel's table",
    "arguments": "a command's arguments",
    "countable_rows": "a panel's rows that count",
    "flaw_of": "what is wrong with a row",
    "flaws": "a panel's rows by what is wrong with them",
    "load": "what a module is for: a panel, a release, the configuration",
    "load_trend": "a panel's charts",
    "load_windows": "a panel's figures of several windows",
    "main": "where a process begins",
    "measured_text": "a rule's value against its threshold",
    "read": "the receiver of a channel's table",
    "read_page": "a page of a list",
    "report": "what a command prints",
    "run": "a command's work",
    "send": "one attempt of a channel",
    "series": "what is counted for a panel",
    "summarize": "a panel's rows as figures",
}
HANDLED = ("routes.py", "_routes.py")  # a handler is called as what it does; the store beside it does the same
FIELD = re.findall(  # words of Python, of the web, of databases, of statistics, and of music
    r"\w+",
    """
    access account actions addresses announce anomalies answer api app apprise audit axes backfill backtest book bucket
    cache catalogue census channel chart check child client clock cluster command compare config contract core csrf
    defaults delivery demo dependencies detection display duration embedded error fact fault figure fill filter flawed
    fleet form gateway head header health histogram history hook host initdb inspection judge level limiting listener
    links list listing live load log login loop mark message metric middleware migrate model near note notify oidc
    openapi page paging part path people plan plausibility playback port postmaster problem program proxy publish query
    queue raw read reading reference request resume route rule sampling schedule search send sender series serve
    session setting site spelling sql stats table status step stopping store summary support telling test text throttle
    timeout title token toml file traffic transcode transcoding trend unit upload variable verify waiting web webhook
    word workers world
    link
    connection
    """,
)


def public_names() -> dict[str, set[str]]:
    """Each class, function and type alias of the package, with the files that define it."""
    found = defaultdict(set)
    for file in SOURCE.rglob("*.py"):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            names = []
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                names = [node.name]
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names = [one.id for one in targets if isinstance(one, ast.Name) and re.search("^[A-Z].*[a-z]", one.id)]
            for name in names:
                if not name.startswith("_"):
                    found[name].add(str(file.relative_to(SOURCE)))
    return found


def test_it_gives_each_public_name_one_meaning() -> None:
    """A name stands in several modules only where it is the same thing in each, or a handler and what it calls."""
    names = public_names()
    assert len(names) > 1000
    doubled = {
        name: sorted(files)
        for name, files in names.items()
        if len(files) > 1 and name not in ALIKE and len([file for file in files if not file.endswith(HANDLED)]) > 1
    }
    assert doubled == {}


def test_it_calls_each_module_by_a_known_word() -> None:
    """The glossary, the field, or the name of a panel, a rule's family or a command stands on each module's door."""
    entries = " ".join(line.split("|")[1] for line in GLOSSARY.splitlines() if line.count("|") > 2)
    words = set(re.findall(r"[a-z]+", entries)) | {*FIELD} | {spec.name for spec in PANELS}
    words |= {spec.panel for spec in BOOK.values() if spec.panel}
    words |= {f"{word}s" for word in words} | {word.removesuffix("s") for word in words}
    files = [file for file in SOURCE.rglob("*.py") if not file.stem.startswith("__")]
    folders = [file.parent for file in SOURCE.rglob("__init__.py") if file.parent != SOURCE]
    strange = {
        str(path.relative_to(SOURCE))
        for path in [*files, *folders]
        if path.stem not in words and not words.issuperset(path.stem.split("_"))
    }
    assert len(files) > 150
    assert strange == set()
