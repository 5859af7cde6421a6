{# PostgreSQL: delete and insert in one transaction. A staged table is gone with it, however it ends. #}

{% set parser = "postgres" %}
{% set like = "ansi" %}
{% set client = ["psql", "-X", "-w", "-q", "-v", "ON_ERROR_STOP=1"] %}
{% set example = "psql -X -w -q -v ON_ERROR_STOP=1 -d shop" %}
{% set kind_key = "unlogged" %}
{% set index_keys = ["indexes"] %}

{% macro zoned(at) %}
timestamptz '{{ at.time }}+00:00'
{% endmacro %}

{% macro outside(window) %}
({{ window }}) is not true
{% endmacro %}

{% macro guard(stage, outside, message) %}
do $guard$
begin
  if exists (select from {{ stage }} where {{ outside }}) then
    raise exception using message = {{ message }};
  end if;
end
$guard$;
{% endmacro %}

{# A schema is created in the database of the connection, and its name takes no other. #}
{% macro create_schema(own) %}
create schema if not exists {{ own }};
{% endmacro %}

{% macro kind_special() %}
unlogged table
{% endmacro %}

{% macro index(target, name, columns) %}
create index if not exists {{ name }} on {{ target }} ({{ columns }});
{% endmacro %}

{% macro index_unique(target, name, columns) %}
create unique index if not exists {{ name }} on {{ target }} ({{ columns }});
{% endmacro %}

{% macro index_by(target, name, method, columns) %}
create index if not exists {{ name }} on {{ target }} using {{ method }} ({{ columns }});
{% endmacro %}

{% macro index_unique_by(target, name, method, columns) %}
create unique index if not exists {{ name }} on {{ target }} using {{ method }} ({{ columns }});
{% endmacro %}

{% set strategies = ["append", "delete+insert", "merge"] %}
{% set materialized_views = true %}

{% macro materialized_view(target, query) %}
create materialized view if not exists {{ target }} as
{{ query }}
;

refresh materialized view {{ target }};
{% endmacro %}

{% macro materialized_view_anew(target, query) %}
begin;

drop materialized view if exists {{ target }};

create materialized view {{ target }} as
{{ query }}
;

commit;
{% endmacro %}
