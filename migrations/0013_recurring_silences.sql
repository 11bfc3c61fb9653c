-- A silence can recur between its start and its end: on days of the week (1 is Monday), from a local time on, for so long.
alter table houndmon.silences
    add column weekdays smallint[]
        check (cardinality(weekdays) > 0 and weekdays <@ array[1, 2, 3, 4, 5, 6, 7]::smallint[]),
    add column from_time time,
    add column lasts_minutes integer check (lasts_minutes between 1 and 1440),
    add column zone text,
    add constraint silences_recurrence_check check (num_nulls(weekdays, from_time, lasts_minutes, zone) in (0, 4)),
    drop constraint silences_length_check,
    add constraint silences_length_check check (
        ends_at <= starts_at + case when weekdays is null then interval '7 days 1 minute' else interval '366 days 1 minute' end
    );
