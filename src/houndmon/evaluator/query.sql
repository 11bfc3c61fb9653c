-- name: add_tick
-- Write down what a tick did.
insert into houndmon.ticks (term, started_at, duration_ms, judged, unknown, skipped)
values ($1, $2, $3, $4, $5, $6);

-- name: prune_ticks
-- Ticks of more than a day ago are of no use.
delete from houndmon.ticks where finished_at < clock_timestamp() - interval '1 day';

-- name: last_tick
-- When did a tick last end, and how long ago is that?
select
    finished_at,
    extract(epoch from clock_timestamp() - finished_at)::float8 as lag_seconds,
    duration_ms,
    unknown
from houndmon.ticks
order by finished_at desc
limit 1;
