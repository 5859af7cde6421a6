{# Athena: Trino's queries on Iceberg tables. #}

{% set parser = "generic" %}
{% set like = "trino" %}
{% set dispatch = ["athena"] %}

{% set seeds = false %}
{% set grants = false %}
{% set docs = [] %}
