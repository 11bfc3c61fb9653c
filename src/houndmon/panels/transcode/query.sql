-- name: jobs
-- Which jobs of an environment may a figure count, and what is wrong with each?
-- Relies on (environment, finished_at) and the partial (environment, status, queued_at) of active jobs.
-- $1 environment, $2 the last instant that counts as now, $3 the first instant of a finish
select
    job_id, attempt, queued_at, claimed_at, started_at, finished_at, error_code, error_message,
    case
        when status in ('queued', 'in_progress', 'retrying', 'failed', 'completed') then status
    end as status,
    case
        when greatest(queued_at, claimed_at, started_at, finished_at) > $2::timestamptz then 'future_time'
        when (status in ('queued', 'in_progress', 'retrying', 'failed', 'completed')) is not true then 'unknown_value'
        when status in ('failed', 'completed') and finished_at is null then 'missing_time'
        when status in ('failed', 'completed') and finished_at < started_at then 'negative_duration'
    end as flaw
from {transcode_jobs}
where environment = $1
    and (
        finished_at >= $3::timestamptz
        or finished_at is null
        or status in ('queued', 'in_progress', 'retrying')
    ) {filters};

-- name: counts
-- How many jobs of each status, attempt and error code finished in each slice of time, or have no finish?
-- $4 the edges of the slices, $5 all white space
select slice, unfinished, flaw, status, attempt, error_code, count(*) as jobs, min(message) as message
from (
    select
        coalesce(width_bucket(finished_at, $4::timestamptz[]), 0) as slice,
        finished_at is null as unfinished,
        flaw,
        status,
        least(attempt, 20) as attempt,
        case when status = 'failed' then error_code end as error_code,
        case
            when status = 'failed' and btrim(error_message, $5::text) <> '' then left(error_message, 200)
        end as message
    from {jobs} as known
) as seen
group by slice, unfinished, flaw, status, attempt, error_code;

-- name: waits
-- For how many seconds has the oldest active job of each status been in it?
-- The clock of a job in progress starts where it started, else where it was claimed, else where it was queued.
-- $4 now; a time before 2000 is none that a queue could have: it is taken for 2000.
select status, max(greatest(0, extract(epoch from $4::timestamptz - since)::float8)) as seconds
from (
    select
        status,
        greatest(
            case status when 'in_progress' then coalesce(started_at, claimed_at, queued_at) else queued_at end,
            timestamptz '2000-01-01Z'
        ) as since
    from {jobs} as known
    where status in ('queued', 'in_progress', 'retrying') and flaw is null
) as waiting
group by status;

-- name: oldest_queued
-- Which job has been queued for longest?
select job_id::text as job_id
from {jobs} as known
where status = 'queued' and flaw is null
order by queued_at, job_id
limit 1;

-- name: durations
-- How long did the completed jobs take, in minutes, by nearest rank? Jobs without a sane start have no duration.
select
    percentile_disc(0.5) within group (order by minutes) as p50,
    percentile_disc(0.95) within group (order by minutes) as p95,
    max(minutes) as max,
    count(minutes) as sample_count
from (
    select extract(epoch from finished_at - started_at)::float8 / 60 as minutes
    from {jobs} as known
    where status = 'completed' and flaw is null and finished_at >= $3::timestamptz and isfinite(started_at)
) as timed;

-- name: strangers
-- How many jobs belong to no known environment? Placed by their finish; unfinished ones are always among them.
-- Relies on (environment, finished_at): three ranges beside and between the two known names.
-- $1 the first instant
select count(*) as rows
from {transcode_jobs}
where (environment < 'prod' or environment > 'prod' and environment < 'staging' or environment > 'staging')
    and (finished_at is null or finished_at >= $1::timestamptz) {filters};

-- name: newest_finish
-- When did a job last finish?
-- Relies on (environment, finished_at).
-- $1 environment, $2 the last instant that counts as now, $3 the first instant
select finished_at
from {transcode_jobs}
where environment = $1
    and finished_at between $3::timestamptz and $2::timestamptz
    and status in ('failed', 'completed')
    and greatest(queued_at, claimed_at, started_at) <= $2::timestamptz
order by finished_at desc
limit 1;

-- name: durations_by_slice
-- How long did the completed jobs of each slice of time take, in minutes, by nearest rank?
-- $4 the edges of the slices
select
    width_bucket(finished_at, $4::timestamptz[]) as slice,
    percentile_disc(0.5) within group (order by minutes) as p50,
    percentile_disc(0.95) within group (order by minutes) as p95
from (
    select finished_at, extract(epoch from finished_at - started_at)::float8 / 60 as minutes
    from {jobs} as known
    where status = 'completed' and flaw is null and finished_at >= $3::timestamptz and isfinite(started_at)
) as timed
group by slice;

-- name: queued_by_slice
-- How many jobs were queued in which slice of time and left the queue in which, and when was the first of them queued?
-- A job leaves the queue where it is first claimed, started or finished; one that waits now has not left it.
-- $4 the edges of the slices, $5 the number of a slice after the last
select
    width_bucket(queued_at, $4::timestamptz[]) as entered,
    coalesce(width_bucket(least(claimed_at, started_at, finished_at), $4::timestamptz[]), $5::integer) as slice,
    count(*) as jobs,
    min(greatest(queued_at, timestamptz '2000-01-01Z')) as first_queued_at
from {jobs} as known
where flaw is null or flaw = 'negative_duration'
group by entered, slice;
