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
            when environment = $1 then case
                when occurred_at > $2::timestamptz then 'future_time'
                when outcome in ('started', 'failed', 'blocked', 'aborted') then null
                else 'unknown_value'
            end
            else 'unknown_environment'
        end as flaw,
        case when environment = $1 and outcome in ('started', 'failed', 'blocked', 'aborted') then outcome end as outcome,
        case when environment = $1 and outcome in ('started', 'failed') then platform end as platform,
        case when environment = $1 and outcome in ('started', 'failed') then browser end as browser,
        case when environment = $1 and outcome = 'failed' then error_code end as error_code,
        case when environment = $1 and outcome = 'failed' then {message:error_message, $6} end as message
    from {play_attempts}
    where {theirs}
        and occurred_at >= $4::timestamptz and ($5::timestamptz is null or occurred_at < $5) {filters}
) as seen
group by slice, flaw, outcome, platform, browser, error_code;

-- name: flawed
-- What outcomes that nobody knows stand in the newest plays, and what unknown environments?
-- Relies on (environment, occurred_at); with a support filter on (artist_id, …) or (release_id, …) where there is one.
-- $1 environment, $2 the last instant that counts as now, $3 the first instant, $4 the most rows to read of each kind
select 'unknown_value' as kind, 'outcome' as field, outcome::text as value
from (
    select occurred_at, outcome
    from {play_attempts}
    where environment = $1 and occurred_at >= $3::timestamptz {filters}
    order by occurred_at desc
    limit $4
) as newest
where occurred_at <= $2::timestamptz and (outcome in ('started', 'failed', 'blocked', 'aborted')) is not true
union all
select 'unknown_environment', 'environment', environment::text
from (
    select environment from {play_attempts} where {nobodys} and occurred_at >= $3 {filters} limit $4
) as strange;
