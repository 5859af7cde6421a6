{# MariaDB: like MySQL, with `create or replace table`. #}

{% set parser = "mysql" %}
{% set like = "mysql" %}
{% set dispatch = ["mariadb"] %}
{% set client = ["mariadb", "--unbuffered", "--batch"] %}
{% set example = "mariadb --unbuffered --batch -h HOST" %}

{# A date and a number have another coercibility than a timestamp. #}
{% macro is_time(column) %}
if(coercibility(coalesce({{ column }}, date '1970-01-01')) = 5, true, exp(1000 + length('declare the data_type of this event_time')))
{% endmacro %}

{% macro table(target, query, make_way) %}
{{ make_way }}

create or replace table {{ target }} as
{{ query }}
;
{% endmacro %}

{% macro marker(token, open) %}
select replace(case when @@in_transaction = 0 and @@autocommit = 1 then {{ token }} else {{ open }} end, 'x', '-') as batchwright_marker;
{% endmacro %}

{% macro outside_transaction() %}
{% endmacro %}
