{# Arrays, and texts joined from rows. #}

{% macro array_construct(inputs=[], data_type=none) -%}
  {{ return(adapter.dispatch('array_construct', 'dbt')(inputs, data_type or api.Column.translate_type('integer'))) }}
{%- endmacro %}
{% macro default__array_construct(inputs, data_type) %}
  {% if inputs %}array[ {{ inputs | join(' , ') }} ]{% else %}array[]::{{ data_type }}[]{% endif %}
{% endmacro %}
{% macro bigquery__array_construct(inputs, data_type) %}
  {% if inputs %}[ {{ inputs | join(' , ') }} ]{% else %}ARRAY<{{ data_type }}>[]{% endif %}
{% endmacro %}
{% macro clickhouse__array_construct(inputs, data_type) %}
  {% if inputs %}[ {{ inputs | join(' , ') }} ]{% else %}emptyArray{{ data_type }}(){% endif %}
{% endmacro %}
{% macro trino__array_construct(inputs, data_type) -%}
  {% if inputs %}array[ {{ inputs | join(' , ') }} ]{% else %}null{% endif %}
{%- endmacro %}
{% macro athena__array_construct(inputs, data_type) %}
  {% if inputs %}array[ {{ inputs | join(' , ') }} ]{% else %}{{ dbt.safe_cast('array[]', 'array(' ~ data_type ~ ')') }}{% endif %}
{% endmacro %}
{% macro redshift__array_construct(inputs, data_type) %}{{ return('array( ' ~ inputs | join(' , ') ~ ' )') }}{% endmacro %}
{% macro spark__array_construct(inputs, data_type) %}{{ return('array( ' ~ inputs | join(' , ') ~ ' )') }}{% endmacro %}
{% macro snowflake__array_construct(inputs, data_type) %}{{ return('array_construct( ' ~ inputs | join(' , ') ~ ' )') }}{% endmacro %}
{% macro sqlserver__array_construct(inputs, data_type) %}{{ return('JSON_ARRAY(' ~ inputs | join(' , ') ~ ')') }}{% endmacro %}
{% macro fabric__array_construct(inputs, data_type) -%}
  JSON_ARRAY({{ inputs | join(', ') if inputs else 'NULL' }}{{ ' RETURNING JSON' if data_type | lower == 'json' }})
{%- endmacro %}

{% macro array_append(array, new_element) %}{{ return(adapter.dispatch('array_append', 'dbt')(array, new_element)) }}{% endmacro %}
{% macro default__array_append(array, new_element) %}{{ return('array_append(' ~ array ~ ', ' ~ new_element ~ ')') }}{% endmacro %}
{% macro _array_append_one(array, new_element) %}{{ return(dbt.array_concat(array, dbt.array_construct([new_element]))) }}{% endmacro %}
{% macro bigquery__array_append(array, new_element) %}{{ return(dbt._array_append_one(array, new_element)) }}{% endmacro %}
{% macro redshift__array_append(array, new_element) %}{{ return(dbt._array_append_one(array, new_element)) }}{% endmacro %}
{% macro spark__array_append(array, new_element) %}{{ return(dbt._array_append_one(array, new_element)) }}{% endmacro %}
{% macro trino__array_append(array, new_element) %}{{ return(dbt._array_append_one(array, new_element)) }}{% endmacro %}
{% macro athena__array_append(array, new_element) %}{{ return(array ~ ' || ' ~ new_element) }}{% endmacro %}
{% macro clickhouse__array_append(array, new_element) %}{{ return('arrayPushBack(' ~ array ~ ', ' ~ new_element ~ ') ') }}{% endmacro %}
{% macro fabric__array_append(array, new_element) %}{{ return("JSON_MODIFY(" ~ array ~ ", 'append $', " ~ new_element ~ ")") }}{% endmacro %}

{% macro array_concat(array_1, array_2) %}{{ return(adapter.dispatch('array_concat', 'dbt')(array_1, array_2)) }}{% endmacro %}
{% macro default__array_concat(array_1, array_2) %}{{ return('array_cat(' ~ array_1 ~ ', ' ~ array_2 ~ ')') }}{% endmacro %}
{% macro bigquery__array_concat(array_1, array_2) %}{{ return('array_concat(' ~ array_1 ~ ', ' ~ array_2 ~ ')') }}{% endmacro %}
{% macro redshift__array_concat(array_1, array_2) %}{{ return('array_concat(' ~ array_1 ~ ', ' ~ array_2 ~ ')') }}{% endmacro %}
{% macro spark__array_concat(array_1, array_2) %}{{ return('concat(' ~ array_1 ~ ', ' ~ array_2 ~ ')') }}{% endmacro %}
{% macro trino__array_concat(array_1, array_2) %}{{ return('concat(' ~ array_1 ~ ', ' ~ array_2 ~ ')') }}{% endmacro %}
{% macro athena__array_concat(array_1, array_2) %}{{ return(array_1 ~ ' || ' ~ array_2) }}{% endmacro %}
{% macro clickhouse__array_concat(array_1, array_2) %}{{ return('arrayConcat(' ~ array_1 ~ ', ' ~ array_2 ~ ') ') }}{% endmacro %}

{% macro listagg(measure, delimiter_text="','", order_by_clause=none, limit_num=none) -%}
  {{ return(adapter.dispatch('listagg', 'dbt')(measure, delimiter_text, order_by_clause, limit_num)) }}
{%- endmacro %}
{% macro _within_group(order_by_clause) %}{{ return('within group (' ~ order_by_clause ~ ')' if order_by_clause else '') }}{% endmacro %}
{% macro default__listagg(measure, delimiter_text, order_by_clause, limit_num) -%}
  {%- if limit_num -%}
    array_to_string(
        array_slice(
            array_agg(
                {{ measure }}
            ){{ dbt._within_group(order_by_clause) }}
            ,0
            ,{{ limit_num }}
        ),
        {{ delimiter_text }}
        )
  {%- else %}
    listagg(
        {{ measure }},
        {{ delimiter_text }}
        )
        {{ dbt._within_group(order_by_clause) }}
  {%- endif -%}
{%- endmacro %}
{# Redshift has no slices of arrays: the first values are matched as a pattern. #}
{% macro redshift__listagg(measure, delimiter_text, order_by_clause, limit_num) -%}
  {%- set whole = dbt.default__listagg(measure, delimiter_text, order_by_clause, none) -%}
  {%- if limit_num -%}
    {%- set ns = namespace(delimiter=delimiter_text.strip("'")) -%}
    {%- for sign in '\\^$.|?*+()[]{}' -%}
      {%- set ns.delimiter = ns.delimiter.replace(sign, '\\\\' ~ sign) -%}
    {%- endfor -%}
    {%- set other = '[^' ~ ns.delimiter ~ ']+' -%}
    regexp_substr(
        {{ whole }}
        ,'({{ other }}{{ ns.delimiter }}){1,{{ limit_num - 1 }}}{{ other }}'
        )
  {%- else -%}
    {{ whole }}
  {%- endif -%}
{%- endmacro %}
{% macro postgres__listagg(measure, delimiter_text, order_by_clause, limit_num) -%}
  {%- if limit_num -%}
    array_to_string(
        (array_agg(
            {{ measure }} {{ order_by_clause or '' }}
        ))[1:{{ limit_num }}],
        {{ delimiter_text }}
        )
  {%- else %}
    string_agg(
        {{ measure }},
        {{ delimiter_text }} {{ order_by_clause or '' }}
        )
  {%- endif -%}
{%- endmacro %}
{% macro duckdb__listagg(measure, delimiter_text, order_by_clause, limit_num) -%}
  {%- if limit_num -%}
    list_aggr(
        (array_agg(
            {{ measure }} {{ order_by_clause or '' }}
        ))[1:{{ limit_num }}],
        'string_agg',
        {{ delimiter_text }}
        )
  {%- else -%}
    {#- #} {{ dbt.postgres__listagg(measure, delimiter_text, order_by_clause, none) }}
  {%- endif -%}
{%- endmacro %}
{% macro bigquery__listagg(measure, delimiter_text, order_by_clause, limit_num) -%}
    string_agg(
        {{ measure }},
        {{ delimiter_text }} {{ order_by_clause or '' }}
        {{ 'limit ' ~ limit_num if limit_num }}
        )
{%- endmacro %}
{% macro _array_join(array, delimiter_text, limit_num) %}
  {{- return(' array_join( ' ~ ('slice( ' ~ array ~ ' , 1, ' ~ limit_num ~ ')' if limit_num else array) ~ ' , ' ~ delimiter_text ~ ') ') -}}
{% endmacro %}
{% macro spark__listagg(measure, delimiter_text, order_by_clause, limit_num) -%}
  {%- if order_by_clause -%}{{ exceptions.warn('`listagg` cannot order its values on spark and databricks') }}{%- endif -%}
  {{ dbt._array_join('collect_list(' ~ measure ~ ')', delimiter_text, limit_num) }}
{%- endmacro %}
{% macro trino__listagg(measure, delimiter_text, order_by_clause, limit_num) -%}
  {{ dbt._array_join('array_agg(' ~ measure ~ ' ' ~ (order_by_clause or '') ~ ')', delimiter_text, limit_num) }}
{%- endmacro %}
{% macro athena__listagg(measure, delimiter_text, order_by_clause, limit_num) -%}
  {%- set values = 'array_agg( ' ~ measure ~ (' ' ~ order_by_clause if order_by_clause else '') ~ ' )' -%}
  array_join( {{ 'slice( ' ~ values ~ ' , 1, ' ~ limit_num ~ ' )' if limit_num else values }} , {{ delimiter_text }} )
{%- endmacro %}
{% macro clickhouse__listagg(measure, delimiter_text, order_by_clause, limit_num) -%}
  {%- set values = 'array_agg(' ~ measure ~ ')' -%}
  {%- set order = (order_by_clause or '').split() -%}
  {%- if order and order[:2] | join(' ') | lower == 'order by' -%}
    {%- if ',' in order -%}
      {{ exceptions.raise_compiler_error('`listagg` orders by one column only on clickhouse') }}
    {%- endif -%}
    {%- set turned = 'Reverse' if 'desc' in order[3:] | join('') | lower else '' -%}
    {%- set values = 'arrayMap(x -> x.1, array' ~ turned ~ 'Sort(x -> x.2, arrayZip(' ~ values ~ ', array_agg(' ~ order[2] ~ '))))' -%}
  {%- endif -%}
  {{ ' ' }}arrayStringConcat({{ 'arraySlice(' ~ values ~ ', 1, ' ~ limit_num ~ ')' if limit_num else values }}, {{ delimiter_text }}){{ ' ' if limit_num }}
{%- endmacro %}
{% macro sqlserver__listagg(measure, delimiter_text, order_by_clause, limit_num) -%}
  string_agg({{ measure }}, {{ delimiter_text }}) {{ dbt._within_group(order_by_clause) }}
{%- endmacro %}
{% macro fabric__listagg(measure, delimiter_text, order_by_clause, limit_num) %}{{ return(dbt.sqlserver__listagg(measure, delimiter_text, order_by_clause, limit_num)) }}{% endmacro %}
