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
        {ripe_at:queued_at, claimed_at, started_at, finished_at} as ripe_at,
        case
            when environment is distinct from $1 then 'unknown_environment'
            when (status in ('failed', 'completed', 'cancelled')) is not true then 'unknown_value'
            when finished_at < started_at then 'negative_duration'
        end as flaw,
        case when environment = $1 and status in ('failed', 'completed', 'cancelled') then status end as status,
        case when environment = $1 then least(coalesce(attempt, 1), 20) else 0 end as attempt,
        case when environment = $1 and status = 'failed' then error_code end as error_code,
        case when environment = $1 and status = 'failed' then {message:error_message, $6} end as message
    from {transcode_jobs}
    where {theirs}
        and finished_at >= $4::timestamptz and ($5::timestamptz is null or finished_at < $5)
        and (status in ('queued', 'scheduled', 'in_progress', 'retrying')) is not true {filters}
) as seen
group by slice, ripe_at, flaw, status, attempt, error_code;

-- name: durations
-- How many jobs completed in each slice of time, by how long they took, in minutes?
-- Those without a sane start have no duration. $1 … $5 as above
select slice, ripe_at, {bucket:minutes} as bucket, count(*) as samples, max(minutes) as top
from (
    select
        width_bucket(finished_at, $3::timestamptz[]) as slice,
        {ripe_at:queued_at, claimed_at, started_at, finished_at} as ripe_at,
        extract(epoch from least(finished_at, timestamptz '9999-01-01Z') - started_at)::float8 / 60 as minutes
    from {transcode_jobs}
    where environment = $1
        and finished_at >= $4::timestamptz and ($5::timestamptz is null or finished_at < $5)
        and status = 'completed'
        and isfinite(started_at)
        and isfinite(finished_at)
        and started_at <= finished_at {filters}
) as timed
group by slice, ripe_at, bucket;

-- name: jobs
-- What is known of each job, where does it stand, and from when on could it be taken?
-- One is queued that could be taken now; a job that waits on purpose is scheduled, whatever it is called.
-- $1 environment, $2 the last instant that counts as now
select
    environment, job_id, status, least(coalesce(attempt, 1), 20) as attempt,
    queued_at, claimed_at, started_at, finished_at,
    case
        when status in ('queued', 'scheduled') and available_at > $2::timestamptz then 'scheduled'
        when status in ('queued', 'scheduled') and available_at is not null then 'queued'
        else status
    end as standing,
    case when queued_at is not null then greatest(queued_at, available_at) end as takeable_at
from {transcode_jobs}
where true {filters};

-- name: live
-- Which jobs are under way now, or over without a finish, of each status and attempt?
-- Relies on the partial (environment, status, queued_at) of active jobs, and on (environment, finished_at) for null: two
-- reads, for in a view each is ruled out in the branches of the other.
-- $1 environment, $2 the last instant that counts as now, $3 the edges of the slices
select slice, unfinished, flaw, status, attempt, count(*) as jobs
from (
    select
        coalesce(width_bucket(finished_at, $3::timestamptz[]), 0) as slice,
        finished_at is null as unfinished,
        case
            when environment is distinct from $1 then 'unknown_environment'
            when greatest(queued_at, claimed_at, started_at, finished_at) > $2 then 'future_time'
            when queued_at is null then 'missing_time'
        end as flaw,
        case when environment = $1 then standing end as status,
        case when environment = $1 then attempt else 0 end as attempt
    from {jobs} as active
    where {theirs} and status in ('queued', 'scheduled', 'in_progress', 'retrying')
    union all
    select
        0 as slice,
        true as unfinished,
        case
            when environment is distinct from $1 then 'unknown_environment'
            when greatest(queued_at, claimed_at, started_at) > $2 then 'future_time'
            when status in ('failed', 'completed', 'cancelled') then 'missing_time'
            else 'unknown_value'
        end as flaw,
        null as status,
        case when environment = $1 then attempt else 0 end as attempt
    from {jobs} as endless
    where {theirs} and finished_at is null
        and (status in ('queued', 'scheduled', 'in_progress', 'retrying')) is not true
) as seen
group by slice, unfinished, flaw, status, attempt;

-- name: waiting
-- Which jobs of an environment are not over, and since when?
-- Relies on the partial (environment, status, queued_at) of active jobs.
-- $1 environment, $2 the last instant that counts as now
select job_id, standing, queued_at, takeable_at, claimed_at, started_at
from {jobs} as active
where environment = $1
    and status in ('queued', 'scheduled', 'in_progress', 'retrying')
    and (greatest(queued_at, claimed_at, started_at, finished_at) > $2) is not true;

-- name: waits
-- For how many seconds has the oldest job of each status been in it?
-- The clock of a queued job starts when it could be taken; that of a job in progress where it started, else where it was
-- claimed, else where it was queued. A scheduled job has none.
-- $3 now; a time before our era is taken for its start: further back there are no dates.
select
    standing as status,
    max(greatest(0, extract(epoch from $3::timestamptz - greatest(since, timestamptz '0001-01-01Z'))::float8)) as seconds
from (
    select
        standing,
        case standing
            when 'queued' then takeable_at
            when 'retrying' then queued_at
            when 'in_progress' then coalesce(started_at, claimed_at, queued_at)
        end as since
    from {waiting} as active
) as known
where since is not null
group by standing;

-- name: oldest_queued
-- Which job could have been taken for longest?
select job_id::text as job_id
from {waiting} as active
where standing = 'queued' and takeable_at is not null
order by takeable_at, job_id
limit 1;

