{# What engines share, unless their own file says otherwise.
   An overwrite is a delete and an insert in one transaction, from a staged temporary table. #}

{% set parser = "generic" %}
{% set like = none %}

{# Names. `quoted` and `included`: database, schema, identifier. #}
{% set quote = '"' %}
{% set quoted = [true, true, true] %}
{% set included = [true, true, true] %}
{% set case = "lower" %}
{% set longest_name = 63 %}
{% set quoted_backslash_escapes = false %}
{% set backslash_escapes = false %}
{% set default_schema = "public" %}
{% set files_as_sources = false %}
{# How names are quoted in statements that make and drop tables, where that differs: `<argument>_ticks`. #}
{% set ticks = none %}
{% set reserved = [
  "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization", "between", "both", "by",
  "case", "cast", "check", "collate", "column", "constraint", "create", "cross", "current", "current_date", "current_role",
  "current_time", "current_timestamp", "current_user", "default", "deferrable", "delete", "desc", "distinct", "do", "drop",
  "else", "end", "except", "exists", "false", "fetch", "following", "for", "foreign", "from", "full", "grant", "group",
  "having", "in", "initially", "inner", "insert", "intersect", "into", "is", "join", "lateral", "leading", "left", "like",
  "limit", "localtime", "localtimestamp", "natural", "not", "null", "offset", "on", "only", "or", "order", "outer", "over",
  "partition", "placing", "primary", "qualify", "references", "returning", "revoke", "right", "rows", "select",
  "session_user", "set", "some", "symmetric", "table", "then", "to", "trailing", "true", "union", "unique", "update",
  "user", "using", "values", "variadic", "when", "where", "window", "with"
] %}

{# Time. What a declared type holds, and the literal that fits it. #}
{% set date_types = ["date"] %}
{% set naive_types = ["timestamp", "timestamp without time zone", "datetime"] %}
{% set zoned_types = ["timestamptz", "timestamp with time zone"] %}

{% macro date(at) %}
date '{{ at.date }}'
{% endmacro %}

{% macro naive(at) %}
timestamp '{{ at.time }}'
{% endmacro %}

{% macro zoned(at) %}
timestamp with time zone '{{ at.time }}+00:00'
{% endmacro %}

{# A string takes the type of the column that it is compared with; its offset keeps it apart from the session's time zone. #}
{% macro undeclared(at) %}
'{{ at.time }}+00:00'
{% endmacro %}

{% macro seconds(at) %}
{{ at.epoch }}
{% endmacro %}

{% macro milliseconds(at) %}
{{ at.epoch }}000
{% endmacro %}

{% macro microseconds(at) %}
{{ at.epoch }}000000
{% endmacro %}

{# The one predicate, and what is said with it. #}
{% macro window(column, start, end) %}
{{ column }} >= {{ start }} and {{ column }} < {{ end }}
{% endmacro %}

{% macro within(relation, window) %}
(select * from {{ relation }} where {{ window }})
{% endmacro %}

{% macro outside(window) %}
not coalesce({{ window }}, false)
{% endmacro %}

{# A batch. `modes`: what the engine can do with rows outside of the window. #}
{% set strategy = "delete + insert in one transaction" %}
{% set atomic = true %}
{% set modes = ["error", "drop", "keep"] %}
{# Ways to write that depend on the table's format (`formats`: of the key `format_key`, by variant) or on its partitions: the
   variant `aligned`, where each window provably is whole partitions of `partition_key`. A variant is `overwrite_<variant>`. #}
{% set format_key = none %}
{% set formats = {} %}
{% set aligned = none %}
{% set by_partitions = false %}
{% set needs_partitions = false %}
{% set partition_key = none %}
{% set partition_is_expression = false %}
{% set partitions = [] %}
{% set partitions_of_utc = [] %}
{% set not_atomic = "a crash between its statements leaves the window empty or half full, and running the file again repairs it" %}
{% set stage_in_schema = false %}
{% set stage_prefix = "" %}
{% set location_key = none %}
{# Keys that say where a table's own files are. #}
{% set location_keys = [] %}
{% set by_name = false %}

{% macro overwrite(target, stage, query, into, columns, doomed, kept, guard, strays) %}
begin;

create temporary table {{ stage }} as
{{ query }}
;

{{ guard }}

delete from {{ target }}
where {{ doomed }};

insert into {{ target }}{{ into }}
select {{ columns }}
from {{ stage }}{{ kept }};

{{ strays }}

drop table {{ stage }};

commit;
{% endmacro %}

{# What follows the insert's target: the columns by name, or what the engine says where they are not known. #}
{% macro into_named(columns) %}
 ({{ columns }})
{% endmacro %}

{% macro into_unnamed() %}
{% endmacro %}

{# Rows outside of the window that are kept: those that are not there yet, so that a second run adds none. #}
{% macro strays(target, stage, into, columns, outside) %}
insert into {{ target }}{{ into }}
select {{ columns }} from {{ stage }} where {{ outside }}
except
select {{ columns }} from {{ target }};
{% endmacro %}

{# Tables and views. `clauses`: the configuration keys that the create statement takes, each with a macro `clause_<key>`. #}
{% set clauses = [] %}
{% set options = [] %}
{# What a key means where it is not set, and macros for single values of a key. #}
{% set defaults = {} %}
{% set clause_words = {} %}
{# Keys whose macro is chosen by another key. #}
{% set clause_kinds = {} %}
{# Keys that become statements after the create statement, and keys that the adapter knows and the plan has no use for. #}
{% set index_keys = [] %}
{% set idle_keys = [] %}
{% set kind_key = none %}

{% macro kind() %}
table
{% endmacro %}

{# Configuration keys that any adapter of dbt's knows and that say nothing about the create statement, or that other steps take. #}
{% set known_keys = [
  "access", "alias", "batch_size", "begin", "column_types", "concurrent_batches", "contract", "database", "description",
  "docs", "enabled", "event_time", "freshness", "full_refresh", "grants", "group", "incremental_predicates", "incremental_strategy",
  "latest_version_pointer", "lookback", "materialized", "meta", "name", "on_configuration_change", "on_error",
  "on_schema_change", "packages", "persist_docs", "post-hook", "post_hook", "pre-hook", "pre_hook", "predicates", "quoting",
  "schema", "sql_header", "static_analysis", "tags", "unique_key"
] %}

{% macro create_schema(schema) %}
create schema if not exists {{ schema }};
{% endmacro %}

{% macro create(target, kind, clauses, query) %}
create {{ kind }} if not exists {{ target }}{{ clauses }}as
{{ query }}
with no data;
{% endmacro %}

{% macro view(target, query) %}
create or replace view {{ target }} as
{{ query }}
;
{% endmacro %}

{% macro table(target, kind, clauses, query) %}
begin;

drop table if exists {{ target }};

create {{ kind }} {{ target }}{{ clauses }}as
{{ query }}
;

commit;
{% endmacro %}

{# The last step of a full refresh: the table that was built beside takes the old one's place. #}
{% macro swap(target, beside, name, clauses) %}
begin;

drop table if exists {{ target }};

alter table {{ beside }} rename to {{ name }};

commit;
{% endmacro %}
