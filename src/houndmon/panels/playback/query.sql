-- name: plays
-- How many plays of each outcome, client and error code lie in each slice of time?
-- Relies on (environment, occurred_at); with a support filter on (artist_id, occurred_at) or (release_id, occurred_at).
-- $1 environment, $2 the last instant that counts as now, $3 the edges of the slices, $4 the first edge,
-- $5 all white space
select slice, flaw, outcome, platform, browser, error_code, count(*) as plays, min(message) as message
from (
    select
        width_bucket(occurred_at, $3::timestamptz[]) as slice,
        case
            when occurred_at > $2::timestamptz then 'future_time'
            when (outcome in ('started', 'failed', 'blocked', 'aborted')) is not true then 'unknown_value'
        end as flaw,
        case when outcome in ('started', 'failed', 'blocked', 'aborted') then outcome end as outcome,
        case when outcome in ('started', 'failed') then platform end as platform,
        case when outcome in ('started', 'failed') then browser end as browser,
        case when outcome = 'failed' then error_code end as error_code,
        case
            when outcome = 'failed' and btrim(error_message, $5::text) <> '' then left(error_message, 200)
        end as message
    from {play_attempts}
    where environment = $1 and occurred_at >= $4::timestamptz {filters}
) as seen
group by slice, flaw, outcome, platform, browser, error_code;

-- name: strangers
-- How many plays since a time belong to no known environment?
-- Relies on (environment, occurred_at): three ranges beside and between the two known names.
-- $1 the first instant
select count(*) as rows
from {play_attempts}
where (environment < 'prod' or environment > 'prod' and environment < 'staging' or environment > 'staging')
    and occurred_at >= $1::timestamptz {filters};
