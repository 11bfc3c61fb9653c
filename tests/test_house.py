"""The house keeps its habits: one folder a panel, small files, time as an argument, nothing unsafe."""

import ast
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import msgspec
import pytest

from factories import present
from houndmon.app import PANELS, create_app, templates
from houndmon.config.live import LiveConfig
from houndmon.core.connections import close_pool, open_pool
from houndmon.core.filters import Filters
from houndmon.core.panel_cache import Drawn, PanelCache
from houndmon.core.panel_routes import panel_context
from houndmon.core.settings import Settings
from houndmon.core.source import Source
from houndmon.core.sql import load_statements
from houndmon.core.state_database import StateDatabase
from houndmon.notify.channels import CHANNELS
from houndmon.web.page import pending_context

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "houndmon"
CHANNEL_FOLDERS = sorted(file.parent.name for file in (SOURCE / "notify").glob("*/__init__.py"))
PANEL_NAMES = sorted(folder.name for folder in (SOURCE / "panels").iterdir() if (folder / "__init__.py").exists())
CODE = sorted([*SOURCE.rglob("*.py"), *(ROOT / "bench").glob("*.py")])
TEMPLATES = sorted(SOURCE.rglob("*.html"))
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))
TEXTS = sorted(
    file
    for folder in ("src", "bench", "tests", "docs", "migrations", "static", "openapi", ".ci")
    for file in (ROOT / folder).rglob("*")
    if file.is_file() and file.suffix not in (".png", ".ico", ".pyc") and file.name != "test_docs.py"
) + sorted(file for file in ROOT.iterdir() if file.is_file())
FILES = ("__init__.py", "query.sql", "model.py", "load.py", "routes.py", "fragment.html")
NOWHERE = {"utils", "helpers", "common", "services", "repositories", "misc", "base"}
TRUSTED = {  # what these mark as safe is numbers, our own words, and what they have escaped
    "src/houndmon/access/csrf.py",
    "src/houndmon/app.py",
    "src/houndmon/web/chart.py",
}
PURE = ("panels/*/model.py", "slo/*.py", "rulebook/*.py", "evaluator/rules/*.py")
UNTYPED = {  # all other code knows the type of each figure, threshold and message; these hold none, and why any type
    "access/audit_hook.py": "bodies as strangers send them",
    "access/model.py": "the audit log keeps what was changed, whatever it is",
    "access/oidc.py": "a provider's documents and claims",
    "commands/port.py": "an address is of its family's shape",
    "core/embedded/account.py": "options of subprocess",
    "core/embedded/cluster.py": "commands of subprocess",
    "core/embedded/initdb.py": "the same",
    "core/request_timeout.py": "uvicorn's protocol has no types",
    "core/stopping.py": "tasks, whatever they give",
    "notify/apprise/child.py": "Apprise is optional, and has no types",
    "source_check/catalogue.py": "records of PostgreSQL's catalogue",
    "source_check/plans.py": "plans as PostgreSQL prints them",
    "web/errors.py": "problems, whatever their members",
    "web/head_requests.py": "ASGI's scope, as its servers make it",
    "web/response_cache.py": "the same",
}
OUTSIDE = {"asyncio", "asyncpg", "httpx", "jinja2", "litestar", "pathlib", "socket", "sqlite3", "subprocess", "time"}


def name_of(file):
    return str(file.relative_to(ROOT))


