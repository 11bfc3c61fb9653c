-- name: note
-- Note a beat that is newer than all before. It arrived now where somebody looked a moment ago, this process or the one
-- before it, and there was an older one; else it is as old as it says.
-- What a clock that ran ahead has left behind counts for nothing.
-- Relies on the primary key, and on (source, environment, seen_at desc).
-- $1 source, $2 environment, $3 the newest beat, $4 the source's now, $5 whether this process looked a moment ago,
-- $6 how long that is, $7 the last instant that counts as now
insert into houndmon.beat_arrivals (source, environment, beat_at, seen_at)
select
    $1::text,
    $2::text,
    $3::timestamptz,
    case
        when ($5::boolean and exists (select from houndmon.beat_arrivals where source = $1 and environment = $2))
            or exists (
                select from houndmon.beat_arrivals
                where source = $1 and environment = $2 and seen_at > $4::timestamptz - $6::interval and seen_at <= $7
            )
            then $4::timestamptz
        else least($3::timestamptz, $4::timestamptz)
    end
where not exists (
    select from houndmon.beat_arrivals
    where source = $1 and environment = $2 and beat_at >= $3 and beat_at <= $7::timestamptz and seen_at <= $7
)
on conflict do nothing;

-- name: newest
-- When did the newest beat of an environment arrive?
-- $1 source, $2 environment, $3 the last instant that counts as now
select seen_at
from houndmon.beat_arrivals
where source = $1 and environment = $2 and beat_at <= $3 and seen_at <= $3
order by beat_at desc
limit 1;

-- name: prune
-- Arrivals of more than eight days ago, of whichever source, are of no use; nor are those of a clock that ran ahead.
delete from houndmon.beat_arrivals
where seen_at < clock_timestamp() - interval '8 days' or greatest(seen_at, beat_at) > clock_timestamp() + interval '8 days';
