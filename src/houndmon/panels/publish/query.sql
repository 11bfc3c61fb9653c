-- name: placed
-- Where do tracks stand in time?
-- All by their upload; by their plan, where that is later and has come; those that are
-- live ahead of their plan by when they went live, until the plan has come.
-- Relies on (environment, uploaded_at) and (environment, publish_at); with a support filter on (artist_id, …) or
-- (release_id, …) where there is one. Each branch has the conditions of one index: no plan serves their alternative.
-- $1 environment, $2 the last instant that counts as now, $4 the first instant, $5 the first one beyond, or null
select
    uploaded_at as placed_at, null::timestamptz as until, false as is_planned,
    coalesce(publish_at > uploaded_at, false) as is_put_off, environment, state, uploaded_at, live_at
from {tracks}
where {theirs}
    and uploaded_at >= $4::timestamptz and ($5::timestamptz is null or uploaded_at < $5) {filters}
union all
select publish_at, null, true, false, environment, state, uploaded_at, live_at
from {tracks}
where environment = $1
    and publish_at >= $4::timestamptz and ($5::timestamptz is null or publish_at < $5)
    and publish_at <= $2::timestamptz
    and publish_at > uploaded_at {filters}
union all
select live_at, least(publish_at, timestamptz '9999-01-01Z'), true, false, environment, state, uploaded_at, live_at
from {tracks}
where environment = $1
    and publish_at > $2::timestamptz
    and publish_at > uploaded_at
    and live_at >= $4::timestamptz and ($5::timestamptz is null or live_at < $5)
    and live_at <= $2 {filters};

-- name: waiting
-- In which minutes of a stretch are tracks due, by a plan later than their upload, that are not live?
-- Where a plan was moved those are not the minutes that were counted as such.
-- It stands before the statement `tracks`, which has the name of the relation.
-- Relies on (environment, publish_at).
-- $1 environment, $2 the first instant, $3 the first one beyond
select distinct date_trunc('minute', publish_at) as at
from {tracks}
where environment = $1
    and publish_at >= $2::timestamptz and publish_at < $3::timestamptz
    and publish_at > uploaded_at
    and live_at is null
    and state in ('uploaded', 'processing', 'ready', 'live');

-- name: flawed
-- Which of the tracks that were uploaded last are wrong in which column, and what stands there?
-- It stands before the statement `tracks`, which has the name of the relation.
-- Relies on (environment, uploaded_at); with a support filter on (artist_id, …) or (release_id, …) where there is one.
-- $1 environment, $2 the last instant that counts as now, $3 the first instant, $4 the most rows to read of each kind
select
    case
        when greatest(uploaded_at, live_at) > $2::timestamptz then 'future_time'
        when (state in ('uploaded', 'processing', 'ready', 'live', 'rejected', 'withdrawn')) is not true
            then 'unknown_value'
    end as kind,
    case when uploaded_at > $2 then 'uploaded_at' when live_at > $2 then 'live_at' else 'state' end as field,
    case when (greatest(uploaded_at, live_at) > $2) is not true then state::text end as value
from (
    select uploaded_at, live_at, state
    from {tracks}
    where environment = $1 and uploaded_at >= $3::timestamptz {filters}
    order by uploaded_at desc
    limit $4
) as newest
union all
select 'unknown_environment', 'environment', environment::text
from (
    select environment from {tracks} where {nobodys} and uploaded_at >= $3 {filters} limit $4
) as strange;

-- name: tracks
-- How many tracks of each fate stand in each slice of time, and when was the first of them due?
-- $3 the edges of the slices, $6 the limit in seconds, the others as above. Rows of unknown environments are among the
-- flaws of both known ones. Until `ripe_at` (5 s before it) some time of the track lies in the future.
select slice, ripe_at, until, is_planned, flaw, fate, count(*) as tracks, min(placed_at) as first_due_at
from (
    select
        width_bucket(placed_at, $3::timestamptz[]) as slice,
        {ripe_at:uploaded_at, live_at} as ripe_at,
        until,
        is_planned,
        case
            when environment is distinct from $1 then 'unknown_environment'
            when (state in ('uploaded', 'processing', 'ready', 'live', 'rejected', 'withdrawn')) is not true
                then 'unknown_value'
            when state = 'live' and live_at is null then 'missing_time'
            when live_at < uploaded_at then 'negative_duration'
        end as flaw,
        case
            when environment is distinct from $1 or is_put_off or state in ('rejected', 'withdrawn') then 'out'
            when live_at <= least(placed_at, timestamptz '9999-01-01Z') + make_interval(secs => $6::float8) then 'in_time'
            when live_at is not null then 'late'
            else 'waiting'
        end as fate,
        least(placed_at, timestamptz '9999-01-01Z') as placed_at
    from {placed} as placed
) as seen
group by slice, ripe_at, until, is_planned, flaw, fate;

-- name: published
-- How many tracks that were due in each slice of time are live, by how long that took, in minutes; how many wait?
-- Those that were live before they were due took none. Those that wait have no time yet, and are put under 0.
-- Parameters as above
select slice, ripe_at, until, waits, {bucket:minutes} as bucket, count(*) as samples, max(minutes) as top
from (
    select
        width_bucket(placed_at, $3::timestamptz[]) as slice,
        {ripe_at:uploaded_at, live_at} as ripe_at,
        until,
        live_at is null as waits,
        case
            when live_at is null then 0
            else greatest(0, extract(epoch from least(live_at, timestamptz '9999-01-01Z') - placed_at)::float8 / 60)
        end as minutes
    from {placed} as placed
    where environment = $1
        and not is_put_off
        and state in ('uploaded', 'processing', 'ready', 'live')
        and (live_at is null or live_at >= uploaded_at and isfinite(live_at))
        and isfinite(placed_at)
) as timed
group by slice, ripe_at, until, waits, bucket;
