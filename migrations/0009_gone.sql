-- Since when there has been nothing to judge, without a break: the alert of a subject that is gone may be closed.
alter table houndmon.rule_states add column no_data_since timestamptz;
