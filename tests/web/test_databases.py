"""Two databases, two administrators: what cannot be read names the one that is away, on every path."""

from html import unescape

import pytest

OWN = "houndmon's own database"
NOWHERE = "postgresql://houndmon:hunter2@/x?host=/nowhere"
READS_OWN = (
    "/api/alerts",
    "/api/rules",
    "/api/silences",
    "/api/dead-letters",
    "/api/incidents",
    "/api/panels/incidents",
)
PAGES_OWN = ("/fragments/alerts", "/fragments/rules", "/fragments/panels/incidents", "/silences", "/alerts", "/")


@pytest.fixture
async def apart(serve, quiet_database):
    """A service whose source lies in another database than its own tables."""
    async with serve(source_url=quiet_database) as console:
        yield console


async def test_it_names_its_own_database_to_programs(apart, outage):
    """With houndmon's own database away each problem names it, and none speaks of a source."""
    async with outage():
        for path in READS_OWN:
            answer = await apart.get(path)
            found = answer.json()
            assert (answer.status_code, found["title"]) == (503, f"{OWN} unreadable"), path
            assert found["detail"].startswith(f"{OWN} cannot be read: "), path
            assert "source" not in found
        ready = (await apart.get("/readyz")).json()
        assert ready["detail"].startswith(f"{OWN} cannot be read: ")
        assert (await apart.get("/api/panels/ingest")).status_code == 200


async def test_it_names_its_own_database_to_people(apart, outage):
    """With houndmon's own database away the page and its fragments name it, and call it no source."""
    async with outage():
        for path in PAGES_OWN:
            html = unescape((await apart.get(path)).text)
            assert f"{OWN} cannot be read: " in html, path
            assert "source houndmon" not in html
            assert "source hound" not in html


async def test_it_names_its_own_database_in_the_summary(apart, outage):
    """With houndmon's own database away the status is unknown for that reason; the source's figures stand."""
    async with outage():
        found = (await apart.get("/api/summary")).json()
    assert found["status"]["description"].startswith(f"houndmon cannot tell: {OWN} cannot be read: ")
    assert (found["stale"], found["unreadable"]) == (False, [])


async def test_it_names_its_own_database_for_one_table(apart):
    """Where a table of houndmon's own is missing the panel on it names its own database; the others are there."""
    await apart.hound.conn.execute("alter table houndmon.incidents rename to lost")
    found = (await apart.get("/api/panels/incidents")).json()
    assert found["detail"].startswith(f"{OWN} cannot be read: ")
    assert "source" not in found
    assert (await apart.get("/api/panels/ingest")).status_code == 200


async def test_it_names_the_source(serve, ticked):
    """With the source away its panels, the support and the summary name it; what is houndmon's own is there."""
    await ticked(1)
    async with serve(source_url=NOWHERE) as console:
        for path in ("/api/panels/ingest", "/api/support?release_id=1", "/api/search?q=x", "/api/summary"):
            found = (await console.get(path)).json()
            assert (found["title"], found["source"]) == ("Source unreadable", "hound"), path
            assert found["detail"].startswith("source hound cannot be read: ")
        for path in READS_OWN:
            assert (await console.get(path)).status_code == 200, path
        assert (await console.get("/readyz")).status_code == 200
        strip = (await console.get("/fragments/summary")).text
        assert "source hound cannot be read: " in strip
        assert OWN not in unescape(strip)
