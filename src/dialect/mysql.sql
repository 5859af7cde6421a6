{# MySQL. #}

{% set parser = "mysql" %}
{% set like = "ansi" %}
{% set quote = "`" %}
{% set quoted = [false, true, true] %}
{% set included = [false, true, true] %}
{% set case = "ignored" %}
{% set longest_name = 64 %}
{% set backslash_escapes = true %}
{% set default_schema = "default" %}

{% set fills_at_once = false %}
{% set seed_types = {
  "integer": "bigint", "number": "double", "date": "date", "timestamp": "datetime", "boolean": "boolean", "text": "text"
} %}
{% set docs = [] %}

{% macro cast_value(value) %}
{{ value }}
{% endmacro %}
