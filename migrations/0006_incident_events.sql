-- What an alert did, in columns: the feed's text is for people and programs, not to be read back.
alter table houndmon.incidents
    add column rule text,
    add column subject text, -- as the alert's: null where the rule has none
    add column event text check (event in ('fired', 'fired_again', 'recovered', 'closed')),
    add column reason text,
    add constraint incidents_tell_all_of_an_event check (num_nonnulls(rule, event, reason) in (0, 3));

-- Rows from before: rule and subject are their alert's; what follows the head that houndmon wrote is the reason. A row
-- that does not begin so keeps its text alone.
update houndmon.incidents as feed
set rule = found.rule, subject = found.subject, event = found.event, reason = found.reason
from (
    select known.id, heads.rule, heads.subject, heads.event, substr(known.impact, length(heads.head) + 1) as reason
    from houndmon.incidents known
    join (
        select
            alerts.id, alerts.rule, alerts.subject, words.kind, words.event,
            alerts.rule
                || case when words.names_subject and alerts.subject <> ''
                    then ' of ' || btrim(regexp_replace(alerts.subject, '\s+', ' ', 'g')) else '' end
                || words.word as head
        from houndmon.alerts
        cross join (
            values
                ('alert_fired', 'fired', true, ' fires: '),
                ('alert_fired', 'fired_again', true, ' fires again: '),
                ('alert_recovered', 'recovered', true, ' recovered: '),
                ('alert_closed', 'closed', false, ' closed: ')
        ) as words (kind, event, names_subject, word)
    ) as heads on heads.id = known.alert_id and heads.kind = known.kind and starts_with(known.impact, heads.head)
) as found
where feed.id = found.id;
