-- name: add_tick
-- Write down what a tick did.
insert into houndmon.ticks (term, started_at, duration_ms, judged, unknown, skipped)
values ($1, $2, $3, $4, $5, $6);

-- name: prune_ticks
-- Ticks of more than a day ago are of no use, nor those of a clock that was ahead.
delete from houndmon.ticks
where finished_at < clock_timestamp() - interval '1 day' or finished_at > clock_timestamp();

-- name: last_tick
-- When did the newest tick end, and how long ago is that? Null where that lies ahead: the clock has gone back since.
-- The newest is the one written last: by its time, one of a clock that was ahead would be it for as long as it was ahead.
select
    finished_at,
    case when finished_at <= clock_timestamp() then extract(epoch from clock_timestamp() - finished_at)::float8 end
        as lag_seconds,
    duration_ms,
    unknown
from houndmon.ticks
order by id desc
limit 1;

-- name: lag
-- By how many seconds does the source lag behind its primary? Null where it is no replica.
-- The time of what was replayed last grows old where nothing happens, too: one that streams and has replayed all that it
-- received is not behind. Without a receiver nobody knows of what is missing, and that time counts.
select
    case
        when not pg_is_in_recovery() then null
        when exists (select from pg_stat_wal_receiver) and pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0
        else greatest(0, extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()))
    end::float8 as seconds;
