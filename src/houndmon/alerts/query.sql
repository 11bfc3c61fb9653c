-- name: states
-- What did each rule find last?
select rule, environment, subject, verdict, state, value, threshold, sample_count, reason, evaluated_at,
    pending_since, clear_since
from houndmon.rule_states;

-- name: put_states
-- Write what the rules found, each as one element of a JSON array.
insert into houndmon.rule_states (
    rule, environment, subject, verdict, state, value, threshold, sample_count, reason, evaluated_at,
    pending_since, clear_since
)
select rule, environment, subject, verdict, state, value, threshold, sample_count, reason, evaluated_at,
    pending_since, clear_since
from jsonb_to_recordset($1::text::jsonb) as found (
    rule text, environment text, subject text, verdict text, state text, value float8, threshold float8,
    sample_count bigint, reason text, evaluated_at timestamptz, pending_since timestamptz, clear_since timestamptz
)
on conflict (rule, environment, coalesce(subject, '')) do update set
    verdict = excluded.verdict, state = excluded.state, value = excluded.value, threshold = excluded.threshold,
    sample_count = excluded.sample_count, reason = excluded.reason, evaluated_at = excluded.evaluated_at,
    pending_since = excluded.pending_since, clear_since = excluded.clear_since;

-- name: drop_states
-- Forget subjects that are gone and have no open alert, each as one element of a JSON array.
delete from houndmon.rule_states as states
using jsonb_to_recordset($1::text::jsonb) as gone (rule text, environment text, subject text)
where states.rule = gone.rule and states.environment = gone.environment
    and states.subject is not distinct from gone.subject;

-- name: alerts
-- What is known of the alerts, with what people said of them?
select
    a.id as number, a.id::text as id, a.rule, a.environment, a.subject, a.state, a.severity, a.value, a.threshold, a.sample_count,
    a.owner_role, a.response_target_minutes, a.runbook_url, a.fired_at, k.acknowledged_at,
    k.actor as acknowledged_by, k.note as acknowledgement, a.response_due_at,
    a.state <> 'closed' and k.acknowledged_at is null and a.response_due_at < clock_timestamp() as overdue,
    a.recovered_at, a.closed_at, a.flaps, a.previous_alert_id::text as previous_alert_id, a.suppressed_by,
    c.actor as closed_by, c.root_cause, c.mitigation, c.prevention,
    a.fired_evidence::text as fired_evidence, a.recovered_evidence::text as recovered_evidence, a.announced_at, a.announced_state, a.overdue_at
from houndmon.alerts a
left join houndmon.acknowledgements k on k.alert_id = a.id
left join houndmon.closings c on c.alert_id = a.id;

-- name: open
-- Which alerts are open, the worst first: firing before recovered, critical before warning, then the oldest?
-- Relies on the unique partial index on open alerts.
select * from {alerts} as known
where state <> 'closed'
order by state, array_position(array['critical', 'warning', 'info'], severity), fired_at, number;

-- name: page
-- Which alerts come before a place in the listing, the newest first?
-- Relies on (fired_at desc, id desc).
-- $1 open, closed or all, $2 environment or null, $3 rule or null, $4 and $5 the place or null, $6 how many
select * from {alerts} as known
where ($1::text = 'all' or (state = 'closed') = ($1::text = 'closed'))
    and ($2::text is null or environment = $2)
    and ($3::text is null or rule = $3)
    and ($4::timestamptz is null or (fired_at, number) < ($4::timestamptz, $5::bigint))
order by fired_at desc, number desc
limit $6;

-- name: one
-- What is known of one alert?
select * from {alerts} as known where number = $1;

-- name: timeline
-- What happened to an alert, in order?
select at, kind, from_state, to_state, reason, value, threshold, sample_count, actor
from houndmon.transitions
where alert_id = $1
order by id;

