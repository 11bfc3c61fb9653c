-- People who log in elsewhere: known by who vouches for them and by what that one calls them, never by a name.
create table houndmon.people (
    id bigint generated always as identity primary key,
    issuer text not null check (char_length(issuer) between 1 and 300),
    subject text not null check (char_length(subject) between 1 and 300),
    name text not null check (char_length(btrim(name)) between 1 and 80),
    role text not null check (role in ('viewer', 'operator', 'admin')),
    first_seen_at timestamptz not null default clock_timestamp(),
    last_seen_at timestamptz not null default clock_timestamp(),
    blocked_at timestamptz,
    unique (issuer, subject)
);

-- A session is a token's or a person's. A person's keeps the role that was vouched for at log-in.
alter table houndmon.sessions
    add column id bigint generated always as identity unique,
    add column person_id bigint references houndmon.people,
    add column role text check (role in ('viewer', 'operator', 'admin')),
    add column address text,
    alter column token_id drop not null,
    add check (num_nonnulls(token_id, person_id) = 1),
    add check ((person_id is null) = (role is null));
create index on houndmon.sessions (person_id);

-- Who went to the provider and has not come back yet. What proves that they are the same is in their cookie alone.
create table houndmon.departures (
    hash bytea primary key,
    next text not null check (char_length(next) <= 2000),
    expires_at timestamptz not null
);
create index on houndmon.departures (expires_at);

-- Names can be chosen: `identity` says which token or person it was.
alter table houndmon.audit add column identity text;
