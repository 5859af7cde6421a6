{# SQL Server. #}

{% set parser = "mssql" %}
{% set like = "ansi" %}
{% set case = "ignored" %}
{% set longest_name = 128 %}
{% set default_schema = "dbo" %}

{% set strategies = [] %}
{% set seeds = false %}
{% set constraint_kinds = [] %}
{% set docs = [] %}
