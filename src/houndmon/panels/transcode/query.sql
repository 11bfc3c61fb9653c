-- name: finished
-- How many jobs that are over, of each status, attempt and error code, finished in each slice of time?
-- Relies on (environment, finished_at); with a support filter on (artist_id, …) or (release_id, …) where there is one.
-- $1 environment, $2 the last instant that counts as now, $3 the edges of the slices, $4 the first instant, $5 the first
-- one beyond, or null, $6 all white space. Rows of unknown environments are among the flaws of both known ones.
-- Until `ripe_at` (5 s before it) some time of the job lies in the future.
select slice, ripe_at, flaw, status, attempt, error_code, count(*) as jobs, min(message) as message
from (
    select
        width_bucket(finished_at, $3::timestamptz[]) as slice,
        case
            when greatest(queued_at, claimed_at, started_at, finished_at) > $2::timestamptz
                then least(greatest(queued_at, claimed_at, started_at, finished_at), timestamptz '9999-01-01Z')
        end as ripe_at,
        case
            when environment <> $1 then 'unknown_environment'
            when (status in ('failed', 'completed')) is not true then 'unknown_value'
            when finished_at < started_at then 'negative_duration'
        end as flaw,
        case when environment = $1 and status in ('failed', 'completed') then status end as status,
        case when environment = $1 then least(attempt, 20) else 0 end as attempt,
        case when environment = $1 and status = 'failed' then error_code end as error_code,
        case
            when environment = $1 and status = 'failed' and btrim(left(error_message, 200), $6::text) <> ''
                then left(error_message, 200)
        end as message
    from {transcode_jobs}
    where {theirs}
        and finished_at >= $4::timestamptz and ($5::timestamptz is null or finished_at < $5)
        and (status in ('queued', 'in_progress', 'retrying')) is not true {filters}
) as seen
group by slice, ripe_at, flaw, status, attempt, error_code;

-- name: durations
-- How many jobs completed in each slice of time, by how long they took, in minutes?
-- Those without a sane start have no duration. The buckets are those of counts/histogram.py. $1 … $5 as above
select slice, ripe_at, bucket, count(*) as samples, max(minutes) as top
from (
    select
        slice,
        ripe_at,
        minutes,
        case when minutes > 0 then ceil(ln(minutes) / 0.009980082835570439)::integer when minutes = 0 then -2147483648 else -2147483647 end as bucket
    from (
        select
            width_bucket(finished_at, $3::timestamptz[]) as slice,
            case
                when greatest(queued_at, claimed_at, started_at, finished_at) > $2::timestamptz
                    then least(greatest(queued_at, claimed_at, started_at, finished_at), timestamptz '9999-01-01Z')
            end as ripe_at,
            extract(epoch from least(finished_at, timestamptz '9999-01-01Z') - started_at)::float8 / 60 as minutes
        from {transcode_jobs}
        where environment = $1
            and finished_at >= $4::timestamptz and ($5::timestamptz is null or finished_at < $5)
            and status = 'completed'
            and isfinite(started_at)
            and isfinite(finished_at)
            and started_at <= finished_at {filters}
    ) as timed
) as sorted
group by slice, ripe_at, bucket;

