-- name: take_lease
-- Take or renew a task: who holds it keeps its term, who takes it over raises it. Nothing where another holds it.
-- A lease that ends later than a new one would was given by a clock that was ahead: it is over, not valid for longer.
-- The clock is read anew for each look, after the wait for another's transaction on the row.
-- $1 task, $2 holder, $3 a lease's length in seconds
with before as (
    select expires_at > clock_timestamp() + make_interval(secs => $3::float8) as is_ahead
    from houndmon.leases
    where task = $1
),
taken as (
    insert into houndmon.leases as lease (task, holder, term, expires_at)
    values ($1, $2, 1, clock_timestamp() + make_interval(secs => $3::float8))
    on conflict (task) do update set
        holder = excluded.holder,
        term = case
            when lease.holder = excluded.holder
                and lease.expires_at > clock_timestamp()
                and lease.expires_at <= clock_timestamp() + make_interval(secs => $3::float8)
                then lease.term
            else lease.term + 1
        end,
        expires_at = excluded.expires_at
    where lease.holder = excluded.holder
        or lease.expires_at <= clock_timestamp()
        or lease.expires_at > clock_timestamp() + make_interval(secs => $3::float8)
    returning term
)
select taken.term, coalesce((select is_ahead from before), false) as was_ahead
from taken;

-- name: hold_lease
-- Is the term still ours, and does it stay so until this transaction ends? Not where the clock has gone back meanwhile.
-- $1 task, $2 holder, $3 term, $4 a lease's length in seconds
select clock_timestamp() as now
from houndmon.leases
where task = $1
    and holder = $2
    and term = $3
    and expires_at > clock_timestamp()
    and expires_at <= clock_timestamp() + make_interval(secs => $4::float8)
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
