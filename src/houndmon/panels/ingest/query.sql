-- name: uploads
-- How many uploads of each outcome and reason lie in each slice of time?
-- Relies on (environment, occurred_at); with a support filter on (artist_id, occurred_at) or (release_id, occurred_at).
-- $1 environment, $2 the last instant that counts as now, $3 the edges of the slices, $4 the first instant, $5 the first
-- one beyond, or null. Rows of unknown environments are among the flaws of both known ones.
select slice, flaw, outcome, reason, count(*) as uploads
from (
    select
        width_bucket(occurred_at, $3::timestamptz[]) as slice,
        case
            when environment = $1 then case
                when occurred_at > $2::timestamptz then 'future_time'
                when outcome in ('accepted', 'rejected') then null
                else 'unknown_value'
            end
            else 'unknown_environment'
        end as flaw,
        case when environment = $1 and outcome in ('accepted', 'rejected') then outcome end as outcome,
        case when environment = $1 and outcome = 'rejected' then rejection_reason end as reason
    from {upload_attempts}
    where {theirs}
        and occurred_at >= $4::timestamptz and ($5::timestamptz is null or occurred_at < $5) {filters}
) as seen
group by slice, flaw, outcome, reason;

-- name: flawed
-- What outcomes that nobody knows stand in the newest uploads, and what unknown environments?
-- Relies on (environment, occurred_at); with a support filter on (artist_id, …) or (release_id, …) where there is one.
-- $1 environment, $2 the last instant that counts as now, $3 the first instant, $4 the most rows to read of each kind
select 'unknown_value' as kind, 'outcome' as field, outcome::text as value
from (
    select occurred_at, outcome
    from {upload_attempts}
    where environment = $1 and occurred_at >= $3::timestamptz {filters}
    order by occurred_at desc
    limit $4
) as newest
where occurred_at <= $2::timestamptz and (outcome in ('accepted', 'rejected')) is not true
union all
select 'unknown_environment', 'environment', environment::text
from (
    select environment from {upload_attempts} where {nobodys} and occurred_at >= $3 {filters} limit $4
) as strange;
