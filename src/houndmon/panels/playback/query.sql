-- name: plays
-- How many plays of each outcome, client and error code lie in each slice of time?
-- Relies on (environment, occurred_at); with a support filter on (artist_id, occurred_at) or (release_id, occurred_at).
-- $1 environment, $2 the last instant that counts as now, $3 the edges of the slices, $4 the first instant, $5 the first
-- one beyond, or null, $6 all white space. Rows of unknown environments are among the flaws of both known ones.
select slice, flaw, outcome, platform, browser, error_code, count(*) as plays, min(message) as message
from (
    select
        width_bucket(occurred_at, $3::timestamptz[]) as slice,
        case
            when environment <> $1 then 'unknown_environment'
            when occurred_at > $2::timestamptz then 'future_time'
            when (outcome in ('started', 'failed', 'blocked', 'aborted')) is not true then 'unknown_value'
        end as flaw,
        case when environment = $1 and outcome in ('started', 'failed', 'blocked', 'aborted') then outcome end as outcome,
        case when environment = $1 and outcome in ('started', 'failed') then platform end as platform,
        case when environment = $1 and outcome in ('started', 'failed') then browser end as browser,
        case when environment = $1 and outcome = 'failed' then error_code end as error_code,
        case
            when environment = $1 and outcome = 'failed' and btrim(left(error_message, 200), $6::text) <> '' then left(error_message, 200)
        end as message
    from {play_attempts}
    where {theirs}
        and occurred_at >= $4::timestamptz and ($5::timestamptz is null or occurred_at < $5) {filters}
) as seen
group by slice, flaw, outcome, platform, browser, error_code;
