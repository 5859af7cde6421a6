{# Redshift: PostgreSQL's delete and insert in one transaction. #}

{% set parser = "redshift" %}
{% set like = "postgres" %}
{% set longest_name = 127 %}

{% set seed_types = {
  "integer": "bigint", "number": "double precision", "date": "date", "timestamp": "timestamp", "boolean": "boolean", "text": "varchar(max)"
} %}
{% set merge_alias = false %}
{% set constraint_kinds = ["not_null", "unique", "primary_key", "foreign_key"] %}

{# Refreshed by the engine's own command, since a materialized view cannot be made where one is. #}
{% macro materialized_view(target, query) %}
drop materialized view if exists {{ target }};

create materialized view {{ target }} as
{{ query }}
;
{% endmacro %}

{% macro materialized_view_anew(target, query) %}
drop materialized view if exists {{ target }};

create materialized view {{ target }} as
{{ query }}
;
{% endmacro %}

{# The source of a merge is a table here. #}
{% macro incremental_merge(target, stage, query, on, matched, columns, values) %}
begin;

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

commit;
{% endmacro %}
