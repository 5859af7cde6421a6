{# BigQuery: one MERGE whose condition is never true. It deletes the old window and inserts the batch atomically. #}

{% set parser = "bigquery" %}
{% set target_keys = [
    "method", "database", "project", "execution_project", "schema", "dataset", "location", "priority",
    "maximum_bytes_billed", "reservation", "impersonate_service_account", "job_retry_deadline_seconds",
    "job_retries", "retries", "job_creation_timeout_seconds", "job_execution_timeout_seconds",
    "job_link_info_level_log", "timeout_seconds", "client_id", "token_uri", "compute_region",
    "dataproc_region", "dataproc_cluster_name", "gcs_bucket", "dataproc_batch"
] %}
{% set target_defaults = {"job_retries": 1, "job_link_info_level_log": false} %}
{% set target_aliases = [
    ["retries", "job_retries"], ["timeout_seconds", "job_execution_timeout_seconds"], ["dataproc_region", "compute_region"]
] %}
{% set key_aliases = [
    ["project", "database"], ["dataset", "schema"], ["target_project", "target_database"], ["target_dataset", "target_schema"]
] %}
{% set like = "ansi" %}
{% from "postgres.sql" import audit_list, is_time, outside %}
{% set type_labels = {"TEXT": "STRING", "FLOAT": "FLOAT64", "INTEGER": "INT64"} %}
{% set schema_changes = ["append_new_columns", "sync_all_columns"] %}
{% set wider_types = { "int64": ["numeric", "bignumeric"], "numeric": ["bignumeric"] } %}
{% set quote = "`" %}
{% set case = "ignored" %}
{% set longest_name = 300 %}
{% set backslash_escapes = true %}
{% set quoted_backslash_escapes = true %}
{% set strategy = "merge on false" %}
{% set grantees = "text" %}
{% set clauses = [
  "partition_by", "cluster_by", "require_partition_filter", "partition_expiration_days", "hours_to_expiration", "kms_key_name",
  "labels", "resource_tags", "enable_change_history"
] %}
{% set idle_keys = [
  "copy_partitions", "enable_list_inference", "intermediate_format", "job_execution_timeout_seconds", "partitions", "reservation"
] %}
{% set undone_keys = {
  "enable_refresh": "set it with `alter materialized view … set options`, as a post-hook",
  "grant_access_to": "BigQuery authorizes views by its API and not by SQL: authorize the view in the dataset after it is created",
  "labels_from_meta": "write the labels under `labels`",
  "max_staleness": "set it with `alter materialized view … set options`, as a post-hook",
  "refresh_interval_minutes": "set it with `alter materialized view … set options`, as a post-hook",
  "storage_uri": "batchwright creates only native BigQuery tables: create this table yourself; the batches then write to it",
  "table_format": "batchwright creates only native BigQuery tables: create this table yourself; the batches then write to it"
} %}
{% set partition_key = "partition_by" %}
{% set partitions = [
  ["date({})", "day", "date"], ["cast({} as date)", "day", "date"], ["timestamp_trunc({}, day)", "day", "zoned"],
  ["datetime_trunc({}, day)", "day", "naive"], ["date_trunc({}, month)", "month", "date"], ["date_trunc(date({}), month)", "month", "date"],
  ["timestamp_trunc({}, month)", "month", "zoned"], ["timestamp_trunc({}, hour)", "hour", "zoned"]
] %}
{% set reserved = [
  "all", "and", "any", "array", "as", "asc", "assert_rows_modified", "at", "between", "by", "case", "cast", "collate",
  "contains", "create", "cross", "cube", "current", "current_date", "current_time", "current_timestamp", "default", "define",
  "desc", "distinct", "else", "end", "enum", "escape", "except", "exclude", "exists", "extract", "false", "fetch",
  "following", "for", "from", "full", "group", "grouping", "groups", "hash", "having", "if", "ignore", "in", "inner",
  "intersect", "interval", "into", "is", "join", "lateral", "left", "like", "limit", "lookup", "merge", "natural", "new",
  "no", "not", "null", "nulls", "of", "on", "or", "order", "outer", "over", "partition", "preceding", "proto", "qualify",
  "range", "recursive", "respect", "right", "rollup", "rows", "select", "set", "some", "struct", "tablesample", "then", "to",
  "treat", "true", "unbounded", "union", "unnest", "using", "when", "where", "window", "with", "within"
] %}

{# It reads only standard input, to the end: each step has one process, and the marker is its last input. #}
{% set command = ["bq", "query", "--use_legacy_sql=false", "--format=csv"] %}
{% set example = "bq query --use_legacy_sql=false" %}

{% set options = [
  "require_partition_filter", "partition_expiration_days", "hours_to_expiration", "kms_key_name", "labels", "resource_tags",
  "enable_change_history"
] %}

{% set naive_types = ["datetime"] %}
{% set zoned_types = ["timestamp"] %}

{% macro naive(at) %}
datetime '{{ at.time }}'
{% endmacro %}

{% macro zoned(at) %}
timestamp '{{ at.time }}+00:00'
{% endmacro %}

{# It matches TIMESTAMP and DATETIME; a DATE must be declared. #}
{% macro undeclared(at) %}
'{{ at.time }}'
{% endmacro %}

{# The ingestion time of an ingestion-time partitioned table; the table of a wildcard; the file of an external table. #}
{% set hidden_columns = ["_partitiontime", "_partitiondate", "_table_suffix", "_file_name"] %}
{% set hidden_reserved = true %}

{% macro overwrite(target, stage, staged, into, columns, delete_predicate, insert_filter, guard, out_of_window_rows) %}
create or replace temp table {{ stage }} as
{{ staged }}
;

{{ guard }}

merge into {{ target }} as batch_target
using (
  select {{ columns }} from {{ stage }}{{ insert_filter }}
) as batch_source
on false
when not matched by source and {{ delete_predicate }} then
  delete
when not matched by target then
  insert {{ into }};

{{ out_of_window_rows }}

drop table {{ stage }};
{% endmacro %}

{# Without a guard, the query is the source of the merge and nothing is staged. #}
{% macro overwrite_drop(target, query, into, columns, delete_predicate, insert_filter) %}
merge into {{ target }} as batch_target
using (
  select {{ columns }} from (
{{ query }}
  ){{ insert_filter }}
) as batch_source
on false
when not matched by source and {{ delete_predicate }} then
  delete
when not matched by target then
  insert {{ into }};
{% endmacro %}

{% macro into_named(columns) %}
({{ columns }})
  values ({{ columns }})
{% endmacro %}

{% macro into_unnamed() %}
row
{% endmacro %}

{% macro guard(stage, outside, message) %}
assert not exists (select 1 from {{ stage }} where {{ outside }}) as {{ message }};
{% endmacro %}

{% macro out_of_window_rows(target, stage, into, columns, outside) %}
insert into {{ target }} ({{ columns }})
select {{ columns }} from {{ stage }} where {{ outside }}
except distinct
select {{ columns }} from {{ target }};
{% endmacro %}

{% macro audit_words() %}
verdict || ': ' || case when count(*) = 1 then min(batch) else cast(count(*) as string) || ' batches from ' || min(batch) || ' to ' || max(batch) end
{% endmacro %}

{% set not_staged = {} %}

{% macro publish(target, staged, before, columns, rows, claim, guard) %}
{{ claim }}

{{ keep_before() }}

{{ guard }}

merge into {{ target }} as batch_target
using (
  select {{ columns }} from {{ staged }}
  where {{ rows }}
) as batch_source
on false
when not matched by source and {{ rows }} then
  delete
when not matched by target then
  insert ({{ columns }})
  values ({{ columns }});
{% endmacro %}

{% macro undo(target, before, rows, guard) %}
{{ guard }}

merge into {{ target }} as batch_target
using (
  select * from {{ before }}
  where {{ rows }}
) as batch_source
on false
when not matched by source and {{ rows }} then
  delete
when not matched by target then
  insert row;
{% endmacro %}

{% set row_as_value = true %}

{% macro audit_row(alias) %}
to_json_string({{ alias }})
{% endmacro %}

{% macro audit_stop(about, list, found) %}
select case when count(*) > 0 then error({{ about }} || {{ list }}) end as audit
from {{ found }}
{% endmacro %}

{% macro partition_date_day(field) %}
partition by {{ field }}
{% endmacro %}

{% macro partition_date(field, granularity) %}
partition by date_trunc({{ field }}, {{ granularity }})
{% endmacro %}

{% macro partition_datetime(field, granularity) %}
partition by datetime_trunc({{ field }}, {{ granularity }})
{% endmacro %}

{% macro partition_timestamp(field, granularity) %}
partition by timestamp_trunc({{ field }}, {{ granularity }})
{% endmacro %}

{% macro partition_int64(field, start, end, interval) %}
partition by range_bucket({{ field }}, generate_array({{ start }}, {{ end }}, {{ interval }}))
{% endmacro %}

{% macro clause_cluster_by(value) %}
cluster by {{ value }}
{% endmacro %}

{% macro options_clause(value) %}
options (
  {{ value }}
)
{% endmacro %}

{% macro option_hours_to_expiration(value) %}
expiration_timestamp = timestamp_add(current_timestamp(), interval {{ value }} hour)
{% endmacro %}

{% macro option_kms_key_name(text) %}
kms_key_name = {{ text }}
{% endmacro %}

{% macro option_labels(tuples) %}
labels = [{{ tuples }}]
{% endmacro %}

{% macro option_resource_tags(tuples) %}
tags = [{{ tuples }}]
{% endmacro %}

{% macro create(target, clauses, query) %}
create table if not exists {{ target }}{{ clauses }}as
select * from (
{{ query }}
)
limit 0;
{% endmacro %}

{% macro table(target, clauses, query) %}
create or replace table {{ target }}{{ clauses }}as
{{ query }}
;
{% endmacro %}

{% macro swap(target, shadow, ledger_after) %}
create or replace table {{ target }} copy {{ shadow }};

{{ ledger_after }}

drop table {{ shadow }};
{% endmacro %}

{% set contract_refused_by_engine = true %}
{% set outside_hooks_ignored = ["table", "view", "incremental"] %}
{% set hooks_before_grants = ["table", "incremental"] %}
{% set strategies = ["append", "merge", "insert_overwrite"] %}
{% set materialized_views = true %}
{% set strategy_unkeyed = "merge" %}
{% set strategy_keyed = "merge" %}
{% set fills_at_once = false %}
{# The maximum length of a query, which may be a script. #}
{% set longest_script = 1048576 %}
{% set seed_null_word = false %}
{% set seed_blank_lines = false %}
{% set seed_types = {
  "integer": "int64", "number": "float64", "date": "date", "timestamp": "datetime", "boolean": "bool", "text": "string"
} %}
{% set constraint_kinds = ["not_null", "primary_key", "foreign_key"] %}
{% set docs = ["table", "view", "columns"] %}

{% set knows_first_run = true %}

{% macro first_run(marker, schema, name_text) %}
create or replace temp table {{ marker }} as
select count(*) = 0 as is_first
from {{ schema }}.INFORMATION_SCHEMA.TABLES
where table_name = {{ name_text }} and table_type <> 'VIEW';

{{ create_filled() }}
{% endmacro %}

{# The engine reads, and bills, only the query that is needed. #}
{% macro append_first_or_next(target, into, columns, first, next) %}
if exists (select 1 from {{ target }}) then
  insert into {{ target }}{{ into }}
  select {{ columns }} from (
{{ next }}
  ) as next_rows;
else
  insert into {{ target }}{{ into }}
  select {{ columns }} from (
{{ first }}
  ) as first_rows;
end if;
{% endmacro %}

{% macro partition_value_date_day(field) %}
{{ field }}
{% endmacro %}

{% macro partition_value_date(field, granularity) %}
date_trunc({{ field }}, {{ granularity }})
{% endmacro %}

{% macro partition_value_datetime(field, granularity) %}
datetime_trunc({{ field }}, {{ granularity }})
{% endmacro %}

{% macro partition_value_timestamp(field, granularity) %}
timestamp_trunc({{ field }}, {{ granularity }})
{% endmacro %}

{% macro partition_value_int64(field) %}
{{ field }}
{% endmacro %}

{# The partitions of the new rows. #}
{% macro incremental_insert_overwrite(target, stage, query, columns, partition) %}
create or replace temp table {{ stage }} as
{{ query }}
;

begin
  declare written_partitions default (select array_agg(distinct {{ partition }} ignore nulls) from {{ stage }});

  merge into {{ target }} as DBT_INTERNAL_DEST
  using (
    select {{ columns }} from {{ stage }}
  ) as DBT_INTERNAL_SOURCE
  on false
  when not matched by source and {{ partition }} in unnest(written_partitions) then
    delete
  when not matched by target then
    insert ({{ columns }})
    values ({{ columns }});
end;

drop table {{ stage }};
{% endmacro %}

{# The statement replaces all rows of the partitions, so a first run writes those of the table again. #}
{% macro later_rows_of_insert_overwrite_named(marker, target, columns, query, partition, partitions) %}
{{ later_rows() }}
union all
select {{ columns }} from {{ target }}
where {{ partition }} in ({{ partitions }}) and (select is_first from {{ marker }})
{% endmacro %}

{# The partitions that the model configures. #}
{% macro incremental_insert_overwrite_named(target, query, columns, partition, partitions) %}
merge into {{ target }} as DBT_INTERNAL_DEST
using (
{{ query }}
) as DBT_INTERNAL_SOURCE
on false
when not matched by source and {{ partition }} in ({{ partitions }}) then
  delete
when not matched by target then
  insert ({{ columns }})
  values ({{ columns }});
{% endmacro %}

{% macro seed() %}
{{ seed_rebuild() }}
{% endmacro %}

{% macro seed_rebuild(target, spec, rows) %}
create or replace table {{ target }} (
  {{ spec }}
);

{{ rows }}
{% endmacro %}

{% macro constraint_primary_key(columns) %}
primary key ({{ columns }}) not enforced
{% endmacro %}

{% macro constraint_foreign_key(columns, expression) %}
foreign key ({{ columns }}) references {{ expression }} not enforced
{% endmacro %}

{% macro table_typed(target, spec, clauses, columns, query) %}
create or replace table {{ target }} (
  {{ spec }}
){{ clauses }}as
select {{ columns }} from (
{{ query }}
);
{% endmacro %}

{% macro materialized_view(target, query) %}
create materialized view if not exists {{ target }} as
{{ query }}
;
{% endmacro %}

{% macro materialized_view_rebuild(target, query) %}
create or replace materialized view {{ target }} as
{{ query }}
;
{% endmacro %}

{% macro grant(privilege, kind, target, grantee, quoted, string) %}
grant `{{ privilege }}` on {{ kind }} {{ target }} to {{ string }};
{% endmacro %}

{% macro comment_relation(kind, target, text) %}
alter {{ kind }} {{ target }} set options (description = {{ text }});
{% endmacro %}

{% macro comment_column(kind, target, column, text) %}
alter {{ kind }} {{ target }} alter column {{ column }} set options (description = {{ text }});
{% endmacro %}

{# Transactions that change the same table fail when they are concurrent, so only batches that run one after the other have one. #}
{% set ledger_types = {"text": "string", "time": "datetime", "clock": "timestamp", "number": "int64"} %}
{% set ledger_wraps = ["rows", "ordered"] %}

{% macro begin() %}
begin transaction;
{% endmacro %}

{% macro commit() %}
commit transaction;
{% endmacro %}

{% macro ledger_clock() %}
current_timestamp()
{% endmacro %}

{# A schema has its own catalog. #}
{% macro columns_of(schema, database_text, schema_text, names) %}
select {{ database_text }}, {{ schema_text }}, table_name, ordinal_position, column_name, data_type
from {{ schema }}.INFORMATION_SCHEMA.COLUMNS
where table_name in ({{ names }}) and ordinal_position is not null
{% endmacro %}

{% set columns_by_macro = false %}
