-- name: requests
-- How many requests of each service and route were answered with each hundred in each slice of time?
-- Relies on (environment, occurred_at).
-- $1 environment, $2 the last instant that counts as now, $3 the edges of the slices, $4 the first instant, $5 the first
-- one beyond, or null. Rows of unknown environments are among the flaws of both known ones.
-- A negative or null count is none that telemetry could mean.
-- 499 and 460 say that the client hung up: they are a hundred of their own.
select slice, flaw, service, route, hundred, least(coalesce(sum(requests), 0), 9223372036854775807)::bigint as requests, count(*) as rows
from (
    select
        width_bucket(occurred_at, $3::timestamptz[]) as slice,
        case
            when environment = $1 then case
                when occurred_at > $2::timestamptz then 'future_time'
                when requests >= 0 then null
                else 'unknown_value'
            end
            else 'unknown_environment'
        end as flaw,
        case when environment = $1 and service is not null then service else '' end as service,
        case when environment = $1 then route end as route,
        case
            when environment = $1 and status_code in (499, 460) then 499
            when environment = $1 and status_code / 100 in (4, 5) then status_code / 100
            else 0
        end as hundred,
        requests
    from {api_requests}
    where {theirs}
        and occurred_at >= $4::timestamptz and ($5::timestamptz is null or occurred_at < $5)
) as seen
group by slice, flaw, service, route, hundred;

-- name: flawed
-- What counts that cannot be stand in the newest rows, and what unknown environments?
-- Relies on (environment, occurred_at).
-- $1 environment, $2 the last instant that counts as now, $3 the first instant, $4 the most rows to read of each kind
select 'unknown_value' as kind, 'requests' as field, requests::text as value
from (
    select occurred_at, requests
    from {api_requests}
    where environment = $1 and occurred_at >= $3::timestamptz
    order by occurred_at desc
    limit $4
) as newest
where occurred_at <= $2::timestamptz and (requests >= 0) is not true
union all
select 'unknown_environment', 'environment', environment::text
from (
    select environment from {api_requests} where {nobodys} and occurred_at >= $3 limit $4
) as strange;