-- name: newest_finish
-- When did a job last finish within a stretch?
-- Relies on (environment, finished_at). A view of several branches gives no order to stop at, so that all of the stretch
-- is read there.
-- $1 environment, $2 the last instant that counts as now, $3 the first instant, $4 the first one beyond, or null
select finished_at
from {transcode_jobs}
where environment = $1
    and finished_at between $3::timestamptz and $2::timestamptz
    and ($4::timestamptz is null or finished_at < $4)
    and status in ('failed', 'completed')
    and (greatest(queued_at, claimed_at, started_at) > $2) is not true
order by finished_at desc
limit 1;

-- name: stays
-- How many jobs that are over entered the queue in which minute and left it in which later one?
-- A job enters it when it can be taken, and leaves it where it is first claimed, started or finished. One that did so
-- within the minute waited at no minute's end; one that was queued nobody knows when is left out. They are placed by their
-- finish, for that is what an index serves. $1 … $5 as above
select slice, ripe_at, entered_at, left_at, count(*) as jobs, min(takeable_at) as first_queued_at
from (
    select
        width_bucket(finished_at, $3::timestamptz[]) as slice,
        {ripe_at:queued_at, claimed_at, started_at, finished_at} as ripe_at,
        date_trunc('minute', greatest(queued_at, available_at, timestamptz '2000-01-01Z')) as entered_at,
        date_trunc('minute', least(claimed_at, started_at, finished_at, timestamptz '9999-01-01Z')) as left_at,
        greatest(queued_at, available_at, timestamptz '2000-01-01Z') as takeable_at
    from {transcode_jobs}
    where environment = $1
        and finished_at >= $4::timestamptz and ($5::timestamptz is null or finished_at < $5)
        and status in ('failed', 'completed', 'cancelled')
        and queued_at is not null {filters}
) as known
where entered_at < left_at
group by slice, ripe_at, entered_at, left_at;

-- name: live_stays
-- The same of jobs that are not over; one that is queued now has not left, whatever it says of an earlier claim or start.
-- One without `queued_at` is queued now, and nobody knows since when. Of a job that runs without a claim or a start, and of
-- one that waits on purpose, nothing is known to have waited.
select entered_at, left_at, count(*) as jobs, min(came_at) as first_queued_at
from (
    select
        date_trunc('minute', came_at) as entered_at,
        date_trunc('minute', went_at) as left_at,
        came_at
    from (
        select
            standing,
            case
                when standing = 'retrying' then greatest(queued_at, timestamptz '0001-01-01Z')
                when takeable_at is not null then greatest(takeable_at, timestamptz '0001-01-01Z')
            end as came_at,
            case
                when standing in ('in_progress', 'retrying') and coalesce(claimed_at, started_at) is not null
                    then greatest(least(claimed_at, started_at), timestamptz '0001-01-01Z')
            end as went_at
        from {waiting} as active
    ) as known
    where standing = 'queued' or came_at < went_at
) as stays
group by entered_at, left_at;

-- name: running
-- How many jobs has each worker in progress, how many of them since before an instant, and the oldest since when?
-- Relies on the partial (environment, status, queued_at) of active jobs.
-- $1 environment, $2 the last instant that counts as now, $3 that instant
select worker_id, count(*) as jobs, count(*) filter (where since < $3) as endless, min(since) as oldest_at
from (
    select
        worker_id,
        case
            when coalesce(started_at, claimed_at, queued_at) is not null
                then greatest(coalesce(started_at, claimed_at, queued_at), timestamptz '0001-01-02Z')
        end as since
    from {transcode_jobs}
    where environment = $1
        and status = 'in_progress'
        and (greatest(queued_at, claimed_at, started_at, finished_at) > $2::timestamptz) is not true
) as active
group by worker_id;

-- name: flawed
-- Which jobs without a finish, and which that finished last, are wrong in which column, and what stands there?
-- Of several times ahead it is the one that was written first.
-- Relies on (environment, finished_at), for null too; with a support filter on (artist_id, …) or (release_id, …) where
-- there is one.
-- $1 environment, $2 the last instant that counts as now, $3 the first instant, $4 the most rows to read of each kind
select
    case
        when greatest(queued_at, claimed_at, started_at, finished_at) > $2::timestamptz then 'future_time'
        when status in ('queued', 'scheduled', 'in_progress', 'retrying') then
            case when queued_at is null then 'missing_time' end
        when (status in ('failed', 'completed', 'cancelled')) is not true then 'unknown_value'
        when finished_at is null then 'missing_time'
    end as kind,
    case
        when queued_at > $2 then 'queued_at'
        when claimed_at > $2 then 'claimed_at'
        when started_at > $2 then 'started_at'
        when finished_at > $2 then 'finished_at'
        when status in ('queued', 'scheduled', 'in_progress', 'retrying') then 'queued_at'
        when status in ('failed', 'completed', 'cancelled') then 'finished_at'
        else 'status'
    end as field,
    case
        when greatest(queued_at, claimed_at, started_at, finished_at) > $2 then null
        when (status in ('queued', 'scheduled', 'in_progress', 'retrying', 'failed', 'completed', 'cancelled')) is not true
            then status::text
    end as value
from (
    (
        select status, queued_at, claimed_at, started_at, finished_at
        from {transcode_jobs}
        where environment = $1 and finished_at >= $3::timestamptz {filters}
        order by finished_at desc
        limit $4
    )
    union all
    (
        select status, queued_at, claimed_at, started_at, finished_at
        from {transcode_jobs}
        where environment = $1 and finished_at is null {filters}
        limit $4
    )
) as newest
union all
select 'unknown_environment', 'environment', environment::text
from (
    (select environment from {transcode_jobs} where {nobodys} and finished_at >= $3 {filters} limit $4)
    union all
    (select environment from {transcode_jobs} where {nobodys} and finished_at is null {filters} limit $4)
) as strange;
