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

-- name: release_matches
-- Which releases hold every word in their title or artist's name, or go by the text as an id? The closest first.
-- Relies on no index: releases are few beside events, and the time limit of a statement holds.
-- $1 a pattern for each word, $2 the text at the start of a name, $3 the text, $4 how many
select release_id, artist_id, title, artist_name
from {named} as named
where concat_ws(' ', title, artist_name) ilike all ($1::text[]) or release_id = $3 or artist_id = $3
order by
    release_id = $3 desc,
    coalesce(title ilike $2, false) desc,
    coalesce(artist_name ilike $2, false) desc,
    title,
    release_id
limit $4;

-- name: artist_matches
-- Which artists hold every word in their name, or go by the text as an id? The closest first.
-- Relies on no index, as above. Parameters as above.
select artist_id, min(artist_name) as artist_name, count(*) as releases
from {named} as named
where artist_id is not null and (artist_name ilike all ($1::text[]) or artist_id = $3)
group by artist_id
order by artist_id = $3 desc, coalesce(min(artist_name) ilike $2, false) desc, min(artist_name), artist_id
limit $4;

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
        when greatest(uploaded_at, live_at) > $2::timestamptz then 'future_time'
        when (state in ('uploaded', 'processing', 'ready', 'live', 'rejected', 'withdrawn')) is not true then 'unknown_value'
        when state = 'live' and live_at is null then 'missing_time'
        when live_at < uploaded_at then 'negative_duration'
    end as flaw,
    (state = 'live' or live_at is not null) and (state in ('rejected', 'withdrawn')) is not true as is_live,
    (state in ('rejected', 'withdrawn')) is true as is_out
from {tracks}
where environment = $1 {filters};

-- name: tracks
-- Which are those tracks, the ones that are not live first, the oldest of them first; and how many are there in all?
-- $3 how many
select
    track_id, release_id, state, uploaded_at, live_at, flaw,
    count(*) over () as all_tracks,
    count(*) filter (where is_live) over () as live_tracks
from {known_tracks} as known
order by is_live or is_out, uploaded_at, track_id
limit $3;

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
    case when claimed_at between '1900-01-01' and '2999-12-31' then claimed_at end as claimed_at,
    case when started_at between '1900-01-01' and '2999-12-31' then started_at end as started_at,
    case when finished_at between '1900-01-01' and '2999-12-31' then finished_at end as finished_at,
    left(worker_id, 200) as worker_id,
    left(error_code, 200) as error_code,
    left(error_message, 400) as error_message,
    case
        when greatest(queued_at, claimed_at, started_at, finished_at) > $2::timestamptz then 'future_time'
        when (status in ('queued', 'in_progress', 'retrying', 'failed', 'completed')) is not true then 'unknown_value'
        when status in ('failed', 'completed') and finished_at is null then 'missing_time'
        when status in ('failed', 'completed') and finished_at < started_at then 'negative_duration'
    end as flaw,
    count(*) over () as all_jobs
from {transcode_jobs}
where environment = $1 {filters}
order by status = 'completed', transcode_jobs.queued_at desc, job_id
limit $3;
