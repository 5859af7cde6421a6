{# Redshift: PostgreSQL's delete and insert in one transaction. Errors can be raised only in procedures, so the guard converts its
   message to a number if a row is outside of the window. #}

{% set parser = "redshift" %}
{% set target_keys = [
    "host", "user", "port", "database", "dbname", "method", "cluster_id", "iam_profile", "schema", "sslmode",
    "region", "autocreate", "db_groups", "ra3_node", "datasharing", "connect_timeout", "role", "retries",
    "retry_all", "autocommit", "access_key_id", "is_serverless", "serverless_work_group",
    "serverless_acct_id", "tcp_keepalive", "tcp_keepalive_idle", "tcp_keepalive_interval",
    "tcp_keepalive_count", "query_group", "allow_concurrent_drops", "drop_without_cascade"
] %}
{% set target_defaults = {
    "method": "database", "sslmode": "prefer", "autocreate": false, "db_groups": [], "ra3_node": false, "datasharing": false,
    "retries": 1, "retry_all": false, "autocommit": true, "tcp_keepalive": true, "allow_concurrent_drops": false,
    "drop_without_cascade": false
} %}
{% set like = "postgres" %}
{# `marker`: the statement time has a lower precision than the transaction time. #}
{% from "ansi.sql" import audit_list, group_of_three, marker, replacing_lock, rows_of_three, seed_rebuild, swap, table, table_typed,
  try_undo, undo_rows %}
{% from "databricks.sql" import nothing %}
{# Columns of external tables. #}
{% set hidden_columns = ["$path", "$size", "$spectrum_oid"] %}
{% set hidden_reserved = true %}
{% set longest_name = 127 %}
{# A setting of the server decides whether a backslash escapes. #}
{% set client_syntax = {
  "program": "psql", "quotes": "'\"", "escape_prefix": "e", "escape_switches": ["*"],
  "dollar_quotes": true, "line_comments": ["--"], "nested_comments": true, "anywhere": ["\\"]
} %}
{% set backslash_escapes = true %}
{% set reserved = [
  "aes128", "aes256", "all", "allowoverwrite", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric",
  "authorization", "az64", "backup", "between", "binary", "blanksasnull", "both", "by", "bytedict", "bzip2", "case", "cast",
  "check", "collate", "collation", "column", "concurrently", "connect", "constraint", "create", "credentials", "cross",
  "current", "current_catalog", "current_date", "current_role", "current_schema", "current_time", "current_timestamp",
  "current_user", "current_user_id", "default", "deferrable", "deflate", "defrag", "delete", "delta", "delta32k", "desc",
  "disable", "distinct", "do", "drop", "else", "emptyasnull", "enable", "encode", "encrypt", "encryption", "end", "except",
  "exists", "explicit", "false", "fetch", "following", "for", "foreign", "freeze", "from", "full", "globaldict256",
  "globaldict64k", "grant", "group", "gzip", "having", "identity", "ignore", "ilike", "in", "initially", "inner", "insert",
  "intersect", "interval", "into", "is", "isnull", "join", "language", "lateral", "leading", "left", "like", "limit",
  "localtime", "localtimestamp", "lun", "luns", "lzo", "lzop", "minus", "mostly16", "mostly32", "mostly8", "natural", "new",
  "not", "notnull", "null", "nulls", "off", "offline", "offset", "oid", "old", "on", "only", "open", "or", "order", "outer",
  "over", "overlaps", "parallel", "partition", "percent", "permissions", "pivot", "placing", "primary", "qualify", "raw",
  "readratio", "recover", "references", "rejectlog", "resort", "respect", "restore", "returning", "revoke", "right", "rows",
  "select", "session_user", "set", "similar", "snapshot", "some", "symmetric", "sysdate", "system", "system_user", "table",
  "tablesample", "tag", "tdes", "text255", "text32k", "then", "timestamp", "to", "top", "trailing", "true",
  "truncatecolumns", "union", "unique", "unnest", "unpivot", "update", "user", "using", "values", "variadic", "verbose",
  "wallet", "when", "where", "window", "with", "without"
] %}
{% set kind_key = none %}
{% set index_keys = [] %}
{% set row_as_value = false %}
{% set clauses = ["backup", "dist", "sort"] %}
{% set clause_words = {
  "dist": {"all": "dist_style", "even": "dist_style", "auto": "dist_style"},
  "sort": {"auto": "sort_auto"},
  "backup": {"false": "no_backup", "true": "nothing"}
} %}
{% set clause_kinds = {"sort": "sort_type"} %}
{% set header_keys = ["query_group"] %}
{% set view_keys = ["bind"] %}
{% set idle_keys = ["sort_type"] %}
{% set undone_keys = {"auto_refresh": "set it with `alter materialized view … auto refresh yes`, as a post-hook"} %}

{% macro call_procedure(procedure) %}
call {{ procedure }}();

drop procedure {{ procedure }}();
{% endmacro %}

{# `create table as` has no `if not exists`, but a procedure has conditions. #}
{% macro keep_before(target, before, rows, procedure, schema_text, before_name_text) %}
create or replace procedure {{ procedure }}() as $keep$
begin
  if not exists (
    select 1 from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    where n.nspname = lower({{ schema_text }}) and c.relname = lower({{ before_name_text }})
  ) then
    create table {{ before }} as
    select * from {{ target }}
    where {{ rows }};
  end if;
end;
$keep$ language plpgsql;

{{ call_procedure() }}
{% endmacro %}

{# Writes lock the table, and there are no locks by a key. #}
{% macro window_lock() %}
{% endmacro %}

{% set undo_by_name = false %}

{% macro audit_begin(staged) %}
begin;

lock {{ staged }};
{% endmacro %}

{# The lock must be the first statement: the transaction then sees every row that was committed before it. #}
{% macro lock_target(target) %}
lock {{ target }};
{% endmacro %}

{% macro header_query_group(text) %}
set query_group to {{ text }};
{% endmacro %}

{% macro footer_query_group() %}
reset query_group;
{% endmacro %}

{# A late-binding view: dbt's `bind: false`. #}
{% macro view_bind_false(target, query) %}
create or replace view {{ target }} as
{{ query }}
with no schema binding;
{% endmacro %}

{% macro no_backup() %}
backup no
{% endmacro %}

{% macro dist_style(value) %}
diststyle {{ value }}
{% endmacro %}

{% macro clause_dist(value) %}
diststyle key distkey ({{ value }})
{% endmacro %}

{% macro sort_auto() %}
sortkey auto
{% endmacro %}

{% macro clause_sort(value) %}
compound sortkey ({{ value }})
{% endmacro %}

{% macro clause_sort_interleaved(value) %}
interleaved sortkey ({{ value }})
{% endmacro %}

{% macro guard(stage, outside, message) %}
select cast({{ message }} || ': ' || count(*) || ' rows' as integer) as outside_of_window
from {{ stage }}
where {{ outside }}
having count(*) > 0;
{% endmacro %}

{# `create table as` has no `if not exists`, but `create table like` has: the clauses are on the table that it copies. #}
{% macro create(target, clauses, query, shape) %}
drop table if exists {{ shape }};

create temporary table {{ shape }}{{ clauses }}as
select * from (
{{ query }}
) as query
where false;

create table if not exists {{ target }} (like {{ shape }});

drop table {{ shape }};
{% endmacro %}

{# Dependent views are dropped with the replaced table, as in dbt: only a procedure could create them again. #}
{% set readers = "dropped with the old relation" %}
{% set drops_readers = true %}
{% set replaces = false %}
{% set makes_way = false %}
{% set widens_texts = false %}
{% set grants_revoked = false %}
{% set contract_checked = false %}
{# `add column` fails if the column exists, so a procedure compares the table with the query. #}
{% set schema_changes = ["append_new_columns", "sync_all_columns"] %}

{% macro shape_of_query(query, shape) %}
create temporary table {{ shape }} as
select * from (
{{ query }}
) as query
where false;
{% endmacro %}

{% macro change_append_new_columns(query, target_text, shape, shape_text, procedure) %}
{{ shape_of_query() }}

create or replace procedure {{ procedure }}() as $change$
declare
  changed record;
begin
  for changed in
    select attname as name, format_type(atttypid, atttypmod) as query_type
    from pg_attribute
    where attrelid = {{ shape_text }}::regclass and attnum > 0 and not attisdropped and attname not in (
      select attname from pg_attribute where attrelid = {{ target_text }}::regclass and attnum > 0 and not attisdropped)
    order by attnum
  loop
    execute 'alter table ' || {{ target_text }} || ' add column ' || quote_ident(changed.name) || ' ' || changed.query_type;
  end loop;
end;
$change$ language plpgsql;

{{ call_procedure() }}

drop table {{ shape }};
{% endmacro %}

{# A changed type is an error: only the length of a `varchar` can change, and not in a transaction. #}
{% macro change_sync_all_columns(query, target_text, shape, shape_text, procedure, message) %}
{{ shape_of_query() }}

create or replace procedure {{ procedure }}() as $change$
declare
  changed record;
begin
  for changed in
    select coalesce(query.name, existing.name) as name, query.query_type, existing.table_type, query.query_oid, existing.table_oid
    from (
      select attname as name, atttypid as query_oid, format_type(atttypid, atttypmod) as query_type, attnum
      from pg_attribute where attrelid = {{ shape_text }}::regclass and attnum > 0 and not attisdropped
    ) as query
    full join (
      select attname as name, atttypid as table_oid, format_type(atttypid, atttypmod) as table_type
      from pg_attribute where attrelid = {{ target_text }}::regclass and attnum > 0 and not attisdropped
    ) as existing on query.name = existing.name
    order by query.attnum
  loop
    if changed.table_type is null then
      execute 'alter table ' || {{ target_text }} || ' add column ' || quote_ident(changed.name) || ' ' || changed.query_type;
    elsif changed.query_type is null then
      execute 'alter table ' || {{ target_text }} || ' drop column ' || quote_ident(changed.name);
    elsif changed.query_oid <> changed.table_oid then
      raise exception '%', {{ message }} || changed.name || ' is ' || changed.table_type || ' in the table and ' || changed.query_type
        || ' in the query; rebuild the model with --full-refresh, or give the column another name';
    end if;
  end loop;
end;
$change$ language plpgsql;

{{ call_procedure() }}

drop table {{ shape }};
{% endmacro %}

{% macro drop_table(target) %}
drop table if exists {{ target }} cascade;
{% endmacro %}

{% macro view(target, query, ledger) %}
drop view if exists {{ target }} cascade;

create view {{ target }} as
{{ query }}
;

{{ ledger }}
{% endmacro %}

{% set seed_types = {
  "integer": "bigint", "number": "double precision", "date": "date", "timestamp": "timestamp", "boolean": "boolean", "text": "varchar(max)"
} %}
{% set merge_alias = false %}
{% set constraint_kinds = ["not_null", "unique", "primary_key", "foreign_key"] %}
{% set foreign_key_hint = none %}

{# Refreshed by the engine's command, since an existing materialized view cannot be replaced. #}
{% set view_changes = "applied" %}

{% macro materialized_view(target, query) %}
drop materialized view if exists {{ target }} cascade;

create materialized view {{ target }} as
{{ query }}
;
{% endmacro %}

{% macro materialized_view_rebuild(target, query) %}
drop materialized view if exists {{ target }} cascade;

create materialized view {{ target }} as
{{ query }}
;
{% endmacro %}

{# `create table as` has no `if not exists`, but a procedure has conditions. #}
{% macro first_run(marker, target, clauses, query, procedure, schema_text, name_text) %}
create or replace procedure {{ procedure }}() as $first$
begin
  if exists (
    select 1 from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    where n.nspname = lower({{ schema_text }}) and c.relname = lower({{ name_text }}) and c.relkind = 'r'
  ) then
    create temporary table {{ marker }} as select false as is_first;
  else
    create temporary table {{ marker }} as select true as is_first;
    create table {{ target }}{{ clauses }}as
{{ query }}
    ;
  end if;
end;
$first$ language plpgsql;

{{ call_procedure() }}
{% endmacro %}

{# The source of a merge must be a table. #}
{% macro incremental_merge(target, stage, query, on, matched, columns, values, ledger) %}
create temporary table {{ stage }} as
{{ query }}
;

merge into {{ target }}
using {{ stage }} as DBT_INTERNAL_SOURCE
on {{ on }}
{{ matched }}
when not matched then
  insert ({{ columns }})
  values ({{ values }});

drop table {{ stage }};

{{ ledger }}
{% endmacro %}

{% set ledger_types = {"text": "varchar(1000)", "time": "timestamp", "clock": "timestamp", "number": "bigint"} %}
{% set ledger_wraps = ["rows", "relations"] %}

{% macro ledger_create(schema, ledger, spec) %}
{{ schema }}

create table if not exists {{ ledger }} (
  {{ spec }}
);
{% endmacro %}

{% macro ledger_clock() %}
getdate()
{% endmacro %}

{% set columns_in_lower_case = true %}

{% macro columns_table(database_text, schema_text, name_text) %}
select cast({{ database_text }} as varchar) as database_name, cast({{ schema_text }} as varchar) as schema_name,
  cast({{ name_text }} as varchar) as table_name, 0 as column_position, cast('' as varchar) as column_name, cast('' as varchar) as data_type
{% endmacro %}

{% macro columns_of(database_text, schema_text, names) %}
select {{ database_text }}, {{ schema_text }}, cast(table_name as varchar), cast(ordinal_position as integer), cast(column_name as varchar),
  cast(data_type as varchar)
from information_schema.columns
where lower(table_schema) = {{ schema_text }} and lower(table_name) in ({{ names }})
{% endmacro %}

{# Whether a backslash escapes in a string depends on the server or on the tool that splits the file. #}
{% macro backslash() %}
chr(92)
{% endmacro %}

{% macro apostrophe() %}
chr(39)
{% endmacro %}

{# `create table as` has no `if not exists`; the lock lets one audit run at a time. #}
{% macro approve(approved, marks) %}
create table {{ approved }} as
select
  {{ marks }};
{% endmacro %}
