{# PostgreSQL: delete and insert in one transaction. A staged table is gone with it, however it ends. #}

{% set parser = "postgres" %}
{% set like = "ansi" %}
{% set client = ["psql", "-X", "-w", "-q", "-v", "ON_ERROR_STOP=1"] %}
{% set example = "psql -X -w -q -v ON_ERROR_STOP=1 -d shop" %}

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
