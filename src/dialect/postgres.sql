{# PostgreSQL: delete and insert in one transaction. A staged table is gone with it, however it ends. #}

{% set parser = "postgres" %}
{% set like = "ansi" %}

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
