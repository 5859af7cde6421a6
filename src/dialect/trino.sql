{# Trino: a staged delete and insert. Its connectors run each writing statement in its own transaction and reject several in one.
   The staged table is permanent: there are no temporary tables. #}

{% set parser = "generic" %}
{% set like = "ansi" %}
{% from "mysql.sql" import table, table_typed %}
{% from "snowflake.sql" import audit_list %}
{% set type_labels = {"STRING": "VARCHAR", "FLOAT": "DOUBLE"} %}
{% set schema_changes = ["append_new_columns", "sync_all_columns"] %}
{% set wider_types = {
  "tinyint": ["smallint", "integer", "bigint"], "smallint": ["integer", "bigint"], "integer": ["bigint"], "real": ["double"]
} %}
{% set hidden_columns = ["$*"] %}
{% set hidden_reserved = true %}
{% set time_zone_shows = true %}
{% set difference_elapses = true %}
{% set divides_integers = true %}
{% set case = "ignored" %}
{% set longest_name = 128 %}
{% set default_schema = "default" %}
{% set target_keys = [
    "host", "port", "user", "database", "catalog", "schema", "cert", "prepared_statements_enabled",
    "starburst_url", "starburst_metadata_failure_strategy", "starburst_max_column_batch_size"
] %}
{% set target_defaults = {
    "prepared_statements_enabled": true, "starburst_metadata_failure_strategy": "continue_on_error",
    "starburst_max_column_batch_size": 100
} %}
{% set key_aliases = [["catalog", "database"]] %}
{% set strategy = "staged delete + insert" %}
{% set atomic = false %}
{% set not_atomic = "connectors take one writing statement a transaction; a crash between delete and insert leaves the window empty, and running the file again fills it" %}
{% set stage_in_schema = true %}

{# It runs a file or an interactive prompt, so each step has one process. `~/.trino_config` has the connection. #}
{% set command = ["trino", "-f", "{file}"] %}
{% set example = "trino --server https://HOST --catalog CATALOG -f {file}" %}
{% set clauses = ["properties"] %}
{% set view_keys = ["view_security"] %}
{% set idle_keys = ["client_tags", "http_headers", "on_table_exists", "tmp_relation_type", "views_enabled"] %}
{% set undone_keys = {
  "file_format": "set it in `properties`, by the name of the catalog's connector",
  "grace_period": "materialized views of Trino are not supported",
  "sync_nested_columns": "a plan does not alter tables: rebuild the model with `--full-refresh`",
  "table_format": "set it in `properties`, by the name of the catalog's connector"
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

{% set not_staged = {} %}
{% set publish_atomic = false %}
{% set staged_differences_macro = "staged_foreign_rows" %}
{% set publish_not_atomic = "connectors take one writing statement a transaction; the batches are replaced one after the other, and running the file again replaces them all" %}

{% macro publish(target, staged, before, columns, rows, claim, guard, each, end) %}
{{ claim }}

{{ keep_before() }}

{{ guard }}

{{ each }}{{ publish_rows() }}

{{ end }}
{% endmacro %}

{% macro undo(target, before, rows, guard, each, end) %}
{{ guard }}

{{ each }}{{ undo_rows() }}

{{ end }}
{% endmacro %}

{% macro zoned(at) %}
timestamp '{{ at.time }} UTC'
{% endmacro %}

{% set undeclared_hint = "declare its `data_type`: otherwise a timestamp without time zone is compared in the time zone of the session, which is correct only for UTC" %}

{# Timestamps compare only with timestamps; dbt also writes an instant. #}
{% macro undeclared(at) %}
timestamp '{{ at.time }} UTC'
{% endmacro %}

{% macro overwrite(target, stage, staged, into, columns, delete_predicate, insert_filter, guard, out_of_window_rows) %}
drop table if exists {{ stage }};

create table {{ stage }} as
{{ staged }}
;

{{ guard }}

{{ replace_rows() }}

{{ out_of_window_rows }}

drop table {{ stage }};
{% endmacro %}

{# It returns no row; if a row is outside of the window, the conversion of the message fails. #}
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

{# The rows are written to another table first: a failing query leaves the old table unchanged. #}
{# Two renames. When the file runs again after the first, it continues; after the second it stops. No rows are lost. #}
{% macro swap(target, shadow, old, ledger_after) %}
alter table if exists {{ target }} rename to {{ old }};

alter table {{ shadow }} rename to {{ target }};

{{ ledger_after }}

drop table if exists {{ old }};
{% endmacro %}

{% set knows_first_run = true %}

{% macro first_run(marker, database, schema_text, name_text) %}
drop table if exists {{ marker }};

create table {{ marker }} as
select count(*) = 0 as is_first
from {{ database }}information_schema.tables
where table_schema = {{ schema_text }} and table_name = {{ name_text }} and table_type <> 'VIEW';

{{ create_filled() }}
{% endmacro %}

{% set contract_refused_by_engine = true %}
{% set outside_hooks_ignored = ["table", "view", "incremental"] %}
{% set hooks_before_grants = ["incremental"] %}
{% set strategies = ["append", "merge"] %}
{% set strategy_keyed = "append" %}
{% set fills_at_once = false %}
{# The default of `query.max-length`. #}
{% set longest_statement = 1000000 %}
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

{% macro seed_rebuild(target, spec, rows) %}
drop table if exists {{ target }};

create table {{ target }} (
  {{ spec }}
);

{{ rows }}
{% endmacro %}

{% set ledger_types = {"text": "varchar", "time": "timestamp(6)", "clock": "timestamp(6)", "number": "bigint"} %}

{% macro ledger_clock() %}
cast(current_timestamp at time zone 'UTC' as timestamp(6))
{% endmacro %}

{% set columns_in_lower_case = true %}

{# Whether a backslash escapes in a string depends on the server or on the tool that splits the file. #}
{% macro backslash() %}
chr(92)
{% endmacro %}
