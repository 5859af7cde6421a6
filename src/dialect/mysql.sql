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
