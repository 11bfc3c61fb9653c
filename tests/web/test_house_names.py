import re
from pathlib import Path

import pytest

from houndmon.config.live import LiveConfig
from houndmon.notify.channels import CHANNELS

MISSING = ("upload_attempts", "play_attempts", "api_requests", "tracks", "releases")
HOUSE = f"""
[source]
absent = {list(MISSING)}
[environment_names]
prod = "live <1>"
staging = "canary"
[ios_safari]
platforms = ["iOS"]
[rules.queue_age.staging]
threshold = 60
for = "5m"
[rules.traffic_absent.prod]
enabled = false
"""


@pytest.fixture
async def house(serve, ticked, conn, tmp_path: Path):
    """A service of a source with jobs and beats alone, whose team calls its environments otherwise."""
    file = tmp_path / "houndmon.toml"
    file.write_text(HOUSE)
    for relation in MISSING:
        await conn.execute(f"drop table hound.{relation}")
    await ticked(0)
    async with serve(LiveConfig(file, CHANNELS)) as console:
        yield console


async def test_it_is_well_without_what_the_source_does_not_have(house):
    """The summary of such a source is `none`, and nothing is unreadable; it speaks of what is there alone."""
    await house.hound.beat(beat_at="-1s")
    found = (await house.get("/api/summary")).json()
    assert found["status"]["indicator"] == "none"
    assert (found["unreadable"], found["stale"]) == ([], False)
    assert {one["stage"]: one["state"] for one in found["stages"]} == {
        "upload": "absent",
        "transcode": "ok",
        "worker": "ok",
        "publish": "absent",
        "play": "absent",
    }
    assert found["absent"] == sorted(MISSING)
    assert found["first_broken_stage"]["text"] == "All is well. All 2 stages of live <1> work: transcode, worker."
    assert re.fullmatch(
        r"live <1>: All is well\.\n"
        r"Transcodes failed today: 0\. Oldest queued job: none\.\n"
        r"Worker alive: yes, 1 of 1, last beat \d s ago\.\n"
        r"Top failure cause: none\.",
        found["text"],
    )
    drawn = (await house.get("/fragments/summary")).text
    assert re.findall(r'data-answer="(\w+)"[^>]*>.*?class="note">not in this source<', drawn, re.DOTALL)
    assert "asking" not in drawn
    assert "cannot be read" not in drawn
    levels = (await house.get("/api/slos")).json()
    assert [one["name"] for one in levels["items"]] == ["transcode_success", "heartbeat_freshness"]
    assert (levels["unreadable"], levels["absent"]) == ({}, ["upload_to_live", "playback_success"])
    drawn = (await house.get("/fragments/slos")).text
    for relation, level in (("tracks", "Upload to live"), ("play_attempts", "Playback success")):
        assert f'This source has no <span class="code">{relation}</span>' in drawn
        assert f"the level {level} is not judged." in drawn
    assert drawn.count("This source has no") == 2


@pytest.mark.parametrize("panel", ["ingest", "playback", "api", "publish"])
async def test_it_folds_a_panel_that_the_source_does_not_have(house, panel):
    """Its fragment is a sentence that names the relation; programs are told the same."""
    drawn = (await house.get(f"/fragments/panels/{panel}")).text
    assert 'data-state="absent"' in drawn
    assert "This source has no" in drawn
    assert "keeps trying" not in drawn
    assert 'data-tone="bad"' not in drawn
    answer = await house.get(f"/api/panels/{panel}")
    assert answer.status_code == 503
    assert answer.json()["title"] == "Not in this source"
    assert answer.json()["absent"] is True
    assert "retry-after" not in answer.headers
    if panel != "publish":
        assert (await house.get(f"/api/panels/{panel}/trend")).json()["absent"] is True
    assert (await house.get("/api/slos/playback_success")).json()["title"] == "Not in this source"


async def test_it_draws_the_page_of_what_there_is(house):
    """The page itself folds those panels too: nothing on it is failed, pending or tried again, support neither."""
    await house.hound.beat(beat_at="-1s")
    page = (await house.get("/", release_id="r-1")).text
    states = dict(re.findall(r'<section id="panel-(\w+)" class="[^"]*" data-poll data-state="(\w+)"', page))
    assert {name for name, state in states.items() if state == "absent"} == {"ingest", "playback", "api", "publish"}
    assert not {"failed", "pending"} & set(states.values())
    assert "keeps trying" not in page


