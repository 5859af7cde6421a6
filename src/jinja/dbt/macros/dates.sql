{# Dates and times: parts, sums, differences, now. #}

{% macro current_timestamp() %}{{ return(adapter.dispatch('current_timestamp', 'dbt')()) }}{% endmacro %}
{% macro default__current_timestamp() %}{{ return('current_timestamp') }}{% endmacro %}
{% macro postgres__current_timestamp() %}{{ return('now()') }}{% endmacro %}
{% macro duckdb__current_timestamp() %}{{ return('now()') }}{% endmacro %}
{% macro clickhouse__current_timestamp() %}{{ return('now()') }}{% endmacro %}
{% macro redshift__current_timestamp() %}{{ return('getdate()') }}{% endmacro %}
{% macro snowflake__current_timestamp() %}{{ return("convert_timezone('UTC', current_timestamp())") }}{% endmacro %}
{% macro bigquery__current_timestamp() %}{{ return('current_timestamp()') }}{% endmacro %}
{% macro spark__current_timestamp() %}{{ return('current_timestamp()') }}{% endmacro %}
{% macro sqlserver__current_timestamp() %}{{ return('CAST(SYSDATETIME() AS DATETIME2(6))') }}{% endmacro %}
{% macro fabric__current_timestamp() %}{{ return('CAST(SYSDATETIME() AS DATETIME2(6))') }}{% endmacro %}
{% macro athena__current_timestamp() %}{{ return(cast_timestamp('now()')) }}{% endmacro %}

{% macro cast_timestamp(timestamp_col) %}
  {% set settings = model.get('config', {}) %}
  {% set as_table = settings.get('materialized', 'table') not in ['view', 'ephemeral'] %}
  {% set precision = '(6)' if as_table and settings.get('table_type', 'hive') == 'iceberg' else '' %}
  {{ return('cast(' ~ timestamp_col ~ ' as timestamp' ~ precision ~ ')') }}
{% endmacro %}

{% macro current_timestamp_backcompat() %}{{ return(adapter.dispatch('current_timestamp_backcompat', 'dbt')()) }}{% endmacro %}
{% macro default__current_timestamp_backcompat() %} current_timestamp::timestamp {% endmacro %}
{% macro postgres__current_timestamp_backcompat() %} current_timestamp::{{ dbt.type_timestamp() }} {% endmacro %}
{% macro snowflake__current_timestamp_backcompat() %} current_timestamp::{{ dbt.type_timestamp() }} {% endmacro %}
{% macro redshift__current_timestamp_backcompat() %}{{ return('getdate()') }}{% endmacro %}
{% macro bigquery__current_timestamp_backcompat() %}{{ return('current_timestamp') }}{% endmacro %}

{% macro current_timestamp_in_utc_backcompat() %}{{ return(adapter.dispatch('current_timestamp_in_utc_backcompat', 'dbt')()) }}{% endmacro %}
{% macro default__current_timestamp_in_utc_backcompat() %}{{ return(dbt.current_timestamp_backcompat()) }}{% endmacro %}
{% macro postgres__current_timestamp_in_utc_backcompat() %} (current_timestamp at time zone 'utc')::{{ dbt.type_timestamp() }} {% endmacro %}
{% macro redshift__current_timestamp_in_utc_backcompat() %}{{ return('getdate()') }}{% endmacro %}
{% macro snowflake__current_timestamp_in_utc_backcompat() %}
  convert_timezone('UTC', {{ dbt.current_timestamp_backcompat() }})::{{ dbt.type_timestamp() }}
{% endmacro %}

{% macro snapshot_get_time() %}{{ return(adapter.dispatch('snapshot_get_time', 'dbt')()) }}{% endmacro %}
{% macro default__snapshot_get_time() %} {{ dbt.current_timestamp() }} {% endmacro %}
{% macro duckdb__snapshot_get_time() %}{{ return(dbt.current_timestamp() ~ '::timestamp') }}{% endmacro %}
{% macro postgres__snapshot_get_time() %}{{ return(dbt.current_timestamp() ~ '::timestamp without time zone') }}{% endmacro %}
{% macro redshift__snapshot_get_time() %}{{ return(dbt.current_timestamp() ~ '::timestamp') }}{% endmacro %}
{% macro snowflake__snapshot_get_time() %}{{ return('to_timestamp_ntz(' ~ dbt.current_timestamp() ~ ')') }}{% endmacro %}

{% macro date(year, month, day) %}{{ return(adapter.dispatch('date', 'dbt')(year, month, day)) }}{% endmacro %}
{% macro default__date(year, month, day) -%}
  to_date('{{ modules.datetime.date(year, month, day).isoformat() }}', 'YYYY-MM-DD')
{%- endmacro %}
{% macro spark__date(year, month, day) -%}
  to_date('{{ modules.datetime.date(year, month, day).isoformat() }}', 'yyyy-MM-dd')
{%- endmacro %}
{% macro bigquery__date(year, month, day) -%}
  date({{ year }}, {{ month }}, {{ day }})
{%- endmacro %}
{% macro duckdb__date(year, month, day) -%}
  make_date({{ year }}, {{ month }}, {{ day }})
{%- endmacro %}

{% macro date_trunc(datepart, date) %}{{ return(adapter.dispatch('date_trunc', 'dbt')(datepart, date)) }}{% endmacro %}
{% macro default__date_trunc(datepart, date) -%}
  date_trunc('{{ datepart }}', {{ date }})
{%- endmacro %}
{% macro bigquery__date_trunc(datepart, date) -%}
  timestamp_trunc(
    cast({{ date }} as timestamp),
    {{ datepart }}
  )
{%- endmacro %}
{% macro sqlserver__date_trunc(datepart, date) -%}
  CAST(DATEADD({{ datepart }}, DATEDIFF({{ datepart }}, 0, {{ date }}), 0) AS DATE)
{%- endmacro %}
{% macro fabric__date_trunc(datepart, date) %}{{ return(dbt.sqlserver__date_trunc(datepart, date)) }}{% endmacro %}

{% macro dateadd(datepart, interval, from_date_or_timestamp) -%}
  {{ return(adapter.dispatch('dateadd', 'dbt')(datepart, interval, from_date_or_timestamp)) }}
{%- endmacro %}
{% macro default__dateadd(datepart, interval, from_date_or_timestamp) %}
    dateadd(
        {{ datepart }},
        {{ interval }},
        {{ from_date_or_timestamp }}
        )
{% endmacro %}
{% macro redshift__dateadd(datepart, interval, from_date_or_timestamp) %}
  {{- return(dbt.default__dateadd(datepart, interval, from_date_or_timestamp)) -}}
{% endmacro %}
{% macro postgres__dateadd(datepart, interval, from_date_or_timestamp) %}
    {{ from_date_or_timestamp }} + ((interval '1 {{ datepart }}') * ({{ interval }}))
{% endmacro %}
{% macro bigquery__dateadd(datepart, interval, from_date_or_timestamp) %}
    datetime_add(
        cast( {{ from_date_or_timestamp }} as datetime),
        interval {{ interval }} {{ datepart }}
        )
{% endmacro %}
{% macro duckdb__dateadd(datepart, interval, from_date_or_timestamp) %}
  {%- set unit = datepart | lower -%}
  {%- set times, unit = {'quarter': (' * 3', 'month'), 'week': (' * 7', 'day')}.get(unit, ('', unit)) -%}
  {%- set count = 'cast(' ~ interval ~ ' as bigint)' -%}
  {%- set count = '(' ~ count ~ times ~ ')' if times else count %}
    ({{ from_date_or_timestamp }} + {{ count }} * interval 1 {{ unit }})
{%- endmacro %}
{% macro databricks__dateadd(datepart, interval, from_date_or_timestamp) -%}
    timestampadd({{ datepart }}, {{ interval }}, {{ from_date_or_timestamp }})
{%- endmacro %}
{% macro trino__dateadd(datepart, interval, from_date_or_timestamp) -%}
  date_add('{{ datepart }}', {{ interval }}, {{ from_date_or_timestamp }})
{%- endmacro %}
{% macro athena__dateadd(datepart, interval, from_date_or_timestamp) -%}
  date_add('{{ datepart }}', {{ interval }}, {{ from_date_or_timestamp }})
{%- endmacro %}
{% macro sqlserver__dateadd(datepart, interval, from_date_or_timestamp) %}
    dateadd(
        {{ datepart }},
        {{ interval }},
        cast({{ from_date_or_timestamp }} as datetime2(6))
        )
{% endmacro %}
{% macro fabric__dateadd(datepart, interval, from_date_or_timestamp) %}
  {{- return(dbt.sqlserver__dateadd(datepart, interval, from_date_or_timestamp)) -}}
{% endmacro %}

{# Spark 2 has no sums of timestamps: days and months go through dates, and the time of day is put back. #}
{% macro assert_not_null(function, arg) %}{{ return(adapter.dispatch('assert_not_null', 'dbt')(function, arg)) }}{% endmacro %}
{% macro default__assert_not_null(function, arg) %}
  {%- set call = function ~ '(' ~ arg ~ ')' %}
  coalesce({{ call }}, nvl2({{ call }}, assert_true({{ call }} is not null), null))
{% endmacro %}
{% macro spark__dateadd(datepart, interval, from_date_or_timestamp) %}
  {%- set at = from_date_or_timestamp -%}
  {%- set date = dbt.assert_not_null('date', at) -%}
  {%- set clock -%}
    to_unix_timestamp({{ dbt.assert_not_null('to_timestamp', at) }}) - to_unix_timestamp({{ date }})
  {%- endset -%}
  {%- set days = {'day': 1, 'week': 7} -%}
  {%- set months = {'month': 1, 'quarter': 3, 'year': 12} -%}
  {%- set seconds = {'hour': '3600', 'minute': '60', 'second': '1', 'millisecond': '(1/1000000)', 'microsecond': '(1/1000000)'} -%}
  {%- if datepart in days or datepart in months -%}
    {%- set function = 'date_add' if datepart in days else 'add_months' -%}
    to_timestamp(
        to_unix_timestamp(
            {{ function }}(
                {{ date }},
                cast({{ interval }} * {{ days.get(datepart) or months.get(datepart) }} as int)
            )
        ) + {{ clock }}
    )
  {%- elif datepart in seconds -%}
    to_timestamp(
        {{ dbt.assert_not_null('to_unix_timestamp', at) }}
        + cast({{ interval }} * {{ seconds[datepart] }} as int)
    )
  {%- else -%}
    {{ exceptions.raise_compiler_error('`dateadd` does not know the part `' ~ datepart ~ '` on spark') }}
  {%- endif -%}
{% endmacro %}
