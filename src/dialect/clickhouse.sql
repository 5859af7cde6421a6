{# ClickHouse. #}

{% set parser = "clickhouse" %}
{% set like = "ansi" %}
{% set quote = "`" %}
{% set included = [false, true, true] %}
{% set case = "kept" %}
{% set longest_name = 200 %}
{% set backslash_escapes = true %}
{% set quoted_backslash_escapes = true %}
{% set default_schema = "default" %}

{% set strategies = ["append"] %}
{% set seeds = false %}
{% set constraint_kinds = [] %}
{% set docs = [] %}
