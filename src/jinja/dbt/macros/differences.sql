{# How many boundaries of a part lie between two dates. #}

{% macro datediff(first_date, second_date, datepart) -%}
  {{ return(adapter.dispatch('datediff', 'dbt')(first_date, second_date, datepart)) }}
{%- endmacro %}

{% macro default__datediff(first_date, second_date, datepart) -%}
    datediff(
        {{ datepart }},
        {{ first_date }},
        {{ second_date }}
        )
{%- endmacro %}

{% macro redshift__datediff(first_date, second_date, datepart) %}
  {{- return(dbt.default__datediff(first_date, second_date, datepart)) -}}
{% endmacro %}

{% macro bigquery__datediff(first_date, second_date, datepart) %}
    datetime_diff(
        cast({{ second_date }} as datetime),
        cast({{ first_date }} as datetime),
        {{ datepart }}
    )
{% endmacro %}

{% macro databricks__datediff(first_date, second_date, datepart) -%}
  timestampdiff({{ datepart }}, {{ dbt.date_trunc(datepart, first_date) }}, {{ dbt.date_trunc(datepart, second_date) }})
{%- endmacro %}

{# Weeks begin on Sunday: whole weeks, and one more or less where the days wrap. #}
{% macro _weeks_between(first_date, second_date, first_weekday, second_weekday, divide) -%}
  ({{ dbt.datediff(first_date, second_date, 'day') }} {{ divide }} 7 + case
    when {{ first_weekday }} <= {{ second_weekday }} then
        case when {{ first_date }} <= {{ second_date }} then 0 else -1 end
    else
        case when {{ first_date }} <= {{ second_date }} then 1 else 0 end
  end)
{%- endmacro %}

{% macro duckdb__datediff(first_date, second_date, datepart) %} {{ dbt._duckdb_datediff(first_date, second_date, datepart) }} {% endmacro %}
{% macro _duckdb_datediff(first_date, second_date, datepart) -%}
  {%- if datepart == 'week' -%}
    {%- set weekday = "date_part('dow', (%s)::timestamp)" -%}
    {{ dbt._weeks_between(first_date, second_date, weekday % first_date, weekday % second_date, '//') }}
  {%- else -%}
    (date_diff('{{ datepart }}', {{ first_date }}::timestamp, {{ second_date }}::timestamp ))
  {%- endif -%}
{%- endmacro %}

{# Each finer part is the coarser one, multiplied, and the rest. #}
{% macro postgres__datediff(first_date, second_date, datepart) %} {{ dbt._postgres_datediff(first_date, second_date, datepart) }} {% endmacro %}
{% macro _postgres_datediff(first_date, second_date, datepart) -%}
  {%- set part = "date_part('" ~ datepart ~ "', (%s)::" ~ ('date' if datepart in ['year', 'quarter', 'month'] else 'timestamp') ~ ')' -%}
  {%- set finer = {
    'quarter': ('year', 4), 'month': ('year', 12), 'hour': ('day', 24), 'minute': ('hour', 60),
    'second': ('minute', 60), 'millisecond': ('minute', 60000), 'microsecond': ('minute', 60000000),
  } -%}
  {%- set part = 'floor(' ~ part ~ ')' if datepart in ['second', 'millisecond', 'microsecond'] else part -%}
  {%- if datepart == 'year' -%}
    ({{ part % second_date }} - {{ part % first_date }})
  {%- elif datepart == 'day' -%}
    (({{ second_date }})::date - ({{ first_date }})::date)
  {%- elif datepart == 'week' -%}
    {%- set weekday = "date_part('dow', (%s)::timestamp)" -%}
    {{ dbt._weeks_between(first_date, second_date, weekday % first_date, weekday % second_date, '/') }}
  {%- elif datepart in finer -%}
    ({{ dbt.datediff(first_date, second_date, finer[datepart][0]) }} * {{ finer[datepart][1] }} + {{ part % second_date }} - {{ part % first_date }})
  {%- else -%}
    {{ exceptions.raise_compiler_error('`datediff` does not know the part `' ~ datepart ~ '` on postgres') }}
  {%- endif -%}
{%- endmacro %}

{% macro trino__datediff(first_date, second_date, datepart) -%}
  {%- set first, second = 'CAST(' ~ first_date ~ ' AS TIMESTAMP)', 'CAST(' ~ second_date ~ ' AS TIMESTAMP)' -%}
  {%- set months = {'quarter': 4, 'month': 12} -%}
  {%- set finer = {'hour': ('day', 24), 'minute': ('hour', 60), 'second': ('minute', 60)} -%}
  {%- set rest = datepart ~ '(' ~ second ~ ') - ' ~ datepart ~ '(' ~ first ~ ')' -%}
  {%- if datepart == 'year' -%}
    ({{ rest }})
  {%- elif datepart in months -%}
    ({{ dbt.datediff(first_date, second_date, 'year') }} * {{ months[datepart] }}) + {{ rest }}
  {%- elif datepart == 'day' -%}
    ((to_milliseconds((CAST({{ second }} AS DATE) - CAST({{ first }} AS DATE)))) / 86400000)
  {%- elif datepart == 'week' -%}
    {{ dbt._weeks_between(first_date, second_date, 'dow(' ~ first ~ ')', 'dow(' ~ second ~ ')', '/') }}
  {%- elif datepart in finer -%}
    ({{ dbt.datediff(first_date, second_date, finer[datepart][0]) }} * {{ finer[datepart][1] }} + {{ rest }})
  {%- elif datepart == 'millisecond' -%}
    (to_milliseconds(({{ second }} - {{ first }})))
  {%- else -%}
    {{ exceptions.raise_compiler_error('`datediff` does not know the part `' ~ datepart ~ '` on trino') }}
  {%- endif -%}
{%- endmacro %}

{% macro athena__datediff(first_date, second_date, datepart) %}
  {{- return(dbt.trino__datediff(first_date, second_date, datepart)) -}}
{% endmacro %}

{# Spark 2 counts days and months only: `whole` counts full ones towards zero, `wrapped` adds the boundary that they miss. #}
{% macro spark__datediff(first_date, second_date, datepart) -%}
  {%- set of_days = datepart in ['day', 'week', 'month', 'quarter', 'year'] -%}
  {%- set first = dbt.assert_not_null('date', first_date) if of_days else first_date -%}
  {%- set second = dbt.assert_not_null('date', second_date) if of_days else second_date -%}
  {%- set seconds = {'hour': '3600', 'minute': '60', 'second': '1', 'millisecond': '(1/1000)', 'microsecond': '(1/1000000)'} -%}
  {%- set months = 'months_between(date(' ~ second ~ '), date(' ~ first ~ '))' -%}
  {%- set counted = {'week': 'datediff(' ~ second ~ ', ' ~ first ~ ')/7', 'month': months, 'quarter': months ~ '/3'} -%}
  {%- set places = {
    'week': 'dayofweek(%s)', 'month': 'dayofmonth(%s)', 'quarter': '(dayofyear(%s) - (quarter(%s) * 365/4))',
  } -%}
  {%- if datepart == 'day' %}
    datediff({{ second }}, {{ first }})
  {%- elif datepart == 'year' %}
    year({{ second }}) - year({{ first }})
  {%- elif datepart in counted %}
    {%- set here, there = places[datepart].replace('%s', first), places[datepart].replace('%s', second) -%}
    case when {{ first }} < {{ second }}
        then floor({{ counted[datepart] }})
        else ceil({{ counted[datepart] }})
        end
    + case
        when {{ first }} < {{ second }} and {{ there }} < {{ here }} then 1
        when {{ first }} > {{ second }} and {{ there }} > {{ here }} then -1
        else 0 end
  {%- elif datepart in seconds -%}
    {%- set clock = dbt.assert_not_null('to_unix_timestamp', dbt.assert_not_null('to_timestamp', second))
      ~ ' - ' ~ dbt.assert_not_null('to_unix_timestamp', dbt.assert_not_null('to_timestamp', first)) -%}
    case when {{ first }} < {{ second }}
        then ceil(({{ clock }}) / {{ seconds[datepart] }})
        else floor(({{ clock }}) / {{ seconds[datepart] }})
        end
    {% if datepart == 'millisecond' %}
    + cast(date_format({{ second }}, 'SSS') as int) - cast(date_format({{ first }}, 'SSS') as int)
    {%- elif datepart == 'microsecond' -%}
    {%- set pattern = "'[0-9]{4}-[0-9]{2}-[0-9]{2}.[0-9]{2}:[0-9]{2}:[0-9]{2}.([0-9]{6})'" %}
    + cast(regexp_extract({{ second }}, {{ pattern }}, 1) as int) - cast(regexp_extract({{ first }}, {{ pattern }}, 1) as int)
    {%- endif -%}
  {%- else -%}
    {{ exceptions.raise_compiler_error('`datediff` does not know the part `' ~ datepart ~ '` on spark') }}
  {%- endif -%}
{%- endmacro %}

{% macro last_day(date, datepart) %}{{ return(adapter.dispatch('last_day', 'dbt')(date, datepart)) }}{% endmacro %}
{% macro default_last_day(date, datepart) -%}
    cast(
        {{ dbt.dateadd('day', '-1', dbt.dateadd(datepart, '1', dbt.date_trunc(datepart, date))) }}
        as date)
{%- endmacro %}
{% macro default__last_day(date, datepart) %}{{ return(dbt.default_last_day(date, datepart)) }}{% endmacro %}
{% macro redshift__last_day(date, datepart) %} {{ dbt.default_last_day(date, datepart) }} {% endmacro %}
{# These have no interval of a quarter. #}
{% macro postgres__last_day(date, datepart) -%}
  {%- if datepart == 'quarter' -%}
    cast(
        {{ dbt.dateadd('day', '-1', dbt.dateadd('month', '3', dbt.date_trunc(datepart, date))) }}
        as date)
  {%- else -%}
    {{ dbt.default_last_day(date, datepart) }}
  {%- endif -%}
{%- endmacro %}
{% macro duckdb__last_day(date, datepart) %}{{ return(dbt.postgres__last_day(date, datepart)) }}{% endmacro %}
{% macro clickhouse__last_day(date, datepart) -%}
  {{ dbt.dateadd('day', '-1', dbt.dateadd(datepart, '1', dbt.date_trunc(datepart, date))) }}
{%- endmacro %}
{% macro sqlserver__last_day(date, datepart) -%}
  {%- if datepart == 'month' -%}
    EOMONTH ( {{ date }})
  {%- elif datepart in ['quarter', 'year'] -%}
    CAST(DATEADD({{ datepart | upper }}, DATEDIFF({{ datepart | upper }}, 0, {{ date }}) + 1, -1) AS DATE)
  {%- else -%}
    {{ dbt.default_last_day(date, datepart) }}
  {%- endif -%}
{%- endmacro %}
{% macro fabric__last_day(date, datepart) %}{{ return(dbt.sqlserver__last_day(date, datepart)) }}{% endmacro %}