-- name: live
-- Which jobs are under way now, or over without a finish, of each status, attempt and code?
-- Relies on the partial (environment, status, queued_at) of active jobs, and on (environment, finished_at) for null.
-- $1 environment, $2 the last instant that counts as now, $3 the edges of the slices
select slice, unfinished, flaw, status, attempt, count(*) as jobs
from (
    select
        coalesce(width_bucket(finished_at, $3::timestamptz[]), 0) as slice,
        finished_at is null as unfinished,
        case
            when environment <> $1 then 'unknown_environment'
            when greatest(queued_at, claimed_at, started_at, finished_at) > $2::timestamptz then 'future_time'
            when (status in ('queued', 'in_progress', 'retrying', 'failed', 'completed')) is not true then 'unknown_value'
            when status in ('failed', 'completed') then 'missing_time'
        end as flaw,
        case when environment = $1 and status in ('queued', 'in_progress', 'retrying') then status end as status,
        case when environment = $1 then least(attempt, 20) else 0 end as attempt
    from {transcode_jobs}
    where (
        environment = $1 and status in ('queued', 'in_progress', 'retrying')
        or environment = $1 and finished_at is null
        or environment < 'prod' and status in ('queued', 'in_progress', 'retrying')
        or environment < 'prod' and finished_at is null
        or environment > 'prod' and environment < 'staging' and status in ('queued', 'in_progress', 'retrying')
        or environment > 'prod' and environment < 'staging' and finished_at is null
        or environment > 'staging' and status in ('queued', 'in_progress', 'retrying')
        or environment > 'staging' and finished_at is null
    ) {filters}
) as seen
group by slice, unfinished, flaw, status, attempt;

-- name: waiting
-- Which jobs of an environment are under way, and since when?
-- Relies on the partial (environment, status, queued_at) of active jobs.
-- $1 environment, $2 the last instant that counts as now
select job_id, status, queued_at, claimed_at, started_at
from {transcode_jobs}
where environment = $1
    and status in ('queued', 'in_progress', 'retrying')
    and greatest(queued_at, claimed_at, started_at, finished_at) <= $2::timestamptz {filters};

-- name: waits
-- For how many seconds has the oldest active job of each status been in it?
-- The clock of a job in progress starts where it started, else where it was claimed, else where it was queued.
-- $3 now; a time before our era is taken for its start: further back there are no dates.
select status, max(greatest(0, extract(epoch from $3::timestamptz - since)::float8)) as seconds
from (
    select
        status,
        greatest(
            case status when 'in_progress' then coalesce(started_at, claimed_at, queued_at) else queued_at end,
            timestamptz '0001-01-01Z'
        ) as since
    from {waiting} as active
) as known
group by status;

-- name: oldest_queued
-- Which job has been queued for longest?
select job_id::text as job_id
from {waiting} as active
where status = 'queued'
order by queued_at, job_id
limit 1;

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

-- name: stays
-- How many jobs that are over entered the queue in which minute and left it in which later one?
-- A job leaves it where it is first claimed, started or finished. One that did so within the minute waited at no minute's
-- end. They are placed by their finish, for that is what an index serves. $1 … $5 as above
select slice, ripe_at, entered_at, left_at, count(*) as jobs, min(queued_at) as first_queued_at
from (
    select
        width_bucket(finished_at, $3::timestamptz[]) as slice,
        case
            when greatest(queued_at, claimed_at, started_at, finished_at) > $2::timestamptz
                then least(greatest(queued_at, claimed_at, started_at, finished_at), timestamptz '9999-01-01Z')
        end as ripe_at,
        date_trunc('minute', greatest(queued_at, timestamptz '2000-01-01Z')) as entered_at,
        date_trunc('minute', least(claimed_at, started_at, finished_at, timestamptz '9999-01-01Z')) as left_at,
        greatest(queued_at, timestamptz '2000-01-01Z') as queued_at
    from {transcode_jobs}
    where environment = $1
        and finished_at >= $4::timestamptz and ($5::timestamptz is null or finished_at < $5)
        and status in ('failed', 'completed') {filters}
) as known
where entered_at < left_at
group by slice, ripe_at, entered_at, left_at;

-- name: live_stays
-- The same of jobs that are under way; one that waits now has not left.
select entered_at, left_at, count(*) as jobs, min(queued_at) as first_queued_at
from (
    select
        date_trunc('minute', greatest(queued_at, timestamptz '2000-01-01Z')) as entered_at,
        case
            when coalesce(claimed_at, started_at) is not null
                then date_trunc('minute', greatest(least(claimed_at, started_at), timestamptz '2000-01-01Z'))
        end as left_at,
        greatest(queued_at, timestamptz '2000-01-01Z') as queued_at
    from {waiting} as active
) as known
group by entered_at, left_at;
