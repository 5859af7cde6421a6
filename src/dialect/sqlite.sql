{# SQLite. #}

{% set parser = "sqlite" %}
{% set like = "ansi" %}
{% set quoted = [false, false, true] %}
{% set included = [false, true, true] %}
{% set case = "ignored" %}
{% set longest_name = 255 %}
{% set default_schema = "main" %}

{% set grants = false %}
{% set docs = [] %}

{% macro cast_value(value) %}
{{ value }}
{% endmacro %}
