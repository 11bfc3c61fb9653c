-- name: named
-- What are the releases called, as far as a person reads?
-- Ids beyond 200 characters are left out: no filter takes them.
select release_id, artist_id, left(title, 200) as title, left(artist_name, 200) as artist_name
from (
    select release_id::text as release_id, artist_id::text as artist_id, title, artist_name
    from {releases}
    where true {filters}
) as known
where length(release_id) <= 200 and coalesce(length(artist_id), 0) <= 200;

-- name: called
-- The same with all that a release is called in one. Set apart (`offset 0`), so that names are cut once, not at each use.
select release_id, artist_id, title, artist_name, concat_ws(' ', title, artist_name) collate "C" as names
from {named} as named
offset 0;

-- name: matches
-- Which releases hold every word in their title or artist's name, or go by the text as an id, and which artists in their
-- name? The closest of both first: the id, the very name, a name that begins so, one whose words do.
-- Relies on no index: releases are few beside events, and the time limit of a statement holds. They are read once, for an
-- artist's match is among those of the releases. The patterns know case and accents by themselves: with the collation "C"
-- they mean the same in every database.
-- $1 a pattern for each word, $2 the text as an id, $3 a pattern for a name that begins with the text, $4 for one that is
-- the text, $5 for each word where it begins one, $6 how many releases, $7 how many artists
with found as materialized (
    select release_id, artist_id, title, artist_name, names
    from {called} as called
    where names ~ all ($1::text[]) or release_id = $2 or artist_id = $2
)
select release_id, artist_id, title, artist_name, releases
from (
    (
        select
            release_id, artist_id, title, artist_name, null::bigint as releases,
            case
                when release_id = $2 then 0
                when artist_id = $2 then 1
                when title collate "C" ~ $3 then case when title collate "C" ~ $4 then 2 else 4 end
                when artist_name collate "C" ~ $3 then case when artist_name collate "C" ~ $4 then 3 else 5 end
                when names ~ all ($5::text[]) then 6
                else 7
            end as place,
            title as name
        from found
        order by place, name, release_id
        limit $6
    )
    union all
    (
        select
            null, artist_id, null, min(artist_name), count(*),
            min(
                case
                    when artist_id = $2 then 0
                    when artist_name collate "C" ~ $3 then case when artist_name collate "C" ~ $4 then 3 else 5 end
                    when artist_name collate "C" ~ all ($5::text[]) then 6
                    else 7
                end
            ) as place,
            min(artist_name) as name
        from found
        where artist_id is not null and (artist_name collate "C" ~ all ($1::text[]) or artist_id = $2)
        group by artist_id
        order by place, name, artist_id
        limit $7
    )
) as closest
order by place, name, release_id, artist_id;

-- name: releases
-- What are the release asked for, or an artist's releases, called?
-- Relies on the key of the release, or an index on artist_id.
-- $1 how many
select release_id, artist_id, title, artist_name
from {named} as named
order by title, release_id
limit $1;

-- name: known_tracks
-- Which tracks of an environment belong to the release or artist, what is wrong with each, and how did it fare?
-- Relies on (release_id) or (artist_id) of tracks.
-- $1 environment, $2 the last instant that counts as now
select
    left(track_id::text, 200) as track_id,
    left(release_id::text, 200) as release_id,
    left(state, 40) as state,
    case when uploaded_at between '1900-01-01' and '2999-12-31' then uploaded_at end as uploaded_at,
    case when live_at between '1900-01-01' and '2999-12-31' then live_at end as live_at,
    case
        when publish_at > uploaded_at then least(greatest(publish_at, '1900-01-01'), '2999-12-31')
        when uploaded_at between '1900-01-01' and '2999-12-31' then uploaded_at
    end as due_at,
    case
        when greatest(uploaded_at, live_at) > $2::timestamptz then 'future_time'
        when (state in ('uploaded', 'processing', 'ready', 'live', 'rejected', 'withdrawn')) is not true then 'unknown_value'
        when state = 'live' and live_at is null then 'missing_time'
        when live_at < uploaded_at then 'negative_duration'
    end as flaw,
    coalesce(live_at <= $2, state = 'live', false) and (state in ('rejected', 'withdrawn')) is not true as is_live,
    (state in ('rejected', 'withdrawn')) is true as is_out
from {tracks}
where environment = $1 {filters};

-- name: tracks
-- Which are those tracks, the ones that are not live first, the one first due before all?
-- Without a window over all rows: where they lie on several servers, it would bring every one of them to the first.
-- $3 how many
select track_id, release_id, state, uploaded_at, due_at, live_at, flaw, is_live
from {known_tracks} as known
order by is_live or is_out, due_at, track_id
limit $3;

-- name: track_counts
-- How many are those tracks in all, and how many of them are live?
select count(*) as tracks, count(*) filter (where is_live) as live
from {known_tracks} as known;

-- name: tracks_by_release
-- How many tracks has each release of an artist, how many are live, and how many are out? Those that wait first.
-- $3 how many
select
    coalesce(release_id, '') as release_id,
    count(*) as tracks,
    count(*) filter (where is_live) as live,
    count(*) filter (where is_out) as out
from {known_tracks} as known
group by release_id
order by count(*) filter (where not is_live and not is_out) desc, release_id
limit $3;

-- name: jobs
-- Which transcode jobs has the release or artist, the unfinished and failed first, the newest of each first?
-- Relies on (release_id, queued_at) or (artist_id, queued_at) of transcode_jobs.
-- $1 environment, $2 the last instant that counts as now, $3 how many
select
    left(job_id::text, 200) as job_id,
    left(track_id::text, 200) as track_id,
    left(status, 40) as status,
    attempt,
    case when queued_at between '1900-01-01' and '2999-12-31' then queued_at end as queued_at,
    case when available_at between '1900-01-01' and '2999-12-31' then available_at end as available_at,
    case when claimed_at between '1900-01-01' and '2999-12-31' then claimed_at end as claimed_at,
    case when started_at between '1900-01-01' and '2999-12-31' then started_at end as started_at,
    case when finished_at between '1900-01-01' and '2999-12-31' then finished_at end as finished_at,
    left(worker_id, 200) as worker_id,
    left(error_code, 200) as error_code,
    left(error_message, 400) as error_message,
    case
        when greatest(queued_at, claimed_at, started_at, finished_at) > $2::timestamptz then 'future_time'
        when (status in ('queued', 'scheduled', 'in_progress', 'retrying', 'failed', 'completed', 'cancelled')) is not true
            then 'unknown_value'
        when status in ('failed', 'completed', 'cancelled') and finished_at is null then 'missing_time'
        when status in ('failed', 'completed', 'cancelled') and finished_at < started_at then 'negative_duration'
        when status in ('queued', 'scheduled', 'in_progress', 'retrying') and queued_at is null then 'missing_time'
    end as flaw
from {transcode_jobs}
where environment = $1 {filters}
order by status in ('completed', 'cancelled'), transcode_jobs.queued_at desc nulls last, job_id
limit $3;

-- name: job_counts
-- How many are those jobs in all?
-- $1 environment
select count(*) as jobs
from {transcode_jobs}
where environment = $1 {filters};
