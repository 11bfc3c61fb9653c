-- The usual share that an alert's value was held against when it fired: while it is open it is held against the same one,
-- or a long outage would become what is usual. Null where the rule has no baseline, and for alerts from before.
alter table houndmon.alerts add column baseline double precision;
