{# MariaDB: as MySQL, and a table can be replaced. #}

{% set parser = "mysql" %}
{% set like = "mysql" %}
{% set dispatch = ["mariadb"] %}
{% set client = ["mariadb", "--unbuffered", "--batch"] %}
{% set example = "mariadb --unbuffered --batch -h HOST" %}

{% macro table(target, query, make_way) %}
{{ make_way }}

create or replace table {{ target }} as
{{ query }}
;
{% endmacro %}
