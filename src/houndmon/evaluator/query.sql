-- name: take_lease
-- Take or renew a task: who holds it keeps its term, who takes it over raises it. Nothing where another holds it.
insert into houndmon.leases as lease (task, holder, term, expires_at)
values ($1, $2, 1, clock_timestamp() + make_interval(secs => $3::float8))
on conflict (task) do update set
    holder = excluded.holder,
    term = case when lease.holder = excluded.holder and lease.expires_at > clock_timestamp() then lease.term else lease.term + 1 end,
    expires_at = excluded.expires_at
where lease.holder = excluded.holder or lease.expires_at <= clock_timestamp()
returning term;

-- name: hold_lease
-- Is the term still ours, and does it stay so until this transaction ends?
select clock_timestamp() as now
from houndmon.leases
where task = $1 and holder = $2 and term = $3 and expires_at > clock_timestamp()
for update;

-- name: give_up_lease
-- Let another take over at once.
update houndmon.leases set expires_at = clock_timestamp() where task = $1 and holder = $2;

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
