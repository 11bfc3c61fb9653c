"""The rows behind a figure as programs, spreadsheets and people get them: asked of the running service."""

import csv
import io
import re
from html import unescape

from houndmon.rows.model import KINDS, MOST_ROWS
from houndmon.rows.text import FORMULA_STARTS
from houndmon.web.dependencies import services_of
from strangers import HOSTILE

LINK = re.compile(r'<a href="(/rows/(\w+)[^"]*)" aria-label="([^"]*): list them">([\d,]+)</a>')
PANELS = ("ingest", "transcode", "workers", "publish", "playback")
STORED = re.compile(r"[^\0\ud800-\udfff]{1,200}", re.DOTALL).fullmatch  # what a text of PostgreSQL's can be
UNLINKED = {"stuck_jobs"}  # of a rule, which no panel counts


async def fill(hound):
    """Some of each kind of rows."""
    for status in ("queued", "scheduled", "retrying", "in_progress", "completed", "cancelled"):
        await hound.job(status, times=2)
    for code in ("A", "a & b?", "failed: 6f1c2b1e-0000-4000-8000-000000000007", None):
        await hound.job("failed", error_code=code)
        await hound.play(outcome="failed", error_code=code, times=3)
        await hound.upload(outcome="rejected", rejection_reason=code)
    await hound.job("in_progress", claimed_at="-20s", started_at=None)
    for outcome in ("started", "blocked", "aborted"):
        await hound.play(outcome=outcome, times=4)
    await hound.upload(times=5)
    await hound.track(times=2)
    await hound.track(uploaded_at="-1m")
    await hound.track(state="live", live_at="-15m")
    await hound.track(state="live", live_at="-2m", times=2)


async def test_it_leads_from_each_count_to_its_rows(console):
    """Each count of a panel that is not 0 is a link by name to as many rows, and keeps what is looked at."""
    await fill(console.hound)
    await console.hound.play(outcome="failed", error_code="A", environment="staging")
    found = set()
    for panel in PANELS:
        html = (await console.get(f"/fragments/panels/{panel}", range="7d")).text
        for address, kind, name, shown in LINK.findall(html):
            answer = await console.client.get(f"/api{unescape(address)}")
            assert answer.status_code == 200, answer.text
            assert len(answer.json()["items"]) == int(shown) > 0, address
            assert name.startswith(f"{shown}, ")
            assert "range=7d" in address
            found.add(kind)
    assert found == KINDS.keys() - UNLINKED
    html = (await console.get("/fragments/panels/playback", environment="staging")).text
    assert {unescape(address) for address, *_ in LINK.findall(html)} == {
        "/rows/attempted_plays?environment=staging",
        "/rows/failed_plays?environment=staging",
        "/rows/failed_plays?environment=staging&code=A",
    }
    empty = (await console.get("/fragments/panels/ingest", environment="staging")).text
    assert "/rows/" not in empty


async def test_it_shows_the_rows_as_a_page(console):
    """A page says what it lists, of when, and whether there are more, without empty columns; it leads back and on."""
    await console.hound.job("failed", error_code="A&B", times=MOST_ROWS)
    await console.hound.job("failed", error_code="A&B", job_id="job-<b>", finished_at="-1m")
    html = (await console.get("/rows/failed_jobs", range="6h", code="A&B")).text
    assert "<h1>Failed jobs</h1>" in html
    assert "In prod, in the last 6h, with the code" in " ".join(html.split())
    assert f"The newest {MOST_ROWS}; there are more." in html
    assert 'href="/?range=6h#panel-transcode"' in html
    assert 'href="/api/rows/failed_jobs?range=6h&amp;code=A%26B"' in html
    assert 'href="/api/rows/failed_jobs/csv?range=6h&amp;code=A%26B"' in html
    heads = re.findall(r'<th scope="col">([\w ]+)</th>', html)
    assert heads == [
        "Job id",
        "Status",
        "Attempt",
        "Error code",
        "Queued at",
        "Claimed at",
        "Started at",
        "Finished at",
    ]
    assert (html.count('<th scope="row"'), html.count("<td")) == (MOST_ROWS, MOST_ROWS * 7)
    assert "job-&lt;b&gt;" in html
    assert "<b>" not in html.partition("<main")[2]
    assert "There are none." in (await console.get("/rows/overdue_tracks")).text


async def test_it_gives_spreadsheets_nothing_to_run(console):
    """A text that begins like a formula stands behind an apostrophe; what strangers wrote stays one cell and line."""
    codes = [f"{start}1+1" for start in (*FORMULA_STARTS, "\t=", "\r=", "\n=")] + [
        one for one in HOSTILE if STORED(one)
    ]
    for code in codes:
        await console.hound.play(outcome="failed", error_code=code, platform="a\r\nb", browser='","=1')
    answer = await console.get("/api/rows/failed_plays/csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="houndmon-failed-plays-prod.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    listed = (await console.get("/api/rows/failed_plays")).json()["items"]
    assert [bare(row["error_code"]) for row in rows] == [
        re.sub(r"[\0-\x1f\x7f-\x9f]", "�", one["error_code"]) for one in listed
    ]
    assert {row["platform"] for row in rows} == {"a��b"}
    cells = [cell for row in rows for cell in row.values()]
    assert len(cells) == len(codes) * 9
    assert [cell for cell in cells if cell.startswith((*FORMULA_STARTS, "\t", "\r", "\n"))] == []
    assert answer.text.count("\n") == len(codes) + 1


def bare(cell):
    """A cell without the apostrophe that keeps it from being run."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA_STARTS) else cell


async def test_it_says_in_a_file_s_name_that_there_are_more(console):
    """A file that does not hold all rows is named for those that it holds."""
    await console.hound.job("queued", times=MOST_ROWS + 1)
    answer = await console.get("/api/rows/queued_jobs/csv", environment="prod")
    assert 'filename="houndmon-queued-jobs-prod-oldest-first-100.csv"' in answer.headers["content-disposition"]


async def test_it_refuses_what_it_does_not_know(console):
    """A kind of rows that there is not is 404; a parameter that is unknown, or a code where there are none, is 400."""
    refused = ["rnge=1h", "range=2h", "code=A&code=B", "environment=x", f"code={'x' * 201}", "code=%00"]
    asked = [*(("failed_plays", query) for query in refused), ("blocked_plays", "code=A")]
    for path in ("/rows/{}", "/api/rows/{}", "/api/rows/{}/csv"):
        statuses = {(await console.client.get(f"{path.format(kind)}?{query}")).status_code for kind, query in asked}
        assert statuses == {400}
        assert (await console.get(path.format("failed_job"))).status_code == 404
        assert (await console.get(path.format("failed_plays"), code="…x")).status_code == 200


async def test_it_says_which_relation_cannot_be_read(console, conn):
    """What cannot be read is 503 and names the relation, for programs and on the page: no old rows, and not none."""
    await console.hound.track()
    assert len((await console.get("/api/rows/overdue_tracks")).json()["items"]) == 1
    await conn.execute("alter table hound.tracks rename to elsewhere")
    services_of(console.app).rows.invalidate()
    answer = await console.get("/api/rows/overdue_tracks")
    assert (answer.status_code, answer.json()["relation"]) == (503, "tracks")
    page = await console.get("/rows/overdue_tracks")
    assert page.status_code == 503
    assert "<strong>No rows.</strong> relation hound.tracks cannot be read: it does not exist." in page.text
    assert "There are none." not in page.text
    assert (await console.get("/api/rows/failed_plays")).status_code == 200
