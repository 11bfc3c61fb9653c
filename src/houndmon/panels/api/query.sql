-- name: requests
-- How many requests of each service and route were answered with each hundred in each slice of time?
-- Relies on (environment, occurred_at).
-- $1 environment, $2 the last instant that counts as now, $3 the edges of the slices, $4 the first instant, $5 the first
-- one beyond, or null. Rows of unknown environments are among the flaws of both known ones.
-- A negative count is none that telemetry could mean.
select slice, flaw, service, route, hundred, least(sum(requests), 9223372036854775807)::bigint as requests, count(*) as rows
from (
    select
        width_bucket(occurred_at, $3::timestamptz[]) as slice,
        case
            when environment <> $1 then 'unknown_environment'
            when occurred_at > $2::timestamptz then 'future_time'
            when requests < 0 then 'unknown_value'
        end as flaw,
        case when environment = $1 then service else '' end as service,
        case when environment = $1 then route end as route,
        case when environment = $1 and status_code / 100 in (4, 5) then status_code / 100 else 0 end as hundred,
        requests
    from {api_requests}
    where {theirs}
        and occurred_at >= $4::timestamptz and ($5::timestamptz is null or occurred_at < $5)
) as seen
group by slice, flaw, service, route, hundred;
