-- name: beats
-- In which slices of time did each process of each worker beat, first and last?
-- Relies on (environment, worker_id, beat_at).
-- $1 environment, $2 the last instant that counts as now, $3 the edges of the slices, $4 the first instant, $5 the first
-- one beyond, or null. Rows of unknown environments are among the flaws of both known ones.
select slice, worker_id, process_started_at, flaw, count(*) as rows, max(beat_at) as last_beat_at
from (
    select
        width_bucket(beat_at, $3::timestamptz[]) as slice,
        case when environment = $1 then worker_id end as worker_id,
        case
            when environment = $1
                then least(greatest(process_started_at, timestamptz '0001-01-02Z'), timestamptz '9999-01-01Z')
        end as process_started_at,
        case
            when environment <> $1 then 'unknown_environment'
            when beat_at > $2::timestamptz then 'future_time'
        end as flaw,
        least(beat_at, timestamptz '9999-01-01Z') as beat_at
    from {worker_heartbeats}
    where {theirs}
        and beat_at >= $4::timestamptz and ($5::timestamptz is null or beat_at < $5)
) as seen
group by slice, worker_id, process_started_at, flaw;

-- name: pulse
-- When did any worker of an environment beat first and last in each minute?
-- Relies on (environment, worker_id, beat_at). `ripe_at` is when a process starts that lies in the future.
-- $1 environment, $2 the last instant that counts as now, $3 the edges of the slices, $4 the first instant, $5 the first
-- one beyond, or null
select slice, minute, ripe_at, min(beat_at) as first_beat_at, max(beat_at) as last_beat_at
from (
    select
        width_bucket(beat_at, $3::timestamptz[]) as slice,
        date_trunc('minute', beat_at) as minute,
        case
            when process_started_at > $2::timestamptz then least(process_started_at, timestamptz '9999-01-01Z')
        end as ripe_at,
        beat_at
    from {worker_heartbeats}
    where environment = $1
        and beat_at >= $4::timestamptz and ($5::timestamptz is null or beat_at < $5)
        and beat_at <= $2::timestamptz
) as seen
group by slice, minute, ripe_at;

-- name: newest_ever
-- When did any worker of an environment last beat, however long ago?
-- $1 environment, $2 the last instant that counts as now
select greatest(max(beat_at), timestamptz '0001-01-02Z') as beat_at
from {worker_heartbeats}
where environment = $1 and beat_at <= $2::timestamptz and process_started_at <= $2::timestamptz
having count(*) > 0;

-- name: timed_starts
-- How long did each job that is over wait between claim and start, in seconds, and in which minute did it start?
-- They are placed by their finish, for that is what an index serves; `is_late` are those that started in a later minute.
-- The buckets are those of counts/histogram.py. Relies on (environment, finished_at).
-- $1 environment, $2 the last instant that counts as now, $3 the edges of the slices, $4 the first instant, $5 the first
-- one beyond, or null
select
    slice, ripe_at, started_at, started_at > finished_minute as is_late, seconds,
    case when seconds > 0 then ceil(ln(seconds) / 0.009980082835570439)::integer when seconds = 0 then -2147483648 else -2147483647 end as bucket
from (
    select
        width_bucket(finished_at, $3::timestamptz[]) as slice,
        case
            when greatest(queued_at, claimed_at, started_at, finished_at) > $2::timestamptz
                then least(greatest(queued_at, claimed_at, started_at, finished_at), timestamptz '9999-01-01Z')
        end as ripe_at,
        date_trunc('minute', started_at) as started_at,
        date_trunc('minute', finished_at) as finished_minute,
        extract(epoch from started_at - least(claimed_at, timestamptz '9999-01-01Z'))::float8 as seconds
    from {transcode_jobs}
    where environment = $1
        and finished_at >= $4::timestamptz and ($5::timestamptz is null or finished_at < $5)
        and status in ('failed', 'completed')
        and isfinite(claimed_at)
        and started_at >= timestamptz '2000-01-01Z'
        and started_at < timestamptz '9999-01-01Z'
) as timed;

-- name: starts
-- How long did jobs that are over wait between claim and start, in seconds, by the minute of the start?
select slice, ripe_at, started_at, bucket, count(*) as samples, max(seconds) as top
from {timed_starts} as known
group by slice, ripe_at, started_at, bucket;

-- name: late_starts
-- The same of those that finished in an earlier minute than they started: a window of starts need not hold their finish.
select slice, ripe_at, started_at, bucket, count(*) as samples, max(seconds) as top
from {timed_starts} as known
where is_late
group by slice, ripe_at, started_at, bucket;

-- name: live_starts
-- The same of jobs that are under way, and of those whose finish is older than any that is counted could be.
-- Relies on the partial (environment, status, queued_at) of active jobs, and on (environment, finished_at).
-- $1 environment, $2 the last instant that counts as now, $3 the first instant of a start
select bucket, count(*) as samples, max(seconds) as top
from (
    select seconds, case when seconds > 0 then ceil(ln(seconds) / 0.009980082835570439)::integer when seconds = 0 then -2147483648 else -2147483647 end as bucket
    from (
        select extract(epoch from started_at - least(claimed_at, timestamptz '9999-01-01Z'))::float8 as seconds
        from {transcode_jobs}
        where environment = $1
            and (
                status in ('queued', 'in_progress', 'retrying')
                or status in ('failed', 'completed') and finished_at < timestamptz '2000-01-01Z'
            )
            and started_at >= $3::timestamptz
            and isfinite(claimed_at)
            and greatest(queued_at, claimed_at, started_at, finished_at) <= $2::timestamptz
    ) as timed
) as sorted
group by bucket;

-- name: idle
-- How many jobs are claimed but not started, and how old is the oldest claim, in seconds?
-- Relies on the partial (environment, status, queued_at) of active jobs.
-- $1 environment, $2 the last instant that counts as now, $3 now
select
    count(*) as count,
    max(
        greatest(0, extract(epoch from $3::timestamptz - greatest(claimed_at, timestamptz '0001-01-01Z'))::float8)
    ) as oldest_age_seconds
from {transcode_jobs}
where environment = $1
    and status = 'in_progress'
    and claimed_at is not null
    and started_at is null
    and greatest(queued_at, claimed_at, finished_at) <= $2::timestamptz;
