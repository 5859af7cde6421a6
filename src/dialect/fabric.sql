{# Fabric's warehouse: as SQL Server, with names in brackets, a staged table in the schema, and no indexes. #}

{% set parser = "mssql" %}
{% set like = "sqlserver" %}
{% set dispatch = ["fabric"] %}
{% set quote = "[" %}
{% set client = ["sqlcmd", "-b", "-G", "-i", "{file}"] %}
{% set example = "sqlcmd -b -G -S SERVER -d DATABASE -i {file}" %}
{% set stage_prefix = "" %}
{% set stage_in_schema = true %}
{% set index_keys = [] %}
{% set defaults = {} %}
{% set naive_types = ["datetime2", "timestamp", "timestamp without time zone"] %}
