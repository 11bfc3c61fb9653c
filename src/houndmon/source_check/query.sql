-- name: everywhere
-- Which environments are meant: all of them, in ranges that an index on (environment, …) serves.
environment = 'prod' or environment = 'staging' or environment < 'prod'
    or environment > 'prod' and environment < 'staging' or environment > 'staging' or environment is null;

-- Throughout: $1 the first instant that is looked at, $2 the most rows that are, $3 now.

-- name: seen_upload_attempts
-- What do the newest uploads say, by environment and outcome?
-- Relies on (environment, occurred_at).
select
    left(environment::text, 80) as environment,
    left(outcome::text, 80) as word,
    count(*) as rows,
    (sum(count(*)) over ())::bigint as all_rows,
    count(*) filter (where occurred_at > $3::timestamptz + interval '5 seconds') as future_time,
    extract(epoch from $3 - max(occurred_at) filter (where occurred_at <= $3 + interval '5 seconds'))::float8 as newest_seconds,
    extract(epoch from $3 - min(occurred_at) filter (where occurred_at <= $3 + interval '5 seconds'))::float8 as oldest_seconds,
    count(*) filter (where artist_id is null) as null_artist_id,
    count(*) filter (where release_id is null) as null_release_id,
    count(*) filter (where track_id is null) as null_track_id,
    count(*) filter (where rejection_reason is null and outcome::text = 'rejected') as null_rejection_reason
from (
    select * from {upload_attempts} where {everywhere} and occurred_at >= $1::timestamptz limit $2
) as seen
group by 1, 2
order by rows desc
limit 200;

-- name: seen_transcode_jobs
-- What do the jobs under way, and the newest that are over, say, by environment and status?
-- Relies on (environment, finished_at), for null too.
select
    left(environment::text, 80) as environment,
    left(status::text, 80) as word,
    count(*) as rows,
    (sum(count(*)) over ())::bigint as all_rows,
    count(*) filter (where greatest(claimed_at, started_at, finished_at) > $3::timestamptz + interval '5 seconds') as future_time,
    count(*) filter (where queued_at > $3 + interval '5 seconds') as future_queued_at,
    extract(epoch from $3 - max(finished_at) filter (where finished_at <= $3 + interval '5 seconds'))::float8 as newest_seconds,
    extract(epoch from $3 - min(finished_at) filter (where finished_at <= $3 + interval '5 seconds'))::float8 as oldest_seconds,
    count(*) filter (where job_id is null) as null_job_id,
    count(*) filter (where queued_at is null) as null_queued_at,
    count(*) filter (where finished_at is null) as null_finished_at,
    count(*) filter (where finished_at < started_at or started_at < claimed_at) as negative_duration,
    count(*) filter (where attempt < 1) as low_attempt,
    count(*) filter (where artist_id is null) as null_artist_id,
    count(*) filter (where release_id is null) as null_release_id,
    count(*) filter (where track_id is null) as null_track_id,
    count(*) filter (where attempt is null) as null_attempt,
    count(*) filter (where worker_id is null) as null_worker_id,
    count(*) filter (where claimed_at is null) as null_claimed_at,
    count(*) filter (where started_at is null) as null_started_at,
    count(*) filter (where error_code is null and status::text = 'failed') as null_error_code
from (
    select *
    from (
        select * from {transcode_jobs} where {everywhere} and finished_at >= $1::timestamptz
        union all
        select * from {transcode_jobs} where {everywhere} and finished_at is null
    ) as both_kinds
    limit $2
) as seen
group by 1, 2
order by rows desc
limit 200;

-- name: seen_worker_heartbeats
-- What do the newest beats say, by environment?
-- Relies on (environment, worker_id, beat_at).
select
    left(environment::text, 80) as environment,
    null::text as word,
    count(*) as rows,
    (sum(count(*)) over ())::bigint as all_rows,
    count(*) filter (where beat_at > $3::timestamptz + interval '5 seconds') as future_time,
    extract(epoch from $3 - max(beat_at) filter (where beat_at <= $3 + interval '5 seconds'))::float8 as newest_seconds,
    extract(epoch from $3 - min(beat_at) filter (where beat_at <= $3 + interval '5 seconds'))::float8 as oldest_seconds,
    count(*) filter (where worker_id is null) as null_worker_id,
    count(*) filter (where process_started_at > $3 + interval '5 seconds') as start_ahead,
    count(*) filter (where process_started_at is null) as null_process_started_at
from (
    select * from {worker_heartbeats} where {everywhere} and beat_at >= $1::timestamptz limit $2
) as seen
group by 1
order by rows desc
limit 200;