async def test_it_says_who_works_where_there_are_no_jobs(serve, conn, tmp_path: Path):
    """A source of beats alone has its panel of workers: nobody waits for a start, and the queue is not there."""
    file = tmp_path / "houndmon.toml"
    file.write_text('[source]\nabsent = ["transcode_jobs"]\n')
    await conn.execute("drop table hound.transcode_jobs")
    async with serve(LiveConfig(file, CHANNELS)) as console:
        await console.hound.beat(beat_at="-1s")
        found = await console.panel("workers")
        assert (found["alive"], found["claim_to_start_seconds"]["sample_count"]) == (True, 0)
        assert found["claimed_not_started"] == {"count": 0, "oldest_age_seconds": None}
        assert (await console.get("/api/panels/transcode")).json()["absent"] is True


async def test_it_says_in_support_what_the_source_does_not_have(serve, conn, tmp_path: Path):
    """Without jobs by configuration a release has its tracks, and a sentence in the place of its jobs; no trouble."""
    gone = ("transcode_jobs", "play_attempts", "upload_attempts")
    file = tmp_path / "houndmon.toml"
    file.write_text(f"[source]\nabsent = {list(gone)}\n")
    for relation in gone:
        await conn.execute(f"drop table hound.{relation}")
    async with serve(LiveConfig(file, CHANNELS)) as console:
        await console.hound.track(track_id="ready", release_id="r-1", uploaded_at="-5m", state="ready", live_at=None)
        await console.hound.track(track_id="new", release_id="r-1", uploaded_at="-5m", state="uploaded", live_at=None)
        found = (await console.get("/api/support", release_id="r-1")).json()
        assert (found["unreadable"], found["absent"]) == ([], sorted(gone))
        assert {one["track_id"]: (one["fate"], one["what"]) for one in found["tracks"]} == {
            "ready": ("moving", "is ready, and waits to go live"),
            "new": ("unknown", "is not live; this source has no jobs, by houndmon.toml"),
        }
        drawn = (await console.get("/fragments/support", release_id="r-1")).text
        for relation in gone:
            assert drawn.count(f'This source has no <span class="code">{relation}</span>') == 1
        assert "cannot be read" not in drawn


async def test_it_calls_environments_as_the_team_does(house):
    """The page shows the team's names, escaped; addresses and answers keep houndmon's own."""
    page = (await house.get("/")).text
    assert "live &lt;1&gt;, 24h" in page
    assert ">canary</a>" in page
    assert "environment=staging" in page
    assert "No alert is open in live &lt;1&gt;." in (await house.get("/fragments/alerts")).text
    assert (await house.get("/api/panels/transcode")).json()["filters"]["environment"] == "prod"
    assert '<option value="staging">canary</option>' in (await house.get("/silences")).text


async def test_it_says_what_the_house_is_like(house):
    """The configuration in force is for programs to read: what is absent, how things are called, what is off."""
    told = (await house.get("/api/configuration")).json()
    assert told["absent"] == sorted(MISSING)
    assert told["environment_names"] == {"prod": "live <1>", "staging": "canary"}
    assert told["ios_safari"]["platforms"] == ["ios"]
    assert told["switched_off"] == {"prod": ["traffic_absent"], "staging": []}


async def test_it_answers_support_of_what_there_is(house):
    """A release has its jobs, nothing is unreadable, and where it is nobody can say; names are not looked up."""
    await house.hound.job("failed", job_id="j-1", release_id="r-1")
    found = (await house.get("/api/support", release_id="r-1")).json()
    assert [job["job_id"] for job in found["jobs"]] == ["j-1"]
    assert found["unreadable"] == []
    assert found["verdict"]["text"] == "houndmon cannot tell: this source has no tracks, by houndmon.toml."
    assert (await house.get("/api/search", q="slow")).json()["absent"] is True
    drawn = (await house.get("/fragments/search", q="slow")).text
    assert "Names cannot be looked up: this source has no releases, by houndmon.toml." in drawn


async def test_it_says_in_runbooks_what_an_environment_has_otherwise(house):
    """A runbook shows the rule of both environments, and below it that of the one that has its own."""
    said = (await house.get("/runbooks/queue_age")).text
    assert "<dd>oldest queued job &gt; 15 min, for 1m</dd>" in said
    assert "<dt>In canary</dt><dd>oldest queued job &gt; 60 min, for 5m; warning, acknowledge within 15m" in said
    assert (
        "<dt>In live &lt;1&gt;</dt><dd>never: it is switched off</dd>"
        in (await house.get("/runbooks/traffic_absent")).text
    )
