{# Athena: Trino's statements on Iceberg tables, with its own words for creating them. A table's times have no zone. #}

{% set parser = "generic" %}
{% set target_keys = [
    "s3_staging_dir", "work_group", "skip_workgroup_check", "region_name", "database", "schema",
    "poll_interval", "aws_profile_name", "aws_access_key_id", "endpoint_url", "s3_data_dir", "s3_data_naming",
    "s3_tmp_table_dir", "debug_query_state", "spark_work_group"
] %}
{% set like = "trino" %}
{% set schema_changes = [] %}
{% set dispatch = ["athena"] %}

{# No client of Athena's own runs a file of several statements and waits for them. #}
{% set client = [] %}
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
  "bucket_count": "an Iceberg table has no buckets of this kind: write `bucket(column, count)` in `partitioned_by`",
  "bucketed_by": "an Iceberg table has no buckets of this kind: write `bucket(column, count)` in `partitioned_by`",
  "field_delimiter": "an Iceberg table is not made of text files",
  "lf_grants": "Lake Formation is asked by an API and not by SQL: grant it there, once the table is made",
  "lf_inherited_tags": "Lake Formation is asked by an API and not by SQL: set the tags there, once the table is made",
  "lf_tags_config": "Lake Formation is asked by an API and not by SQL: set the tags there, once the table is made"
} %}
{% set wanted_keys = {"external_location":
  "an Iceberg table must be told where its files go: `external_location='s3://…/'`; dbt makes a place up from `s3_data_dir` of the profile"
} %}
{% set refused = {"table_type": {"hive": [
  "Athena deletes no rows from a Hive table", "set `table_type='iceberg'`, or leave it out: then the table is one of Iceberg's"
]}} %}

{% set undeclared_hint = none %}

{% macro undeclared(at) %}
timestamp '{{ at.time }}'
{% endmacro %}

{% macro zoned(at) %}
timestamp '{{ at.time }} UTC'
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

{% macro overwrite(target, stage, stage_ticks, stage_location, staged, into, columns, doomed, kept, guard, strays) %}
drop table if exists {{ stage_ticks }};

create table {{ stage }}
with (table_type = 'iceberg', is_external = false{{ stage_location }}) as
{{ staged }}
;

{{ guard }}

delete from {{ target }}
where {{ doomed }};

insert into {{ target }}{{ into }}
select {{ columns }}
from {{ stage }}{{ kept }};

{{ strays }}

drop table {{ stage_ticks }};
{% endmacro %}

{% macro table(target, target_ticks, clauses, query) %}
drop table if exists {{ target_ticks }};

create table {{ target }}{{ clauses }}as
{{ query }}
;
{% endmacro %}

{# Athena has no way to rename only a table that exists: this file is for a table that does. #}
{% macro swap(target_ticks, beside_ticks, old_ticks) %}
alter table {{ target_ticks }} rename to {{ old_ticks }};

alter table {{ beside_ticks }} rename to {{ target_ticks }};

drop table {{ old_ticks }};
{% endmacro %}

{# The types of a contract are those of the values: a table that is made by its columns is another language's here. #}
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

{% set seeds = false %}
{% set grants = false %}
{% set docs = [] %}