-- name: seen_play_attempts
-- What do the newest plays say, by environment and outcome?
-- Relies on (environment, occurred_at).
select
    left(environment::text, 80) as environment,
    left(outcome::text, 80) as word,
    count(*) as rows,
    (sum(count(*)) over ())::bigint as all_rows,
    count(*) filter (where occurred_at > $3::timestamptz + interval '5 seconds') as future_time,
    extract(epoch from $3 - max(occurred_at) filter (where occurred_at <= $3 + interval '5 seconds'))::float8 as newest_seconds,
    extract(epoch from $3 - min(occurred_at) filter (where occurred_at <= $3 + interval '5 seconds'))::float8 as oldest_seconds,
    count(*) filter (where artist_id is null) as null_artist_id,
    count(*) filter (where release_id is null) as null_release_id,
    count(*) filter (where track_id is null) as null_track_id,
    count(*) filter (where platform is null) as null_platform,
    count(*) filter (where browser is null) as null_browser,
    count(*) filter (where error_code is null and outcome::text = 'failed') as null_error_code
from (
    select * from {play_attempts} where {everywhere} and occurred_at >= $1::timestamptz limit $2
) as seen
group by 1, 2
order by rows desc
limit 200;

-- name: seen_api_requests
-- What do the newest counts of requests say, by environment?
-- Relies on (environment, occurred_at).
select
    left(environment::text, 80) as environment,
    null::text as word,
    count(*) as rows,
    (sum(count(*)) over ())::bigint as all_rows,
    count(*) filter (where occurred_at > $3::timestamptz + interval '5 seconds') as future_time,
    extract(epoch from $3 - max(occurred_at) filter (where occurred_at <= $3 + interval '5 seconds'))::float8 as newest_seconds,
    extract(epoch from $3 - min(occurred_at) filter (where occurred_at <= $3 + interval '5 seconds'))::float8 as oldest_seconds,
    count(*) filter (where (status_code between 100 and 599) is not true) as odd_status_code,
    count(*) filter (where (requests >= 1) is not true) as odd_requests,
    count(*) filter (where service is null) as null_service,
    count(*) filter (where route is null) as null_route
from (
    select * from {api_requests} where {everywhere} and occurred_at >= $1::timestamptz limit $2
) as seen
group by 1
order by rows desc
limit 200;

-- name: seen_tracks
-- What do the newest tracks say, by environment and state?
-- Relies on (environment, uploaded_at).
select
    left(environment::text, 80) as environment,
    left(state::text, 80) as word,
    count(*) as rows,
    (sum(count(*)) over ())::bigint as all_rows,
    count(*) filter (where uploaded_at > $3::timestamptz + interval '5 seconds') as future_time,
    extract(epoch from $3 - max(uploaded_at) filter (where uploaded_at <= $3 + interval '5 seconds'))::float8 as newest_seconds,
    extract(epoch from $3 - min(uploaded_at) filter (where uploaded_at <= $3 + interval '5 seconds'))::float8 as oldest_seconds,
    count(*) filter (where track_id is null) as null_track_id,
    count(*) filter (where live_at < uploaded_at) as negative_duration,
    count(*) filter (where live_at is null and state::text = 'live') as live_without_time,
    count(*) filter (where artist_id is null) as null_artist_id,
    count(*) filter (where release_id is null) as null_release_id
from (
    select * from {tracks} where {everywhere} and uploaded_at >= $1::timestamptz limit $2
) as seen
group by 1, 2
order by rows desc
limit 200;

-- name: seen_releases
-- What do some releases say? They have no time to choose by.
select
    count(*) as rows,
    count(*) filter (where release_id is null) as null_release_id,
    count(*) filter (where artist_id is null) as null_artist_id,
    count(*) filter (where title is null) as null_title,
    count(*) filter (where artist_name is null) as null_artist_name
from (select * from {releases} limit $1::bigint) as seen;

-- name: undated_upload_attempts
-- How many uploads have no time? Each of these stops at a thousand.
select count(*) as rows from (select 1 from {upload_attempts} where {everywhere} and occurred_at is null limit 1000) as seen;

-- name: undated_worker_heartbeats
select count(*) as rows from (select 1 from {worker_heartbeats} where {everywhere} and beat_at is null limit 1000) as seen;

-- name: undated_play_attempts
select count(*) as rows from (select 1 from {play_attempts} where {everywhere} and occurred_at is null limit 1000) as seen;

-- name: undated_api_requests
select count(*) as rows from (select 1 from {api_requests} where {everywhere} and occurred_at is null limit 1000) as seen;

-- name: undated_tracks
select count(*) as rows from (select 1 from {tracks} where {everywhere} and uploaded_at is null limit 1000) as seen;

-- name: repeated_transcode_jobs
-- Which ids of jobs repeat most, and how many do?
select
    left(id, 80) as id,
    rows,
    count(*) over () as ids,
    count(*) filter (where rows > 1) over () as repeated,
    (sum(rows) over ())::bigint as all_rows
