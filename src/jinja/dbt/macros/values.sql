{# Casts, comparisons and aggregates. #}

{% macro cast(field, type) %}{{ return(adapter.dispatch('cast', 'dbt')(field, type)) }}{% endmacro %}
{% macro default__cast(field, type) %}
    cast({{ field }} as {{ type }})
{% endmacro %}
{% macro snowflake__cast(field, type) %}
  {%- if type | upper in ['GEOGRAPHY', 'GEOMETRY'] %}
    to_{{ type | lower }}({{ field }})
  {%- else %}
    cast({{ field }} as {{ type }})
  {%- endif %}
{% endmacro %}

{% macro safe_cast(field, type) %}{{ return(adapter.dispatch('safe_cast', 'dbt')(field, type)) }}{% endmacro %}
{% macro default__safe_cast(field, type) %}
    cast({{ field }} as {{ type }})
{% endmacro %}
{% macro snowflake__safe_cast(field, type) %}
  {%- if type | upper in ['GEOGRAPHY', 'GEOMETRY'] %}
    try_to_{{ type | lower }}({{ field }})
  {%- elif type | upper == 'VARIANT' -%}
    {{ dbt.cast(field, type) }}
  {%- else %}
    try_cast({{ dbt.string_literal(field) if field is number else field }} as {{ type }})
  {%- endif %}
{% endmacro %}
{% macro bigquery__safe_cast(field, type) -%}
  {%- set bare = field.strip('"').strip("'") if field is string else field -%}
  {%- set is_list = field is iterable and field is not string and field is not mapping and field | length > 0 -%}
  {%- if is_list and type.lower().startswith('array') -%}
    {%- set nested = type.lower()[6:-1] -%}
    {%- set items = [] -%}
    {%- for item in field -%}
      {%- do items.append(item.strip('"').strip("'") if dbt.cast_from_string_unsupported_for(nested) else item) -%}
    {%- endfor -%}
    (select array_agg(safe_cast(i as {{ nested }})) from unnest({{ '[' ~ items | join(', ') ~ ']' if dbt.cast_from_string_unsupported_for(nested) else field }}) i)
  {%- elif type.lower() == 'json' and field is mapping -%}
    safe_cast(json {{ dbt.string_literal(tojson(field)) }} as json)
  {%- else -%}
    safe_cast({{ bare if dbt.cast_from_string_unsupported_for(type) else field }} as {{ type }})
  {%- endif -%}
{%- endmacro %}
{% macro spark__safe_cast(field, type) -%}
  cast({{ field.strip('"').strip("'") if field is string and dbt.cast_from_string_unsupported_for(type) else field }} as {{ type }})
{% endmacro %}
{% macro trino__safe_cast(field, type) -%}
  try_cast({{ field }} as {{ type }})
{%- endmacro %}
{% macro athena__safe_cast(field, type) -%}
  try_cast({{ field }} as {{ type }})
{%- endmacro %}
{% macro sqlserver__safe_cast(field, type) -%}
  try_cast({{ field }} as {{ type }})
{%- endmacro %}
{% macro fabric__safe_cast(field, type) -%}
  try_cast({{ field }} as {{ type }})
{%- endmacro %}
{% macro clickhouse__safe_cast(field, type) -%}
  {%- if field == 'null' -%}
    CAST(defaultValueOfTypeName('{{ type | replace("'", "\\'") }}') AS {{ type }})
  {%- else -%}
    CAST({{ field }} AS {{ type }})
  {%- endif -%}
{%- endmacro %}
{% macro cast_from_string_unsupported_for(type) %}
  {%- set pattern = 'struct|geography$' if target.type == 'bigquery' else 'struct|array|map' -%}
  {{- return(modules.re.match(pattern, type.lower()) is not none) -}}
{% endmacro %}

{% macro cast_bool_to_text(field) %}{{ return(adapter.dispatch('cast_bool_to_text', 'dbt')(field)) }}{% endmacro %}
{% macro default__cast_bool_to_text(field) %}
    cast({{ field }} as {{ api.Column.translate_type('string') }})
{% endmacro %}
{% macro redshift__cast_bool_to_text(field) %}
    case
        when {{ field }} is true then 'true'
        when {{ field }} is false then 'false'
    end::text
{% endmacro %}
{% macro clickhouse__cast_bool_to_text(field) %}
    multiIf({{ field }} > 0, 'true', {{ field }} = 0, 'false', NULL)
{% endmacro %}
{% macro sqlserver__cast_bool_to_text(field) %}
    case {{ field }}
        when 1 then 'true'
        when 0 then 'false'
        else null
    end
{% endmacro %}
{% macro fabric__cast_bool_to_text(field) %}{{ return(dbt.sqlserver__cast_bool_to_text(field)) }}{% endmacro %}

{% macro equals(expr1, expr2) %}{{ return(adapter.dispatch('equals', 'dbt')(expr1, expr2)) }}{% endmacro %}
{% macro default__equals(expr1, expr2) -%}
  ({{ expr1 }} = {{ expr2 }})
{% endmacro %}
{% macro postgres__equals(expr1, expr2) %}{{ return(dbt.default__equals(expr1, expr2) | trim) }}{% endmacro %}
{% macro snowflake__equals(expr1, expr2) %}{{ return(dbt.default__equals(expr1, expr2) | trim) }}{% endmacro %}
{% macro athena__equals(expr1, expr2) %}{{ return(dbt.default__equals(expr1, expr2) | trim) }}{% endmacro %}
{% macro bigquery__equals(expr1, expr2) %}{{ return(dbt.default__equals(expr1, expr2) | trim) }}{% endmacro %}

{% macro except() %}{{ return(adapter.dispatch('except', 'dbt')()) }}{% endmacro %}
{% macro default__except() %}
    except
{% endmacro %}
{% macro bigquery__except() %}
    except distinct
{% endmacro %}

{% macro intersect() %}{{ return(adapter.dispatch('intersect', 'dbt')()) }}{% endmacro %}
{% macro default__intersect() %}
    intersect
{% endmacro %}
{% macro bigquery__intersect() %}
    intersect distinct
{% endmacro %}

{% macro any_value(expression) %}{{ return(adapter.dispatch('any_value', 'dbt')(expression)) }}{% endmacro %}
{% macro default__any_value(expression) %}{{ return('any_value(' ~ expression ~ ')') }}{% endmacro %}
{% macro postgres__any_value(expression) %}{{ return('min(' ~ expression ~ ')') }}{% endmacro %}
{% macro duckdb__any_value(expression) %}{{ return('arbitrary(' ~ expression ~ ')') }}{% endmacro %}
{% macro athena__any_value(expression) %}{{ return('arbitrary(' ~ expression ~ ')') }}{% endmacro %}
{% macro trino__any_value(expression) %}{{ return('min(' ~ expression ~ ')') }}{% endmacro %}
{% macro spark__any_value(expression) %}{{ return('first(' ~ expression ~ ')') }}{% endmacro %}
{% macro clickhouse__any_value(expression) %}{{ return('any(' ~ expression ~ ')') }}{% endmacro %}
{% macro sqlserver__any_value(expression) %}{{ return('min(' ~ expression ~ ')') }}{% endmacro %}
{% macro fabric__any_value(expression) %}{{ return('min(' ~ expression ~ ')') }}{% endmacro %}

{% macro bool_or(expression) %}{{ return(adapter.dispatch('bool_or', 'dbt')(expression)) }}{% endmacro %}
{% macro default__bool_or(expression) %}{{ return('bool_or(' ~ expression ~ ')') }}{% endmacro %}
{% macro bigquery__bool_or(expression) %}{{ return('logical_or(' ~ expression ~ ')') }}{% endmacro %}
{% macro snowflake__bool_or(expression) %}{{ return('boolor_agg(' ~ expression ~ ')') }}{% endmacro %}
{% macro spark__bool_or(expression) %}{{ return('max(' ~ expression ~ ')') }}{% endmacro %}
{% macro clickhouse__bool_or(expression) %}{{ return('max(' ~ expression ~ ') > 0') }}{% endmacro %}
{% macro fabric__bool_or(expression) -%}
  MAX(CASE WHEN {{ expression }} THEN 1 ELSE 0 END)
{%- endmacro %}

{# SQL that runs before the statement of a node. #}
{% macro set_sql_header(config) -%}
  {{ config.set('sql_header', caller()) }}
{%- endmacro %}
