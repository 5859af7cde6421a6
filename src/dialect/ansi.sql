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

{# Running a plan. `client`: the command that runs it where none is named; `{file}` stands for a step's file, `{path}` for the
   profile's `path`. The marker prints its token with a dash in the middle, which its own text does not hold. #}
{% set client = [] %}
{% set example = "my-client {file}" %}

{% macro marker(token) %}
select replace({{ token }}, 'x', '-') as batchwright_marker;
{% endmacro %}

{% macro look(relation) %}
select 1 from {{ relation }} where 1 = 0;
{% endmacro %}

{# Incremental models that are no microbatch models. `strategies`: dbt's words for what the engine can do; then the one that
   is meant where none is named, without and with a unique key. #}
{% set strategies = ["append", "delete+insert"] %}
{% set strategy_unkeyed = "append" %}
{% set strategy_keyed = "delete+insert" %}
{% set merge_formats = [] %}
{% set merge_alias = true %}
{% set materialized_views = false %}
{% set build_keys = [
  "constraints", "delimiter", "incremental_type", "merge_exclude_columns", "merge_update_columns", "partitions", "quote_columns"
] %}

{% macro listed(columns) %}
 ({{ columns }})
{% endmacro %}

{% macro unlisted() %}
{% endmacro %}

{% macro create_filled(target, kind, clauses, query) %}
create {{ kind }} if not exists {{ target }}{{ clauses }}as
{{ query }}
;
{% endmacro %}

{# What an empty table is given, and what one with rows is given. #}
{% macro first_or_next(target, columns, first, next) %}
select {{ columns }} from (
{{ first }}
) as first_rows
where not exists (select 1 from {{ target }})
union all
select {{ columns }} from (
{{ next }}
) as next_rows
where exists (select 1 from {{ target }})
{% endmacro %}

{% macro incremental_append(target, into, columns, query) %}
insert into {{ target }}{{ into }}
select {{ columns }} from (
{{ query }}
) as new_rows;
{% endmacro %}

{% macro key_in_stage(key, names, stage) %}
{{ key }} in (select {{ names }} from {{ stage }})
{% endmacro %}

{% macro incremental_delete_insert(target, stage, query, into, columns, doomed, kept) %}
begin;

create temporary table {{ stage }} as
{{ query }}
;

delete from {{ target }}
where {{ doomed }};

insert into {{ target }}{{ into }}
select {{ columns }}
from {{ stage }}{{ kept }};

drop table {{ stage }};

commit;
{% endmacro %}

{# The aliases are dbt's, since the author's `incremental_predicates` may use them. #}
{% macro incremental_merge(target, query, on, matched, columns, values) %}
merge into {{ target }} as DBT_INTERNAL_DEST
using (
{{ query }}
) as DBT_INTERNAL_SOURCE
on {{ on }}
{{ matched }}
when not matched then
  insert ({{ columns }})
  values ({{ values }});
{% endmacro %}

{% macro merge_matched(updates) %}
when matched then
  update set
    {{ updates }}
{% endmacro %}

{# Seeds. `seeds`: whether a plan can load them. `fills_at_once`: whether making a table by its columns and filling it is one transaction. `seed_types`: what the values of a column look like, and the type that holds them. #}
{% set seeds = true %}
{% set fills_at_once = true %}
{% set seed_types = {
  "integer": "integer", "bigint": "bigint", "number": "double precision", "date": "date", "timestamp": "timestamp", "boolean": "boolean", "text": "text"
} %}
{% set text_types = ["char", "character", "character varying", "nchar", "nvarchar", "string", "text", "varchar"] %}
{% set truths = ["true", "false"] %}

{% macro cast_value(value, type) %}
cast({{ value }} as {{ type }})
{% endmacro %}

{% macro null_value() %}
null
{% endmacro %}

{% macro seed_rows(target, columns, rows) %}
insert into {{ target }} ({{ columns }}) values
  {{ rows }};
{% endmacro %}

{% macro seed(target, spec, rows) %}
begin;

create table if not exists {{ target }} (
  {{ spec }}
);

delete from {{ target }};

{{ rows }}

commit;
{% endmacro %}

{% macro seed_anew(target, spec, rows) %}
begin;

drop table if exists {{ target }};

create table {{ target }} (
  {{ spec }}
);

{{ rows }}

commit;
{% endmacro %}

{# Tables with a contract: the declared columns, then the rows by name. `constraint_kinds`: those that a create statement may hold. #}
{% set constraint_kinds = ["not_null", "unique", "primary_key", "foreign_key", "check"] %}

{% macro constraint_not_null() %}
not null
{% endmacro %}

{% macro constraint_unique(columns) %}
unique ({{ columns }})
{% endmacro %}

{% macro constraint_primary_key(columns) %}
primary key ({{ columns }})
{% endmacro %}

{% macro constraint_foreign_key(columns, expression) %}
foreign key ({{ columns }}) references {{ expression }}
{% endmacro %}

{% macro constraint_check(expression) %}
check ({{ expression }})
{% endmacro %}

{% macro constraint_named(name, constraint) %}
constraint {{ name }} {{ constraint }}
{% endmacro %}

{% macro create_typed(target, kind, spec, ended) %}
create {{ kind }} if not exists {{ target }} (
  {{ spec }}
){{ ended }};
{% endmacro %}

{% macro table_typed(target, kind, spec, ended, columns, query) %}
begin;

drop table if exists {{ target }};

create {{ kind }} {{ target }} (
  {{ spec }}
){{ ended }};

insert into {{ target }} ({{ columns }})
select {{ columns }} from (
{{ query }}
) as declared_rows;

commit;
{% endmacro %}

{# Grants and comments. `docs`: which of dbt's `persist_docs` the engine can keep, for tables and for views. #}
{% set grants = true %}
{% set docs = ["table", "view", "columns", "view_columns"] %}

{% macro grant(privilege, kind, target, grantee, quoted, string) %}
grant {{ privilege }} on {{ target }} to {{ grantee }};
{% endmacro %}

{% macro comment_relation(kind, target, text) %}
comment on {{ kind }} {{ target }} is {{ text }};
{% endmacro %}

{% macro comment_column(kind, target, column, text) %}
comment on column {{ target }}.{{ column }} is {{ text }};
{% endmacro %}