-- name: fire
-- Open an alert; it links to the last one of its kind. Nothing is written where one is open already.
insert into houndmon.alerts (
    rule, environment, subject, state, severity, value, threshold, sample_count, owner_role,
    response_target_minutes, runbook_url, fired_at, response_due_at, fired_evidence, previous_alert_id
)
values (
    $1, $2, $3, 'firing', $4, $5, $6, $7, $8, $9::float8, $10, $11::timestamptz,
    $11::timestamptz + make_interval(secs => $9::float8 * 60), $12::text::jsonb,
    (
        select max(id) from houndmon.alerts
        where rule = $1 and environment = $2 and subject is not distinct from $3 and state = 'closed'
    )
)
on conflict (rule, environment, coalesce(subject, '')) where state <> 'closed' do nothing
returning id;

-- name: fire_again
-- A recovered alert fires again: the same alert, one flap more.
update houndmon.alerts
set state = 'firing', recovered_at = null, recovered_evidence = null, flaps = flaps + 1,
    value = $2, threshold = $3, sample_count = $4
where id = $1 and state = 'recovered'
returning id;

-- name: recover
-- A firing alert recovers.
update houndmon.alerts
set state = 'recovered', recovered_at = $2, recovered_evidence = $3::text::jsonb
where id = $1 and state = 'firing'
returning id;

-- name: refresh
-- Keep the figures of firing alerts fresh, each as one element of a JSON array.
update houndmon.alerts as alerts
set value = found.value, sample_count = found.sample_count
from jsonb_to_recordset($1::text::jsonb) as found (id bigint, value float8, sample_count bigint)
where alerts.id = found.id and alerts.state = 'firing';

-- name: add_transition
-- Write down what happened to an alert.
insert into houndmon.transitions (
    alert_id, at, kind, from_state, to_state, reason, value, threshold, sample_count, actor
)
values ($1, coalesce($2, clock_timestamp()), $3, $4, $5, $6, $7, $8, $9, $10);

-- name: add_incident
-- Put what happened to an alert into the feed.
insert into houndmon.incidents (
    occurred_at, environment, service_area, severity, impact, link_label, link_url, kind, alert_id
)
values (coalesce($1, clock_timestamp()), $2, $3, $4, $5, $6, $7, $8, $9);

-- name: acknowledge
-- Somebody looks at an open alert; the first one counts.
insert into houndmon.acknowledgements (alert_id, actor, note)
select id, $2, $3 from houndmon.alerts where id = $1 and state <> 'closed'
on conflict (alert_id) do nothing
returning alert_id;

-- name: close
-- A person closes a recovered alert.
update houndmon.alerts set state = 'closed', closed_at = clock_timestamp()
where id = $1 and state = 'recovered'
returning rule, environment, subject, runbook_url;

-- name: keep_notes
-- The three notes of a closing.
insert into houndmon.closings (alert_id, actor, root_cause, mitigation, prevention) values ($1, $2, $3, $4, $5);

-- name: silences
-- Which silences are in force, or were within the last week?
select
    id::text as id, rule, environment, subject, reason, actor, created_at, ends_at,
    ends_at > clock_timestamp() as in_force
from houndmon.silences
where ends_at > clock_timestamp() - interval '7 days'
order by ends_at desc, id desc;

-- name: add_silence
-- Silence what matches, until a time.
insert into houndmon.silences (rule, environment, subject, reason, actor, ends_at)
values ($1, $2, $3, $4, $5, $6)
returning
    id::text as id, rule, environment, subject, reason, actor, created_at, ends_at,
    ends_at > clock_timestamp() as in_force;

-- name: end_silence
-- End a silence now.
update houndmon.silences set ends_at = clock_timestamp()
where id = $1 and ends_at > clock_timestamp()
returning id;

-- name: announced
-- People were told of an alert's state, or it was suppressed.
update houndmon.alerts
set announced_state = $2, announced_at = coalesce($3, announced_at), suppressed_by = $4
where id = $1;

-- name: overdue
-- Nobody acknowledged an alert in time; said once.
update houndmon.alerts set overdue_at = $2 where id = $1 and overdue_at is null returning id;