from (
    select job_id::text as id, count(*) as rows
    from (
        select job_id
        from (
            select job_id from {transcode_jobs} where {everywhere} and finished_at >= $1::timestamptz
            union all
            select job_id from {transcode_jobs} where {everywhere} and finished_at is null
        ) as both_kinds
        limit $2
    ) as seen
    where job_id is not null
    group by 1
) as counted
order by rows desc, id
limit 3;

-- name: repeated_tracks
-- The same of tracks.
select
    left(id, 80) as id,
    rows,
    count(*) over () as ids,
    count(*) filter (where rows > 1) over () as repeated,
    (sum(rows) over ())::bigint as all_rows
from (
    select track_id::text as id, count(*) as rows
    from (
        select track_id from {tracks} where {everywhere} and uploaded_at >= $1::timestamptz limit $2
    ) as seen
    where track_id is not null
    group by 1
) as counted
order by rows desc, id
limit 3;

-- name: history
-- How far back do completed jobs reach, and how many failed before the first of them?
-- Relies on (environment, finished_at).
with finished as materialized (
    select status::text as status, finished_at
    from {transcode_jobs}
    where {everywhere}
        and finished_at >= $1::timestamptz
        and finished_at <= $3::timestamptz + interval '5 seconds'
        and status::text in ('failed', 'completed')
    limit $2
),
first_completed as (select min(finished_at) as at from finished where status = 'completed')
select
    (select count(*) from finished) as all_rows,
    (select count(*) from finished where status = 'completed') as completed,
    (select count(*) from finished where status = 'failed' and finished_at >= first_completed.at) as failed,
    (
        select count(*)
        from finished
        where status = 'failed' and (finished_at >= first_completed.at) is not true
    ) as failed_before,
    extract(epoch from $3 - first_completed.at)::float8 as completed_seconds,
    (select extract(epoch from $3 - min(finished_at))::float8 from finished where status = 'failed') as failed_seconds
from first_completed;

-- name: job_workers
-- Which workers do jobs name?
select left(worker_id::text, 200) as worker_id, count(*) as jobs, count(*) filter (where in_progress) as in_progress
from (
    select *
    from (
        select worker_id, false as in_progress
        from {transcode_jobs} where {everywhere} and finished_at >= $1::timestamptz
        union all
        select worker_id, status::text = 'in_progress' as in_progress
        from {transcode_jobs} where {everywhere} and finished_at is null
    ) as both_kinds
    limit $2
) as seen
where worker_id is not null
group by 1
order by in_progress desc, jobs desc, worker_id
limit 200;

-- name: beating_workers
-- Which of these workers beat in the last days?
-- Relies on (environment, worker_id, beat_at). $1 the first instant, $2 the workers
select distinct worker_id::text as worker_id
from {worker_heartbeats}
where {everywhere} and worker_id = any($2::text[]) and beat_at >= $1::timestamptz;

-- name: any_beats
-- Did any worker beat since?
select 1 as beat from {worker_heartbeats} where {everywhere} and beat_at >= $1::timestamptz limit 1;

-- name: ever_completed
-- Did any job ever complete?
select 1 as job from {transcode_jobs} where status::text = 'completed' limit 1;

-- name: beats_a_worker
-- How many rows has a worker, how often does one beat, and how many are alive?
select
    count(*) as workers,
    coalesce(sum(rows), 0)::bigint as all_rows,
    coalesce(max(rows), 0) as most_rows,
    count(*) filter (where newest >= $3::timestamptz - interval '120 seconds') as alive,
    (percentile_disc(0.5) within group (order by gap) filter (where rows > 2))::float8 as gap_seconds
from (
    select
        worker_id,
        count(*) as rows,
        max(beat_at) as newest,
        percentile_disc(0.5) within group (order by gap) as gap
    from (
        select
            worker_id,
            beat_at,
            extract(epoch from beat_at - lag(beat_at) over (partition by worker_id order by beat_at)) as gap
        from (
            select worker_id::text as worker_id, beat_at
            from {worker_heartbeats}
            where {everywhere}
                and beat_at >= $1::timestamptz and beat_at <= $3::timestamptz + interval '5 seconds'
            limit $2
        ) as seen
        where worker_id is not null
    ) as spaced
    group by worker_id
) as by_worker;

-- name: clients
-- Which clients play, by the names that some parser gave them?
select
    left(platform::text, 80) as platform,
    left(browser::text, 80) as browser,
    count(*) as rows,
    (sum(count(*)) over ())::bigint as all_rows
from (
    select platform, browser from {play_attempts}
    where {everywhere} and occurred_at >= $1::timestamptz
    limit $2
) as seen
group by 1, 2
order by rows desc, 1, 2
limit 200;
