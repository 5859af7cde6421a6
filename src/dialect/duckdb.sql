{# DuckDB: delete and insert in one transaction. The guard stands where the rows go in: a select of its own would print a row. #}

{% set parser = "duckdb" %}
{% set like = "ansi" %}
{% set hidden_columns = ["rowid", "file_row_number"] %}
{% set case = "ignored" %}
{% set default_schema = "main" %}
{% set files_as_sources = true %}
{% set longest_name = 255 %}
{% set by_name = true %}
{% set reserved = [
  "all", "analyse", "analyze", "and", "anti", "any", "array", "as", "asc", "asof", "asymmetric", "at", "authorization",
  "binary", "both", "by", "case", "cast", "check", "collate", "collation", "column", "concurrently", "constraint", "create",
  "cross", "default", "deferrable", "desc", "describe", "distinct", "do", "else", "end", "except", "false", "fetch", "for",
  "foreign", "freeze", "from", "full", "glob", "group", "having", "ilike", "in", "initially", "inner", "intersect", "into",
  "is", "isnull", "join", "lambda", "lateral", "leading", "left", "like", "limit", "natural", "not", "notnull", "null",
  "offset", "on", "only", "or", "order", "outer", "overlaps", "pivot", "pivot_longer", "pivot_wider", "placing",
  "positional", "primary", "qualify", "references", "returning", "right", "select", "semi", "show", "similar", "some",
  "summarize", "symmetric", "table", "tablesample", "then", "to", "trailing", "true", "union", "unique", "unpack", "unpivot",
  "using", "variadic", "verbose", "when", "where", "window", "with"
] %}
{% set index_keys = ["indexes"] %}
{% set undone_keys = {
  "partitioned_by": "of DuckLake: set it with `alter table … set partitioned by`, as a pre-hook of the first batch",
  "sorted_by": "of DuckLake: set it with `alter table … set sorted by`, as a pre-hook of the first batch"
} %}
{% set zoned_types = ["timestamptz", "timestamp with time zone"] %}
{% set naive_types = ["timestamp", "timestamp without time zone", "datetime", "timestamp_s", "timestamp_ms", "timestamp_ns"] %}
{# `-list`: to draw a box around each row takes the client longer than to find it. #}
{% set client = ["duckdb", "-bail", "-no-init", "-list", "{path}"] %}
{% set example = "duckdb -bail -list warehouse.duckdb" %}

{% macro zoned(at) %}
timestamptz '{{ at.time }}+00:00'
{% endmacro %}

{% macro outside(window) %}
({{ window }}) is not true
{% endmacro %}

{% macro guarded(window, message) %}
case when {{ window }} then true else error({{ message }}) end
{% endmacro %}

{% macro audit_stop(about, allowed) %}
select case when count(*) > 0 then error({{ about }} || min(batch || ': ' || verdict)) end as audit
from audit_verdicts
where verdict not in ({{ allowed }})
{% endmacro %}

{% macro into_unnamed() %}
 by name
{% endmacro %}

{% macro index(target, name, columns) %}
create index if not exists {{ name }} on {{ target }} ({{ columns }});
{% endmacro %}

{% macro index_unique(target, name, columns) %}
create unique index if not exists {{ name }} on {{ target }} ({{ columns }});
{% endmacro %}

{% macro create(target, clauses, query) %}
create table if not exists {{ target }}{{ clauses }}as
select * from (
{{ query }}
)
where false;
{% endmacro %}

{% set contract_checked = true %}

{% macro contract_check(query, shape, nulls, message) %}
begin;

create temporary table {{ shape }} as
select case when count(*) > 0 then error({{ message }} || string_agg(
  column_name || ' is ' || coalesce(query.column_type, 'missing') || ', declared ' || coalesce(declared.column_type, 'nowhere'), ', '))
  end as difference
from (describe
{{ query }}
) as query
full join (describe select {{ nulls }}) as declared using (column_name)
where query.column_type is distinct from declared.column_type;

rollback;
{% endmacro %}

{% set strategies = ["append", "delete+insert", "merge"] %}
{% set grants = false %}
{% set seed_types = {
  "integer": "integer", "bigint": "bigint", "number": "double", "date": "date", "timestamp": "timestamp", "boolean": "boolean", "text": "varchar"
} %}

{% macro unlisted() %}
 by name
{% endmacro %}
