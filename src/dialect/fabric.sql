{# Fabric's warehouse. #}

{% set parser = "mssql" %}
{% set like = "sqlserver" %}
{% set dispatch = ["fabric"] %}
{% set quote = "[" %}
