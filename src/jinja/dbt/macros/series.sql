{# Rows out of nothing: numbers and dates in order. And dates as lists, for loops. #}

{% macro get_powers_of_two(upper_bound) %}{{ return(adapter.dispatch('get_powers_of_two', 'dbt')(upper_bound)) }}{% endmacro %}
{% macro default__get_powers_of_two(upper_bound) %}
  {% if upper_bound <= 0 %}{{ exceptions.raise_compiler_error('the upper bound of a series must be positive') }}{% endif %}
  {% for power in range(1, 100) %}
    {% if upper_bound <= 2 ** power %}{{ return(power) }}{% endif %}
  {% endfor %}
{% endmacro %}

{% macro generate_series(upper_bound) %}{{ return(adapter.dispatch('generate_series', 'dbt')(upper_bound)) }}{% endmacro %}
{% macro default__generate_series(upper_bound) %}
    {%- set powers = range(dbt.get_powers_of_two(upper_bound)) %}
    with p as (
        select 0 as generated_number union all select 1
    ), unioned as (
    select
    {% for power in powers %}
    p{{ power }}.generated_number * power(2, {{ power }})
    {% if not loop.last %} + {% endif %}
    {% endfor %}
    + 1
    as generated_number
    from
    {% for power in powers %}
    p as p{{ power }}
    {% if not loop.last %} cross join {% endif %}
    {% endfor %}
    )
    select *
    from unioned
    where generated_number <= {{ upper_bound }}
    order by generated_number
{% endmacro %}
{% macro duckdb__generate_series(upper_bound) %}
    select
        generate_series as generated_number
    from generate_series(1, {{ upper_bound }})
{% endmacro %}

{% macro get_intervals_between(start_date, end_date, datepart) -%}
  {{ return(adapter.dispatch('get_intervals_between', 'dbt')(start_date, end_date, datepart)) }}
{%- endmacro %}
{% macro default__get_intervals_between(start_date, end_date, datepart) -%}
  {%- call statement('get_intervals_between', fetch_result=true) %}
    select {{ dbt.datediff(start_date, end_date, datepart) }}
  {%- endcall -%}
  {%- set answer = load_result('get_intervals_between') -%}
  {{ return(answer['data'][0][0] if answer and answer['data'] else 1) }}
{%- endmacro %}

{% macro date_spine(datepart, start_date, end_date) %}{{ return(adapter.dispatch('date_spine', 'dbt')(datepart, start_date, end_date)) }}{% endmacro %}
{% macro default__date_spine(datepart, start_date, end_date) %}
    with rawdata as (
        {{ dbt.generate_series(dbt.get_intervals_between(start_date, end_date, datepart)) }}
    ),
    all_periods as (
        select (
            {{ dbt.dateadd(datepart, 'row_number() over (order by 1) - 1', start_date) }}
        ) as date_{{ datepart }}
        from rawdata
    ),
    filtered as (
        select *
        from all_periods
        where date_{{ datepart }} <= {{ end_date }}
    )
    select * from filtered
{% endmacro %}
{% macro trino__date_spine(datepart, start_date, end_date) -%}
  {{ dbt.default__date_spine(datepart, 'cast(' ~ start_date ~ ' as date)', 'cast(' ~ end_date ~ ' as date)') }}
{%- endmacro %}
{% macro fabric__date_spine(datepart, start_date, end_date) %}
    with raw_data as (
        {{ dbt.default__generate_series(dbt.get_intervals_between(start_date, end_date, datepart)).rsplit('order by', 1)[0] }}
    ),
    all_periods as (
        select (
            {{ dbt.dateadd(datepart, 'row_number() over (order by generated_number) - 1', start_date) }}
        ) as date_{{ datepart }}
        from raw_data
    )
    select *
    from all_periods
    where date_{{ datepart }} < {{ end_date }}
{% endmacro %}

{% macro convert_datetime(date_str, date_fmt) -%}
  {{ return(modules.datetime.datetime.strptime(date_str.strip(), date_fmt)) }}
{%- endmacro %}
{% macro dates_in_range(start_date_str, end_date_str=none, in_fmt='%Y%m%d', out_fmt='%Y%m%d') -%}
  {% set first = dbt.convert_datetime(start_date_str, in_fmt) %}
  {% set last = dbt.convert_datetime(start_date_str if end_date_str is none else end_date_str, in_fmt) %}
  {% set days = (last - first).days %}
  {% if days < 0 %}{{ exceptions.raise_compiler_error('the range of dates begins after its end: ' ~ first ~ ', ' ~ last) }}{% endif %}
  {% set dates = [] %}
  {% for day in range(0, days + 1) %}
    {% set date = first + modules.datetime.timedelta(days=day) %}
    {% do dates.append(date.strftime(out_fmt) if out_fmt else date) %}
  {% endfor %}
  {{ return(dates) }}
{%- endmacro %}
{% macro partition_range(raw_partition_date, date_fmt='%Y%m%d') -%}
  {% set bounds = (raw_partition_date | string).split(',') %}
  {% if bounds | length > 2 %}{{ exceptions.raise_compiler_error('a range of partitions is one date or two: ' ~ raw_partition_date) }}{% endif %}
  {{ return(dbt.dates_in_range(bounds[0], bounds[1] if bounds | length == 2 else none, in_fmt=date_fmt)) }}
{%- endmacro %}
{% macro py_current_timestring() %}{{ return(modules.datetime.datetime.now().strftime('%Y%m%d%H%M%S%f')) }}{% endmacro %}
