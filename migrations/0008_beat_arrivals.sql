-- When houndmon saw the newest beat of an environment become a newer one: an arrival is life too, whatever the worker's
-- clock says. Both times are of the source's clock. A beat that nobody saw arrive, such as the first one, is taken for
-- as old as it says.
create table houndmon.beat_arrivals (
    environment text not null check (environment in ('prod', 'staging')),
    beat_at timestamptz not null,
    seen_at timestamptz not null,
    primary key (environment, beat_at)
);
create index on houndmon.beat_arrivals (environment, seen_at desc);
