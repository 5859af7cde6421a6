{# PostgreSQL: delete and insert in one transaction. The staged table is dropped at the end of the transaction. #}

{% set parser = "postgres" %}
{% set target_keys = [
    "host", "port", "user", "database", "dbname", "schema", "connect_timeout", "role", "search_path",
    "keepalives_idle", "sslmode", "sslcert", "sslkey", "sslrootcert", "application_name", "autocommit",
    "retries"
] %}
{% set target_defaults = {"connect_timeout": 10, "keepalives_idle": 0, "application_name": "dbt", "autocommit": false, "retries": 1} %}
{% set key_aliases = [["dbname", "database"]] %}
{% set like = "ansi" %}
{% set divides_integers = true %}
{% set hidden_columns = ["ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"] %}
{% set hidden_reserved = true %}
{% set command = ["psql", "-X", "-w", "-q", "-v", "ON_ERROR_STOP=1"] %}
{% set example = "psql -X -w -q -v ON_ERROR_STOP=1 -d shop" %}
{% set client_syntax = {
  "program": "psql", "quotes": "'\"", "escape_prefix": "e", "escape_switches": ["standard_conforming_strings"],
  "dollar_quotes": true, "line_comments": ["--"], "nested_comments": true, "anywhere": ["\\"]
} %}
{% set kind_key = "unlogged" %}
{% set index_keys = ["indexes"] %}
{% set indexes_after_swap = true %}
{% set index_entry_keys = ["columns", "unique", "type"] %}
{% set indexes_views = true %}

{% macro audit_list() %}
string_agg(words, '; ' order by words)
{% endmacro %}

{% set row_as_value = true %}

{% macro audit_row(alias) %}
to_jsonb({{ alias }})
{% endmacro %}

{# Types such as `json`, `xml` and `point` have no equality. #}
{% macro audit_value(column) %}
to_jsonb({{ column }})
{% endmacro %}

{% macro zoned(at) %}
timestamptz '{{ at.time }}+00:00'
{% endmacro %}

{% macro outside(window) %}
({{ window }}) is not true
{% endmacro %}

{% macro is_time(column) %}
extract(year from {{ column }}) is not null
{% endmacro %}

{% macro guard(stage, outside, message) %}
do $guard$
begin
  if exists (select from {{ stage }} where {{ outside }}) then
    raise exception using message = {{ message }};
  end if;
end
$guard$;
{% endmacro %}

{# A schema is created in the database of the connection; its name cannot have a database. #}
{% macro create_schema(own) %}
create schema if not exists {{ own }};
{% endmacro %}

{% macro kind_special() %}
unlogged table
{% endmacro %}

{% macro index(target, name, columns) %}
create index if not exists {{ name }} on {{ target }} ({{ columns }});
{% endmacro %}

{% macro index_unique(target, name, columns) %}
create unique index if not exists {{ name }} on {{ target }} ({{ columns }});
{% endmacro %}

{% macro index_by(target, name, method, columns) %}
create index if not exists {{ name }} on {{ target }} using {{ method }} ({{ columns }});
{% endmacro %}

{% macro index_unique_by(target, name, method, columns) %}
create unique index if not exists {{ name }} on {{ target }} using {{ method }} ({{ columns }});
{% endmacro %}

{# The file of a model is one transaction. #}
{% set in_transaction = true %}

{% macro build_begin() %}
{% endmacro %}

{% macro build_commit() %}
{% endmacro %}

{# Index names are unique in a schema: an index of another table with one of these names, such as a renamed copy, gets another name. #}
{% macro released_indexes(target_text, indexes) %}
do $released$
declare
  other record;
begin
  for other in
    select indexrelid::regclass as index_name, left(index.relname, 50) || '_' || indrelid as free_name
    from pg_index join pg_class as index on index.oid = indexrelid
    join pg_class as target on target.oid = to_regclass({{ target_text }}) and target.relnamespace = index.relnamespace
    where indrelid <> target.oid and index.relname = any (array[{{ indexes }}])
  loop
    execute format('alter index %s rename to %I', other.index_name, other.free_name);
  end loop;
end
$released$;
{% endmacro %}

{% set strategies = ["append", "delete+insert", "merge"] %}

{% set knows_first_run = true %}

{% macro first_run(marker, target_text) %}
create temporary table {{ marker }} as
select not exists (select from pg_class where oid = to_regclass({{ target_text }}) and relkind in ('r', 'p')) as is_first;

{{ create_filled() }}
{% endmacro %}

{% set materialized_views = true %}

{# Types are equal where dbt treats them as equal: all text types, smallint and integer, both float types. #}
{% set contract_checked = true %}
{% set foreign_key_hint = "let PostgreSQL check the key at the commit: instead of `to` and `to_columns` write the `expression` of the constraint with `deferrable initially deferred` at its end" %}

{% macro contract_check(query, shape, shape_text, declared, declared_text, types, message) %}
create temporary view {{ shape }} as
{{ query }}
;

create temporary table {{ declared }} (
  {{ types }}
);

do $contract$
declare
  difference text := (
    select string_agg(format('%I is %s, declared %s', attname, coalesce(format_type(query.type, null), 'missing'),
      coalesce(format_type(declared.type, null), 'nowhere')), ', ' order by attname)
    from (
      select attname, atttypid as type, case when atttypid in (18, 19, 1042, 1043) then 25 when atttypid = 21 then 23
        when atttypid = 700 then 701 else atttypid end as kind
      from pg_attribute where attrelid = {{ shape_text }}::regclass and attnum > 0
    ) as query
    full join (
      select attname, atttypid as type, case when atttypid in (18, 19, 1042, 1043) then 25 when atttypid = 21 then 23
        when atttypid = 700 then 701 else atttypid end as kind
      from pg_attribute where attrelid = {{ declared_text }}::regclass and attnum > 0
    ) as declared using (attname)
    where query.kind is distinct from declared.kind);
begin
  if difference is not null then
    raise exception using message = {{ message }} || difference;
  end if;
end
$contract$;

drop view {{ shape }};

drop table {{ declared }};
{% endmacro %}

{# Grants by the owner that are not configured. #}
{% set grants_revoked = true %}

{% macro revoke_others(target_text, grants) %}
do $revoke$
declare
  statement text;
begin
  for statement in
    select format('revoke %s on %s from %s', privilege_type, oid::regclass, grantee_name)
    from pg_class cross join aclexplode(relacl)
    cross join lateral (select case grantee when 0 then 'public' else grantee::regrole::text end as grantee_name) as named
    where oid = to_regclass({{ target_text }}) and grantee <> relowner and grantor = relowner
      and lower(privilege_type || ' ' || trim('"' from grantee_name)) <> all (array[{{ grants }}]::text[])
      and lower('all ' || trim('"' from grantee_name)) <> all (array[{{ grants }}]::text[])
  loop
    execute statement;
  end loop;
end
$revoke$;
{% endmacro %}

{% set runs_strategy_macros = true %}
{% set makes_way = true %}

{% macro make_way(target_text, kinds) %}
do $make_way$
declare
  previous regclass := to_regclass({{ target_text }});
  previous_kind "char" := (select relkind from pg_class where oid = previous);
begin
  if previous_kind in ({{ kinds }}) then
    execute format('drop %s %s cascade', case previous_kind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end, previous);
  end if;
end
$make_way$;
{% endmacro %}

{# As in dbt, a seed replaces no relation of another kind. #}
{% macro other_kind_refused(target_text, message) %}
do $kind$
begin
  if (select relkind from pg_class where oid = to_regclass({{ target_text }})) not in ('r', 'p') then
    raise exception using message = {{ message }};
  end if;
end
$kind$;
{% endmacro %}

{% macro kinds_before_table() %}
'v', 'm'
{% endmacro %}

{% macro kinds_before_materialized_view() %}
'v', 'r'
{% endmacro %}

{% set replaces = true %}
{% set readers = "created again for the new relation, or dropped if it lacks a column that they use" %}

{# Index names are unique in a schema: the index of a constraint of the old table is renamed first. #}
{% macro released(target_text, constraint_text, old_text) %}
do $released$
begin
  if exists (select from pg_constraint where conrelid = to_regclass({{ target_text }}) and conname = {{ constraint_text }}) then
    execute format('alter table %s rename constraint %I to %I', to_regclass({{ target_text }}), {{ constraint_text }}, {{ old_text }});
  end if;
end
$released$;
{% endmacro %}

{# Replaces the relation of the target's name, of any kind, by `next`. Dependent views are created again with their definitions. The
   views are locked before the old relation, outermost first, in the order in which a reader locks them. A view whose columns change
   their types is dropped with the old relation, and created again with its owner, grants and comment; one that reads a lost column
   is dropped, and a warning names it. A materialized view cannot be created again without its rows: if one depends on the table, the
   rows of the table are replaced instead. Names of views are qualified, since `create` takes the first schema of the search path. As in dbt, the relation has the default privileges and the configured grants, and only
   the configured indexes and comments. `grants`: texts like `select reporter`. #}
{% macro replacement(target, target_text, name, next, next_text, old_text, grants, index_prefix, indexes) %}
do $replacement$
declare
  previous regclass := to_regclass({{ target_text }});
  previous_kind "char" := (select relkind from pg_class where oid = previous);
  next_kind "char" := (select relkind from pg_class where oid = to_regclass({{ next_text }}));
  dependent oid[] := array(
    select distinct rewrite.ev_class from pg_depend as depend join pg_rewrite as rewrite on rewrite.oid = depend.objid
    where depend.classid = 'pg_rewrite'::regclass and depend.refclassid = 'pg_class'::regclass
      and depend.refobjid = previous and rewrite.ev_class <> previous);
  definitions text[] := array(
    select format('create or replace view %s.%I%s as %s', relnamespace::regnamespace, relname,
      ' with (' || array_to_string(reloptions, ', ') || ')', pg_get_viewdef(oid))
    from pg_class where oid = any (dependent) and relkind = 'v' order by oid desc);
  readers text[];
  reader_statements text[];
  outdated text[] := array(
    select format('revoke %s on %s from %s', privilege_type, previous, grantee_name)
    from pg_class cross join aclexplode(relacl)
    cross join lateral (select case grantee when 0 then 'public' else grantee::regrole::text end as grantee_name) as named
    where oid = previous and grantee <> relowner
      and lower(privilege_type || ' ' || trim('"' from grantee_name)) <> all (array[{{ grants }}]::text[])
      and (grantee, privilege_type) not in (select grantee, privilege_type from pg_class cross join aclexplode(relacl)
        where oid = to_regclass({{ next_text }}))
    union all
    select format('comment on %s %s is null', case previous_kind when 'v' then 'view' else 'table' end, previous)
    from pg_description where classoid = 'pg_class'::regclass and objoid = previous and objsubid = 0
    union all
    select format('comment on column %s.%I is null', previous, attname)
    from pg_description join pg_attribute on attrelid = objoid and attnum = objsubid
    where classoid = 'pg_class'::regclass and objoid = previous
    union all
    select format('drop index %s', indexrelid::regclass) from pg_index join pg_class on pg_class.oid = indexrelid
    where indrelid = previous and left(relname, length({{ index_prefix }})) = {{ index_prefix }}
      and relname <> all (array[{{ indexes }}]::text[]));
  definition text;
begin
  if previous is null then
    alter table {{ next }} rename to {{ name }};
    return;
  end if;

  if previous_kind = 'v' and next_kind = 'v' then
    begin
      execute (
        select format('create or replace view %s.%I%s as %s', existing.relnamespace::regnamespace, existing.relname,
          ' with (' || array_to_string(following.reloptions, ', ') || ')', pg_get_viewdef(following.oid))
        from pg_class as existing join pg_class as following on following.oid = to_regclass({{ next_text }})
        where existing.oid = previous);
      foreach definition in array outdated loop
        execute definition;
      end loop;
      execute 'drop view ' || {{ next_text }};
      return;
    exception when invalid_table_definition then
      null;
    end;
  end if;

  if previous_kind = 'r' and next_kind = 'r' and exists (select from pg_class where oid = any (dependent) and relkind = 'm')
    and (select array_agg((attname, atttypid, atttypmod, attnotnull) order by attnum) from pg_attribute
      where attrelid = previous and attnum > 0 and not attisdropped)
    = (select array_agg((attname, atttypid, atttypmod, attnotnull) order by attnum) from pg_attribute
      where attrelid = to_regclass({{ next_text }}) and attnum > 0 and not attisdropped)
    and array(select pg_get_constraintdef(oid) from pg_constraint where conrelid = previous and contype <> 'n' order by 1)
    = array(select pg_get_constraintdef(oid) from pg_constraint where conrelid = to_regclass({{ next_text }}) and contype <> 'n'
      order by 1)
    and (select relpersistence from pg_class where oid = previous)
    = (select relpersistence from pg_class where oid = to_regclass({{ next_text }}))
    and not exists (select from pg_constraint where contype = 'f' and confrelid = previous and conrelid <> previous) then
    {{ replacing_lock() }}
    foreach definition in array outdated loop
      execute definition;
    end loop;
    delete from {{ target }};
    insert into {{ target }} select * from {{ next }};
    drop table {{ next }};
    return;
  end if;

  with recursive reads as (
    select depend.refobjid as input, rewrite.ev_class as reader from pg_depend as depend join pg_rewrite as rewrite
    on rewrite.oid = depend.objid where depend.classid = 'pg_rewrite'::regclass and depend.refclassid = 'pg_class'::regclass
      and rewrite.ev_class <> depend.refobjid
  ), depths as (
    select reader, 1 as depth from reads where input = previous
    union
    select reads.reader, depth + 1 from depths join reads on input = depths.reader
  )
  select array_agg(view_name order by depth, oid), array_agg(format('create view %s%s as %s', view_name,
      ' with (' || array_to_string(reloptions, ', ') || ')', pg_get_viewdef(oid))
    || format(' alter view %s owner to %s;', view_name, relowner::regrole)
    || coalesce((select string_agg(format(' grant %s on %s to %s;', privilege_type, view_name,
      case grantee when 0 then 'public' else grantee::regrole::text end), '') from aclexplode(relacl) where grantee <> relowner), '')
    || coalesce(format(' comment on view %s is %L;', view_name, obj_description(oid, 'pg_class')), '') order by depth, oid)
  into readers, reader_statements
  from (select reader, max(depth) as depth from depths group by reader) as deepest
  join (select format('%s.%I', relnamespace::regnamespace, relname) as view_name, * from pg_class) as views on views.oid = reader
  where relkind = 'v';

  foreach definition in array definitions loop
    execute definition;
  end loop;
  for definition in
    select format('grant %s on %s to %s', privilege_type, to_regclass({{ next_text }}), grantee_name)
    from pg_class cross join aclexplode(relacl)
    cross join lateral (select case grantee when 0 then 'public' else grantee::regrole::text end as grantee_name) as named
    where oid = previous and grantee <> relowner
      and lower(privilege_type || ' ' || trim('"' from grantee_name)) = any (array[{{ grants }}]::text[])
  loop
    execute definition;
  end loop;
  execute format('alter table %s rename to %I', previous, {{ old_text }});
  alter table {{ next }} rename to {{ name }};
  foreach definition in array definitions loop
    begin
      execute definition;
    exception
      when insufficient_privilege then
        raise;
      when syntax_error_or_access_rule_violation then
        null;
    end;
  end loop;
  execute format('drop %s %s cascade', case previous_kind when 'v' then 'view' when 'm' then 'materialized view'
    when 'f' then 'foreign table' else 'table' end, previous);
  for nth in 1 .. coalesce(cardinality(readers), 0) loop
    if to_regclass(readers[nth]) is null then
      begin
        execute reader_statements[nth];
      exception
        when insufficient_privilege then
          raise;
        when syntax_error_or_access_rule_violation then
          raise warning 'the view % is dropped: %', readers[nth], sqlerrm;
      end;
    end if;
  end loop;
end
$replacement$;
{% endmacro %}

{% macro view(query, next, replacement, ledger) %}
create view {{ next }} as
{{ query }}
;

{{ replacement }}

{{ ledger }}
{% endmacro %}

{% macro table(kind, clauses, query, next, replacement, ledger) %}
create {{ kind }} {{ next }}{{ clauses }}as
{{ query }}
;

{{ replacement }}

{{ ledger }}
{% endmacro %}

{% macro table_typed(kind, spec, ended, columns, query, next, released, replacement, ledger) %}
{{ released }}

{{ declared_next() }}

{{ replacement }}

{{ ledger }}
{% endmacro %}

{% macro swap(replacement, indexes, ledger) %}
begin;

{{ replacement }}{{ indexes }}

{{ ledger }}

commit;
{% endmacro %}

{% macro replacing_lock(target) %}
lock table {{ target }} in share row exclusive mode;
{% endmacro %}

{% macro seed_rebuild(spec, rows, next, make_way, replacement, ledger) %}
{{ make_way }}

create table {{ next }} (
  {{ spec }}
);

{{ rows }}

{{ replacement }}

{{ ledger }}
{% endmacro %}

{# As in dbt, a run does not apply a changed query. The definitions are compared as the server formats them. #}
{% macro materialized_view(target, target_text, query, shape, shape_text, message, make_way) %}
{{ make_way }}

create materialized view if not exists {{ target }} as
{{ query }}
;

create temporary view {{ shape }} as
{{ query }}
;

do $definition$
begin
  if pg_get_viewdef({{ shape_text }}::regclass) <> pg_get_viewdef({{ target_text }}::regclass) then
    raise warning using message = {{ message }};
  end if;
end
$definition$;

drop view {{ shape }};

refresh materialized view {{ target }};
{% endmacro %}

{# `on_configuration_change`. `create_indexes`: the statements; `definitions`: the configured indexes as texts like `unique btree (a, b)`. #}
{% set view_changes = "compared" %}

{% macro other_indexes(target_text, definitions) %}
array(
    select concat(case when indisunique then 'unique ' end, amname, ' (', (
      select string_agg(pg_get_indexdef(indexrelid, nth, true), ', ' order by nth) from generate_series(1, indnkeyatts) as nth), ')')
    from pg_index join pg_class on pg_class.oid = indexrelid join pg_am on pg_am.oid = relam
    where indrelid = to_regclass({{ target_text }}) order by 1)
  is distinct from array(select definition from unnest(array[{{ definitions }}]::text[]) as definition order by 1)
{% endmacro %}

{% macro unequal_view_continue(message) %}
raise notice using message = {{ message }};
{% endmacro %}

{% macro unequal_view_fail(message) %}
raise exception using message = {{ message }};
{% endmacro %}

{% macro materialized_view_compared(target, target_text, query, make_way, create_indexes, definitions, unequal) %}
{{ make_way }}

do $view$
begin
  if to_regclass({{ target_text }}) is null then
    create materialized view {{ target }} as
{{ query }}
    ;
{{ create_indexes }}
  elsif {{ other_indexes() }} then
    {{ unequal }}
  end if;
end
$view$;

refresh materialized view {{ target }};
{% endmacro %}

{# `indexes`: the names of the configured indexes, which start with `prefix`, as texts. #}
{% macro drop_other_indexes(target_text, prefix, indexes) %}
do $indexes$
declare
  stale text;
begin
  for stale in
    select indexrelid::regclass from pg_index join pg_class on pg_class.oid = indexrelid
    where indrelid = to_regclass({{ target_text }}) and left(relname, length({{ prefix }})) = {{ prefix }} and not relname = any (array[{{ indexes }}]::text[])
  loop
    execute 'drop index ' || stale;
  end loop;
end
$indexes$;
{% endmacro %}

{% macro materialized_view_rebuild(query, next, replacement, ledger) %}
create materialized view {{ next }} as
{{ query }}
;

{{ replacement }}

{{ ledger }}
{% endmacro %}

{% set schema_changes = ["append_new_columns", "sync_all_columns", "fail"] %}

{% macro change_append_new_columns(query, target_text, shape, shape_text) %}
create temporary table {{ shape }} as
{{ query }}
with no data;

do $change$
declare
  statement text;
begin
  for statement in
    select format('alter table %s add column if not exists %I %s', to_regclass({{ target_text }}), attname, format_type(atttypid, atttypmod))
    from pg_attribute where attrelid = {{ shape_text }}::regclass and attnum > 0 and attname not in (
      select attname from pg_attribute where attrelid = to_regclass({{ target_text }}) and attnum > 0 and not attisdropped)
    order by attnum
  loop
    execute statement;
  end loop;
end
$change$;

drop table {{ shape }};
{% endmacro %}

{# A column that a view reads keeps its type: a longer text is then an error of the insert. #}
{% set widens_texts = true %}

{% macro widen_texts(query, target_text, shape, shape_text) %}
create temporary table {{ shape }} as
{{ query }}
with no data;

do $widen$
declare
  narrow record;
begin
  for narrow in
    select attname as name, format_type(query.atttypid, query.atttypmod) as wide
    from pg_attribute as query join pg_attribute as existing using (attname)
    where query.attrelid = {{ shape_text }}::regclass and existing.attrelid = to_regclass({{ target_text }})
      and query.atttypid in ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype)
      and existing.atttypid in ('varchar'::regtype, 'bpchar'::regtype) and existing.atttypmod <> -1
      and (query.atttypmod = -1 or query.atttypmod > existing.atttypmod)
  loop
    begin
      execute format('alter table %s alter column %I type %s', to_regclass({{ target_text }}), narrow.name, narrow.wide);
    exception when feature_not_supported then
      raise notice '%', sqlerrm;
    end;
  end loop;
end
$widen$;

drop table {{ shape }};
{% endmacro %}

{# A type can change to one that stores all of its values. Any other change of type is an error. #}
{% macro change_sync_all_columns(query, target_text, shape, shape_text, message) %}
create temporary table {{ shape }} as
{{ query }}
with no data;

do $change$
declare
  changed record;
begin
  for changed in
    with wider (narrow, wide) as (values
      ('smallint'::regtype, 'integer'::regtype), ('smallint', 'bigint'), ('smallint', 'numeric'), ('smallint', 'real'),
      ('smallint', 'double precision'), ('integer', 'bigint'), ('integer', 'numeric'), ('integer', 'double precision'),
      ('bigint', 'numeric'), ('real', 'double precision'), ('date', 'timestamp'), ('character varying', 'text'),
      ('text', 'character varying'))
    select name, query_type, table_type,
      coalesce(table_type = query_type or (query_oid = table_oid and (table_mod = -1 or query_mod <> -1 and case when query_oid = 1700
        then (query_mod - 4) & 65535 <= (table_mod - 4) & 65535
          and ((query_mod - 4) >> 16) - ((query_mod - 4) & 65535) <= ((table_mod - 4) >> 16) - ((table_mod - 4) & 65535)
        else query_mod <= table_mod end))
        or table_mod = -1 and (query_oid, table_oid) in (select narrow, wide from wider), false) as fits,
      coalesce((query_oid = table_oid and (query_mod = -1 or table_mod <> -1 and case when query_oid = 1700
        then (table_mod - 4) & 65535 <= (query_mod - 4) & 65535
          and ((table_mod - 4) >> 16) - ((table_mod - 4) & 65535) <= ((query_mod - 4) >> 16) - ((query_mod - 4) & 65535)
        else table_mod <= query_mod end))
        or query_mod = -1 and (table_oid, query_oid) in (select narrow, wide from wider), false) as widens
    from (
      select attname as name, atttypid as query_oid, atttypmod as query_mod, format_type(atttypid, atttypmod) as query_type, attnum
      from pg_attribute where attrelid = {{ shape_text }}::regclass and attnum > 0
    ) as query
    full join (
      select attname as name, atttypid as table_oid, atttypmod as table_mod, format_type(atttypid, atttypmod) as table_type
      from pg_attribute where attrelid = to_regclass({{ target_text }}) and attnum > 0 and not attisdropped
    ) as existing using (name)
    order by query_type is null, attnum, name
  loop
    if changed.table_type is null then
      execute format('alter table %s add column if not exists %I %s', to_regclass({{ target_text }}), changed.name, changed.query_type);
    elsif changed.query_type is null then
      execute format('alter table %s drop column if exists %I', to_regclass({{ target_text }}), changed.name);
    elsif not changed.fits and changed.widens then
      execute format('alter table %s alter column %I type %s', to_regclass({{ target_text }}), changed.name, changed.query_type);
    elsif not changed.fits then
      raise exception using message = {{ message }} || format('%I is %s in the table and %s in the query', changed.name,
        changed.table_type, changed.query_type), hint = 'rebuild the model with --full-refresh, or give the column another name';
    end if;
  end loop;
end
$change$;

drop table {{ shape }};
{% endmacro %}

{% macro change_fail(query, target_text, shape, shape_text, message) %}
create temporary table {{ shape }} as
{{ query }}
with no data;

do $change$
declare
  difference text := (
    select string_agg(format('%I is %s in the table and %s in the query', name, coalesce(table_type, 'missing'),
      coalesce(query_type, 'missing')), ', ' order by name)
    from (
      select attname as name, format_type(atttypid, atttypmod) as query_type,
        case when atttypid in (18, 19, 1042, 1043) then 25 else atttypid end as query_kind
      from pg_attribute where attrelid = {{ shape_text }}::regclass and attnum > 0
    ) as query
    full join (
      select attname as name, format_type(atttypid, atttypmod) as table_type,
        case when atttypid in (18, 19, 1042, 1043) then 25 else atttypid end as table_kind
      from pg_attribute where attrelid = to_regclass({{ target_text }}) and attnum > 0 and not attisdropped
    ) as existing using (name)
    where query_kind is distinct from table_kind);
begin
  if difference is not null then
    raise exception using message = {{ message }} || difference;
  end if;
end
$change$;

drop table {{ shape }};
{% endmacro %}

{# Advisory locks, which the commit releases. Their key has the table's oid, which is the same for each way to write its name. #}
{% macro shared_lock(target_text, period) %}
  perform pg_advisory_xact_lock_shared(hashtextextended({{ target_text }}::regclass::oid || {{ period }}, 0));
{% endmacro %}

{% macro exclusive_lock(target_text, period) %}
  perform pg_advisory_xact_lock(hashtextextended({{ target_text }}::regclass::oid || {{ period }}, 0));
{% endmacro %}

{# In the other isolation levels the transaction would not see what was committed while it waited for the lock. #}
{% macro window_lock(locks) %}
set local transaction_isolation = 'read committed';

do $lock$
begin
{{ locks }}end
$lock$;
{% endmacro %}

{% set not_staged = {} %}
{% set withdraws_in_transaction = true %}
{% set undo_by_name = true %}

{# The lock keeps batches from committing rows that the audit has not read, and a second audit from approving them at the same time. #}
{% macro audit_begin(staged) %}
begin;

lock table {{ staged }} in share row exclusive mode;
{% endmacro %}

{% macro audit_end() %}
commit;
{% endmacro %}
{% set ungrouped_types = ["json", "xml", "point", "line", "polygon"] %}

{# Rows are compared as one value, since values of some types cannot be compared (`json`). #}
{% macro rows_of_three(columns, target, staged, before, rows) %}
        select to_jsonb(target_row) as row_value, 1 as in_target, 0 as in_before, 0 as in_staged
        from (select {{ columns }} from {{ target }} where {{ rows }}) as target_row
        union all
        select to_jsonb(before_row), 0, 1, 0 from (select {{ columns }} from {{ before }} where {{ rows }}) as before_row
        union all
        select to_jsonb(staged_row), 0, 0, 1 from (select {{ columns }} from {{ staged }} where {{ rows }}) as staged_row
{% endmacro %}

{% macro group_of_three() %}
      group by row_value
{% endmacro %}

{# The lock keeps writers out between the copy of the old rows and their replacement; readers are not kept waiting. #}
{% macro lock_target(target) %}
lock table {{ target }} in share row exclusive mode;
{% endmacro %}

{# All columns but the generated ones, which the engine computes; values of identity columns are inserted as they were. #}
{% macro undo_rows(target, before, target_text, before_text, rows) %}
delete from {{ target }}
where {{ rows }};

do $undo$
declare
  names text := (
    select string_agg(quote_ident(old.attname), ', ' order by old.attnum)
    from pg_attribute as old
    left join pg_attribute as present on present.attrelid = {{ target_text }}::regclass and present.attname = old.attname
    where old.attrelid = {{ before_text }}::regclass and old.attnum > 0 and not old.attisdropped
      and coalesce(present.attgenerated, '') = '');
begin
  execute 'insert into ' || {{ target_text }}::regclass || ' (' || names || ') overriding system value select ' || names
    || ' from ' || {{ before_text }}::regclass || $rows$
where {{ rows }}$rows$;
end
$undo$;
{% endmacro %}

{% macro try_undo() %}
{% endmacro %}

{% macro publish(target, staged, before, columns, rows, claim, guard, ledger) %}
begin;

{{ lock_target() }}

{{ claim }}

{{ keep_before() }}

{{ try_undo() }}

{{ guard }}

{{ publish_rows() }}

{{ ledger }}

commit;
{% endmacro %}

{% macro undo(target, before, rows, guard, ledger) %}
begin;

{{ lock_target() }}

{{ guard }}

{{ undo_rows() }}

{{ ledger }}

commit;
{% endmacro %}

{# A single statement is a transaction that starts with it. #}
{% macro marker(token, open) %}
select replace(case when now() = statement_timestamp() then {{ token }} else {{ open }} end, 'x', '-') as batchwright_marker;
{% endmacro %}

{% set ledger_types = {"text": "text", "time": "timestamp", "clock": "timestamp", "number": "bigint"} %}
{% set ledger_wraps = ["rows", "relations", "materialized"] %}

{# The lock lets concurrent plans create it at the same time. #}
{% macro ledger_create(schema, ledger, spec) %}
do $ledger$
begin
  perform pg_advisory_xact_lock(hashtext('batchwright ledger'));
  {{ schema }}
create table if not exists {{ ledger }} (
  {{ spec }}
);
end
$ledger$;
{% endmacro %}

{% macro columns_table(database_text, schema_text, name_text) %}
select cast({{ database_text }} as text) as database_name, cast({{ schema_text }} as text) as schema_name,
  cast({{ name_text }} as text) as table_name, 0 as column_position, cast('' as text) as column_name, cast('' as text) as data_type
{% endmacro %}

{% macro columns_of(database_text, schema_text, names) %}
select {{ database_text }}, {{ schema_text }}, cast(tables.relname as text), attributes.attnum, cast(attributes.attname as text),
  format_type(attributes.atttypid, attributes.atttypmod)
from pg_catalog.pg_attribute as attributes
join pg_catalog.pg_class as tables on tables.oid = attributes.attrelid
join pg_catalog.pg_namespace as schemas on schemas.oid = tables.relnamespace
where schemas.nspname = {{ schema_text }} and tables.relname in ({{ names }}) and attributes.attnum > 0 and not attributes.attisdropped
{% endmacro %}
