-- name: uploads
-- How many uploads of each outcome and reason lie in each slice of time?
-- Relies on (environment, occurred_at); with a support filter on (artist_id, occurred_at) or (release_id, occurred_at).
-- $1 environment, $2 the last instant that counts as now, $3 the edges of the slices, $4 the first edge
select slice, flaw, outcome, reason, count(*) as uploads
from (
    select
        width_bucket(occurred_at, $3::timestamptz[]) as slice,
        case
            when occurred_at > $2::timestamptz then 'future_time'
            when (outcome in ('accepted', 'rejected')) is not true then 'unknown_value'
        end as flaw,
        case when outcome in ('accepted', 'rejected') then outcome end as outcome,
        case when outcome = 'rejected' then rejection_reason end as reason
    from {upload_attempts}
    where environment = $1 and occurred_at >= $4::timestamptz {filters}
) as seen
group by slice, flaw, outcome, reason;

-- name: strangers
-- How many uploads since a time belong to no known environment?
-- Relies on (environment, occurred_at): three ranges beside and between the two known names.
-- $1 the first instant
select count(*) as rows
from {upload_attempts}
where (environment < 'prod' or environment > 'prod' and environment < 'staging' or environment > 'staging')
    and occurred_at >= $1::timestamptz {filters};
