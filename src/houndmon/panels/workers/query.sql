-- name: processes
-- Which worker processes have beaten since a time, and when last?
-- Relies on (environment, worker_id, beat_at).
-- $1 environment, $2 the last instant that counts as now, $3 the first instant
select
    worker_id,
    greatest(process_started_at, timestamptz '0001-01-02Z') as process_started_at,
    max(beat_at) as last_beat_at
from {worker_heartbeats}
where environment = $1
    and beat_at >= $3::timestamptz
    and beat_at <= $2::timestamptz
    and process_started_at <= $2::timestamptz
group by worker_id, process_started_at;

-- name: newest_ever
-- When did any worker of an environment last beat, however long ago?
-- $1 environment, $2 the last instant that counts as now
select greatest(max(beat_at), timestamptz '0001-01-02Z') as beat_at
from {worker_heartbeats}
where environment = $1 and beat_at <= $2::timestamptz and process_started_at <= $2::timestamptz
having count(*) > 0;

-- name: pauses
-- Before which pauses of more than 120 s did an environment's workers beat, and when did they beat first and last?
-- Relies on (environment, worker_id, beat_at).
-- $1 environment, $2 the last instant that counts as now, $3 the first instant, $4 now
select beat_at, next_beat_at
from (
    select
        beat_at,
        lead(beat_at) over (order by beat_at) as next_beat_at,
        row_number() over (order by beat_at) = 1 as is_first
    from (
        select least(beat_at, $4::timestamptz) as beat_at
        from {worker_heartbeats}
        where environment = $1
            and beat_at between $3::timestamptz and $2::timestamptz
            and process_started_at <= $2::timestamptz
    ) as sound
) as paired
where is_first or next_beat_at is null or next_beat_at > beat_at + interval '120 seconds'
order by beat_at;

-- name: flaws
-- How many beats since a time lie in the future, or belong to no known environment?
-- $1 environment, $2 the last instant that counts as now, $3 the first instant
select flaw, count(*) as rows
from (
    select
        case
            when environment <> $1 then 'unknown_environment'
            when greatest(beat_at, process_started_at) > $2::timestamptz then 'future_time'
        end as flaw
    from {worker_heartbeats}
    where beat_at >= $3::timestamptz
        and (
            environment = $1
            or environment < 'prod'
            or environment > 'prod' and environment < 'staging'
            or environment > 'staging'
        )
) as seen
where flaw is not null
group by flaw;

-- name: begun
-- Which sound jobs did an environment start since a time, and how long after their claim, in seconds?
-- $1 environment, $2 the last instant that counts as now, $3 the first instant
select extract(epoch from started_at - claimed_at)::float8 as seconds
from {transcode_jobs}
where environment = $1
    and started_at >= $3::timestamptz
    and isfinite(claimed_at)
    and greatest(queued_at, claimed_at, started_at, finished_at) <= $2::timestamptz
    and (
        status in ('queued', 'in_progress', 'retrying')
        or status in ('failed', 'completed') and finished_at is not null
    );

-- name: claim_to_start
-- How long did jobs wait between claim and start, in seconds, by nearest rank, and how many started before their claim?
select
    percentile_disc(0.5) within group (order by seconds) filter (where seconds >= 0) as p50,
    percentile_disc(0.95) within group (order by seconds) filter (where seconds >= 0) as p95,
    max(seconds) filter (where seconds >= 0) as max,
    count(seconds) filter (where seconds >= 0) as sample_count,
    count(seconds) filter (where seconds < 0) as negative
from {begun} as starts;

-- name: idle
-- How many jobs are claimed but not started, and how old is the oldest claim, in seconds?
-- Relies on the partial (environment, status, queued_at) of active jobs.
-- $1 environment, $2 the last instant that counts as now, $3 now
select
    count(*) as count,
    max(
        greatest(0, extract(epoch from $3::timestamptz - greatest(claimed_at, timestamptz '2000-01-01Z'))::float8)
    ) as oldest_age_seconds
from {transcode_jobs}
where environment = $1
    and status = 'in_progress'
    and claimed_at is not null
    and started_at is null
    and greatest(queued_at, claimed_at, finished_at) <= $2::timestamptz;
