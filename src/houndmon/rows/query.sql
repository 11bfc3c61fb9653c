-- name: jobs
-- What is listed of each job, and where does it stand? One is queued that could be taken now, as the panel counts it.
-- Times that no calendar has are null; `finish`, `since` and `newest_at` are as they were written, for comparison alone.
-- $1 environment, $2 the last instant that counts as now
select
    environment,
    status as written_status,
    finished_at as finish,
    coalesce(started_at, claimed_at, queued_at) as since,
    greatest(queued_at, claimed_at, started_at, finished_at) as newest_at,
    claimed_at is not null and started_at is null as is_idle,
    coalesce(error_code, '') as code,
    case
        when status in ('queued', 'scheduled') and available_at > $2::timestamptz then 'scheduled'
        when status in ('queued', 'scheduled') and available_at is not null then 'queued'
        else status
    end as status,
    case when queued_at is not null then greatest(queued_at, available_at) end as takeable_at,
    left(job_id::text, 200) as job_id,
    attempt,
    left(error_code, 200) as error_code,
    left(error_message, 400) as error_message,
    case when queued_at between '1900-01-01' and '2999-12-31' then queued_at end as queued_at,
    case when available_at between '1900-01-01' and '2999-12-31' then available_at end as available_at,
    case when claimed_at between '1900-01-01' and '2999-12-31' then claimed_at end as claimed_at,
    case when started_at between '1900-01-01' and '2999-12-31' then started_at end as started_at,
    case when finished_at between '1900-01-01' and '2999-12-31' then finished_at end as finished_at,
    left(worker_id, 200) as worker_id,
    left(track_id::text, 200) as track_id,
    left(release_id::text, 200) as release_id,
    left(artist_id::text, 200) as artist_id
from {transcode_jobs}
where true {filters};

-- name: ended_jobs
-- Which jobs of some statuses finished since an instant, the newest first?
-- Relies on (environment, finished_at); with a support filter on (artist_id, …) or (release_id, …) where there is one.
-- $1 environment, $2 the last instant that counts as now, $3 the first instant, $4 the statuses, $5 the error codes,
-- a blank one for null, or null for all, $6 how many
select
    job_id, status, attempt, error_code, error_message, queued_at, available_at, claimed_at, started_at, finished_at,
    worker_id, track_id, release_id, artist_id
from {jobs} as known
where environment = $1
    and finish >= $3::timestamptz
    and newest_at <= $2
    and written_status = any ($4::text[])
    and ($5::text[] is null or code = any ($5))
order by finish desc, job_id
limit $6;

-- name: ended_job_codes
-- Which error codes have they?
select distinct code
from {jobs} as known
where environment = $1
    and finish >= $3::timestamptz
    and newest_at <= $2
    and written_status = any ($4::text[]);

-- name: active_jobs
-- Which jobs stand at some status now, the one that waits longest first?
-- Relies on the partial (environment, status, queued_at) of active jobs.
-- $1 environment, $2 the last instant that counts as now, $3 the statuses, $4 the instant since before which they have been
-- at work, or null, $5 whether those alone that are claimed and not started, $6 how many
select
    job_id, status, attempt, error_code, error_message, queued_at, available_at, claimed_at, started_at, finished_at,
    worker_id, track_id, release_id, artist_id
from {jobs} as known
where environment = $1
    and written_status in ('queued', 'scheduled', 'in_progress', 'retrying')
    and (newest_at > $2) is not true
    and status = any ($3::text[])
    and ($4::timestamptz is null or since < $4)
    and (is_idle or not $5::boolean)
order by case when status = 'in_progress' then since else takeable_at end nulls last, job_id
limit $6;

-- name: plays
-- What is listed of each play of some outcomes since an instant?
-- Relies on (environment, occurred_at); with a support filter on (artist_id, occurred_at) or (release_id, occurred_at).
-- $1 environment, $2 the last instant that counts as now, $3 the first instant, $4 the outcomes
select
    occurred_at, outcome,
    coalesce(error_code, '') as code,
    left(error_code, 200) as error_code,
    left(error_message, 400) as error_message,
    left(platform, 200) as platform,
    left(browser, 200) as browser,
    left(track_id::text, 200) as track_id,
    left(release_id::text, 200) as release_id,
    left(artist_id::text, 200) as artist_id
