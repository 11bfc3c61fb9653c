-- name: add_secret
-- Keep a key, unless there is one.
insert into houndmon.secrets (name, value) values ($1, $2) on conflict (name) do nothing;

-- name: secret
-- Which key is kept under a name?
select value from houndmon.secrets where name = $1;

-- name: shown
-- What may be said of the tokens?
select id::text as id, name, role, lookup, created_at, created_by, expires_at, last_used_at, revoked_at
from houndmon.tokens;

-- name: tokens
-- Which tokens are there, newest first?
select * from {shown} as known order by created_at desc, lookup;

-- name: add_token
-- Add a token. $1 name, $2 role, $3 look-up, $4 hash, $5 by whom, $6 days or null for ever
insert into houndmon.tokens (name, role, lookup, hash, created_by, expires_at)
values ($1, $2, $3, $4, $5, clock_timestamp() + $6::integer * interval '1 day')
returning id::text as id, name, role, lookup, created_at, created_by, expires_at, last_used_at, revoked_at;

-- name: any_token
-- Is there a token that still holds?
select exists (
    select from houndmon.tokens
    where revoked_at is null and (expires_at is null or expires_at > clock_timestamp())
);

-- name: token
-- Which token has this look-up, if it holds, and by which key is it hashed? Relies on the unique index.
select
    id, name, role, hash, (select value from houndmon.secrets where name = 'hashes') as key,
    last_used_at is null or last_used_at < clock_timestamp() - interval '1 minute' as touch
from houndmon.tokens
where lookup = $1 and revoked_at is null and (expires_at is null or expires_at > clock_timestamp());

-- name: touch_token
-- Note that a token was used, once a minute at most.
update houndmon.tokens set last_used_at = clock_timestamp()
where id = $1 and (last_used_at is null or last_used_at < clock_timestamp() - interval '1 minute');

-- name: revoke_token
-- Revoke a token now.
update houndmon.tokens set revoked_at = clock_timestamp()
where id = $1 and revoked_at is null
returning id::text as id, name, role, lookup, created_at, created_by, expires_at, last_used_at, revoked_at;

-- name: end_sessions
-- End every session of a token.
delete from houndmon.sessions where token_id = $1;

-- name: add_session
-- Begin a session. $1 hash, $2 token or null, $3 person or null, $4 a person's role, $5 address, $6 seconds it lasts
insert into houndmon.sessions (hash, token_id, person_id, role, address, expires_at)
values ($1, $2, $3, $4, $5, clock_timestamp() + $6::integer * interval '1 second');

-- name: session
-- Whose session is this, if it and its token or person hold, and by which key is it hashed? Relies on the primary key.
-- $1 hash, $2 seconds it may lie idle
select
    coalesce(t.id, 0) as token_id, coalesce(p.id, 0) as person_id,
    coalesce(t.name, p.name) as name, coalesce(t.role, s.role) as role, p.issuer, p.subject,
    (select value from houndmon.secrets where name = 'hashes') as key,
    s.used_at < clock_timestamp() - interval '1 minute' as touch
from houndmon.sessions s
left join houndmon.tokens t on t.id = s.token_id
left join houndmon.people p on p.id = s.person_id
where s.hash = $1
    and s.expires_at > clock_timestamp()
    and s.used_at > clock_timestamp() - $2::integer * interval '1 second'
    and (t.id is null or t.revoked_at is null and (t.expires_at is null or t.expires_at > clock_timestamp()))
    and p.blocked_at is null;

-- name: live_sessions
-- Which sessions hold just now, the last used first? $1 seconds they may lie idle
select
    s.id::text as id, coalesce(t.name, p.name) as name, coalesce(t.role, s.role) as role,
    coalesce('token:' || t.id, 'person:' || p.id) as identity, s.address, s.created_at, s.used_at, s.expires_at
from houndmon.sessions s
left join houndmon.tokens t on t.id = s.token_id
left join houndmon.people p on p.id = s.person_id
where s.expires_at > clock_timestamp() and s.used_at > clock_timestamp() - $1::integer * interval '1 second'
    and (t.id is null or t.revoked_at is null and (t.expires_at is null or t.expires_at > clock_timestamp()))
    and p.blocked_at is null
order by s.used_at desc, s.id
limit 500;

-- name: end_session_of_id
-- End a session that an admin names. Relies on the unique index.
delete from houndmon.sessions where id = $1
returning coalesce('token:' || token_id, 'person:' || person_id) as identity;

-- name: met
-- Write down that somebody came whom an issuer vouches for. Relies on the unique index.
insert into houndmon.people (issuer, subject, name, role) values ($1, $2, $3, $4)
on conflict (issuer, subject) do update
    set name = excluded.name, role = excluded.role, last_seen_at = clock_timestamp()
returning id, blocked_at;

-- name: known_person
-- What may be said of people?
select id::text as id, issuer, subject, name, role, first_seen_at, last_seen_at, blocked_at from houndmon.people;

-- name: people
-- Who has logged in elsewhere, the last seen first?
select * from {known_person} as known order by last_seen_at desc, id limit 500;

-- name: block
-- Keep somebody out, or let them in again. $1 id, $2 whether to block
update houndmon.people
set blocked_at = case when $2::boolean then coalesce(blocked_at, clock_timestamp()) end
where id = $1
returning id::text as id, issuer, subject, name, role, first_seen_at, last_seen_at, blocked_at;

-- name: end_sessions_of
-- End every session of a person.
delete from houndmon.sessions where person_id = $1;

-- name: depart
-- Somebody goes to the provider. $1 hash, $2 where they go on to, $3 seconds until they must be back
insert into houndmon.departures (hash, next, expires_at)
values ($1, $2, clock_timestamp() + $3::integer * interval '1 second');

-- name: arrive
-- Somebody comes back: once only, and in time.
delete from houndmon.departures where hash = $1
returning next, expires_at > clock_timestamp() as in_time;

-- name: sweep_departures
-- Forget who did not come back. Relies on the index on expires_at.
delete from houndmon.departures where expires_at < clock_timestamp();

-- name: touch_session
-- Note that a person used a session.
update houndmon.sessions set used_at = clock_timestamp() where hash = $1;

-- name: end_session
-- End a session.
delete from houndmon.sessions where hash = $1;

-- name: sweep_sessions
-- Forget the sessions that are over. Relies on the index on expires_at.
delete from houndmon.sessions where expires_at < clock_timestamp();

-- name: add_entry
-- Write a line of the audit log.
insert into houndmon.audit (actor, role, identity, action, target, outcome, address, request_id, before, after)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9::text::jsonb, $10::text::jsonb);

-- name: entries
-- Which lines come before a place, newest first? Relies on the primary key.
-- $1 the place or null, $2 how many
select id::text as id, at, actor, role, identity, action, target, outcome, address, request_id,
    before::text as before, after::text as after
from houndmon.audit
where $1::bigint is null or id < $1
order by audit.id desc
limit $2;

-- name: alert
-- How does an alert stand, and what did people say of it?
select jsonb_build_object(
    'state', a.state, 'rule', a.rule, 'environment', a.environment, 'subject', a.subject,
    'acknowledged_by', k.actor, 'acknowledged_at', k.acknowledged_at, 'closed_by', c.actor, 'closed_at', a.closed_at
)::text
from houndmon.alerts a
left join houndmon.acknowledgements k on k.alert_id = a.id
left join houndmon.closings c on c.alert_id = a.id
where a.id = $1;

-- name: silence
-- What does a silence say?
select to_jsonb(s)::text from houndmon.silences s where id = $1;
