import asyncpg
import pytest

from houndmon.core.catalogue import Catalogue

VIEWS = """
create table hound.kept (a int);
create function hound.word() returns text language sql as $$ select 'failed' $$;
create view hound.inner_view as select outcome as said from hound.play_attempts;
alter table hound.upload_attempts rename to uploads_kept;
create view hound.upload_attempts as
    select occurred_at, environment, artist_id, release_id, track_id, rejection_reason,
        coalesce(said, hound.word()) as outcome
    from hound.uploads_kept cross join hound.inner_view
"""


RETOLD = """
create or replace view hound.upload_attempts as
    select occurred_at, environment, artist_id, release_id, track_id, rejection_reason, hound.word() as outcome
    from hound.uploads_kept
"""


async def definitions(conn: asyncpg.Connection) -> dict[str, str]:
    catalogue = Catalogue("hound")
    await catalogue.read(conn)
    return {relation: catalogue.definition(relation) for relation in ("upload_attempts", "play_attempts", "tracks")}


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        ("create or replace view hound.inner_view as select environment as said from hound.play_attempts", True),
        ("create or replace function hound.word() returns text language sql as $$ select 'rejected' $$", True),
        (RETOLD, True),
        ("alter table hound.uploads_kept add note text", False),
        ("alter table hound.kept add b int", False),
        ("update hound.tracks set state = 'live'", False),
    ],
)
async def test_it_tells_what_a_view_is_made_from(conn, change, changed):
    """The definition follows the views and functions that a view stands on, and nothing else."""
    await conn.execute(VIEWS)
    before = await definitions(conn)
    await conn.execute(change)
    after = await definitions(conn)
    assert (before["upload_attempts"] != after["upload_attempts"]) is changed
    assert (before["play_attempts"], before["tracks"]) == (after["play_attempts"], after["tracks"])


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        ("alter column release_id type text", True),
        ("drop column publish_at", True),
        ("add note text", False),
        ("alter column state type varchar(20)", True),
    ],
)
async def test_it_tells_the_columns_that_houndmon_reads(conn, change, changed):
    """Another type of a column that is read is another definition; a column that nobody reads is none."""
    await conn.execute("alter table hound.tracks alter column release_id type bigint using null")
    before = await definitions(conn)
    await conn.execute(f"alter table hound.tracks {change}")
    assert (before["tracks"] != (await definitions(conn))["tracks"]) is changed


async def test_it_knows_no_definition_of_what_is_not_there(conn):
    """A relation that is not there has an empty definition."""
    await conn.execute("alter table hound.tracks rename to gone")
    assert (await definitions(conn))["tracks"] == ""
