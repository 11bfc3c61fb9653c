"""A name leads to its release and its artist, whatever the name; nothing that is typed is a pattern."""

import asyncio

import pytest

from factories import ID_TYPES, WORST

RELEASE = {"release_id": "r-1", "artist_id": "a-1", "title": "Slow Lanterns (Deluxe)", "artist_name": "Ostralune"}


async def release(console, **values):
    row = RELEASE | values
    await console.hound.insert("releases", [row])


async def found(console, text):
    answer = await console.get("/api/search", q=text)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("text", ["slow", "LANTERNS", "ostra lant", "  lant   slow ", "(deluxe)", "r-1"])
async def test_it_finds_a_release_by_words(console, text):
    """Every word must occur in the title or the artist's name, in any case and order; an id finds itself."""
    await release(console)
    await release(console, release_id="r-2", artist_id="a-2", title="Tin Meridian", artist_name="Velmwick")
    answer = await found(console, text)
    assert answer["releases"] == [RELEASE]
    assert answer["is_cut"] is False


async def test_it_finds_an_artist(console):
    """An artist is found by name or id, with how many releases there are."""
    for number in range(3):
        await release(console, release_id=f"r-{number}", title=f"Title {number}")
    artist = {"artist_id": "a-1", "artist_name": "Ostralune", "releases": 3}
    assert (await found(console, "tralu"))["artists"] == [artist]
    assert (await found(console, "a-1"))["artists"] == [artist]
    assert (await found(console, "title"))["artists"] == []


@pytest.mark.parametrize("name", ["100% Pure", "under_score", "back\\slash", "it's", '"quoted"', "'; drop table x --"])
async def test_it_takes_no_name_for_a_pattern(console, name):
    """A wildcard, a backslash and a quote stand for themselves."""
    await release(console, title=name)
    await release(console, release_id="r-2", title="1000 Pure underXscore backslash its quoted")
    assert [one["release_id"] for one in (await found(console, name))["releases"]] == ["r-1"]


@pytest.mark.parametrize("text", ["%", "_", "\\", "%%", "a%b"])
async def test_it_finds_nothing_by_a_wildcard(console, text):
    """A wildcard alone matches no name that does not hold it."""
    await release(console)
    answer = await found(console, text)
    assert (answer["releases"], answer["artists"]) == ([], [])


@pytest.mark.parametrize(("query", "said"), [({"q": "a\0b"}, "NUL"), ({"q": "x" * 101}, "100"), ({"q": "  "}, "word")])
async def test_it_refuses_what_cannot_be_a_name(console, query, said):
    """NUL, a text of more than 100 characters and blanks are 400, and say why."""
    answer = await console.get("/api/search", **query)
    assert (answer.status_code, said in answer.text) == (400, True)


async def test_it_bounds_what_it_answers(console):
    """A common word gives 5 artists and 12 releases, and says that there are more."""
    rows = [RELEASE | {"release_id": f"r-{n:03}", "artist_id": f"a-{n:03}", "title": f"Song {n}"} for n in range(300)]
    await console.hound.insert("releases", rows)
    answer = await found(console, "ostralune")
    assert (len(answer["artists"]), len(answer["releases"]), answer["is_cut"]) == (5, 12, True)


async def test_it_puts_the_closest_first(console):
    """An exact id leads, then a title that begins with the text, then the rest."""
    await release(console, release_id="r-1", title="A lantern")
    await release(console, release_id="r-2", title="Lantern song")
    await release(console, release_id="lantern", title="Zzz")
    assert [one["release_id"] for one in (await found(console, "lantern"))["releases"]] == ["lantern", "r-2", "r-1"]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("cafe", "Caf\u00e9 Mono"),
        ("caf\u00e9 mono", "Cafe\u0301 Mono"),
        ("Don't", "Don\u2019t"),
        ("don\u2019t", "DON'T"),
        ("Two-Step", "Two\u2011Step"),
        ("natt ljos", "N\u00e5tt\u00a0lj\u00f3s"),
        ("band", "\uff22\uff41\uff4e\uff44"),
        ("\u0442\u0438\u0448\u0438\u043d\u0430", "\u0422\u0418\u0428\u0418\u041d\u0410"),
    ],
)
async def test_it_finds_names_as_people_type_them(console, text, title):
    """A release is found by its title, and an artist by the name, however accents, dashes and quotes were typed."""
    await release(console, release_id="r-2", artist_id="a-2", title="Caf Don Two Nat", artist_name="Ban")
    await release(console, title=title)
    await release(console, release_id="r-3", artist_id="a-3", title="X", artist_name=title)
    answer = await found(console, text)
    assert {one["release_id"] for one in answer["releases"]} == {"r-1", "r-3"}
    assert [(one["artist_id"], one["artist_name"]) for one in answer["artists"]] == [("a-3", title)]


