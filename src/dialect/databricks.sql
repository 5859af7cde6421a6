{# Databricks: one statement replaces the window. Delta rejects rows outside of it; `raise_error` names the batch. #}

{% set parser = "databricks" %}
{% set like = "ansi" %}
{% set casts_truncate = true %}
{% set casts_cut_text = false %}
{% set difference_elapses = true %}
{% from "bigquery.sql" import create, materialized_view_rebuild, seed, seed_rebuild, table, zoned %}
{% from "duckdb.sql" import unlisted %}
{% from "mysql.sql" import audit_words %}
{% set hidden_columns = ["_metadata"] %}
{% set dispatch = ["databricks", "spark"] %}
{% set quote = "`" %}
{% set columns_quoted_once = true %}
{% set type_labels = {"LONG": "BIGINT"} %}
{% set lower_types = true %}
{% set case = "ignored" %}
{% set longest_name = 255 %}
{% set backslash_escapes = true %}
{% set default_schema = "default" %}
{% set target_keys = ["host", "http_path", "schema", "database", "catalog"] %}
{% set target_defaults = {} %}
{% set default_database = "hive_metastore" %}
{% set key_aliases = [["catalog", "database"], ["target_catalog", "target_database"]] %}
{% set strategy = "replace where" %}
{% set modes = ["error", "drop"] %}
{% set location_keys = ["location"] %}
{% set by_name = true %}

{# It runs a file, or standard input to its end, so each step has one process. Its settings have the connection. #}
{% set command = ["dbsqlcli", "-e", "{file}"] %}
{% set example = "dbsqlcli -e {file}" %}
{% set client_syntax = {
  "program": "dbsqlcli", "quotes": "'\"`", "escaping": "'\"", "line_comments": ["--"], "nested_comments": true,
  "at_statement": ["\\", "?", "exit", "help", "nopager", "notee", "once", "pager", "prompt", "quit", "read", "source", "system", "tee", "watch"]
} %}

{% set grantees = "text" %}
{% set clauses = [
  "file_format", "options", "partition_by", "clustered_by", "liquid_clustered_by", "auto_liquid_cluster", "location_root", "location",
  "tblproperties"
] %}
{% set index_keys = ["databricks_tags"] %}
{% set clause_kinds = {"location_root": "include_full_name_in_path"} %}
{% set clause_words = {"auto_liquid_cluster": {"true": "cluster_auto", "false": "nothing"}} %}
{% set idle_keys = [
  "buckets", "databricks_compute", "include_full_name_in_path", "incremental_apply_config_changes", "query_tags", "skip_optimize", "unique_tmp_table_suffix",
  "use_safer_relation_operations", "view_update_via_alter"
] %}
{% set undone_keys = {
  "compression": "set it in `tblproperties`",
  "row_filter": "set it with `alter table … set row filter`, as a post-hook",
  "table_format": "batchwright creates only native Delta tables: create this table yourself; the batches then write to it",
  "zorder": "run `optimize … zorder by` as a post-hook"
} %}
{% set refused = {"file_format": {
  "parquet": ["only a Delta table supports `replace where`", "set `file_format='delta'` or remove it"],
  "hudi": ["only a Delta table supports `replace where`", "set `file_format='delta'` or remove it"],
  "csv": ["only a Delta table supports `replace where`", "set `file_format='delta'` or remove it"],
  "json": ["only a Delta table supports `replace where`", "set `file_format='delta'` or remove it"],
  "orc": ["only a Delta table supports `replace where`", "set `file_format='delta'` or remove it"],
  "text": ["only a Delta table supports `replace where`", "set `file_format='delta'` or remove it"]
}} %}

{% set naive_types = ["timestamp_ntz"] %}
{% set zoned_types = ["timestamp", "timestamp_ltz"] %}

{% macro naive(at) %}
timestamp_ntz '{{ at.time }}'
{% endmacro %}

{% macro overwrite(target, query, checked, delete_predicate, insert_filter) %}
insert into {{ target }} by name
replace where {{ delete_predicate }}
select {{ checked }} from (
{{ query }}
){{ insert_filter }};
{% endmacro %}

{# The difference of two texts is a number or an error. The condition is constant, so it is not computed per row. #}
{% macro is_time(column) %}
(true or {{ column }} - {{ column }} = interval '0' second)
{% endmacro %}

{% macro guarded_column(column, window, message) %}
case when {{ window }} then {{ column }} else raise_error({{ message }}) end as {{ column }}
{% endmacro %}

{# Like `overwrite`, for unknown columns. #}
{% macro guarded(window, message) %}
assert_true({{ window }}, {{ message }}) is null
{% endmacro %}

{% macro audit_list() %}
array_join(array_sort(collect_list(words)), '; ')
{% endmacro %}

{% set not_staged = {} %}
{% set undo_by_name = true %}

{% macro try_undo(target, before) %}
insert into {{ target }} by name
select * from {{ before }}
where 1 = 0;
{% endmacro %}

{% macro publish(target, staged, before, columns, rows, claim, guard) %}
{{ claim }}

{{ keep_before() }}

{{ try_undo() }}

{{ guard }}

insert into {{ target }} by name
replace where {{ rows }}
select {{ columns }} from {{ staged }}
where {{ rows }};
{% endmacro %}

{% macro undo(target, before, rows, guard) %}
{{ guard }}

insert into {{ target }} by name
replace where {{ rows }}
select * from {{ before }}
where {{ rows }};
{% endmacro %}

{% set row_as_value = true %}

{% macro audit_row(alias) %}
to_json(struct({{ alias }}.*))
{% endmacro %}

{% macro audit_stop(about, list, found) %}
select case when count(*) > 0 then raise_error(concat({{ about }}, {{ list }})) end as audit
from {{ found }}
{% endmacro %}

{% macro clause_file_format(value) %}
using {{ value }}
{% endmacro %}

{% macro partition_columns(value) %}
partitioned by ({{ value }})
{% endmacro %}

{% macro clause_options(pairs) %}
options ({{ pairs }})
{% endmacro %}

{% macro databricks_tags(target, pairs) %}
alter table {{ target }} set tags ({{ pairs }});
{% endmacro %}

{% macro clause_liquid_clustered_by(value) %}
cluster by ({{ value }})
{% endmacro %}

{% macro nothing() %}
{% endmacro %}

{% macro cluster_auto() %}
cluster by auto
{% endmacro %}

{% macro clause_clustered_by(value, buckets) %}
clustered by ({{ value }}) into {{ buckets }} buckets
{% endmacro %}

{% macro clause_location_root(below) %}
location {{ below }}
{% endmacro %}

{% macro clause_location_root_true(below_all) %}
location {{ below_all }}
{% endmacro %}

{% macro clause_location(text) %}
location {{ text }}
{% endmacro %}

{% macro clause_tblproperties(pairs) %}
tblproperties ({{ pairs }})
{% endmacro %}

{% macro swap(target, shadow, clauses, ledger_after) %}
create or replace table {{ target }}{{ clauses }}as
select * from {{ shadow }};

{{ ledger_after }}

drop table {{ shadow }};
{% endmacro %}

{% set outside_hooks_ignored = ["table", "view", "incremental"] %}
{% set hooks_before_grants = [] %}
{% set strategies = ["append", "merge", "insert_overwrite"] %}
{% set materialized_views = true %}
{% set strategy_unkeyed = "merge" %}
{% set strategy_keyed = "merge" %}
{% set fills_at_once = false %}
{% set seed_types = {
  "integer": "bigint", "number": "double", "date": "date", "timestamp": "timestamp_ntz", "boolean": "boolean", "text": "string"
} %}
{% set constraint_kinds = ["not_null", "primary_key", "foreign_key"] %}
{% set docs = ["table", "view", "columns"] %}

{% macro merge_unnamed(target, query, on) %}
merge into {{ target }} as DBT_INTERNAL_DEST
using (
{{ query }}
) as DBT_INTERNAL_SOURCE
on {{ on }}
when matched then
  update set *
when not matched then
  insert *;
{% endmacro %}

{# Without partitions, it replaces all rows. #}
{% macro incremental_insert_overwrite(target, columns, query) %}
insert overwrite {{ target }} by name
select {{ columns }} from (
{{ query }}
) as new_rows;
{% endmacro %}

{# The partitions of the new rows. #}
{% macro incremental_insert_overwrite_partitions(target, columns, query, partition) %}
insert into {{ target }} by name
replace using ({{ partition }})
select {{ columns }} from (
{{ query }}
) as new_rows;
{% endmacro %}

{# A table with declared columns is created empty. Before that, the rows are written to a table with the same columns. #}
{% macro table_typed(target, spec, ended, columns, query, next) %}
create or replace table {{ next }} (
  {{ spec }}
);

insert into {{ next }} ({{ columns }})
select {{ columns }} from (
{{ query }}
) as declared_rows;

create or replace table {{ target }} (
  {{ spec }}
){{ ended }};

{{ move_rows() }}
{% endmacro %}

{% macro move_rows(target, columns, next) %}
insert into {{ target }} ({{ columns }})
select {{ columns }} from {{ next }};

drop table {{ next }};
{% endmacro %}

{% macro materialized_view(target, query) %}
create materialized view if not exists {{ target }} as
{{ query }}
;

refresh materialized view {{ target }};
{% endmacro %}

{% macro grant(privilege, kind, target, grantee, quoted, string) %}
grant {{ privilege }} on table {{ target }} to {{ quoted }};
{% endmacro %}

{% macro comment_relation(kind, target, text) %}
comment on table {{ target }} is {{ text }};
{% endmacro %}

{% macro comment_column(kind, target, column, text) %}
alter table {{ target }} alter column {{ column }} comment {{ text }};
{% endmacro %}

{% set ledger_types = {"text": "string", "time": "timestamp_ntz", "clock": "timestamp_ntz", "number": "bigint"} %}

{% macro ledger_clock() %}
cast(to_utc_timestamp(current_timestamp(), current_timezone()) as timestamp_ntz)
{% endmacro %}

{% set columns_in_lower_case = true %}
{% set columns_need_database = "only Unity Catalog has an `information_schema`, one in each catalog" %}

{% macro columns_of(database, database_text, schema_text, names) %}
select {{ database_text }}, {{ schema_text }}, table_name, ordinal_position, column_name, full_data_type
from {{ database }}information_schema.columns
where table_schema = {{ schema_text }} and table_name in ({{ names }})
{% endmacro %}

{# `add column` fails if the column exists. A merge that has no row and writes none adds it only if it is missing. #}
{% set schema_changes = ["append_new_columns", "sync_all_columns"] %}

{% macro add_column(target, column, type) %}
merge with schema evolution into {{ target }} as batch_target
using (select cast(null as {{ type }}) as {{ column }} where false) as batch_source
on false
when not matched then
  insert *;
{% endmacro %}

{% set columns_by_macro = false %}
