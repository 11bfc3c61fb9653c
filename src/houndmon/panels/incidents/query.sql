-- name: newest
-- Which events of an environment are the newest? One without an environment belongs to both.
-- Relies on (occurred_at desc, id desc).
-- $1 environment, $2 the last instant that counts as now
select
    id::text as id, occurred_at, environment, service_area, severity, impact,
    link_label, link_url, alert_id::text as alert_id, kind, rule, subject, event, reason
from houndmon.incidents
where (environment = $1 or environment is null) and occurred_at <= $2
order by occurred_at desc, incidents.id desc -- not the text above, of which 9 is more than 10
limit 20;

-- name: page
-- Which events come before a place in the feed, newest first?
-- Relies on (occurred_at desc, id desc).
-- $1 environment or null for both, $2 and $3 the place or null, $4 how many
select
    id::text as id, occurred_at, environment, service_area, severity, impact,
    link_label, link_url, alert_id::text as alert_id, kind, rule, subject, event, reason
from houndmon.incidents
where ($1::text is null or environment = $1 or environment is null) and ($2::timestamptz is null or (occurred_at, id) < ($2::timestamptz, $3::bigint))
order by occurred_at desc, incidents.id desc -- not the text above, of which 9 is more than 10
limit $4;

-- name: add
-- Add an event, unless its idempotency key was used before.
-- $1 … $8 the event, $9 the idempotency key, $10 the digest of the request
insert into houndmon.incidents (
    occurred_at, environment, service_area, severity, impact, link_label, link_url, kind,
    idempotency_key, request_digest
)
values (coalesce($1, clock_timestamp()), $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (idempotency_key) do nothing
returning
    id::text as id, occurred_at, environment, service_area, severity, impact,
    link_label, link_url, alert_id::text as alert_id, kind, rule, subject, event, reason;

-- name: by_key
-- Which event was added under an idempotency key, and by which request?
select
    id::text as id, occurred_at, environment, service_area, severity, impact,
    link_label, link_url, alert_id::text as alert_id, kind, rule, subject, event, reason, request_digest
from houndmon.incidents
where idempotency_key = $1;
