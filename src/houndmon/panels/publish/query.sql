-- name: uploaded
-- How many tracks of each fate were uploaded in each slice of time, and when the first of those not live?
-- Relies on (environment, uploaded_at); with a support filter on (artist_id, …) or (release_id, …) where there is one.
-- $1 environment, $2 the last instant that counts as now, $3 the edges of the slices, $4 the first instant, $5 the first
-- one beyond, or null, $6 the limit in seconds. Rows of unknown environments are among the flaws of both known ones.
-- Until `ripe_at` (5 s before it) some time of the track lies in the future.
select slice, ripe_at, flaw, fate, count(*) as tracks, min(uploaded_at) as first_uploaded_at
from (
    select
        width_bucket(uploaded_at, $3::timestamptz[]) as slice,
        case
            when greatest(uploaded_at, live_at) > $2::timestamptz
                then least(greatest(uploaded_at, live_at), timestamptz '9999-01-01Z')
        end as ripe_at,
        case
            when environment <> $1 then 'unknown_environment'
            when (state in ('uploaded', 'processing', 'ready', 'live', 'rejected', 'withdrawn')) is not true
                then 'unknown_value'
            when state = 'live' and live_at is null then 'missing_time'
            when live_at < uploaded_at then 'negative_duration'
        end as flaw,
        case
            when environment <> $1 or state in ('rejected', 'withdrawn') then 'out'
            when live_at <= least(uploaded_at, timestamptz '9999-01-01Z') + make_interval(secs => $6::float8) then 'in_time'
            when live_at is not null then 'late'
            else 'waiting'
        end as fate,
        least(uploaded_at, timestamptz '9999-01-01Z') as uploaded_at
    from {tracks}
    where {theirs}
        and uploaded_at >= $4::timestamptz and ($5::timestamptz is null or uploaded_at < $5) {filters}
) as seen
group by slice, ripe_at, flaw, fate;

-- name: published
-- How many tracks were uploaded in each slice of time that are live, by how long that took, in minutes; how many wait?
-- The buckets are those of counts/histogram.py; those that wait have none yet. $1 … $5 as above
select slice, ripe_at, waits, bucket, count(*) as samples, max(minutes) as top
from (
    select
        slice,
        ripe_at,
        minutes is null as waits,
        coalesce(minutes, 0) as minutes,
        case
            when minutes > 0 then ceil(ln(minutes) / 0.009980082835570439)::integer
            else -2147483648
        end as bucket
    from (
        select
            width_bucket(uploaded_at, $3::timestamptz[]) as slice,
            case
                when greatest(uploaded_at, live_at) > $2::timestamptz
                    then least(greatest(uploaded_at, live_at), timestamptz '9999-01-01Z')
            end as ripe_at,
            case
                when live_at is not null
                    then extract(epoch from least(live_at, timestamptz '9999-01-01Z') - uploaded_at)::float8 / 60
            end as minutes
        from {tracks}
        where environment = $1
            and uploaded_at >= $4::timestamptz and ($5::timestamptz is null or uploaded_at < $5)
            and state in ('uploaded', 'processing', 'ready', 'live')
            and (live_at is null or live_at >= uploaded_at and isfinite(live_at))
            and isfinite(uploaded_at) {filters}
    ) as timed
) as sorted
group by slice, ripe_at, waits, bucket;