from {play_attempts}
where environment = $1
    and occurred_at >= $3::timestamptz and occurred_at <= $2::timestamptz
    and outcome = any ($4::text[]) {filters};

-- name: listed_plays
-- Which are they, the newest first?
-- $5 the error codes, a blank one for null, or null for all, $6 how many
select occurred_at, outcome, error_code, error_message, platform, browser, track_id, release_id, artist_id
from {plays} as known
where $5::text[] is null or code = any ($5)
order by occurred_at desc, track_id
limit $6;

-- name: play_codes
-- Which error codes have they?
select distinct code from {plays} as known;

-- name: uploads
-- What is listed of each upload of some outcomes since an instant?
-- Relies on (environment, occurred_at); with a support filter on (artist_id, occurred_at) or (release_id, occurred_at).
-- $1 environment, $2 the last instant that counts as now, $3 the first instant, $4 the outcomes
select
    occurred_at, outcome,
    coalesce(rejection_reason, '') as code,
    left(rejection_reason, 200) as rejection_reason,
    left(track_id::text, 200) as track_id,
    left(release_id::text, 200) as release_id,
    left(artist_id::text, 200) as artist_id
from {upload_attempts}
where environment = $1
    and occurred_at >= $3::timestamptz and occurred_at <= $2::timestamptz
    and outcome = any ($4::text[]) {filters};

-- name: listed_uploads
-- Which are they, the newest first?
-- $5 the reasons of a rejection, a blank one for null, or null for all, $6 how many
select occurred_at, outcome, rejection_reason, track_id, release_id, artist_id
from {uploads} as known
where $5::text[] is null or code = any ($5)
order by occurred_at desc, track_id
limit $6;

-- name: upload_codes
-- Which reasons have they?
select distinct code from {uploads} as known;

-- name: placed
-- Where do tracks stand in time since an instant, as the panel places them?
-- By their upload; by their plan, where that is later and has come; by when they went live, where that was ahead of it.
-- Relies on (environment, uploaded_at) and (environment, publish_at); with a support filter on (artist_id, …) or
-- (release_id, …) where there is one. Each branch has the conditions of one index: no plan serves their alternative.
-- $1 environment, $2 the last instant that counts as now, $3 the first instant
select uploaded_at as placed_at, track_id, release_id, artist_id, state, uploaded_at, publish_at, live_at
from {tracks}
where environment = $1
    and uploaded_at >= $3::timestamptz
    and (publish_at > uploaded_at) is not true {filters}
union all
select publish_at, track_id, release_id, artist_id, state, uploaded_at, publish_at, live_at
from {tracks}
where environment = $1
    and publish_at >= $3::timestamptz
    and publish_at <= $2::timestamptz
    and publish_at > uploaded_at {filters}
union all
select live_at, track_id, release_id, artist_id, state, uploaded_at, publish_at, live_at
from {tracks}
where environment = $1
    and publish_at > $2::timestamptz
    and publish_at > uploaded_at
    and live_at >= $3::timestamptz
    and live_at <= $2 {filters};

-- name: listed_tracks
-- Which tracks of some fates were due since an instant, the one due last first?
-- $4 the fates, $5 the limit in seconds, $6 the instant before which what waits is overdue, $7 how many
select
    left(track_id::text, 200) as track_id,
    state,
    placed_at as due_at,
    case when uploaded_at between '1900-01-01' and '2999-12-31' then uploaded_at end as uploaded_at,
    case when publish_at between '1900-01-01' and '2999-12-31' then publish_at end as publish_at,
    case when live_at between '1900-01-01' and '2999-12-31' then live_at end as live_at,
    left(release_id::text, 200) as release_id,
    left(artist_id::text, 200) as artist_id
from (
    select
        placed_at, track_id, release_id, artist_id, state, uploaded_at, publish_at, live_at,
        case
            when live_at <= least(placed_at, timestamptz '9999-01-01Z') + make_interval(secs => $5::float8) then 'in_time'
            when live_at is not null then 'late'
            when placed_at < $6::timestamptz then 'overdue'
            else 'waiting'
        end as fate
    from {placed} as placed
    where state in ('uploaded', 'processing', 'ready', 'live')
        and (state <> 'live' or live_at is not null)
        and greatest(uploaded_at, live_at) <= $2
) as due
where fate = any ($4::text[])
order by placed_at desc, track_id
limit $7;
