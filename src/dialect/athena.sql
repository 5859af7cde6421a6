{# Athena: Trino's statements on Iceberg tables, with another create statement. Timestamps of tables have no time zone. #}

{% set parser = "generic" %}
{% set target_keys = [
  "assume_role_arn", "assume_role_duration_seconds", "assume_role_external_id", "assume_role_session_name", "aws_access_key_id",
  "aws_profile_name", "catalog", "connection_manager", "database", "debug_query_state", "endpoint_url", "lf_tags_database",
  "num_boto3_retries", "num_iceberg_retries", "num_retries", "poll_interval", "region_name", "s3_data_dir", "s3_data_naming",
  "s3_staging_dir", "s3_tmp_table_dir", "schema", "seed_s3_upload_args", "skip_workgroup_check", "spark_work_group", "work_group"
] %}
{% set target_defaults = none %}
{% set key_aliases = [["catalog", "database"]] %}
{% set like = "trino" %}
{% set type_labels = {"STRING": "VARCHAR", "TEXT": "VARCHAR"} %}
{# Neither `add columns` nor `drop column` can be repeated, and Athena has no conditional statement. #}
{% set schema_changes = [] %}
{% set unaltered_hint = "Athena cannot add a column if it is missing, so a step that adds it could not be repeated: run `alter table … add columns (name type)` once, or rebuild the model with `--full-refresh`" %}
{% set dispatch = ["athena"] %}

{# No client of Athena runs a file of several statements and waits for them. #}
{% set command = [] %}
{% set example = "my-client {file}" %}
{% set ticks = "`" %}
{% set location_key = "external_location" %}
{% set location_keys = ["external_location"] %}
{% set clauses = ["table_type", "is_external", "external_location", "format", "write_compression", "partitioned_by", "table_properties"] %}
{% set options = ["table_type", "is_external", "external_location", "format", "write_compression", "partitioned_by", "table_properties"] %}
{% set defaults = {"table_type": "iceberg", "is_external": false} %}
{% set idle_keys = [
  "force_batch", "ha", "native_drop", "partitions_limit", "s3_data_dir", "s3_data_naming", "s3_staging_dir", "s3_tmp_table_dir",
  "seed_by_insert", "seed_s3_upload_args", "skip_workgroup_check", "temp_schema", "unique_tmp_table_suffix", "versions_to_keep",
  "work_group"
] %}
{% set undone_keys = {
  "bucket_count": "an Iceberg table does not have these buckets: add `bucket(column, count)` to `partitioned_by`",
  "bucketed_by": "an Iceberg table does not have these buckets: add `bucket(column, count)` to `partitioned_by`",
  "field_delimiter": "an Iceberg table does not have text files",
  "lf_grants": "Lake Formation has no SQL: grant it by its API after the table is created",
  "lf_inherited_tags": "Lake Formation has no SQL: set the tags by its API after the table is created",
  "lf_tags_config": "Lake Formation has no SQL: set the tags by its API after the table is created"
} %}
{% set wanted_keys = {"external_location":
  "an Iceberg table needs a location for its files: set `external_location='s3://…/'`; dbt derives one from `s3_data_dir` of the profile"
} %}
{% set refused = {"table_type": {"hive": [
  "Athena cannot delete rows of a Hive table", "set `table_type='iceberg'` or remove it: Iceberg is the default"
]}} %}

{% set undeclared_hint = none %}

{% set not_staged = {"":
  "`create table as` has no `if not exists` in Athena, so the copy of the old rows could not be repeated"
} %}

{% macro undeclared(at) %}
timestamp '{{ at.time }}'
{% endmacro %}

{% macro options_clause(value) %}
with (
  {{ value }}
)
{% endmacro %}

{% macro option_table_type(text) %}
table_type = {{ text }}
{% endmacro %}

{% macro option_external_location(text) %}
location = {{ text }}
{% endmacro %}

{% macro option_format(text) %}
format = {{ text }}
{% endmacro %}

{% macro option_write_compression(text) %}
write_compression = {{ text }}
{% endmacro %}

{% macro option_partitioned_by(texts) %}
partitioning = array[{{ texts }}]
{% endmacro %}

{% macro option_table_properties(plain_pairs) %}
{{ plain_pairs }}
{% endmacro %}

{% macro location(text) %}
, location = {{ text }}
{% endmacro %}

{% macro create_schema(own_ticks) %}
create schema if not exists {{ own_ticks }};
{% endmacro %}

{% macro overwrite(target, stage, stage_ticks, stage_location, staged, into, columns, delete_predicate, insert_filter, guard, out_of_window_rows) %}
drop table if exists {{ stage_ticks }};

create table {{ stage }}
with (table_type = 'iceberg', is_external = false{{ stage_location }}) as
{{ staged }}
;

{{ guard }}

{{ replace_rows() }}

{{ out_of_window_rows }}

drop table {{ stage_ticks }};
{% endmacro %}

{% macro table(target, target_ticks, clauses, query) %}
drop table if exists {{ target_ticks }};

create table {{ target }}{{ clauses }}as
{{ query }}
;
{% endmacro %}

{# Athena cannot rename a table conditionally: this file requires that the table exists. #}
{% macro swap(target_ticks, beside_ticks, old_ticks, ledger_after) %}
alter table {{ target_ticks }} rename to {{ old_ticks }};

alter table {{ beside_ticks }} rename to {{ target_ticks }};

{{ ledger_after }}

drop table {{ old_ticks }};
{% endmacro %}

{# The types of a contract are enforced by casts: `create table` with columns has other type names than queries. #}
{% set constraint_kinds = [] %}

{% macro create_typed(target, clauses, casts, query) %}
create table if not exists {{ target }}{{ clauses }}as
select
  {{ casts }}
from (
{{ query }}
) as declared_rows
with no data;
{% endmacro %}

{% macro table_typed(target, target_ticks, clauses, casts, query) %}
drop table if exists {{ target_ticks }};

create table {{ target }}{{ clauses }}as
select
  {{ casts }}
from (
{{ query }}
) as declared_rows;
{% endmacro %}

{# The table that knows it would need a location. #}
{% set knows_first_run = false %}
{% set outside_hooks_ignored = ["table", "view"] %}
{% set hooks_before_grants = ["table", "incremental"] %}
{% set seeds = false %}
{% set grants = false %}
{% set docs = [] %}

{% set ledger_types = {"text": "string", "time": "timestamp", "clock": "timestamp", "number": "bigint"} %}
{% set ledger_needs = {"location":
  "the ledger is an Iceberg table, which needs a location for its files: set `location: 's3://…/'` below `ledger`"
} %}

{% macro ledger_create(schema, ledger_ticks, spec, options) %}
{{ schema }}

create table if not exists {{ ledger_ticks }} (
  {{ spec }}
){{ options }};
{% endmacro %}

{% macro ledger_options(location) %}
location {{ location }}
tblproperties ('table_type' = 'iceberg')
{% endmacro %}

{% macro ledger_cast(value) %}
cast({{ value }} as timestamp(6))
{% endmacro %}

{% macro ledger_as_text(value) %}
cast({{ value }} as varchar)
{% endmacro %}

{% set columns_by_macro = false %}
