{# Trino: a staged delete and insert. #}

{% set parser = "generic" %}
{% set like = "ansi" %}
{% set case = "ignored" %}
{% set longest_name = 128 %}
{% set default_schema = "default" %}
