-- Who evaluates: one row a task, with a term that rises at each change of hands, on this database's clock.
create table houndmon.leases (
    task text primary key,
    holder uuid not null,
    term bigint not null,
    expires_at timestamptz not null
);

-- What the evaluator did, a row a tick; read by those who watch it.
create table houndmon.ticks (
    id bigint generated always as identity primary key,
    term bigint not null,
    started_at timestamptz not null,
    finished_at timestamptz not null default clock_timestamp(),
    duration_ms double precision not null,
    judged integer not null,
    unknown integer not null,
    skipped integer not null default 0
);
create index on houndmon.ticks (finished_at desc);

-- The alerts, as the machine sees them. What people say of them lies in the tables below, out of its reach.
create table houndmon.alerts (
    id bigint generated always as identity primary key,
    rule text not null,
    environment text not null check (environment in ('prod', 'staging')),
    subject text,
    state text not null check (state in ('firing', 'recovered', 'closed')),
    severity text not null check (severity in ('info', 'warning', 'critical')),
    value double precision,
    threshold double precision,
    sample_count bigint,
    owner_role text not null,
    response_target_minutes double precision not null,
    runbook_url text not null,
    fired_at timestamptz not null,
    response_due_at timestamptz not null,
    recovered_at timestamptz,
    closed_at timestamptz,
    flaps integer not null default 0,
    previous_alert_id bigint references houndmon.alerts,
    fired_evidence jsonb not null,
    recovered_evidence jsonb,
    announced_at timestamptz,
    announced_state text,
    suppressed_by text,
    overdue_at timestamptz,
    check ((state = 'closed') = (closed_at is not null))
);
create unique index alerts_one_open on houndmon.alerts (rule, environment, coalesce(subject, ''))
    where state <> 'closed';
create index on houndmon.alerts (fired_at desc, id desc);
create index on houndmon.alerts (rule, environment, fired_at desc);

-- What each rule found last, for each environment and subject.
create table houndmon.rule_states (
    rule text not null,
    environment text not null check (environment in ('prod', 'staging')),
    subject text,
    verdict text not null check (verdict in ('ok', 'breach', 'insufficient', 'no_data', 'unknown')),
    state text not null check (state in ('ok', 'pending', 'firing', 'recovered')),
    value double precision,
    threshold double precision,
    sample_count bigint,
    reason text,
    evaluated_at timestamptz not null,
    pending_since timestamptz,
    clear_since timestamptz
);
create unique index rule_states_key on houndmon.rule_states (rule, environment, coalesce(subject, ''));

-- What happened to an alert, in order: transitions, and what people did. Never changed.
create table houndmon.transitions (
    id bigint generated always as identity primary key,
    alert_id bigint not null references houndmon.alerts,
    at timestamptz not null default clock_timestamp(),
    kind text not null check (kind in (
        'fired', 'fired_again', 'recovered', 'acknowledged', 'overdue', 'closed', 'suppressed'
    )),
    from_state text,
    to_state text,
    reason text not null,
    value double precision,
    threshold double precision,
    sample_count bigint,
    actor text
);
create index on houndmon.transitions (alert_id, id);

create table houndmon.acknowledgements (
    alert_id bigint primary key references houndmon.alerts,
    acknowledged_at timestamptz not null default clock_timestamp(),
    actor text,
    note text
);

-- The three notes without which nobody closes an alert.
create table houndmon.closings (
    alert_id bigint primary key references houndmon.alerts,
    closed_at timestamptz not null default clock_timestamp(),
    actor text,
    root_cause text not null check (char_length(btrim(root_cause)) >= 10),
    mitigation text not null check (char_length(btrim(mitigation)) >= 10),
    prevention text not null check (char_length(btrim(prevention)) >= 10)
);

-- Who need not be told of what, until when, and why. A null matches all.
create table houndmon.silences (
    id bigint generated always as identity primary key,
    rule text,
    environment text check (environment in ('prod', 'staging')),
    subject text,
    reason text not null check (char_length(btrim(reason)) >= 10),
    actor text,
    created_at timestamptz not null default clock_timestamp(),
    ends_at timestamptz not null,
    check (ends_at <= created_at + interval '7 days 1 minute')
);
create index on houndmon.silences (ends_at);

-- What is to be sent to whom. Written with the transition it tells of, in one transaction.
create table houndmon.outbox (
    id bigint generated always as identity primary key,
    notification_id uuid not null default gen_random_uuid(),
    receiver text not null,
    kind text not null check (kind in ('fired', 'fired_again', 'recovered', 'overdue', 'closed', 'test')),
    alert_ids bigint[] not null,
    message jsonb not null,
    created_at timestamptz not null default clock_timestamp(),
    due_at timestamptz not null default clock_timestamp(),
    held_until timestamptz,  -- the receiver asked for patience: nothing hastens it before this
    expires_at timestamptz not null default clock_timestamp() + interval '24 hours',
    attempts integer not null default 0,
    leased_until timestamptz,
    leased_by uuid,
    sent_at timestamptz,
    dead_at timestamptz,
    last_error text,
    unique (notification_id)
);
create index on houndmon.outbox (receiver, due_at) where sent_at is null and dead_at is null;
create index on houndmon.outbox using gin (alert_ids);
create index on houndmon.outbox (dead_at) where dead_at is not null;
