-- name: states
-- What did each rule find last?
select rule, environment, subject, verdict, state, value, threshold, sample_count, reason, evaluated_at,
    pending_since, clear_since, no_data_since
from houndmon.rule_states;

-- name: put_states
-- Write what the rules found, each as one element of a JSON array.
insert into houndmon.rule_states (
    rule, environment, subject, verdict, state, value, threshold, sample_count, reason, evaluated_at,
    pending_since, clear_since, no_data_since
)
select rule, environment, subject, verdict, state, value, threshold, sample_count, reason, evaluated_at,
    pending_since, clear_since, no_data_since
from jsonb_to_recordset($1::text::jsonb) as found (
    rule text, environment text, subject text, verdict text, state text, value float8, threshold float8,
    sample_count bigint, reason text, evaluated_at timestamptz, pending_since timestamptz, clear_since timestamptz,
    no_data_since timestamptz
)
on conflict (rule, environment, coalesce(subject, '')) do update set
    verdict = excluded.verdict, state = excluded.state, value = excluded.value, threshold = excluded.threshold,
    sample_count = excluded.sample_count, reason = excluded.reason, evaluated_at = excluded.evaluated_at,
    pending_since = excluded.pending_since, clear_since = excluded.clear_since, no_data_since = excluded.no_data_since;

-- name: drop_states
-- Forget subjects that are gone and have no open alert, each as one element of a JSON array.
delete from houndmon.rule_states as states
using jsonb_to_recordset($1::text::jsonb) as gone (rule text, environment text, subject text)
where states.rule = gone.rule and states.environment = gone.environment
    and states.subject is not distinct from gone.subject;

-- name: gone
-- Of which firing alerts has there been nothing to judge for the last hour without a break?
-- Where nobody evaluates nobody knows.
select a.id
from houndmon.alerts a
join houndmon.rule_states s on s.rule = a.rule and s.environment = a.environment and s.subject is not distinct from a.subject
where a.state = 'firing' and s.verdict = 'no_data' and s.no_data_since <= clock_timestamp() - interval '1 hour'
    and exists (
        select
        from houndmon.ticks
        where finished_at > clock_timestamp() - interval '1 minute' and finished_at <= clock_timestamp()
    );

-- name: alerts
-- What is known of the alerts, with what people said of them?
-- Nobody is late to answer what nobody may be told: in a silence an alert stays overdue, and does not become it.
select
    a.id as number, a.id::text as id, a.rule, a.environment, a.subject, a.state, a.severity, a.value, a.threshold, a.sample_count,
    a.owner_role, a.response_target_minutes, a.runbook_url, a.fired_at, k.acknowledged_at,
    k.actor as acknowledged_by, k.note as acknowledgement, a.response_due_at,
    a.state <> 'closed' and k.acknowledged_at is null and a.response_due_at < clock_timestamp()
        and (a.overdue_at is not null or a.announced_at is not null and a.suppressed_by is null) as overdue,
    a.state = 'recovered' as closable,
    a.recovered_at, a.closed_at, a.flaps, a.previous_alert_id::text as previous_alert_id, a.suppressed_by,
    a.finding, a.latest_finding, a.latest_verdict, a.clear_since, a.recovers_at, a.explained_by::text as explained_by,
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

-- name: baselines
-- Against which usual shares are open alerts held?
-- Alerts from before that column was there have the share in the evidence of their firing, null where there was no traffic.
select rule, environment, subject, coalesce(baseline, (fired_evidence ->> 'baseline_ratio')::float8, 0) as baseline
from houndmon.alerts
where state <> 'closed' and (baseline is not null or fired_evidence ? 'baseline_ratio');

-- name: page
-- Which alerts come before a place in the listing, the newest first?
-- Relies on (fired_at desc, id desc).
-- $1 open, firing, recovered, closed or all, $2 environment or null, $3 rule or null, $4 and $5 the place or null,
-- $6 how many, $7 severity or null, $8 owner or null, $9 a text or null, $10 rules and $11 service levels called by it
select * from {alerts} as known
where ($1::text in ('all', state) or $1::text = 'open' and state <> 'closed')
    and ($2::text is null or environment = $2)
    and ($3::text is null or rule = $3)
    and ($4::timestamptz is null or (fired_at, number) < ($4::timestamptz, $5::bigint))
    and ($7::text is null or severity = $7)
    and ($8::text is null or owner_role = $8)
    and (
        $9::text is null or rule = any($10::text[]) or subject = any($11::text[])
        or strpos(
            lower(concat_ws(E'\n', rule, subject, owner_role, finding, latest_finding, acknowledged_by, root_cause)),
            lower($9)
        ) > 0
    )
order by fired_at desc, number desc
limit $6;

-- name: closed_with
-- How many recovered alerts are closed with each of these?
-- Relies on the index on explained_by.
select explained_by::text as id, count(*) as count
from houndmon.alerts
where explained_by = any($1::bigint[]) and state = 'recovered'
group by explained_by;

-- name: owners
-- Who answered for alerts so far?
select distinct owner_role from houndmon.alerts order by owner_role limit 100;

