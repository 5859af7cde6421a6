{# DuckDB: delete and insert in one transaction. The guard is part of the insert: a separate select would print a row. #}

{% set parser = "duckdb" %}
{% set like = "ansi" %}
{% set casts_cut_text = false %}
{% from "bigquery.sql" import audit_stop %}
{% from "postgres.sql" import audit_list, index, index_unique, is_time, outside, zoned %}
{% set hidden_columns = ["rowid", "file_row_number"] %}
{% set case = "ignored" %}
{% set default_schema = "main" %}
{# Without `attach` and `plugins`, whose entries dbt completes. #}
{% set target_keys = [
    "database", "schema", "path", "config_options", "extensions", "settings", "external_root", "use_credential_provider", "filesystems",
    "remote", "disable_transactions"
] %}
{% set target_defaults = {"path": ":memory:", "settings": {}, "external_root": ".", "disable_transactions": false} %}
{% set default_database = "memory" %}
{% set files_as_sources = true %}
{% set longest_name = 255 %}
{% set by_name = true %}
{% set reserved = [
  "all", "analyse", "analyze", "and", "anti", "any", "array", "as", "asc", "asof", "asymmetric", "at", "authorization",
  "binary", "both", "by", "case", "cast", "check", "collate", "collation", "column", "concurrently", "constraint", "create",
  "cross", "default", "deferrable", "desc", "describe", "distinct", "do", "else", "end", "except", "false", "fetch", "for",
  "foreign", "freeze", "from", "full", "glob", "group", "having", "ilike", "in", "initially", "inner", "intersect", "into",
  "is", "isnull", "join", "lambda", "lateral", "leading", "left", "like", "limit", "natural", "not", "notnull", "null",
  "offset", "on", "only", "or", "order", "outer", "overlaps", "pivot", "pivot_longer", "pivot_wider", "placing",
  "positional", "primary", "qualify", "references", "returning", "right", "select", "semi", "show", "similar", "some",
  "summarize", "symmetric", "table", "tablesample", "then", "to", "trailing", "true", "union", "unique", "unpack", "unpivot",
  "using", "variadic", "verbose", "when", "where", "window", "with"
] %}
{% set index_keys = ["indexes"] %}
{% set indexes_after_swap = true %}
{% set foreign_key_hint = "leave the key out of the contract: DuckDB checks it after each statement, not at the commit" %}
{% set index_entry_keys = ["columns", "unique"] %}
{% set unique_index_hint = "DuckDB rejects a key that the same transaction has deleted, so the second run of a batch fails" %}
{% set undone_keys = {
  "partitioned_by": "only for DuckLake: set it with `alter table … set partitioned by`, as a pre-hook of the first batch",
  "sorted_by": "only for DuckLake: set it with `alter table … set sorted by`, as a pre-hook of the first batch"
} %}
{% set zoned_types = ["timestamptz", "timestamp with time zone"] %}
{% set naive_types = ["timestamp", "timestamp without time zone", "datetime", "timestamp_s", "timestamp_ms", "timestamp_us", "timestamp_ns"] %}
{# `-list`: drawing boxes takes the client longer than the query. #}
{% set command = ["duckdb", "-bail", "-no-init", "-list", "{path}"] %}
{% set example = "duckdb -bail -list warehouse.duckdb" %}
{% set client_syntax = {
  "program": "duckdb", "quotes": "'\"", "escape_prefix": "e", "dollar_quotes": true, "line_comments": ["--"], "at_line": ["."]
} %}

{% macro guarded(window, message) %}
case when {{ window }} then true else error({{ message }}) end
{% endmacro %}

{% set row_as_value = true %}

{% macro audit_row(alias) %}
{{ alias }}
{% endmacro %}

{% macro into_unnamed() %}
 by name
{% endmacro %}

{% macro create(target, clauses, query) %}
create table if not exists {{ target }}{{ clauses }}as
select * from (
{{ query }}
)
where false;
{% endmacro %}

{% macro attach(path, alias, options) %}
attach if not exists {{ path }}{{ alias }}{{ options }};
{% endmacro %}

{% macro attach_alias(alias) %}
 as {{ alias }}
{% endmacro %}

{% macro attach_options(options) %}
 ({{ options }})
{% endmacro %}

{% set contract_checked = true %}
{% set key_table_parts = 2 %}

{% macro contract_check(query, shape, nulls, message) %}
create temporary table {{ shape }} as
select case when count(*) > 0 then error({{ message }} || string_agg(
  column_name || ' is ' || coalesce(query.column_type, 'missing') || ', declared ' || coalesce(declared.column_type, 'nowhere'), ', '))
  end as difference
from (describe
{{ query }}
) as query
full join (describe select {{ nulls }}) as declared using (column_name)
where query.column_type is distinct from declared.column_type;

drop table {{ shape }};
{% endmacro %}

{# A table that a foreign key names cannot be dropped. The rows of the tables with the keys, which the same plan builds again, are
   kept without the keys until then. #}
{% macro set_aside(target, aside, types) %}
create table if not exists {{ target }} (
  {{ types }}
);

create table {{ aside }} as from {{ target }};

drop table {{ target }};
{% endmacro %}

{% macro put_back(aside, name) %}
alter table {{ aside }} rename to {{ name }};
{% endmacro %}

{% macro table_typed(target, kind, spec, ended, columns, query, aside_tables, restored_tables, ledger) %}
{{ aside_tables }}

{{ drop_table() }}

{{ declared_table() }}

{{ restored_tables }}

{{ ledger }}
{% endmacro %}

{% set knows_first_run = true %}

{% macro first_run(marker, database_text, schema_text, name_text) %}
create or replace temporary table {{ marker }} as
select not exists (
  from duckdb_tables()
  where lower(database_name) = lower(coalesce(nullif({{ database_text }}, ''), current_database()))
    and lower(schema_name) = lower(coalesce(nullif({{ schema_text }}, ''), current_schema())) and lower(table_name) = lower({{ name_text }})
) as is_first;

{{ create_filled() }}
{% endmacro %}

{% set merge_condition_keys = {
  "update": "merge_update_condition", "insert": "merge_insert_condition", "expressions": "merge_update_set_expressions"
} %}
{# An empty table gets all rows: the conditions and expressions apply to later runs only. #}
{% macro incremental_merge_conditional(target, stage, first, next, into, columns, on, matched, values, insert_condition, ledger) %}
create temporary table {{ stage }} as
select not exists (from {{ target }}) as is_empty;

insert into {{ target }}{{ into }}
select {{ columns }} from (
{{ first }}
) as first_rows
where (select is_empty from {{ stage }});

merge into {{ target }} as DBT_INTERNAL_DEST
using (
select {{ columns }} from (
{{ next }}
) as next_rows
where not (select is_empty from {{ stage }})
) as DBT_INTERNAL_SOURCE
on {{ on }}
{{ matched }}
when not matched{{ insert_condition }} then
  insert ({{ columns }})
  values ({{ values }});

drop table {{ stage }};

{{ ledger }}
{% endmacro %}

{% set refused_keys = {
  "merge_clauses": "it replaces the clauses of the merge",
  "merge_on_using_columns": "it replaces the condition of the merge by columns of both sides"
} %}
{% set build_keys = [
  "constraints", "delimiter", "incremental_type", "merge_exclude_columns", "merge_insert_condition", "merge_returning_columns",
  "merge_update_columns", "merge_update_condition", "merge_update_set_expressions", "partitions", "quote_columns"
] %}

{% set runs_strategy_macros = true %}
{% set schema_changes = ["append_new_columns", "sync_all_columns", "fail"] %}
{% set wider_types = {
  "tinyint": ["smallint", "integer", "bigint", "hugeint", "float", "double"], "smallint": ["integer", "bigint", "hugeint", "float", "double"],
  "integer": ["bigint", "hugeint", "double"], "bigint": ["hugeint"], "float": ["double"], "date": ["timestamp"], "varchar": []
} %}

{# DuckDB cannot execute SQL from a string, so an unforeseen difference is an error. #}
{% macro check_sync_all_columns(query, target, shape, message) %}
create temporary table {{ shape }} as
select case when count(*) > 0 then error({{ message }} || string_agg(
  coalesce(existing.column_name, query.column_name) || ' is ' || coalesce(existing.column_type, 'missing') || ' in the table and '
  || coalesce(query.column_type, 'missing') || ' in the query', ', ') || '; alter the table, or rebuild it with --full-refresh')
  end as difference
from (describe
{{ query }}
) as query
full join (describe {{ target }}) as existing on lower(query.column_name) = lower(existing.column_name)
where query.column_type is distinct from existing.column_type
  and coalesce((query.column_type, existing.column_type) not in (
    ('TINYINT', 'SMALLINT'), ('TINYINT', 'INTEGER'), ('TINYINT', 'BIGINT'), ('TINYINT', 'HUGEINT'), ('TINYINT', 'DOUBLE'),
    ('SMALLINT', 'INTEGER'), ('SMALLINT', 'BIGINT'), ('SMALLINT', 'HUGEINT'), ('SMALLINT', 'DOUBLE'), ('INTEGER', 'BIGINT'),
    ('INTEGER', 'HUGEINT'), ('INTEGER', 'DOUBLE'), ('BIGINT', 'HUGEINT'), ('FLOAT', 'DOUBLE'), ('DATE', 'TIMESTAMP')), true)
  and not coalesce(query.column_type = '"NULL"' and existing.column_type is not null, false);

drop table {{ shape }};
{% endmacro %}

{% macro check_fail(query, target, shape, message) %}
create temporary table {{ shape }} as
select case when count(*) > 0 then error({{ message }} || string_agg(
  coalesce(existing.column_name, query.column_name) || ' is ' || coalesce(existing.column_type, 'missing') || ' in the table and '
  || coalesce(query.column_type, 'missing') || ' in the query', ', ')) end as difference
from (describe
{{ query }}
) as query
full join (describe {{ target }}) as existing on lower(query.column_name) = lower(existing.column_name)
where query.column_type is distinct from existing.column_type
  and not coalesce(query.column_type = '"NULL"' and existing.column_type is not null, false);

drop table {{ shape }};
{% endmacro %}

{% set not_staged = {} %}
{% set undo_by_name = true %}
{% set withdraws_in_transaction = true %}

{# By name: the columns of the table may have another order than when its rows were copied. #}
{% macro undo_rows(target, before, rows) %}
delete from {{ target }}
where {{ rows }};

insert into {{ target }} by name
select * from {{ before }}
where {{ rows }};
{% endmacro %}

{% macro try_undo(target, before) %}
insert into {{ target }} by name
select * from {{ before }}
where 1 = 0;
{% endmacro %}

{# Only the statement that made the table has its generated columns. #}
{% macro not_restorable(database_text, schema_text, name_text, differs) %}
(
  select {{ differs }} as words
  from duckdb_tables()
  where lower(database_name) = lower(coalesce(nullif({{ database_text }}, ''), current_database()))
    and lower(schema_name) = lower({{ schema_text }}) and lower(table_name) = lower({{ name_text }})
    and contains(sql, ' GENERATED ALWAYS AS(')
) as audit_found
{% endmacro %}

{# The file of a model is one transaction. #}
{% set in_transaction = true %}

{% macro build_begin() %}
{% endmacro %}

{% macro build_commit() %}
{% endmacro %}

{% set strategies = ["append", "delete+insert", "merge"] %}
{% set grants = false %}
{% set seed_null_word = false %}
{% set seed_blank_lines = false %}
{% set seed_types = {
  "integer": "integer", "bigint": "bigint", "number": "double", "date": "date", "timestamp": "timestamp", "boolean": "boolean", "text": "varchar"
} %}

{% macro unlisted() %}
 by name
{% endmacro %}

{% macro outside_transaction() %}
begin transaction; commit;
{% endmacro %}

{% set ledger_wraps = ["rows", "relations"] %}

{# Without a cast to the session's time zone. #}
{% macro ledger_clock() %}
make_timestamp(epoch_us(now()))
{% endmacro %}

{% macro columns_of(database_text, schema_text, names) %}
select {{ database_text }}, {{ schema_text }}, table_name, column_index, column_name, data_type
from duckdb_columns()
where lower(database_name) = lower(coalesce(nullif({{ database_text }}, ''), current_database()))
  and lower(schema_name) = lower({{ schema_text }}) and lower(table_name) in (select lower(unnest([{{ names }}])))
{% endmacro %}