async def test_it_ranks_by_how_close_a_name_is(console):
    """The id, the very title, the very artist, what begins so, what has a word that does, what holds it at all."""
    rows = [
        ("mo", "-", "-"),
        ("r-2", "M\u00d8", "-"),
        ("r-3", "-", "Mo\u0301"),
        ("r-4", "Moon", "-"),
        ("r-5", "-", "Mo\u0301nika"),
        ("r-6", "A (m\u00f8on)", "-"),
        ("r-7", "-", "The-Mo"),
        ("r-8", "A limo", "-"),
    ]
    for id, title, artist in reversed(rows):
        await release(console, release_id=id, artist_id=f"a-{id}", title=title, artist_name=artist)
    answer = await found(console, "mo")
    places = [one["release_id"] for one in answer["releases"]]
    assert (places[:5], places[7:]) == (["mo", "r-2", "r-3", "r-4", "r-5"], ["r-8"])
    assert set(places[5:7]) == {"r-6", "r-7"}
    assert [one["artist_name"] for one in answer["artists"]] == ["Mo\u0301", "Mo\u0301nika", "The-Mo"]


@pytest.mark.parametrize(
    "text", ["ffi" * 33, "\ufb03" * 100, "\ufdfa" * 100, "a " * 50, "." * 100, "(" * 100, "\u200b", "\u0301"]
)
async def test_it_bears_whatever_is_typed(console, text):
    """A hundred characters that stand for many, or for none, are looked for like others, and find nothing else."""
    await release(console)
    answer = await found(console, text)
    assert answer["releases"] == ([RELEASE] if text.strip("a ") == "" else [])


async def test_it_survives_names_of_a_megabyte(console):
    """A name of 1 MB with markup and control characters is cut, and found by its beginning."""
    await release(console, title=WORST, artist_name=WORST)
    await release(console, release_id="x" * 300, title="script of a long id")
    answer = await found(console, "alert(1)")
    assert [len(one["title"]) for one in answer["releases"]] == [200]
    assert "\x07" not in answer["releases"][0]["title"]
    html = (await console.get("/fragments/search", q="script")).text
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)" in html


async def test_it_finds_what_lacks_a_name(console):
    """Null names and a null artist are no error; the release is found by what it has."""
    await release(console, title=None)
    await release(console, release_id="r-2", artist_id=None, artist_name=None, title="Alone")
    assert [one["title"] for one in (await found(console, "ostra"))["releases"]] == [None]
    answer = await found(console, "alone")
    assert ([one["artist_name"] for one in answer["releases"]], answer["artists"]) == ([None], [])


@pytest.mark.parametrize(("kind", "one", "other"), ID_TYPES)
async def test_it_reads_ids_of_every_type(console, kind, one, other):
    """Ids are text in the answer, whatever their type in the source."""
    await console.hound.conn.execute("alter table hound.releases drop constraint releases_pkey")
    await console.hound.retype("releases", kind, "release_id", "artist_id")
    await release(console, release_id=one, artist_id=other)
    answer = await found(console, one)
    assert [(r["release_id"], r["artist_id"]) for r in answer["releases"]] == [(one, other)]


async def test_it_says_that_names_cannot_be_read(console):
    """Without the relation the search is a 503 that names it, the page says so and offers the id."""
    await console.hound.conn.execute("alter table hound.releases rename to gone")
    answer = await console.get("/api/search", q="slow")
    assert (answer.status_code, answer.json()["relation"]) == (503, "releases")
    html = (await console.get("/", q="rel-7")).text
    assert "Names cannot be looked up: relation hound.releases cannot be read: it does not exist." in html
    assert 'href="/?release_id=rel-7#panel-support"' in html
    assert (await console.panel("ingest"))["stale"] is False


async def test_it_gives_up_on_a_locked_relation(console, database):
    """A search that waits for a lock ends within the time limit, and other panels do not notice."""
    console.limit(seconds=2)
    tx = console.hound.conn.transaction()
    await tx.start()
    await console.hound.conn.execute("lock table hound.releases in access exclusive mode")
    answer, panel = await asyncio.gather(console.get("/api/search", q="slow"), console.get("/api/panels/ingest"))
    await tx.rollback()
    assert (answer.status_code, panel.status_code) == (503, 200)
    assert answer.json()["detail"] == "relation hound.releases cannot be read: it is locked by another session"


async def test_it_lists_matches_without_a_script(console):
    """A plain form leads to a page with the matches as links, which keep range and environment."""
    await release(console)
    html = (await console.get("/", q="slow", range="6h", environment="staging")).text
    assert '<form class="search" method="get" action="/" role="search">' in html
    assert 'name="q" value="slow"' in html
    assert 'href="/?range=6h&amp;environment=staging&amp;release_id=r-1#panel-support"' in html
    assert '<input type="hidden" name="range" value="6h">' in html


async def test_it_draws_the_matches_as_options(console):
    """The field's list is a listbox of links, each with an id of its own, and says how many there are."""
    await release(console)
    html = (await console.get("/fragments/search", q="slow", wall="1", panel="ingest")).text
    assert html.count('role="option"') == 1
    assert 'role="listbox" id="match-list"' in html
    assert 'data-found="1"' in html
    assert "wall=1&amp;panel=ingest" in html
    empty = (await console.get("/fragments/search", q="zzz")).text
    assert 'role="listbox"' not in empty
    assert "Nothing goes by" in empty