-- name: one
-- What is known of one alert?
select * from {alerts} as known where number = $1;

-- name: related
-- Which alert explains this one, and which does it explain? The cause first, then the oldest.
-- Relies on the index on explained_by.
select other.id::text as id, other.rule, other.subject, other.state, other.explained_by = this.id as is_symptom
from houndmon.alerts this
join houndmon.alerts other on other.id = this.explained_by or other.explained_by = this.id
where this.id = $1
order by is_symptom, other.fired_at, other.id;

-- name: firings
-- How often did the rule fire for the same environment and subject within the last 7 days?
-- Relies on (rule, environment, fired_at desc), then on (alert_id, id).
select count(*)
from houndmon.alerts this
join houndmon.alerts a on a.rule = this.rule and a.environment = this.environment and a.subject is not distinct from this.subject
join houndmon.transitions t on t.alert_id = a.id and t.kind in ('fired', 'fired_again')
where this.id = $1 and t.at > clock_timestamp() - interval '7 days'
    and (a.closed_at is null or a.closed_at > clock_timestamp() - interval '7 days');

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
    response_target_minutes, runbook_url, fired_at, response_due_at, fired_evidence, baseline, finding, latest_finding,
    latest_verdict, previous_alert_id
)
values (
    $1, $2, $3, 'firing', $4, $5, $6, $7, $8, $9::float8, $10, $11::timestamptz,
    $11::timestamptz + make_interval(secs => $9::float8 * 60), $12::text::jsonb, $13, $14, $14,
    'breach',
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
    value = $2, threshold = $3, sample_count = $4, finding = $5, latest_finding = $5, latest_verdict = 'breach',
    fired_evidence = $6::text::jsonb, clear_since = null, recovers_at = null
where id = $1 and state = 'recovered'
returning id;

-- name: recover
-- A firing alert recovers.
update houndmon.alerts
set state = 'recovered', recovered_at = $2, recovered_evidence = $3::text::jsonb, latest_finding = $4, latest_verdict = 'ok',
    clear_since = null, recovers_at = null
where id = $1 and state = 'firing'
returning id;

-- name: refresh
-- Keep what was found last of open alerts, each as one element of a JSON array; the figures are those of a breach.
update houndmon.alerts as alerts
set value = case when found.verdict = 'breach' then found.value else alerts.value end,
    sample_count = case when found.verdict = 'breach' then found.sample_count else alerts.sample_count end,
    latest_finding = found.reason, latest_verdict = found.verdict, clear_since = found.clear_since, recovers_at = found.recovers_at
from jsonb_to_recordset($1::text::jsonb) as found (
    id bigint, verdict text, value float8, sample_count bigint, reason text, clear_since timestamptz,
    recovers_at timestamptz
)
where alerts.id = found.id and alerts.state <> 'closed' and (
    (alerts.latest_finding, alerts.latest_verdict, alerts.clear_since, alerts.recovers_at)
        is distinct from (found.reason, found.verdict, found.clear_since, found.recovers_at)
    or found.verdict = 'breach' and (alerts.value, alerts.sample_count) is distinct from (found.value, found.sample_count)
);

-- name: explain
-- Which alert explains another, each as one element of a JSON array.
update houndmon.alerts as alerts
set explained_by = found.explained_by
from jsonb_to_recordset($1::text::jsonb) as found (id bigint, explained_by bigint)
where alerts.id = found.id;

-- name: add_transition
-- Write down what happened to an alert.
insert into houndmon.transitions (
    alert_id, at, kind, from_state, to_state, reason, value, threshold, sample_count, actor
)
values ($1, coalesce($2, clock_timestamp()), $3, $4, $5, $6, $7, $8, $9, $10);

-- name: add_incident
-- Put what happened to an alert into the feed.
insert into houndmon.incidents (
    occurred_at, environment, service_area, severity, impact, link_label, link_url, kind, alert_id,
    rule, subject, event, reason
)
values (coalesce($1, clock_timestamp()), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);

-- name: acknowledge
-- Somebody looks at an open alert; the first one counts.
insert into houndmon.acknowledgements (alert_id, actor, note)
select id, $2, $3 from houndmon.alerts where id = $1 and state <> 'closed'
on conflict (alert_id) do nothing
returning alert_id;

-- name: unacknowledge
-- Nobody looks at an open alert any more.
delete from houndmon.acknowledgements
where alert_id = (select id from houndmon.alerts where id = $1 and state <> 'closed')
returning alert_id;

-- name: renew_response
-- The time to respond to an alert begins anew.
update houndmon.alerts
set response_due_at = clock_timestamp() + make_interval(secs => response_target_minutes * 60), overdue_at = null
where id = $1;

-- name: hand_over
-- Somebody else answers for an open alert; the note of the one before goes with them.
update houndmon.acknowledgements set actor = $2, note = $3
where alert_id = (select id from houndmon.alerts where id = $1 and state <> 'closed')
returning alert_id;

-- name: lock_to_close
-- Keep others from closing some alerts, and what these explain, until this is done: all in one order, so that no two wait
-- for each other.
-- Relies on the index on explained_by.
select id from houndmon.alerts where id = any($1::bigint[]) or explained_by = any($1::bigint[]) order by id for update;

-- name: close
-- A person closes an alert that has recovered, or whose subject is gone.
update houndmon.alerts set state = 'closed', closed_at = clock_timestamp()
where id = $1 and (state = 'recovered' or id in {gone})
returning rule, environment, subject, runbook_url;

-- name: close_explained
-- With a cause close those recovered alerts that it explains.
update houndmon.alerts set state = 'closed', closed_at = clock_timestamp()
where explained_by = $1 and state = 'recovered'
returning id;

-- name: keep_notes
-- The three notes of a closing.
insert into houndmon.closings (alert_id, actor, root_cause, mitigation, prevention) values ($1, $2, $3, $4, $5);

-- name: known_silences
-- What is known of the silences, and how many firing alerts does each fit?
-- Relies on the unique partial index on open alerts.
select
    s.id as number, s.id::text as id, s.rule, s.environment, s.subject, s.reason, s.actor, s.created_at, s.starts_at, s.ends_at,
    s.weekdays, to_char(s.from_time, 'HH24:MI') as from_time, s.lasts_minutes, s.zone, clock_timestamp() as now,
    (
        select count(*) from houndmon.alerts a
        where a.state = 'firing' and (s.rule is null or a.rule = s.rule)
            and (s.environment is null or a.environment = s.environment) and (s.subject is null or a.subject = s.subject)
    ) as matching_count
from houndmon.silences s;

-- name: silences
-- Which silences are in force, will be, or were within the last week?
select * from {known_silences} as known
where ends_at > clock_timestamp() - interval '7 days'
order by ends_at desc, number desc;

-- name: silence
-- What is known of one silence?
select * from {known_silences} as known where number = $1;

-- name: version
-- What changes whenever something is said otherwise of an open alert, and which silences are between their start and end?
-- Its deadline may pass without a tick. The findings are digested: hundreds of alerts may be open.
-- A row a silence, and one at least.
-- Relies on the index of open alerts.
select open.version, known.id, known.starts_at, known.ends_at, known.weekdays, known.from_time, known.lasts_minutes, known.zone,
    known.now
from (
    select md5(coalesce(string_agg(row(
        a.id, a.state, k.acknowledged_at, a.finding, a.latest_finding, a.latest_verdict, a.clear_since, a.recovers_at,
        a.explained_by, a.suppressed_by, a.response_due_at, a.response_due_at < clock_timestamp()
    )::text, ' ' order by a.id), '')) as version
    from houndmon.alerts a left join houndmon.acknowledgements k on k.alert_id = a.id
    where a.state <> 'closed'
) as open
left join {known_silences} as known on known.starts_at <= known.now and known.ends_at > known.now;

-- name: add_silence
-- Silence what matches, from a time until another; of one that recurs, when it holds between them.
insert into houndmon.silences (
    rule, environment, subject, reason, actor, starts_at, ends_at, weekdays, from_time, lasts_minutes, zone
)
values ($1, $2, $3, $4, $5, $6, $7, $8::smallint[], $9::text::time, $10, $11)
returning id;

-- name: end_silence
-- End a silence now, or one that has not begun.
update houndmon.silences set (starts_at, ends_at) = (
    select least(starts_at, ended.at), ended.at from (select clock_timestamp() as at) as ended
)
where id = $1 and ends_at > clock_timestamp()
returning id;

-- name: subjects
-- Of which subjects do the rules and the alerts know, and how many alerts of each fire? Those that fire come first.
-- Relies on the unique partial index on open alerts.
select known.subject, count(a.id) as firing_count
from (
    select subject from houndmon.rule_states where subject is not null
    union
    select subject from houndmon.alerts where subject is not null and state <> 'closed'
) as known
left join houndmon.alerts a on a.subject = known.subject and a.state = 'firing'
group by known.subject
order by count(a.id) = 0, known.subject
limit 200;

-- name: announced
-- People were told of an alert's state, or it was suppressed.
-- Where the time to respond begins anew the alert is not overdue yet.
update houndmon.alerts
set announced_state = $2, announced_at = $3, suppressed_by = $4, response_due_at = $5,
    overdue_at = case when response_due_at = $5 then overdue_at end
where id = $1;

-- name: overdue
-- Nobody acknowledged an alert in time; said once.
update houndmon.alerts set overdue_at = $2 where id = $1 and overdue_at is null returning id;

-- name: marks
-- What happened in an environment within a stretch of time, the oldest first? What is beyond the most is of long ago.
-- Relies on (occurred_at desc, id desc).
-- $1 environment, $2 and $3 the first and the last instant, $4 the most
select at, kind, severity, text, alert_id, rule, subject
from (
    select id, occurred_at as at, kind, severity, impact as text, alert_id::text as alert_id, rule, subject
    from houndmon.incidents
    where occurred_at between $2 and $3 and (environment = $1 or environment is null) and kind <> 'alert_closed'
    order by occurred_at desc, id desc
    limit $4
) as newest
order by at, id;
