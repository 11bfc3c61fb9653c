-- The feed of incidents: what alerts did, and what people and other tools reported.
create table houndmon.incidents (
    id bigint generated always as identity primary key,
    occurred_at timestamptz not null,
    environment text check (environment in ('prod', 'staging')), -- null: both
    service_area text not null,
    severity text not null check (severity in ('info', 'warning', 'critical')),
    impact text not null,
    link_label text,
    link_url text,
    kind text not null
        check (kind in ('alert_fired', 'alert_recovered', 'alert_closed', 'manual', 'external')),
    alert_id bigint,
    created_at timestamptz not null default now(),
    idempotency_key text unique,
    request_digest text -- of the request that used the key: the same key with another request is refused
);

-- The feed reads the newest first; the id settles equal times.
create index incidents_newest on houndmon.incidents (occurred_at desc, id desc);
