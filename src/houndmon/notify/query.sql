-- name: record
-- Put a message into the outbox, one row a receiver.
-- $1 kind, $2 the alerts it tells of, $3 the message as JSON text, $4 the receivers' names
insert into houndmon.outbox (receiver, kind, alert_ids, message)
select receiver, $1::text, $2::bigint[], $3::text::jsonb
from unnest($4::text[]) as receiver;

-- name: record_trial
-- Put a test message into the outbox: its time is up at once, so the first failure is the last.
insert into houndmon.outbox (receiver, kind, alert_ids, message, expires_at)
values ($1, 'test', '{}', $2::text::jsonb, clock_timestamp())
returning id;

-- name: trial
-- What came of a test message? Relies on the primary key.
select
    receiver, notification_id::text as notification_id, sent_at is not null as sent, attempts, last_error as error,
    sent_at is not null or dead_at is not null as is_over
from houndmon.outbox
where id = $1;

-- name: waiting
-- Which receivers have messages that wait, and for which is one due?
-- Relies on the partial index on (receiver, due_at).
select
    receiver,
    coalesce(bool_or(
        due_at <= statement_timestamp() and (leased_until is null or leased_until < statement_timestamp())
    ), false) as is_due
from houndmon.outbox
where sent_at is null and dead_at is null
group by receiver;

-- name: claim
-- Take what is due for a receiver: what was never tried first, and of one alert never a later message before an
-- earlier one. Relies on the partial index on (receiver, due_at).
-- $1 receiver, $2 who takes it, $3 how many, $4 for how many seconds
with placed as (
    select id, row_number() over (partition by alert_id order by id) as place
    from houndmon.outbox, unnest(alert_ids) as alert_id
    where receiver = $1 and sent_at is null and dead_at is null
),
chosen as materialized (
    select id
    from houndmon.outbox
    where receiver = $1 and sent_at is null and dead_at is null
        and due_at <= statement_timestamp()
        and (leased_until is null or leased_until < statement_timestamp())
        and id not in (select id from placed where place > 1)
    order by attempts > 0, due_at, id
    limit $3
    for update skip locked
)
update houndmon.outbox as taken
set leased_by = $2, leased_until = clock_timestamp() + make_interval(secs => $4::float8), attempts = attempts + 1
from chosen
where taken.id = chosen.id
returning taken.id, taken.notification_id::text as notification_id, taken.kind, taken.message::text as message,
    taken.attempts, clock_timestamp() as claimed_at;

-- name: mark_sent
-- Write down that a message was received. It was, so this holds whoever has the lease by now.
update houndmon.outbox
set sent_at = clock_timestamp(), leased_by = null, leased_until = null, last_error = null, dead_at = null
where id = $1 and sent_at is null
returning id;

-- name: mark_failed
-- Write down that an attempt failed, and when the next one is due; once its time is up, there is none.
-- $1 id, $2 who tried, $3 why, $4 after how many seconds again, $5 whether the receiver itself asked for that
update houndmon.outbox
set leased_by = null,
    leased_until = null,
    last_error = $3,
    due_at = least(clock_timestamp() + make_interval(secs => $4::float8), expires_at),
    held_until = case when $5 then clock_timestamp() + make_interval(secs => $4::float8) end,
    dead_at = case when clock_timestamp() >= expires_at then clock_timestamp() end
where id = $1 and leased_by = $2 and sent_at is null and dead_at is null
returning dead_at is not null as is_dead;

-- name: hasten
-- Make due at once what waits after a failure, except where the receiver itself asked for patience.
-- $1 receiver
update houndmon.outbox
set due_at = clock_timestamp()
where receiver = $1 and sent_at is null and dead_at is null and attempts > 0 and due_at > clock_timestamp()
    and (held_until is null or held_until <= clock_timestamp())
    and (leased_until is null or leased_until < clock_timestamp());

-- name: bury
-- Give up what waits for receivers that are configured no longer. A minute's grace: while a new configuration is
-- rolled out, one process may not know yet the receivers of another.
-- $1 the names to bury, $2 the grace in seconds
update houndmon.outbox
set dead_at = clock_timestamp(), leased_by = null, leased_until = null,
    last_error = 'this receiver is configured no longer: put it back and retry, or leave it'
where receiver = any($1::text[]) and sent_at is null and dead_at is null
    and created_at < clock_timestamp() - make_interval(secs => $2::float8)
    and (leased_until is null or leased_until < clock_timestamp())
returning id;

-- name: deliveries
-- What became of the messages about an alert, in order?
-- Relies on the index on alert_ids.
select
    id::text as id, notification_id::text as notification_id, receiver, kind, created_at, attempts, due_at,
    sent_at, dead_at, last_error
from houndmon.outbox
where alert_ids @> array[$1::bigint]
order by id;

-- name: dead_letters
-- What was given up in the last seven days, the newest first? A test has told who asked for it.
-- Relies on the partial index on dead_at.
select
    id::text as id, notification_id::text as notification_id, receiver, kind, message->>'rule' as rule,
    message->>'environment' as environment, message->>'title' as title, alert_ids::text[] as alert_ids,
    created_at, attempts, dead_at, last_error
from houndmon.outbox
where dead_at > clock_timestamp() - interval '7 days' and kind <> 'test'
order by dead_at desc, id desc
limit 100;

-- name: retry_dead
-- Try a dead letter for another day.
update houndmon.outbox
set dead_at = null, attempts = 0, due_at = clock_timestamp(), held_until = null,
    expires_at = clock_timestamp() + interval '24 hours'
where id = $1 and dead_at is not null
returning id;
