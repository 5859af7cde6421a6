{# The types that `api.Column` gives for texts of a size and numbers of a precision. #}

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
