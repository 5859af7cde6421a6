{# MariaDB: as MySQL, and a table can be replaced. #}

{% set parser = "mysql" %}
{% set like = "mysql" %}
{% set dispatch = ["mariadb"] %}

{% macro table(target, query) %}
create or replace table {{ target }} as
{{ query }}
;
{% endmacro %}
