{# Spark. #}

{% set parser = "spark" %}
{% set like = "databricks" %}
{% set dispatch = ["spark"] %}
{% set quoted = [false, false, false] %}
{% set included = [false, true, true] %}
{% set default_schema = "default" %}

{% set strategy_unkeyed = "append" %}
{% set strategy_keyed = "append" %}
{% set materialized_views = false %}
{% set merge_formats = ["delta", "iceberg", "hudi"] %}
{% set constraint_kinds = [] %}
{% set docs = ["table"] %}

{% macro unlisted() %}
{% endmacro %}

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

{# Only what this engine's tables can do in any format: they are made anew. #}
{% macro seed(target, spec, rows) %}
drop table if exists {{ target }};

create table {{ target }} (
  {{ spec }}
);

{{ rows }}
{% endmacro %}

{% macro seed_anew(target, spec, rows) %}
drop table if exists {{ target }};

create table {{ target }} (
  {{ spec }}
);

{{ rows }}
{% endmacro %}
