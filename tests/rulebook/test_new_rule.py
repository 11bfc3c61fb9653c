"""A rule made by CONTRIBUTING in a copy of the repository: its five edits and no other."""

import shutil
from pathlib import Path

import pytest

from copies import DOCUMENTS, copy_repository, edit, run_python, run_tests, write_documents

pytestmark = pytest.mark.long

SPEC = """
    RuleSpec(
        title="A job retries for too long",
        recovered="no job retries for long any more",
        unit=MINUTES,
        no_value="no value",
        panel="transcode",
        range="1h",
        chart=None,
        value_chart=None,
        area="transcode",
        stage="transcode",
        directness="itself",
        subjects={},
        own_keys=("threshold",),
        parts=frozenset({"queue"}),
        has_past=True,
        fails_with_lag=True,
        is_of_source=False,
        explained_by=(),
        condition=lambda rule: f"oldest retrying job > {given(rule.threshold)} min",
        sees_failure_after=lambda rule, levels: threshold_of(rule) * MINUTE,
        default=Rule(
            name="queue_new", threshold=30, owner_role=TRANSCODE, response_target_minutes=30, severity="warning"
        ),
    ),
)
"""
JUDGE = '''

def queue_new(rule: Rule, levels: Levels, figures: EnvironmentFigures, now: datetime) -> list[Finding]:
    """How long the oldest retrying job has waited."""
    if isinstance(queue := figures.queue, Unreadable):
        return [unknown_finding(rule, figures, None, queue.clause, now)]
    age = queue.panel.oldest_retrying_age_minutes
    verdict: RuleVerdict = "breach" if is_above(age, rule.threshold) else "ok"
    return [make_finding(rule, figures, None, verdict, queue.now, value=age, reason="it retries")]


'''
TABLE = """
[rules.queue_new]
#enabled = true
#threshold = 30                # minutes
#for = "0s"
#recover_after = "2m"
#severity = "warning"
#owner_role = "transcode on-call"
#response_target = "30m"
#runbook_url = "/runbooks/queue_new"

"""
LINE = "| `queue_new` | `oldest_retrying_age_minutes` | > 30 | at once | transcode on-call | 30 min |\n"
PROGRAM = """
from datetime import UTC, datetime
from houndmon.app import TABLE, create_app
from houndmon.commands.check import describe_config
from houndmon.config.defaults import DEFAULTS
from houndmon.evaluator.backtest import PARTS_OF_RULES
from houndmon.core.settings import Settings
from houndmon.notify.announced import AnnouncedAlert
from houndmon.notify.text import build_message
from houndmon.web.titles import rule_title, rule_value

alert = AnnouncedAlert(
    id="17", rule="queue_new", environment="prod", subject=None, severity="warning", value=45.1, threshold=30.0,
    sample_count=3, owner_role="transcode on-call", response_target_minutes=30, runbook_url="/runbooks/queue_new",
    fired_at=datetime.now(UTC), response_due_at=datetime.now(UTC),
)
print(build_message("fired", "queue_new", [alert], DEFAULTS, alert.fired_at).text)
print(rule_title("queue_new"), "|", rule_value("queue_new", 45.1))
print(describe_config(DEFAULTS))
print(sorted(PARTS_OF_RULES["queue_new"]), ("GET", "/api/rules/queue_new") in TABLE.rows)
print("/api/rules/queue_new" in create_app(Settings(), "postgresql://").openapi_schema.to_schema()["paths"])
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository with a new rule."""
    place = copy_repository(tmp_path_factory.mktemp("copy"))
    (place / "tests" / "rulebook" / Path(__file__).name).unlink()
    package = place / "src" / "houndmon"
    spec = package / "rulebook" / "queue.py"
    edit(spec, ('"queue_retrying"]', '"queue_retrying", "queue_new"]'))
    spec.write_text(spec.read_text(encoding="utf-8").rstrip().removesuffix(")") + SPEC.lstrip("\n"), encoding="utf-8")
    edit(
        package / "evaluator" / "rules" / "queue.py",
        ("\n\nJUDGES:", JUDGE + "JUDGES:"),
        (
            '    "queue_retrying": queue_retrying,\n',
            '    "queue_retrying": queue_retrying,\n    "queue_new": queue_new,\n',
        ),
        ("import Finding\n", "import Finding, RuleVerdict\n"),
    )
    books = package / "web" / "runbooks"
    shutil.copy(books / "queue_age.html", books / "queue_new.html")
    edit(
        place / "houndmon.example.toml",
        ("\n# No worker has beaten for too long", TABLE + "# No worker has beaten for too long"),
    )
    edit(
        place / "docs" / "numbers.md",
        ("| `worker_heartbeat_missing` | `heart", LINE + "| `worker_heartbeat_missing` | `heart"),
    )
    return place


def test_it_takes_a_new_rule_by_five_edits(copy: Path) -> None:
    """A spec, a judge, a runbook, a table and a line: book, configuration and all documents are whole again."""
    write_documents(copy)
    run_tests(copy, "-k", "not half_a_rule", "tests/rulebook/test_book.py", *DOCUMENTS)


def test_it_speaks_of_a_new_rule_everywhere(copy: Path) -> None:
    """Notification, page, check, back-test and API know the rule, and write its minutes as minutes."""
    said = run_python(copy, "-c", PROGRAM)
    assert "FIRING: A job retries for too long, in prod (warning)" in said
    assert "#panel-transcode" in said
    assert "\n45 min; limit 30 min.\n" in said
    assert "A job retries for too long | 45 min" in said
    assert "oldest retrying job > 30 min" in said
    assert said.endswith("['queue'] True\nTrue\n")
