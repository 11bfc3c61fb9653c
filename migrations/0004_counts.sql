-- What the source's rows come to: blocks of a minute, ten minutes, an hour, a day. A block without rows has no row here.
create table houndmon.counts (
    series text not null,
    environment text not null check (environment in ('prod', 'staging')),
    grain integer not null, -- its length in seconds
    at timestamptz not null, -- its first instant
    cells bytea not null, -- MessagePack: groups with what they add up to
    unsettled boolean not null default false, -- some of it will change: it is counted again each tick
    primary key (series, environment, grain, at)
);

create index counts_unsettled on houndmon.counts (series, environment, at) where unsettled;

-- Which stretch of time each series covers, without a gap.
create table houndmon.counts_coverage (
    series text primary key,
    fingerprint text not null, -- of the statement and the source: counts of another one are worth nothing
    covered_from timestamptz not null,
    covered_to timestamptz not null, -- the watermark: what comes after is read from the source's rows
    day_checked_at timestamptz not null default clock_timestamp(), -- when the last 24 h were held against the source
    week_checked_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp()
);
