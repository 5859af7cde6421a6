{# Databricks: one statement replaces the window. Delta itself refuses rows outside of it; `assert_true` says which batch. #}

{% set parser = "databricks" %}
{% set like = "ansi" %}
{% set dispatch = ["databricks", "spark"] %}
{% set quote = "`" %}
{% set case = "ignored" %}
{% set longest_name = 255 %}
{% set backslash_escapes = true %}
{% set default_schema = "default" %}
{% set strategy = "replace where" %}
{% set modes = ["error", "drop"] %}
{% set location_keys = ["location"] %}
{% set by_name = true %}
{% set clauses = [
  "file_format", "partition_by", "clustered_by", "liquid_clustered_by", "auto_liquid_cluster", "location_root", "location", "tblproperties"
] %}
{% set clause_words = {"auto_liquid_cluster": {"true": "cluster_auto", "false": "nothing"}} %}
{% set idle_keys = [
  "buckets", "compression", "databricks_compute", "databricks_tags", "include_full_name_in_path", "optimize", "skip_optimize",
  "unique_tmp_table_suffix", "use_safer_relation_operations", "zorder"
] %}

{% set naive_types = ["timestamp_ntz"] %}
{% set zoned_types = ["timestamp", "timestamp_ltz"] %}

{% macro naive(at) %}
timestamp_ntz '{{ at.time }}'
{% endmacro %}

{% macro zoned(at) %}
timestamp '{{ at.time }}+00:00'
{% endmacro %}

{% macro overwrite(target, query, columns, doomed, kept) %}
insert into {{ target }} by name
replace where {{ doomed }}
select {{ columns }} from (
{{ query }}
){{ kept }};
{% endmacro %}

{% macro guarded(window, message) %}
assert_true({{ window }}, {{ message }}) is null
{% endmacro %}

{% macro clause_file_format(value) %}
using {{ value }}
{% endmacro %}

{% macro partition_columns(value) %}
partitioned by ({{ value }})
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

{% macro clause_location(text) %}
location {{ text }}
{% endmacro %}

{% macro clause_tblproperties(pairs) %}
tblproperties ({{ pairs }})
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

{% macro swap(target, beside, clauses) %}
create or replace table {{ target }}{{ clauses }}as
select * from {{ beside }};

drop table {{ beside }};
{% endmacro %}
