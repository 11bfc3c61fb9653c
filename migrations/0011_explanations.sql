-- What an alert's page and messages say of it is kept with it: its finding in words, as it fired and as it is now,
-- since when it is clear and until when that must last, and the alert that explains it.
alter table houndmon.alerts
    add column finding text not null default '',
    add column latest_finding text,
    add column latest_verdict text,
    add column clear_since timestamptz,
    add column recovers_at timestamptz,
    add column explained_by bigint references houndmon.alerts (id);
update houndmon.alerts set finding = coalesce(fired_evidence ->> 'reason', '');
create index alerts_explained_by on houndmon.alerts (explained_by) where explained_by is not null;
