-- name: beats
-- In which slices of time did each process of each worker beat, first and last?
-- Relies on (environment, worker_id, beat_at).
-- $1 environment, $2 the last instant that counts as now, $3 the edges of the slices, $4 the first instant, $5 the first
-- one beyond, or null. Rows of unknown environments are among the flaws of both known ones. Starts are told apart by the
-- five seconds that they lie in: within those they are one process, and one that wavers makes no group for each beat.
-- `ripe_at` is a start that lies in the future.
select
    slice, worker_id, floor(extract(epoch from started_at) / 5)::bigint as start_slot, ripe_at, flaw,
    count(*) as rows, max(beat_at) as last_beat_at, min(started_at) as first_start_at, max(started_at) as last_start_at
from (
    select
        width_bucket(beat_at, $3::timestamptz[]) as slice,
        case when environment = $1 then coalesce(worker_id, 'unspecified') end as worker_id,
        case
            when environment = $1 and process_started_at <= $2::timestamptz
                then greatest(process_started_at, timestamptz '0001-01-02Z')
        end as started_at,
        case when environment = $1 then {ripe_at:process_started_at} end as ripe_at,
        case
            when environment is distinct from $1 then 'unknown_environment'
            when beat_at > $2::timestamptz then 'future_time'
        end as flaw,
        least(beat_at, timestamptz '9999-01-01Z') as beat_at
    from {worker_heartbeats}
    where {theirs}
        and beat_at >= $4::timestamptz and ($5::timestamptz is null or beat_at < $5)
) as seen
group by slice, worker_id, start_slot, ripe_at, flaw;

-- name: pulse
-- When did any worker of an environment beat first and last in each minute?
-- Relies on (environment, worker_id, beat_at).
-- $1 environment, $2 the last instant that counts as now, $3 the edges of the slices, $4 the first instant, $5 the first
-- one beyond, or null
select slice, minute, min(beat_at) as first_beat_at, max(beat_at) as last_beat_at
from (
    select
        width_bucket(beat_at, $3::timestamptz[]) as slice,
        date_trunc('minute', beat_at) as minute,
        beat_at
    from {worker_heartbeats}
    where environment = $1
        and beat_at >= $4::timestamptz and ($5::timestamptz is null or beat_at < $5)
        and beat_at <= $2::timestamptz
) as seen
group by slice, minute;

-- name: newest_ever
-- When did any worker of an environment last beat, however long ago?
-- $1 environment, $2 the last instant that counts as now
select greatest(max(beat_at), timestamptz '0001-01-02Z') as beat_at
from {worker_heartbeats}
where environment = $1 and beat_at <= $2::timestamptz
having count(*) > 0;

-- name: before
-- Is there a beat of an environment from before a time?
-- Relies on (environment, worker_id, beat_at): where there is one, some worker's first entry is it.
-- $1 environment, $2 that time
select greatest(beat_at, timestamptz '0001-01-02Z') as beat_at
from {worker_heartbeats}
where environment = $1 and beat_at < $2::timestamptz
limit 1;

-- name: timed_starts
-- How long did each job that is over wait between claim and start, in seconds, and in which minute did it start?
-- They are placed by their finish, for that is what an index serves; `is_late` are those that started in a later minute.
-- Of the cancelled ones there are only those that started before their claim: they are an anomaly, and in no percentile.
-- Relies on (environment, finished_at).
-- $1 environment, $2 the last instant that counts as now, $3 the edges of the slices, $4 the first instant, $5 the first
-- one beyond, or null
select
    slice, ripe_at, started_at, started_at > finished_minute as is_late, seconds,
    {bucket:seconds} as bucket
from (
    select
        width_bucket(finished_at, $3::timestamptz[]) as slice,
        {ripe_at:queued_at, claimed_at, started_at, finished_at} as ripe_at,
        date_trunc('minute', started_at) as started_at,
        date_trunc('minute', finished_at) as finished_minute,
        extract(epoch from started_at - least(claimed_at, timestamptz '9999-01-01Z'))::float8 as seconds
    from {transcode_jobs}
    where environment = $1
        and finished_at >= $4::timestamptz and ($5::timestamptz is null or finished_at < $5)
        and (status in ('failed', 'completed') or status = 'cancelled' and started_at < claimed_at)
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
-- The same of jobs that are not over, and of those whose finish is older than any that is counted could be.
-- Relies on the partial (environment, status, queued_at) of active jobs, and on (environment, finished_at).
-- $1 environment, $2 the last instant that counts as now, $3 the first instant of a start
select {bucket:seconds} as bucket, count(*) as samples, max(seconds) as top
from (
    select extract(epoch from started_at - least(claimed_at, timestamptz '9999-01-01Z'))::float8 as seconds
    from {transcode_jobs}
    where environment = $1
        and (
            status in ('queued', 'scheduled', 'in_progress', 'retrying')
            or status in ('failed', 'completed') and finished_at < timestamptz '2000-01-01Z'
            or status = 'cancelled' and finished_at < timestamptz '2000-01-01Z' and started_at < claimed_at
        )
        and started_at >= $3::timestamptz
        and isfinite(claimed_at)
        and greatest(queued_at, claimed_at, started_at, finished_at) <= $2::timestamptz
) as timed
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

-- name: arrivals
-- When were beats seen to arrive, first and last in each minute between two times, and when the last time before?
-- A beat that nobody saw arrive is noted as seen at its own date.
-- Relies on beat_arrivals (source, environment, seen_at).
-- $1 source, $2 environment, $3 and $4 the times
select min(seen_at) as first_seen_at, max(seen_at) as last_seen_at
from houndmon.beat_arrivals
where source = $1 and environment = $2
    and seen_at <> beat_at
    and seen_at <= $4::timestamptz
    and seen_at >= coalesce(
        (
            select max(seen_at)
            from houndmon.beat_arrivals
            where source = $1 and environment = $2 and seen_at <> beat_at and seen_at <= $3::timestamptz
        ),
        $3
    )
group by date_trunc('minute', seen_at)
order by first_seen_at;

-- name: late_arrivals
-- How many of the beats that were seen to arrive between two times were old by then, and by how much was the last one?
-- Relies on beat_arrivals (source, environment, seen_at).
-- $1 source, $2 environment, $3 and $4 the times, $5 the age in seconds
select
    count(*) as count,
    (array_agg(extract(epoch from seen_at - beat_at)::float8 order by seen_at desc))[1] as lag_seconds
from houndmon.beat_arrivals
where source = $1 and environment = $2
    and seen_at between $3::timestamptz and $4::timestamptz
    and seen_at - beat_at > make_interval(secs => $5::float8);

-- name: flawed
-- Which beats have a time ahead, in which column, and which environments that nobody knows do others name?
-- Relies on (environment, worker_id, beat_at), which gives no order by time: all of the stretch is read.
-- $1 environment, $2 the last instant that counts as now, $3 the first instant, $4 the most rows that are found
select
    case when environment = $1 then 'future_time' else 'unknown_environment' end as kind,
    case
        when environment = $1 then case when beat_at > $2::timestamptz then 'beat_at' else 'process_started_at' end
        else 'environment'
    end as field,
    case when environment is distinct from $1 then environment::text end as value
from {worker_heartbeats}
where {theirs} and beat_at >= $3::timestamptz
    and (environment is distinct from $1 or beat_at > $2 or process_started_at > $2)
limit $4;