def functions(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def imported(file):
    """The top names of all that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found


@pytest.fixture
async def panel_cache(database):
    """Serves the panels of an empty Hound."""
    pool = await open_pool(database, size=4)
    yield PanelCache(PANELS, Source(pool, "hound", "UTC"), StateDatabase(pool, "UTC"), LiveConfig(None, CHANNELS))
    await close_pool(pool)


def test_it_has_the_panels_that_it_shows():
    """Every folder under panels is a panel of the app, under its own name."""
    assert sorted(spec.name for spec in PANELS) == PANEL_NAMES


@pytest.mark.parametrize("name", PANEL_NAMES)
def test_it_furnishes_every_panel_alike(name):
    """A panel holds its statements, its arithmetic, its load, its routes and its fragment."""
    folder = SOURCE / "panels" / name
    assert [file for file in FILES if not (folder / file).is_file()] == []


@pytest.mark.parametrize("name", PANEL_NAMES)
def test_it_opens_every_panel_with_its_question(name):
    """A panel's module holds a docstring alone: the question that it answers, and its figures."""
    tree = ast.parse((SOURCE / "panels" / name / "__init__.py").read_text(encoding="utf-8"))
    sign = ast.get_docstring(tree)
    assert sign is not None
    assert len(tree.body) == 1
    assert "?" in sign.splitlines()[0]
    assert len(sign.splitlines()) >= 3


@pytest.mark.parametrize("name", PANEL_NAMES)
def test_it_opens_two_routes_to_every_panel(name):
    """Each panel answers programs as JSON and the page as a fragment."""
    paths = {route.path for route in create_app(Settings(), "postgresql://").routes}
    assert {f"/api/panels/{name}", f"/fragments/panels/{name}"} <= paths


@pytest.mark.parametrize("name", PANEL_NAMES)
def test_it_documents_every_panel(name):
    """The numbers book says what each panel's figures mean."""
    book = (ROOT / "docs" / "numbers.md").read_text(encoding="utf-8")
    assert re.search(rf"^#+ .*\b{name}\b", book, re.MULTILINE)


@pytest.mark.parametrize("name", PANEL_NAMES)
async def test_it_draws_every_panel_in_each_state(panel_cache, name):
    """A fragment is one element with the panel's id; it says whether it waits, is fresh, stale or failed, and why."""
    spec = panel_cache.specs[name]
    template = templates(Settings()).get_template(f"panels/{name}/fragment.html")
    good = await panel_context(panel_cache, spec, Filters())
    old = msgspec.structs.replace(present(good["panel"]), stale=True, stale_reason="the reason <why>")
    contexts: dict[tuple[str, ...], Drawn] = {
        ("fresh", "empty"): good,
        ("stale",): {**good, "panel": old},
        ("failed",): {**good, "panel": None, "problem": "the reason <why>"},
        ("pending",): pending_context(spec, Filters()),
    }
    for states, context in contexts.items():
        html = template.render(**context)
        assert re.fullmatch(rf'<section id="panel-{name}" .*</section>', html, re.DOTALL), states
        assert present(re.search(r'data-state="(\w+)"', html))[1] in states
        assert html.count("<section ") == 1
        assert spec.title in html
        assert ("the reason &lt;why&gt;" in html) == (states in (("stale",), ("failed",)))
        as_of = f'data-as-of="{old.as_of.isoformat()[:19]}'
        assert (as_of in html) == (context["panel"] is not None)


@pytest.mark.parametrize("name", PANEL_NAMES)
def test_it_says_what_each_statement_answers(name):
    """Every statement opens with a comment that says what it answers or does."""
    text = (SOURCE / "panels" / name / "query.sql").read_text(encoding="utf-8")
    heads = re.findall(r"^-- name: (\w+)\n(.*)$", text, re.MULTILINE)
    assert len(heads) == len(load_statements(SOURCE / "panels" / name / "query.sql")) > 0
    assert [head for head, line in heads if not re.fullmatch(r"-- [A-Z].*[.?]", line)] == []


@pytest.mark.parametrize("name", PANEL_NAMES)
def test_it_takes_time_as_an_argument(name):
    """No statement that reads asks for the time: now is read once, with the snapshot."""
    clocks = re.compile(
        r"\b(now\(\)|clock_timestamp|current_timestamp|current_date|localtimestamp|statement_timestamp)"
    )
    found = load_statements(SOURCE / "panels" / name / "query.sql")
    reads = {statement.name: statement.text for statement in found.values() if "insert into" not in statement.text}
    assert reads
    assert [head for head, text in reads.items() if clocks.search(text)] == []


def test_it_has_the_channels_that_it_sends_through():
    """Every folder under notify is a kind of channel, under its own name, and there is no other kind."""
    assert sorted(CHANNELS) == CHANNEL_FOLDERS


@pytest.mark.parametrize("kind", CHANNEL_FOLDERS)
def test_it_furnishes_every_channel_alike(kind):
    """A channel's own modules read its table and send to it, and nobody else's do."""
    channel, parts = CHANNELS[kind], [f"houndmon.notify.{kind}.{name}" for name in ("config", "send")]
    assert [channel.read.__module__, channel.send.__module__] == parts
    assert (channel.read.__name__, channel.send.__name__) == ("read", "send")


@pytest.mark.parametrize("kind", CHANNEL_FOLDERS)
def test_it_documents_every_channel(kind):
    """A channel has its section in the operator's manual, and its table, with each key, in the example file."""
    manual = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8").partition("\n## Notifications\n")[2]
    assert f"\n### {kind}\n" in manual.partition("\n## ")[0]
    example = (ROOT / "houndmon.example.toml").read_text(encoding="utf-8")
    own = re.split(r"\n# (?:kind =|----)", example.partition(f'\n# kind = "{kind}": ')[2])[0]
    assert f'\n#   kind = "{kind}"\n' in own
    table = import_module(f"houndmon.notify.{kind}.config").Table
    assert [key for key in table.__struct_encode_fields__ if not re.search(rf"\b{key}\b", own)] == []


def test_it_keeps_its_arithmetic_pure():
    """Models, service levels and rules reach nothing outside: no database, no web, no clock, no file."""
    pure = [file for place in PURE for file in SOURCE.glob(place)]
    assert len(pure) > len(PANEL_NAMES) + 20
    assert {name_of(file): imported(file) & OUTSIDE for file in pure if imported(file) & OUTSIDE} == {}


def test_it_knows_the_type_of_each_figure():
    """Nothing is of any type but what is named, with its reason: no figure, no threshold and no notification."""
    known = re.compile(
        r"^from typing import .*|(Request|Response)\[Any(, Any, Any)?\]|ASGIConnection\[.*?\]", re.MULTILINE
    )
    files = {str(file.relative_to(SOURCE)): known.sub("", file.read_text("utf-8")) for file in SOURCE.rglob("*.py")}
    assert {name for name, text in files.items() if re.search(r"\bAny\b", text)} == set(UNTYPED)


def test_it_asks_no_clock_but_the_source():
    """No panel, no rule and no service level looks at the clock of its own machine."""
    judged = [*SOURCE.glob("panels/**/*.py"), *SOURCE.glob("slo/*.py"), *SOURCE.glob("evaluator/rules/*.py")]
    wall = re.compile(r"\b(datetime\.now|datetime\.utcnow|date\.today|time\.time)\b")
    assert [name_of(file) for file in judged if wall.search(file.read_text(encoding="utf-8"))] == []


def test_it_ends_tasks_in_one_place():
    """A single cancel may be lost: nobody cancels a task but `stopped`, which does so until it has ended."""
    cancel = re.compile(r"task\w*\.cancel\(")
    found = [name_of(file) for file in SOURCE.rglob("*.py") if cancel.search(file.read_text(encoding="utf-8"))]
    assert found == ["src/houndmon/core/stopping.py"]


def test_it_names_no_file_after_nothing():
    """There is no drawer for odds and ends: such a name hides where a thing belongs."""
    names = {file: {file.stem, *(parent.name for parent in file.relative_to(ROOT).parents)} for file in CODE}
    assert [name_of(file) for file, parts in names.items() if parts & NOWHERE] == []


def test_it_keeps_files_short():
    """A file of code has fewer than 300 lines."""
    lengths = {name_of(file): len(file.read_text(encoding="utf-8").splitlines()) for file in CODE}
    assert {name: lines for name, lines in lengths.items() if lines >= 300} == {}


def test_it_keeps_functions_short():
    """A function has at most 70 lines."""
    lengths = {
        f"{name_of(file)}: {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for file in CODE
        for node in functions(file)
    }
    assert len(lengths) > 200
    assert {name: lines for name, lines in lengths.items() if lines > 70} == {}


def test_it_opens_every_module_with_a_sentence():
    """Each module says in one sentence what it answers for."""
    signs = {name_of(file): ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) for file in CODE}
    wrong = [name for name, sign in signs.items() if not sign or not re.match(r"[^\n]+[.?:]$", sign.splitlines()[0])]
    assert wrong == []


