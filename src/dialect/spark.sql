{# Spark. Delta replaces the window by one statement; Iceberg by a MERGE whose condition is never true, since its REPLACE WHERE
   rejects a window that covers a part of a file. Both affect only rows of the window. A table of plain files (parquet, orc, hive …)
   can only be overwritten by whole partitions: one statement per partition, from a staged table, with the partition's value, so
   that an empty partition becomes empty and other partitions are unchanged. A view as stage would be evaluated by each statement. #}

{% set parser = "spark" %}
{% set like = "databricks" %}
{% from "ansi.sql" import unlisted %}
{% from "bigquery.sql" import into_named %}
{% from "trino.sql" import seed_rebuild %}
{# `_metadata` of file tables; the others of Iceberg tables. #}
{% set hidden_columns = ["_metadata", "_pos", "_partition", "_spec_id", "_deleted"] %}
{% set dispatch = ["spark"] %}
{% set quoted = [false, false, false] %}
{% set columns_quoted_once = false %}
{% set type_labels = {} %}
{% set lower_types = false %}
{% set included = [false, true, true] %}
{% set default_schema = "default" %}
{% set source_database = "same_as_schema" %}
{% set target_keys = ["host", "port", "cluster", "endpoint", "schema", "organization"] %}
{% set target_defaults = {"port": 443, "organization": "0"} %}
{% set default_database = none %}
{% set stage_in_schema = true %}
{% set command = ["spark-sql"] %}
{% set example = "spark-sql --master 'local[*]'" %}
{% set client_syntax = {
  "program": "spark-sql", "quotes": "'\"`", "escaping": "'\"", "line_comments": ["--"], "nested_comments": true,
  "at_statement": ["!", "compile", "crypto", "dfs", "exit", "quit", "source"]
} %}
{% set by_name = false %}
{% set clauses = ["file_format", "partition_by", "clustered_by", "options", "location_root", "tblproperties"] %}
{% set index_keys = [] %}
{% set clause_kinds = {} %}
{% set idle_keys = ["buckets", "skip_optimize"] %}
{% set undone_keys = {} %}
{% set refused = {} %}

{% set format_key = "file_format" %}
{% set formats = {"delta": "replace_where", "iceberg": "merge", "": "static_partitions"} %}
{% set variants = {
  "merge": {"strategy": "merge on false"},
  "static_partitions": {
    "strategy": "staged, then static partitions overwritten",
    "atomic": false,
    "not_atomic": "each partition is overwritten by one statement, but files have no transactions; running the file again overwrites them all",
    "by_partitions": true,
    "needs_partitions": true
  }
} %}
{% set partition_key = "partition_by" %}
{% set partitions = [
  ["cast({} as date)", "day", "date"], ["date({})", "day", "date"], ["to_date({})", "day", "date"],
  ["date_format({}, 'yyyy-mm-dd')", "day", "day_text"], ["trunc({}, 'mm')", "month", "date"], ["trunc({}, 'month')", "month", "date"],
  ["date_format({}, 'yyyy-mm')", "month", "month_text"]
] %}

{% macro day_text(at) %}
'{{ at.date }}'
{% endmacro %}

{% macro month_text(at) %}
'{{ at.yearmonth }}'
{% endmacro %}

{# Plain files cannot be replaced in one step, and a `create table as` that was killed leaves files behind. #}
{% set not_staged = {"static_partitions":
  "a table of plain files cannot be published in one statement: set `file_format` to `iceberg` or `delta`"
} %}
{% set undo_by_name = true %}

{% macro keep_before(before, target, rows, format_clause) %}
create table if not exists {{ before }}
{{ format_clause }}
as
select * from {{ target }}
where {{ rows }};
{% endmacro %}

{% macro publish(target, staged, columns, rows, claim, guard) %}
{{ claim }}

{{ keep_before() }}

{{ guard }}

merge into {{ target }} as batch_target
using (
  select {{ columns }} from {{ staged }}
  where {{ rows }}
) as batch_source
on false
when not matched then
  insert ({{ columns }})
  values ({{ columns }})
when not matched by source and {{ rows }} then
  delete;
{% endmacro %}

{% macro undo(target, before, rows, guard) %}
{{ guard }}

merge into {{ target }} as batch_target
using (
  select * from {{ before }}
  where {{ rows }}
) as batch_source
on false
when not matched then
  insert *
when not matched by source and {{ rows }} then
  delete;
{% endmacro %}

{% macro into_unnamed() %}
*
{% endmacro %}

{% macro overwrite_merge(target, query, into, checked, delete_predicate, insert_filter) %}
merge into {{ target }} as batch_target
using (
  select {{ checked }} from (
{{ query }}
  ){{ insert_filter }}
) as batch_source
on false
when not matched then
  insert {{ into }}
when not matched by source and {{ delete_predicate }} then
  delete;
{% endmacro %}

{% macro overwrite_replace_where(target, query, checked, delete_predicate, insert_filter) %}
insert into {{ target }}
replace where {{ delete_predicate }}
select {{ checked }} from (
{{ query }}
){{ insert_filter }};
{% endmacro %}

{# `static`: if there are further partition columns, the statement overwrites all partitions of the named value. #}
{% macro overwrite_static_partitions(target, stage, query, checked, insert_filter, others, guard, each, end, cut, rest) %}
drop table if exists {{ stage }};

create table {{ stage }}
using parquet as
select {{ checked }} from (
{{ query }}
){{ insert_filter }};

set spark.sql.sources.partitionOverwriteMode = static;

{{ each }}insert overwrite table {{ target }}
partition ({{ cut }}{{ rest }}) ({{ others }})
select {{ others }} from {{ stage }}
where {{ cut }};

{{ end }}drop table {{ stage }};
{% endmacro %}

{% macro table_static_partitions(target, clauses, query) %}
drop table if exists {{ target }};

create table {{ target }}{{ clauses }}as
{{ query }}
;
{% endmacro %}

{% macro declared_rows(columns, query, next) %}
drop table if exists {{ next }};

create table {{ next }}
using parquet as
select {{ columns }} from (
{{ query }}
) as declared_rows;
{% endmacro %}

{% macro table_typed(target, spec, ended) %}
{{ declared_rows() }}

create or replace table {{ target }} (
  {{ spec }}
){{ ended }};

{{ move_rows() }}
{% endmacro %}

{% macro table_typed_static_partitions(target, spec, ended) %}
{{ declared_rows() }}

drop table if exists {{ target }};

create table {{ target }} (
  {{ spec }}
){{ ended }};

{{ move_rows() }}
{% endmacro %}

{# Files cannot be renamed atomically, so the rows are copied. The file can be repeated until the last statement. #}
{% macro swap_static_partitions(target, shadow, clauses, ledger_after) %}
create table if not exists {{ target }}{{ clauses }}as
select * from {{ shadow }}
limit 0;

set spark.sql.sources.partitionOverwriteMode = static;

insert overwrite table {{ target }}
select * from {{ shadow }};

{{ ledger_after }}

drop table {{ shadow }};
{% endmacro %}

{% set strategy_unkeyed = "append" %}
{% set strategy_keyed = "append" %}
{% set materialized_views = false %}
{% set merge_formats = ["delta", "iceberg", "hudi"] %}
{% set constraint_kinds = [] %}
{% set docs = ["table"] %}

{% macro incremental_insert_overwrite(target, into, columns, query) %}
insert overwrite table {{ target }}{{ into }}
select {{ columns }} from (
{{ query }}
) as new_rows;
{% endmacro %}

{% macro incremental_insert_overwrite_partitions(target, into, columns, query) %}
set spark.sql.sources.partitionOverwriteMode = dynamic;

insert overwrite table {{ target }}{{ into }}
select {{ columns }} from (
{{ query }}
) as new_rows;
{% endmacro %}

{# Only the statement that all formats support: the table is rebuilt. #}
{% macro seed() %}
{{ seed_rebuild() }}
{% endmacro %}

{# Concurrent jobs cannot append to a table of plain files. #}
{% set ledger_formats = ["iceberg", "delta"] %}
{% set ledger_needs = {"format":
  "the ledger needs a table format that several jobs can append to: set `format: iceberg` or `format: delta` below `ledger`"
} %}

{% macro ledger_options(format) %}
using {{ format }}
{% endmacro %}

{% set columns_refused = "Spark has no table of columns; its `describe table` is a statement of its own" %}

{# A table of plain files can add a column only once, and drop none. #}
{% set unaltered_formats = {"static_partitions":
  "a table of plain files cannot add a column if it is missing, and drops none: run `alter table … add columns (name type)` once, or set `file_format` to `iceberg` or `delta`"
} %}

{# Iceberg: an insert that has no row adds the column if it is missing. #}
{% macro add_column_merge(target, column, type) %}
alter table {{ target }} set tblproperties ('write.spark.accept-any-schema' = 'true');

set `spark.sql.iceberg.merge-schema` = true;

insert into {{ target }}
select cast(null as {{ type }}) as {{ column }} where false;

reset `spark.sql.iceberg.merge-schema`;

alter table {{ target }} unset tblproperties if exists ('write.spark.accept-any-schema');
{% endmacro %}

{% macro create_published(published, spec, format_clause) %}
create table if not exists {{ published }} (
  {{ spec }}
)
{{ format_clause }};
{% endmacro %}

{% macro approve(approved, marks, format_clause) %}
create table if not exists {{ approved }}
{{ format_clause }}
as
select
  {{ marks }};
{% endmacro %}
