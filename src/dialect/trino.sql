{# Trino: a staged delete and insert. Its connectors write each statement in a transaction of its own and refuse several
   statements in one, so the two are two. The staged table is a real one: there are no temporary ones. #}

{% set parser = "generic" %}
{% set like = "ansi" %}
{% set schema_changes = ["append_new_columns", "sync_all_columns"] %}
{% set wider_types = {
  "tinyint": ["smallint", "integer", "bigint"], "smallint": ["integer", "bigint"], "integer": ["bigint"], "real": ["double"]
} %}
{% set hidden_columns = ["$*"] %}
{% set hidden_reserved = true %}
{% set time_zone_shows = true %}
{% set difference_elapses = true %}
{% set case = "ignored" %}
{% set longest_name = 128 %}
{% set default_schema = "default" %}
{% set target_keys = [
    "method", "host", "port", "user", "database", "catalog", "schema", "cert", "prepared_statements_enabled",
    "starburst_url", "starburst_metadata_failure_strategy", "starburst_max_column_batch_size"
] %}
{% set strategy = "staged delete + insert" %}
{% set atomic = false %}
{% set not_atomic = "connectors take one writing statement a transaction; a crash between delete and insert leaves the window empty, and running the file again fills it" %}
{% set stage_in_schema = true %}

{# At a prompt or from a file, so a process runs each step. Where to connect is in `~/.trino_config`. #}
{% set client = ["trino", "-f", "{file}"] %}
{% set example = "trino --server https://HOST --catalog CATALOG -f {file}" %}
{% set clauses = ["properties"] %}
{% set view_keys = ["view_security"] %}
{% set idle_keys = ["client_tags", "http_headers", "on_table_exists", "tmp_relation_type", "views_enabled"] %}
{% set undone_keys = {
  "file_format": "set it among the `properties`, as the catalog's connector names it",
  "grace_period": "batchwright makes no materialized views of Trino's",
  "sync_nested_columns": "a plan alters no table: rebuild the model with `--full-refresh`",
  "table_format": "set it among the `properties`, as the catalog's connector names it"
} %}
{% set reserved = [
  "alter", "and", "as", "between", "by", "case", "cast", "constraint", "create", "cross", "cube", "current_catalog", "current_date",
  "current_path", "current_role", "current_schema", "current_time", "current_timestamp", "current_user", "deallocate", "delete",
  "describe", "distinct", "drop", "else", "end", "escape", "except", "exists", "extract", "false", "for", "from", "full", "group",
  "grouping", "having", "in", "inner", "insert", "intersect", "into", "is", "join", "json_array", "json_exists", "json_object",
  "json_query", "json_table", "json_value", "left", "like", "listagg", "localtime", "localtimestamp", "natural", "normalize",
  "not", "null", "on", "or", "order", "outer", "prepare", "recursive", "right", "rollup", "select", "skip", "table", "then",
  "trim", "true", "uescape", "union", "unnest", "using", "values", "when", "where", "with"
] %}

{% macro audit_list() %}
listagg(words, '; ') within group (order by words)
{% endmacro %}

{% macro zoned(at) %}
timestamp '{{ at.time }} UTC'
{% endmacro %}

{% set undeclared_hint = "declare its `data_type`: a timestamp without zone is compared in the time zone of the session otherwise, so that only one of UTC's is right" %}

{# Nothing but a timestamp compares with a timestamp, and an instant is the form that dbt writes too. #}
{% macro undeclared(at) %}
timestamp '{{ at.time }} UTC'
{% endmacro %}

{% macro overwrite(target, stage, staged, into, columns, doomed, kept, guard, strays) %}
drop table if exists {{ stage }};

create table {{ stage }} as
{{ staged }}
;

{{ guard }}

delete from {{ target }}
where {{ doomed }};

insert into {{ target }}{{ into }}
select {{ columns }}
from {{ stage }}{{ kept }};

{{ strays }}

drop table {{ stage }};
{% endmacro %}

{# No row, unless there is one outside of the window: then the message is what cannot be converted. #}
{% macro guard(stage, outside, message) %}
select cast({{ message }} || ': ' || cast(count(*) as varchar) || ' rows' as bigint) as outside_of_window
from {{ stage }}
where {{ outside }}
having count(*) > 0;
{% endmacro %}

{% macro view_view_security_invoker(target, query) %}
create or replace view {{ target }}
security invoker as
{{ query }}
;
{% endmacro %}

{% macro clause_properties(plain_pairs) %}
with ({{ plain_pairs }})
{% endmacro %}

{# The rows come in beside the old table: a query that fails leaves that as it was. #}
{% macro table(target, clauses, query, next) %}
drop table if exists {{ next }};

create table {{ next }}{{ clauses }}as
{{ query }}
;

drop table if exists {{ target }};

alter table {{ next }} rename to {{ target }};
{% endmacro %}

{# Two renames. Run again after the first, this file goes on; after the second it stops, and nothing is lost. #}
{% macro swap(target, beside, old) %}
alter table if exists {{ target }} rename to {{ old }};

alter table {{ beside }} rename to {{ target }};

drop table if exists {{ old }};
{% endmacro %}

{% set contract_refused_by_engine = true %}
{% set strategies = ["append", "merge"] %}
{% set strategy_keyed = "append" %}
{% set fills_at_once = false %}
{% set seed_types = {
  "integer": "bigint", "number": "double", "date": "date", "timestamp": "timestamp", "boolean": "boolean", "text": "varchar"
} %}
{% set constraint_kinds = ["not_null"] %}
{% set docs = ["table", "view", "columns"] %}

{% macro seed(target, spec, rows) %}
create table if not exists {{ target }} (
  {{ spec }}
);

delete from {{ target }};

{{ rows }}
{% endmacro %}

{% macro seed_anew(target, spec, rows) %}
drop table if exists {{ target }};

create table {{ target }} (
  {{ spec }}
);

{{ rows }}
{% endmacro %}

{% macro table_typed(target, spec, ended, columns, query, next) %}
drop table if exists {{ next }};

create table {{ next }} (
  {{ spec }}
){{ ended }};

insert into {{ next }} ({{ columns }})
select {{ columns }} from (
{{ query }}
) as declared_rows;

drop table if exists {{ target }};

alter table {{ next }} rename to {{ target }};
{% endmacro %}
