{# Texts: literals, parts, joins, hashes. #}

{% macro string_literal(value) %}{{ return(adapter.dispatch('string_literal', 'dbt')(value)) }}{% endmacro %}
{% macro default__string_literal(value) %}{{ return("'" ~ value ~ "'") }}{% endmacro %}
{% macro bigquery__string_literal(value) %}{{ return("'''" ~ value ~ "'''") }}{% endmacro %}

{% macro escape_single_quotes(expression) %}{{ return(adapter.dispatch('escape_single_quotes', 'dbt')(expression)) }}{% endmacro %}
{% macro default__escape_single_quotes(expression) %}{{ return(expression | replace("'", "''")) }}{% endmacro %}
{% macro bigquery__escape_single_quotes(expression) %}{{ return(expression | replace("'", "\\'")) }}{% endmacro %}
{% macro snowflake__escape_single_quotes(expression) %}{{ return(expression | replace("'", "\\'")) }}{% endmacro %}
{% macro spark__escape_single_quotes(expression) %}{{ return(expression | replace("'", "\\'")) }}{% endmacro %}

{% macro concat(fields) %}{{ return(adapter.dispatch('concat', 'dbt')(fields)) }}{% endmacro %}
{% macro default__concat(fields) %}{{ return(fields | join(' || ')) }}{% endmacro %}
{% macro spark__concat(fields) %}{{ return('concat(' ~ fields | join(', ') ~ ')') }}{% endmacro %}
{% macro sqlserver__concat(fields) %}{{ return(fields[0] if fields | length < 2 else 'concat(' ~ fields | join(', ') ~ ')') }}{% endmacro %}
{% macro fabric__concat(fields) %}{{ return(dbt.sqlserver__concat(fields)) }}{% endmacro %}

{% macro hash(field) %}{{ return(adapter.dispatch('hash', 'dbt')(field)) }}{% endmacro %}
{% macro default__hash(field) %}{{ return('md5(cast(' ~ field ~ ' as ' ~ api.Column.translate_type('string') ~ '))') }}{% endmacro %}
{% macro bigquery__hash(field) %}{{ return('to_hex(' ~ dbt.default__hash(field) ~ ')') }}{% endmacro %}
{% macro trino__hash(field) %}{{ return('lower(to_hex(md5(to_utf8(cast(' ~ field ~ ' as varchar)))))') }}{% endmacro %}
{% macro athena__hash(field) %}{{ return(dbt.trino__hash(field)) }}{% endmacro %}
{% macro clickhouse__hash(field) %}{{ return('lower(hex(MD5(toString(' ~ field ~ ' ))))') }}{% endmacro %}
{% macro sqlserver__hash(field) -%}
  lower(convert(varchar(50), hashbytes('md5', coalesce(convert(varchar(8000), {{ field }}), '')), 2))
{%- endmacro %}
{% macro fabric__hash(field) -%}
  lower(convert(varchar(50), hashbytes('md5', coalesce(convert(varchar(max), {{ field }}), '')), 2))
{%- endmacro %}

{% macro length(expression) %}{{ return(adapter.dispatch('length', 'dbt')(expression)) }}{% endmacro %}
{% macro default__length(expression) %}
    length(
        {{ expression }}
    )
{%- endmacro %}
{% macro redshift__length(expression) %}
    len(
        {{ expression }}
    )
{%- endmacro %}
{% macro sqlserver__length(expression) %}{{ return('len( ' ~ expression ~ ' )') }}{% endmacro %}
{% macro fabric__length(expression) %}{{ return('len( ' ~ expression ~ ' )') }}{% endmacro %}

{% macro position(substring_text, string_text) %}{{ return(adapter.dispatch('position', 'dbt')(substring_text, string_text)) }}{% endmacro %}
{% macro default__position(substring_text, string_text) %}
    position(
        {{ substring_text }} in {{ string_text }}
    )
{%- endmacro %}
{% macro bigquery__position(substring_text, string_text) %}
    strpos(
        {{ string_text }},
        {{ substring_text }}
    )
{%- endmacro %}
{% macro sqlserver__position(substring_text, string_text) %}
    CHARINDEX(
        {{ substring_text }},
        {{ string_text }}
    )
{%- endmacro %}
{% macro fabric__position(substring_text, string_text) %}{{ return(dbt.sqlserver__position(substring_text, string_text)) }}{% endmacro %}

{% macro replace(field, old_chars, new_chars) %}{{ return(adapter.dispatch('replace', 'dbt')(field, old_chars, new_chars)) }}{% endmacro %}
{% macro default__replace(field, old_chars, new_chars) %}
    replace(
        {{ field }},
        {{ old_chars }},
        {{ new_chars }}
    )
{% endmacro %}
{% macro clickhouse__replace(field, old_chars, new_chars) %}
   replaceAll({{ field }},'{{ old_chars }}','{{ new_chars }}')
{% endmacro %}

{% macro right(string_text, length_expression) %}{{ return(adapter.dispatch('right', 'dbt')(string_text, length_expression)) }}{% endmacro %}
{% macro default__right(string_text, length_expression) %}
    right(
        {{ string_text }},
        {{ length_expression }}
    )
{%- endmacro %}
{% macro _right_unless_zero(length_expression, right) %}
    case when {{ length_expression }} = 0
        then ''
    else
        {{ right }}
    end
{%- endmacro %}
{% macro snowflake__right(string_text, length_expression) -%}
  {{ dbt._right_unless_zero(length_expression, dbt.default__right(string_text, length_expression)) }}
{%- endmacro %}
{% macro bigquery__right(string_text, length_expression) -%}
  {{ dbt._right_unless_zero(length_expression, 'substr( ' ~ string_text ~ ', -1 * (' ~ length_expression ~ ') )') }}
{%- endmacro %}
{% macro trino__right(string_text, length_expression) -%}
  {{ dbt._right_unless_zero(length_expression, 'substr(' ~ string_text ~ ', -1 * (' ~ length_expression ~ '))') }}
{%- endmacro %}
{% macro athena__right(string_text, length_expression) %}{{ return(dbt.trino__right(string_text, length_expression)) }}{% endmacro %}

{# A negative part counts from the end. #}
{% macro split_part(string_text, delimiter_text, part_number) -%}
  {{ return(adapter.dispatch('split_part', 'dbt')(string_text, delimiter_text, part_number)) }}
{%- endmacro %}
{% macro default__split_part(string_text, delimiter_text, part_number) %}
    split_part(
        {{ string_text }},
        {{ delimiter_text }},
        {{ part_number }}
        )
{% endmacro %}
{% macro _from_the_end(string_text, delimiter_text, part_number, more) -%}
  length({{ string_text }}) - length( replace({{ string_text }}, {{ delimiter_text }}, '') ) + {{ more }} + {{ part_number }}
{%- endmacro %}
{% macro _split_part_negative(string_text, delimiter_text, part_number) -%}
  {{ dbt.default__split_part(string_text, delimiter_text, dbt._from_the_end(string_text, delimiter_text, part_number, 2)) }}
{%- endmacro %}
{% macro postgres__split_part(string_text, delimiter_text, part_number) -%}
  {{ (dbt.default__split_part if part_number >= 0 else dbt._split_part_negative)(string_text, delimiter_text, part_number) }}
{%- endmacro %}
{% macro redshift__split_part(string_text, delimiter_text, part_number) %}{{ return(dbt.postgres__split_part(string_text, delimiter_text, part_number)) }}{% endmacro %}
{% macro trino__split_part(string_text, delimiter_text, part_number) %}{{ return(dbt.postgres__split_part(string_text, delimiter_text, part_number)) }}{% endmacro %}
{% macro bigquery__split_part(string_text, delimiter_text, part_number) %}
    split(
        {{ string_text }},
        {{ delimiter_text }}
        )[safe_offset({{ part_number - 1 if part_number >= 0 else ' ' ~ dbt._from_the_end(string_text, delimiter_text, part_number, 1) ~ ' ' }})]
{% endmacro %}
{% macro duckdb__split_part(string_text, delimiter_text, part_number) %}
  string_split({{ string_text }}, {{ delimiter_text }})[ {{ part_number }} ]
{% endmacro %}
{% macro clickhouse__split_part(string_text, delimiter_text, part_number) %}
  splitByString({{ delimiter_text }}, {{ string_text }})[{{ part_number }}]
{% endmacro %}
{# Spark splits at patterns: a sign is escaped. #}
{% macro _spark_split(string_text, delimiter_text) -%}
    split(
        {{ string_text }},
        case when regexp_extract({{ delimiter_text }}, '([^A-Za-z0-9])(.*)', 1) != '_'
            then concat('\\', {{ delimiter_text }})
            else {{ delimiter_text }} end
        )
{%- endmacro %}
{% macro _spark_part(string_text, delimiter_text, part_number) %}
  {{- return((part_number - 1 if part_number > 0 else part_number) if part_number >= 0 else dbt._from_the_end(string_text, delimiter_text, part_number, 1)) -}}
{% endmacro %}
{% macro spark__split_part(string_text, delimiter_text, part_number) %}
  {%- set blank = ' ' if part_number < 0 else '' %}
  {{ dbt._spark_split(string_text, delimiter_text) }}[({{ blank }}{{ dbt._spark_part(string_text, delimiter_text, part_number) }}{{ blank }})]
{% endmacro %}
{% macro databricks__split_part(string_text, delimiter_text, part_number) %}
  get({{ dbt._spark_split(string_text, delimiter_text) }}, {{ dbt._spark_part(string_text, delimiter_text, part_number) }}{{ ' ' if part_number < 0 }})
{% endmacro %}
{% macro sqlserver__split_part(string_text, delimiter_text, part_number) -%}
  {%- set path = '(/X)[' ~ part_number ~ ']' if part_number >= 0 else '(/X)[position() = last()' ~ part_number ~ '+1][1]' -%}
  LTRIM(CAST(('<X>'+REPLACE({{ string_text }},{{ delimiter_text }} ,'</X><X>')+'</X>') AS XML).value('{{ path }}', 'VARCHAR(128)'))
{%- endmacro %}
{% macro fabric__split_part(string_text, delimiter_text, part_number) -%}
    (
        select value
        from
            (select
                value,
                row_number() over (order by ordinal asc) as forward_index,
                row_number() over (order by ordinal desc) as backward_index
            from string_split(
                replace({{ string_text }}, {{ delimiter_text }}, char(1)),
                char(1), 1
            )) as SplitData
        where {{ 'forward' if part_number > 0 else 'backward' }}_index = {{ part_number | abs }}
    )
{%- endmacro %}
