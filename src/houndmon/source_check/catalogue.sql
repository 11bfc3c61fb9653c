-- name: columns
-- Which relations are there, of which kind, with which columns of which base types?
-- $1 the schema, $2 the relations
select
    c.relname,
    c.relkind::text as relkind,
    a.attname,
    coalesce(base.typname, t.typname) as base,
    case
        when coalesce(base.typtype, t.typtype) = 'e'
            then array(
                select enumlabel::text
                from pg_catalog.pg_enum
                where enumtypid = coalesce(base.oid, t.oid)
                order by enumsortorder
            )
    end as labels,
    coalesce(a.attnotnull, false) as is_filled
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_catalog.pg_type t on t.oid = a.atttypid
left join pg_catalog.pg_type base on base.oid = t.typbasetype
where n.nspname = $1 and c.relname = any($2) and c.relkind in ('r', 'p', 'v', 'm', 'f');

-- name: keys
-- Which columns does each index begin with, and which rows does it hold?
-- $1 the schema, $2 the relations
select
    c.relname,
    pg_catalog.pg_get_expr(i.indpred, i.indrelid) as predicate,
    array(
        select coalesce(a.attname::text, '')
        from unnest(i.indkey::int2[]) with ordinality as k (attnum, place)
        left join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
        where k.place <= i.indnkeyatts
        order by k.place
    ) as columns
from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_class x on x.oid = i.indexrelid
join pg_catalog.pg_am m on m.oid = x.relam
where n.nspname = $1 and c.relname = any($2) and i.indisvalid and m.amname = 'btree';

-- name: guarded
-- Which tables, the relations themselves or beneath views, have row security that holds for whoever reads them there?
-- A view reads as its owner, one with security_invoker as who asks.
-- $1 the schema, $2 the relations
with recursive read (relation, oid, reader) as (
    select c.relname, c.oid, (select oid from pg_catalog.pg_roles where rolname = current_user)
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = $1 and c.relname = any($2)
    union
    select
        read.relation,
        d.refobjid,
        case
            when view.reloptions && array['security_invoker=true', 'security_invoker=on', 'security_invoker=1']
                then (select oid from pg_catalog.pg_roles where rolname = current_user)
            else view.relowner
        end
    from read
    join pg_catalog.pg_class view on view.oid = read.oid and view.relkind = 'v'
    join pg_catalog.pg_rewrite w on w.ev_class = view.oid
    join pg_catalog.pg_depend d on d.objid = w.oid and d.classid = 'pg_catalog.pg_rewrite'::regclass
        and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid <> view.oid
)
select distinct
    read.relation,
    c.oid::regclass::text as guarded,
    exists (
        select
        from pg_catalog.pg_policy p
        where p.polrelid = c.oid
            and p.polpermissive
            and p.polcmd in ('r', '*')
            and exists (
                select from unnest(p.polroles) as granted (role)
                where granted.role = 0 or pg_catalog.pg_has_role(read.reader, granted.role, 'usage')
            )
    ) as has_policy,
    r.rolname as reader
from read
join pg_catalog.pg_class c on c.oid = read.oid and c.relrowsecurity
join pg_catalog.pg_roles r on r.oid = read.reader and not r.rolsuper and not r.rolbypassrls
where c.relforcerowsecurity or not pg_catalog.pg_has_role(read.reader, c.relowner, 'usage')
order by 1, 2;

-- name: sizes
-- How many bytes do these tables have?
-- $1 their schemas, $2 their names
select n.nspname, c.relname, pg_catalog.pg_relation_size(c.oid) as bytes
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where (n.nspname::text, c.relname::text) in (select * from unnest($1::text[], $2::text[]));

-- name: partial
-- Which of these indexes hold some rows of their table alone?
-- $1 their names
select c.relname
from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indexrelid
where c.relname::text = any($1::text[]) and i.indpred is not null;
