{# Redshift: PostgreSQL's delete and insert in one transaction. #}

{% set parser = "redshift" %}
{% set like = "postgres" %}
{% set longest_name = 127 %}
