import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from houndmon.app import PANELS
from houndmon.config.defaults import DEFAULTS
from houndmon.evaluator.rules import JUDGES
from houndmon.rulebook.book import BOOK, NAMES
from houndmon.rulebook.levels import LEVEL_BOOK
from houndmon.rulebook.parts import Part, Stage
from houndmon.rulebook.spec import OWN_KEYS, Severity

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "houndmon"
RUNBOOKS = SOURCE / "web" / "runbooks"
SHARED = {"index", "layout", "links", "burn"}  # what the runbooks are made of
SHOWN = {spec.name for spec in PANELS} | {"alerts"}
AREAS = {spec.name for spec in PANELS} | {"source", "houndmon"}


def test_it_judges_what_it_specifies() -> None:
    """Every spec has a judge, every judge a spec, and the rules are listed in one order everywhere."""
    assert list(BOOK) == list(JUDGES) == list(NAMES) == list(DEFAULTS.rules)
    assert list(LEVEL_BOOK) == list(DEFAULTS.levels)


@pytest.mark.parametrize("name", NAMES)
def test_it_says_all_of_a_rule(name: str) -> None:
    """A spec has words for people, a panel and areas that there are, and defaults of its own keys alone."""
    spec, bare = BOOK[name], type(BOOK[name].default)(name=name, owner_role=None, response_target_minutes=1)
    texts = (spec.title, spec.recovered, spec.no_value, spec.condition(spec.default))
    assert [text for text in texts if not text.strip() or text != text.strip()] == []
    for about in (spec.of(None), *spec.subjects.values()):
        assert about.panel in SHOWN
        assert about.area in AREAS
        assert about.stage in (None, *get_args(Stage))
        assert about.unit.page(1.0)
        assert about.unit.message(1.0)
    assert spec.default.severity in get_args(Severity)
    assert spec.parts <= set(get_args(Part))
    assert spec.parts or not spec.has_past
    assert spec.detection_seconds(spec.default, DEFAULTS.levels) is not None
    fields = {key: f"{key}_seconds" if key.endswith("_after") else key for key in OWN_KEYS}
    changed = {key for key, field in fields.items() if getattr(spec.default, field) != getattr(bare, field)}
    assert changed <= set(spec.own_keys)
    assert ("threshold" in spec.own_keys) == (spec.default.threshold is not None)


def test_it_tells_rules_apart() -> None:
    """No two rules go by the same words."""
    assert len({spec.title for spec in BOOK.values()}) == len(BOOK)


@pytest.mark.parametrize("name", NAMES)
def test_it_writes_down_what_a_rule_means(name: str) -> None:
    """Each rule has a runbook, a table in the example file and a line in the numbers book."""
    assert (RUNBOOKS / f"{name}.html").is_file()
    assert f"\n[rules.{name}]\n" in (ROOT / "houndmon.example.toml").read_text(encoding="utf-8")
    assert f"\n| `{name}` | " in (ROOT / "docs" / "numbers.md").read_text(encoding="utf-8").partition("## Rules")[2]


def test_it_writes_down_no_rule_that_there_is_not() -> None:
    """What is left of a rule that has gone is found: its runbook, its table, its line."""
    example = (ROOT / "houndmon.example.toml").read_text(encoding="utf-8")
    rules = (ROOT / "docs" / "numbers.md").read_text(encoding="utf-8").partition("## Rules")[2].partition("\n### ")[0]
    assert {page.stem for page in RUNBOOKS.glob("*.html")} - SHARED == set(NAMES)
    assert re.findall(r"^\[rules\.(\w+)\]$", example, re.MULTILINE) == list(NAMES)
    assert re.findall(r"^\| `(\w+)` \|", rules, re.MULTILINE) == list(NAMES)


def test_it_says_of_a_rule_nothing_elsewhere() -> None:
    """No other module keeps a table of rules: all that is said of them comes from the book."""
    elsewhere = [
        file
        for file in SOURCE.rglob("*.py")
        if "rulebook" not in file.parts and file.parent != SOURCE / "evaluator" / "rules" and "demo" not in file.parts
    ]
    quoted = re.compile(rf'"(?:{"|".join(NAMES)})": ')
    assert len(elsewhere) > 100
    assert [file.name for file in elsewhere if quoted.search(file.read_text(encoding="utf-8"))] == []


def test_it_needs_the_clock_alone() -> None:
    """The rulebook lies below all that asks it: of houndmon it imports its own modules and the clock."""
    files = sorted((SOURCE / "rulebook").glob("*.py"))
    modules = {
        name
        for file in files
        for name in re.findall(r"^from (houndmon\S+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert len(files) > 10
    assert {name for name in modules if not name.startswith("houndmon.rulebook")} == {"houndmon.core.clock"}


BREAKS = {
    "a name without a spec": ("queue", 'Literal["queue_age", ', 'Literal["queue_aged", "queue_age", ', "queue_aged"),
    "a spec without a name": ("queue", 'Literal["queue_age", ', "Literal[", "queue_age"),
    "another order": ("queue", '"queue_age", "queue_stalled"', '"queue_stalled", "queue_age"', "order"),
    "a spec without its unit": ("workers", "        unit=SECONDS,\n", "", "unit"),
    "a cause that is no rule": ("queue", '"queue_stalled"),  #', '"worker_gone"),  #', "worker_gone"),
}


@pytest.mark.parametrize("broken", BREAKS)
def test_it_does_not_import_half_a_rule(broken: str, tmp_path: Path) -> None:
    """A rule that is only half said stops the program at its start, and the error names what is missing."""
    family, before, after, named = BREAKS[broken]
    text = (SOURCE / "rulebook" / f"{family}.py").read_text(encoding="utf-8")
    assert text.count(before) == 1
    (tmp_path / "broken.py").write_text(text.replace(before, after), encoding="utf-8")
    program = (
        "import sys, runpy, types\n"
        "import houndmon.rulebook as rulebook\n"
        f"name = 'houndmon.rulebook.{family}'\n"
        "module = types.ModuleType(name)\n"
        "sys.modules[name] = module\n"
        f"exec(compile(open('broken.py').read(), 'broken.py', 'exec'), module.__dict__)\n"
        f"rulebook.{family} = module\n"
        "import houndmon.rulebook.book\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert named in done.stderr.splitlines()[-1]
