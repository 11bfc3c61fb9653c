-- name: requests
-- How many requests of each service and route were answered with each hundred in each slice of time?
-- Relies on (environment, occurred_at).
-- $1 environment, $2 the last instant that counts as now, $3 the edges of the slices, $4 the first edge
-- A negative count is none that telemetry could mean.
select slice, flaw, service, route, hundred, least(sum(requests), 9e18)::bigint as requests, count(*) as rows
from (
    select
        width_bucket(occurred_at, $3::timestamptz[]) as slice,
        case
            when occurred_at > $2::timestamptz then 'future_time'
            when requests < 0 then 'unknown_value'
        end as flaw,
        service,
        route,
        case when status_code / 100 in (4, 5) then status_code / 100 else 0 end as hundred,
        requests
    from {api_requests}
    where environment = $1 and occurred_at >= $4::timestamptz
) as seen
group by slice, flaw, service, route, hundred;

-- name: strangers
-- How many rows since a time belong to no known environment?
-- Relies on (environment, occurred_at): three ranges beside and between the two known names.
-- $1 the first instant
select count(*) as rows
from {api_requests}
where (environment < 'prod' or environment > 'prod' and environment < 'staging' or environment > 'staging')
    and occurred_at >= $1::timestamptz;
