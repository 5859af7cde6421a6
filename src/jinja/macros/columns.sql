{# What `api.Column` says of types: dbt's words for them, and each engine's. #}

{% macro api_column_type(dtype) %}{{ return(adapter.dispatch('api_column_type', 'dbt')(dtype)) }}{% endmacro %}
{% macro default__api_column_type(dtype) %}{{ return({'STRING': 'TEXT'}.get(dtype | upper, dtype)) }}{% endmacro %}
{% macro bigquery__api_column_type(dtype) %}
  {{- return({'TEXT': 'STRING', 'FLOAT': 'FLOAT64', 'INTEGER': 'INT64'}.get(dtype | upper, dtype)) -}}
{% endmacro %}
{% macro databricks__api_column_type(dtype) %}{{ return({'LONG': 'bigint'}.get(dtype | upper, dtype | lower)) }}{% endmacro %}
{% macro spark__api_column_type(dtype) %}{{ return(dtype) }}{% endmacro %}
{% macro trino__api_column_type(dtype) %}{{ return({'STRING': 'VARCHAR', 'FLOAT': 'DOUBLE'}.get(dtype | upper, dtype)) }}{% endmacro %}
{% macro athena__api_column_type(dtype) %}{{ return({'STRING': 'VARCHAR', 'TEXT': 'VARCHAR'}.get(dtype | upper, dtype)) }}{% endmacro %}
{% macro clickhouse__api_column_type(dtype) %}
  {{- return({'STRING': 'String', 'TIMESTAMP': 'DateTime', 'FLOAT': 'Float32', 'INTEGER': 'Int32'}.get(dtype | upper, dtype)) -}}
{% endmacro %}
{% macro sqlserver__api_column_type(dtype) %}
  {{- return({
    'STRING': 'VARCHAR(8000)', 'VARCHAR': 'VARCHAR(8000)', 'NVARCHAR': 'VARCHAR(8000)', 'CHAR': 'CHAR(1)', 'NCHAR': 'CHAR(1)',
    'TIMESTAMP': 'DATETIME2(6)', 'DATETIME2': 'DATETIME2(6)', 'DATE': 'DATE', 'TIME': 'TIME(6)',
    'FLOAT': 'FLOAT', 'INT': 'INT', 'INTEGER': 'INT', 'BIGINT': 'BIGINT', 'BOOLEAN': 'BIT',
  }.get(dtype | upper, dtype)) -}}
{% endmacro %}
{% macro fabric__api_column_type(dtype) %}
  {{- return({
    'STRING': 'VARCHAR(MAX)', 'VARCHAR': 'VARCHAR(MAX)', 'NVARCHAR': 'VARCHAR(MAX)', 'CHAR': 'CHAR(1)', 'NCHAR': 'CHAR(1)',
    'TIMESTAMP': 'DATETIME2(6)', 'DATETIME2': 'DATETIME2(6)', 'TIME': 'TIME(6)',
    'INTEGER': 'INT', 'TINYINT': 'SMALLINT', 'BOOLEAN': 'BIT', 'MONEY': 'DECIMAL',
  }.get(dtype | upper, dtype)) -}}
{% endmacro %}

{% macro api_column_text(size) %}{{ return(adapter.dispatch('api_column_text', 'dbt')(size)) }}{% endmacro %}
{% macro default__api_column_text(size) %}{{ return('character varying' ~ ('(' ~ size ~ ')' if size is not none else '')) }}{% endmacro %}
{% macro trino__api_column_text(size) %}{{ return('varchar' ~ ('(' ~ size ~ ')' if size is not none else '')) }}{% endmacro %}
{% macro athena__api_column_text(size) %}{{ return('varchar' ~ ('(' ~ size ~ ')' if size is not none else '')) }}{% endmacro %}
{% macro clickhouse__api_column_text(size) %}{{ return('String') }}{% endmacro %}
{% macro sqlserver__api_column_text(size) %}{{ return('varchar(' ~ (size if size is not none and size > 0 else 8000) ~ ')') }}{% endmacro %}
{% macro fabric__api_column_text(size) %}{{ return('varchar(' ~ (size if size is not none and size > 0 else 'max') ~ ')') }}{% endmacro %}

{% macro api_column_number(dtype, precision, scale) %}
  {{- return(adapter.dispatch('api_column_number', 'dbt')(dtype, precision, scale)) -}}
{% endmacro %}
{% macro default__api_column_number(dtype, precision, scale) %}
  {{- return(dtype ~ ('(' ~ precision ~ ',' ~ scale ~ ')' if precision is not none and scale is not none else '')) -}}
{% endmacro %}
{% macro bigquery__api_column_number(dtype, precision, scale) %}{{ return(dtype) }}{% endmacro %}
{% macro spark__api_column_number(dtype, precision, scale) %}{{ return(dbt.default__api_column_number('decimal', precision, scale)) }}{% endmacro %}
{% macro clickhouse__api_column_number(dtype, precision, scale) %}
  {{- return('Decimal(' ~ precision ~ ', ' ~ scale ~ ')' if precision is not none and scale is not none else dtype) -}}
{% endmacro %}
