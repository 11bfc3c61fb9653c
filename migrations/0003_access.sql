-- Who may come in, who is in, and what was done.
create table houndmon.secrets (
    name text primary key,
    value bytea not null check (octet_length(value) >= 32)
);

-- A token's text is never stored: only its keyed hash, and a prefix to find it by.
create table houndmon.tokens (
    id bigint generated always as identity primary key,
    name text not null check (char_length(btrim(name)) between 1 and 80),
    role text not null check (role in ('summary', 'viewer', 'operator', 'admin')),
    lookup text not null unique,
    hash bytea not null,
    created_at timestamptz not null default clock_timestamp(),
    created_by text,
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz
);

create table houndmon.sessions (
    hash bytea primary key,
    token_id bigint not null references houndmon.tokens,
    created_at timestamptz not null default clock_timestamp(),
    used_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null
);
create index on houndmon.sessions (token_id);
create index on houndmon.sessions (expires_at);

create table houndmon.audit (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    actor text,
    role text,
    action text not null,
    target text,
    outcome text not null check (outcome in ('done', 'refused')),
    address text,
    request_id text,
    before jsonb,
    after jsonb
);

create function houndmon.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'the audit log is append-only' using errcode = 'insufficient_privilege';
end
$$;

create trigger append_only before update or delete or truncate on houndmon.audit
    for each statement execute function houndmon.refuse_change();
-- Always: else a session in replica mode would pass it by.
alter table houndmon.audit enable always trigger append_only;
revoke update, delete, truncate on houndmon.audit from public, current_user;