def test_it_trusts_no_text():
    """No template, and no code, marks text as safe: whatever strangers wrote is escaped."""
    unsafe = re.compile(r"\|\s*safe\b|autoescape|Markup\(|markupsafe")
    files = [*TEMPLATES, *CODE]
    assert len(TEMPLATES) > len(PANEL_NAMES)
    found = {name_of(file) for file in files if unsafe.search(file.read_text(encoding="utf-8"))}
    assert found - TRUSTED == set()
    assert templates(Settings()).autoescape is True


def test_it_needs_no_style_or_script_of_a_template():
    """No template holds a style, a script or a handler of its own: the content policy would refuse it."""
    inline = re.compile(r"<style|<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=|javascript:", re.IGNORECASE)
    assert [name_of(file) for file in TEMPLATES if inline.search(file.read_text(encoding="utf-8"))] == []


def test_it_names_nobodys_home():
    """No file names a folder of the machine that it was written on."""
    homes = re.compile("|".join(["/" + "home/", "/" + "Users/", "/" + "root/", "/" + "work/", r"[A-Z]:\\Users"]))
    found = [name_of(file) for file in TEXTS if homes.search(file.read_text(encoding="utf-8", errors="replace"))]
    assert len(TEXTS) > 100
    assert found == []


def test_it_locks_packages_and_no_address():
    """The lock files hold names, versions and hashes; where packages come from is each machine's own affair."""
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "--hash=sha256:" in text
        assert re.findall(r"https?:|index-url|find-links|file:", text) == []


def test_it_says_what_each_test_holds_true():
    """Every test is named for what the house does, and states it as a fact."""
    wrong = [
        f"{name_of(file)}: {node.name}"
        for file in TESTS
        for node in functions(file)
        if node.name.startswith("test_") and not (re.match("test_its?_", node.name) and ast.get_docstring(node))
    ]
    assert len(TESTS) > 20
    assert wrong == []


def test_it_imports_downwards_alone():
    """The layers know nothing of those above them, and panels never import each other."""
    # As a process: in this one it would disable every logger that there is.
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
