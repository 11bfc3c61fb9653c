-- name: uploaded
-- Which tracks of an environment were uploaded since a time, what is wrong with each, and how did it fare?
-- Relies on (environment, uploaded_at).
-- $1 environment, $2 the last instant that counts as now, $3 the first instant, $4 now, $5 the limit in seconds
select
    uploaded_at, live_at, state,
    case
        when greatest(uploaded_at, live_at) > $2::timestamptz then 'future_time'
        when (state in ('uploaded', 'processing', 'ready', 'live', 'rejected', 'withdrawn')) is not true then 'unknown_value'
        when state = 'live' and live_at is null then 'missing_time'
        when live_at < uploaded_at then 'negative_duration'
    end as flaw,
    case
        when state in ('rejected', 'withdrawn') then 'out'
        when live_at <= uploaded_at + make_interval(secs => $5::float8) then 'in_time'
        when live_at is not null then 'late'
        when uploaded_at < $4::timestamptz - make_interval(secs => $5::float8) then 'overdue'
        else 'waiting'
    end as fate
from {tracks}
where environment = $1 and uploaded_at >= $3::timestamptz {filters};

-- name: counts
-- How many tracks of each fate were uploaded in each slice of time, and how long have the oldest waited, in seconds?
-- $6 the edges of the slices
select
    width_bucket(uploaded_at, $6::timestamptz[]) as slice,
    flaw,
    fate,
    count(*) as tracks,
    max(case when isfinite(uploaded_at) then extract(epoch from $4::timestamptz - uploaded_at)::float8 end) as oldest_seconds
from {uploaded} as known
group by slice, flaw, fate;

-- name: durations
-- How long did tracks take from upload to live, in minutes, by nearest rank?
select
    percentile_disc(0.5) within group (order by minutes) as p50,
    percentile_disc(0.95) within group (order by minutes) as p95,
    max(minutes) as max,
    count(minutes) as sample_count
from (
    select extract(epoch from live_at - uploaded_at)::float8 / 60 as minutes
    from {uploaded} as known
    where flaw is null and fate in ('in_time', 'late')
) as timed;

-- name: strangers
-- How many tracks uploaded since a time belong to no known environment?
-- Relies on (environment, uploaded_at): three ranges beside and between the two known names.
-- $1 the first instant
select count(*) as rows
from {tracks}
where (environment < 'prod' or environment > 'prod' and environment < 'staging' or environment > 'staging')
    and uploaded_at >= $1::timestamptz {filters};
