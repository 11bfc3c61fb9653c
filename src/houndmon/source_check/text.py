"""A report as lines for a terminal. Whatever strangers wrote arrives there escaped."""

from collections.abc import Iterator

from houndmon.rulebook.units import duration
from houndmon.source_check.judge import quoted_value
from houndmon.source_check.model import Census, Diagnostic, Report
from houndmon.web.display import plural

MOST_VALUES = 8
MOST_SHOWN = 14


def printable(text: str) -> str:
    """A line in which nothing can act on a terminal: what cannot be printed is written as Python escapes it."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


def report_lines(report: Report) -> Iterator[str]:
    """The census, then what was found, then the sum of it."""
    for census in report.census:
        yield from map(printable, census_lines(census))
    if report.census:
        yield ""
    for finding in report.findings:
        yield from map(printable, finding_lines(finding, report.source))
    errors, warnings = report.errors, report.warnings
    sums = f"{plural(errors, 'error', 'errors')}, {plural(warnings, 'warning', 'warnings')}"
    yield printable(f"source {report.source}: {sums if errors or warnings else 'all there'}")


def census_lines(census: Census) -> Iterator[str]:
    """What was seen of a relation."""
    yield f"{census.relation} ({census.kind}): {census.looked_at}"
    for column in dict.fromkeys(value.column for value in census.values):
        values = [value for value in census.values if value.column == column]
        said = [
            f"{value.value if value.is_known else quoted_value(value.value)} {value.rows:,}"
            for value in values[:MOST_VALUES]
        ]
        if len(values) > MOST_VALUES:
            said.append(f"{len(values) - MOST_VALUES} more")
        yield f"    {column:<13}  {', '.join(said)}"
    if census.newest_seconds is not None:
        verb = "finished" if census.relation == "transcode_jobs" else "times"
        ages = f"newest {duration(census.newest_seconds)} ago, oldest {duration(census.oldest_seconds)} ago"
        yield f"    {verb:<13}  {ages}"
    for fact in census.facts:
        yield f"    {fact}"


def finding_lines(finding: Diagnostic, schema: str) -> Iterator[str]:
    """One finding: what, what shows it, and what to do."""
    yield f"{finding.level}: source: {schema}.{finding.relation}: {finding.what}"
    for line in finding.shown[:MOST_SHOWN]:
        yield f"    {line}"
    if finding.remedy:
        yield f"    do: {finding.remedy}"
