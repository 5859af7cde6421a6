{# Spark. #}

{% set parser = "spark" %}
{% set like = "databricks" %}
{% set dispatch = ["spark"] %}
{% set quoted = [false, false, false] %}
{% set included = [false, true, true] %}
{% set default_schema = "default" %}
