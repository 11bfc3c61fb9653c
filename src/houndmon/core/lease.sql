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

-- name: seize_lease
-- Take a task whoever holds it: that one can write nothing any more.
insert into houndmon.leases as lease (task, holder, term, expires_at)
values ($1, $2, 1, clock_timestamp() + make_interval(secs => $3::float8))
on conflict (task) do update set holder = excluded.holder, term = lease.term + 1, expires_at = excluded.expires_at
returning term;
