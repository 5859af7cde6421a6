{# MariaDB: like MySQL, with `create or replace table`. #}

{% set parser = "mysql" %}
{% set like = "mysql" %}
{% from "ansi.sql" import outside_transaction %}
{% set dispatch = ["mariadb"] %}
{% set command = ["mariadb", "--unbuffered", "--batch"] %}
{% set example = "mariadb --unbuffered --batch -h HOST" %}

{% macro table(target, query, make_way) %}
{{ make_way }}

create or replace table {{ target }} as
{{ query }}
;
{% endmacro %}

{% macro marker(token, open) %}
select replace(case when @@in_transaction = 0 and @@autocommit = 1 then {{ token }} else {{ open }} end, 'x', '-') as batchwright_marker;
{% endmacro %}

