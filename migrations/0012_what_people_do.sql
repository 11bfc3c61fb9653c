-- What people do about an open alert besides taking and closing it, as the timeline tells it.
alter table houndmon.transitions
    drop constraint transitions_kind_check,
    add constraint transitions_kind_check check (kind in (
        'fired', 'fired_again', 'recovered', 'acknowledged', 'unacknowledged', 'handed_over', 'comment', 'overdue',
        'closed', 'suppressed'
    ));

-- A silence can begin later than it is made; it still ends within 7 days of its beginning.
alter table houndmon.silences
    add column starts_at timestamptz not null default clock_timestamp(),
    drop constraint silences_check;
update houndmon.silences set starts_at = created_at;
alter table houndmon.silences
    add constraint silences_length_check check (ends_at <= starts_at + interval '7 days 1 minute');
