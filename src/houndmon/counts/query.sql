-- name: coverage
-- Which stretch does a series cover?
select covered_from, covered_to, fingerprint
from houndmon.counts_coverage
where series = $1;

-- name: coverages
-- What do all series cover, and when were they last checked?
select
    series, fingerprint, covered_from, covered_to, day_checked_at, week_checked_at,
    extract(epoch from clock_timestamp() - covered_to)::float8 as lag_seconds
from houndmon.counts_coverage
order by series;

-- name: put_coverage
-- Note what a series covers now.
insert into houndmon.counts_coverage (series, fingerprint, covered_from, covered_to)
values ($1, $2, $3, $4)
on conflict (series) do update set
    fingerprint = excluded.fingerprint,
    covered_from = excluded.covered_from,
    covered_to = excluded.covered_to,
    updated_at = clock_timestamp();

-- name: checked
-- When were the last 24 h and 7 d of a series held against the source?
select day_checked_at, week_checked_at
from houndmon.counts_coverage
where series = $1;

-- name: put_checked
-- Note that they were.
update houndmon.counts_coverage
set day_checked_at = $2, week_checked_at = $3
where series = $1;

-- name: put_blocks
-- Write blocks of one length; which of them are news?
-- $1 series, $2 environment, $3 length, $4 starts, $5 cells, $6 whether they are unsettled
insert into houndmon.counts (series, environment, grain, at, cells, unsettled)
select $1, $2, $3, block.at, block.cells, block.unsettled
from unnest($4::timestamptz[], $5::bytea[], $6::boolean[]) as block (at, cells, unsettled)
on conflict (series, environment, grain, at) do update set
    cells = excluded.cells, unsettled = excluded.unsettled
where counts.cells is distinct from excluded.cells or counts.unsettled <> excluded.unsettled
returning at;

-- name: drop_blocks
-- Drop the blocks of a stretch but those kept, for they have no rows any more; which were there?
-- $1 series, $2 environment, $3 length, $4 first instant, $5 first one beyond, $6 starts of those kept
delete from houndmon.counts
where series = $1 and environment = $2 and grain = $3 and at >= $4 and at < $5 and at <> all($6::timestamptz[])
returning at;

-- name: drop_block_list
-- Drop some blocks of one length.
delete from houndmon.counts where series = $1 and environment = $2 and grain = $3 and at = any($4::timestamptz[]);

-- name: parts
-- Which blocks of one length lie in a stretch, in order?
select at, cells
from houndmon.counts
where series = $1 and environment = $2 and grain = $3 and at >= $4 and at < $5
order by at;

-- name: unsettled
-- Which minutes before a time must be counted again, the newest first? Relies on the partial index.
-- $4 how many, or null for all
select at
from houndmon.counts
where series = $1 and environment = $2 and grain = 60 and unsettled and at < $3
order by at desc
limit $4;

-- name: any_block
-- Is there anything that a series has counted?
select exists (select from houndmon.counts where series = $1);

-- name: forget
-- Forget what a series has counted.
delete from houndmon.counts where series = $1;

-- name: forget_coverage
-- Forget what a series covers.
delete from houndmon.counts_coverage where series = $1;

-- name: prune
-- Drop the blocks that begin before a time.
delete from houndmon.counts where series = $1 and at < $2;
