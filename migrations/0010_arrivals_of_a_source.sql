-- Of which source the arrivals are: another one's beats are no life of this one's workers. Those noted before do not say.
delete from houndmon.beat_arrivals;
alter table houndmon.beat_arrivals add column source text not null;
alter table houndmon.beat_arrivals drop constraint beat_arrivals_pkey;
alter table houndmon.beat_arrivals add primary key (source, environment, beat_at);
drop index houndmon.beat_arrivals_environment_seen_at_idx;
create index on houndmon.beat_arrivals (source, environment, seen_at desc);
