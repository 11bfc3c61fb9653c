"""What is said of an alert: the same words on the page, in the text summary and in a chat. Pure."""

from houndmon.alerts.model import Alert
from houndmon.alerts.names import finding_text, subject_named
from houndmon.core.neutral import quoted
from houndmon.rulebook.parts import Stage
from houndmon.rulebook.spec import Layer
from houndmon.web.summary.answers import SummaryFigures
from houndmon.web.titles import lower_first, rule_title

MOSTLY = 0.5  # the share of all failures from which on a client stands for them


def lead_head(alert: Alert, stage: Stage | None, layer: Layer, is_strained: bool) -> str:
    """What is broken, in the words that the sentence begins with."""
    if stage:
        what = "is recovering" if alert.clear_since else "burns its budget" if is_strained else "is broken"
        return f"{stage.capitalize()} {what}"
    if layer == "api":
        return "The API is recovering" if alert.clear_since else "The API fails"
    return "houndmon's own sight is recovering" if alert.clear_since else "houndmon's own sight is broken"


def finding_sentence(alert: Alert, worst_client: str | None = None) -> str:
    """What an alert found, in words: its rule's title, its subject, and the finding."""
    subject = f", {subject_named(alert.rule, alert.subject)}" if alert.subject else ""
    who = f", {worst_client}" if worst_client and alert.rule == "playback_failure_ratio" else ""
    return f"{lower_first(rule_title(alert.rule))}{subject} – {finding_text(alert)}{who}"


def worst_client_text(figures: SummaryFigures | None) -> str | None:
    """Who cannot play, and with which code, where one client stands for most of the failures of the last hour."""
    if not figures or not figures.playback or not figures.playback.failed:
        return None
    client = max(figures.playback.by_client, key=lambda one: one.failed, default=None)
    if client is None or client.is_rest or client.failed < MOSTLY * figures.playback.failed:
        return None
    is_theirs = figures.is_ios_safari(client.platform, client.browser)
    name = "iOS Safari" if is_theirs else quoted(f"{client.platform} {client.browser}")
    code = f", most often {quoted(figures.playback.top_errors[0].error_code)}" if figures.playback.top_errors else ""
    return f"mostly {name}{code}"
