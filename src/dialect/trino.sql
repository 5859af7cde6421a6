{# Trino: a staged delete and insert. #}

{% set parser = "generic" %}
{% set like = "ansi" %}
{% set case = "ignored" %}
{% set longest_name = 128 %}
{% set default_schema = "default" %}

{% set strategies = ["append", "merge"] %}
{% set strategy_keyed = "append" %}
{% set fills_at_once = false %}
{% set seed_types = {
  "integer": "bigint", "number": "double", "date": "date", "timestamp": "timestamp", "boolean": "boolean", "text": "varchar"
} %}
{% set constraint_kinds = ["not_null"] %}
{% set docs = ["table", "view", "columns"] %}

{% macro seed(target, spec, rows) %}
create table if not exists {{ target }} (
  {{ spec }}
);

delete from {{ target }};

{{ rows }}
{% endmacro %}

{% macro seed_anew(target, spec, rows) %}
drop table if exists {{ target }};

create table {{ target }} (
  {{ spec }}
);

{{ rows }}
{% endmacro %}

{% macro table_typed(target, spec, ended, columns, query) %}
drop table if exists {{ target }};

create table {{ target }} (
  {{ spec }}
){{ ended }};

insert into {{ target }} ({{ columns }})
select {{ columns }} from (
{{ query }}
) as declared_rows;
{% endmacro %}
