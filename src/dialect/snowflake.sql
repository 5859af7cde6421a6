{# Snowflake: create statements commit, so only the delete and the insert are in the transaction. #}

{% set parser = "snowflake" %}
{% set like = "ansi" %}
{% from "bigquery.sql" import seed_rebuild %}
{% from "databricks.sql" import nothing %}
{% from "postgres.sql" import is_time %}
{% set runs_strategy_macros = true %}

{% macro by_macro(stage, query, statements, ledger) %}
create or replace temporary table {{ stage }} as
{{ query }}
;

begin;

{{ statements }}

{{ ledger }}

commit;

drop table {{ stage }};
{% endmacro %}

{% set schema_changes = ["append_new_columns", "sync_all_columns"] %}
{# Columns of external tables. `*` includes `metadata$action` and the other columns of a stream. #}
{% set hidden_columns = [
  "metadata$filename", "metadata$file_row_number", "metadata$file_content_key", "metadata$file_last_modified", "metadata$start_scan_time"
] %}
{% set hidden_reserved = true %}
{% set case = "upper" %}
{% set quoted = [false, false, false] %}
{% set seed_columns_quoted = false %}
{% set longest_name = 255 %}
{% set backslash_escapes = true %}
{% set default_schema = "PUBLIC" %}
{% set target_keys = [
    "account", "user", "database", "warehouse", "role", "schema", "authenticator", "oauth_client_id",
    "query_tag", "client_session_keep_alive", "host", "port", "proxy_host", "proxy_port", "protocol",
    "connect_retries", "connect_timeout", "retry_on_database_errors", "retry_all", "insecure_mode",
    "reuse_connections", "s3_stage_vpce_dns_name", "workload_identity_provider",
    "workload_identity_entra_resource", "platform_detection_timeout_seconds"
] %}
{% set target_defaults = {
    "client_session_keep_alive": false, "connect_retries": 1, "retry_on_database_errors": false, "retry_all": false,
    "insecure_mode": false, "reuse_connections": true, "platform_detection_timeout_seconds": 0.0
} %}
{% set reserved = [
  "account", "all", "alter", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization",
  "between", "both", "by", "case", "cast", "check", "collate", "column", "connect", "connection", "constraint", "create",
  "cross", "current", "current_date", "current_role", "current_time", "current_timestamp", "current_user", "database",
  "default", "deferrable", "delete", "desc", "distinct", "do", "drop", "else", "end", "except", "exists", "false", "fetch",
  "following", "for", "foreign", "from", "full", "grant", "group", "gscluster", "having", "ilike", "in", "increment",
  "initially", "inner", "insert", "intersect", "into", "is", "issue", "join", "lateral", "leading", "left", "like", "limit",
  "localtime", "localtimestamp", "minus", "natural", "not", "null", "of", "offset", "on", "only", "or", "order",
  "organization", "outer", "over", "partition", "placing", "primary", "qualify", "references", "regexp", "returning",
  "revoke", "right", "rlike", "row", "rows", "sample", "schema", "select", "session_user", "set", "some", "start",
  "symmetric", "table", "tablesample", "then", "to", "trailing", "trigger", "true", "try_cast", "union", "unique", "update",
  "user", "using", "values", "variadic", "view", "when", "whenever", "where", "window", "with"
] %}
{% set strategy = "staged delete + insert in one transaction" %}
{% set stage_in_schema = true %}

{# It reads standard input to the end unless that is a terminal, so each step has one process. By default it replaces `&` and `<%`. #}
{% set command = ["snow", "sql", "--enable-templating", "NONE", "-f", "{file}"] %}
{% set example = "snow sql --enable-templating NONE -f {file}" %}
{% set client_syntax = {
  "program": "snow", "quotes": "'\"", "escaping": "'", "dollar_quotes": true, "line_comments": ["--", "//"], "at_statement": ["!"]
} %}

{# dbt creates transient tables by default. #}
{% set kind_key = "transient" %}
{% set defaults = {"transient": true} %}
{% set clauses = ["cluster_by", "row_access_policy", "table_tag"] %}
{% set replace_clauses = ["copy_grants", "copy_tags"] %}
{% set clause_words = {
  "copy_grants": {"true": "copy_grants", "false": "nothing"},
  "copy_tags": {"true": "copy_tags", "false": "nothing"}
} %}
{% set index_keys = ["automatic_clustering"] %}
{% set header_keys = ["query_tag"] %}
{% set view_keys = ["secure"] %}
{% set idle_keys = ["overwrite_columns", "snowflake_warehouse", "tmp_relation_type"] %}
{% set undone_keys = {
  "base_location_root": "batchwright creates only native Snowflake tables: create this table yourself; the batches then write to it",
  "base_location_subpath": "batchwright creates only native Snowflake tables: create this table yourself; the batches then write to it",
  "external_volume": "batchwright creates only native Snowflake tables: create this table yourself; the batches then write to it",
  "iceberg_version": "batchwright creates only native Snowflake tables: create this table yourself; the batches then write to it",
  "immutable_where": "set it on the dynamic table yourself",
  "partition_by": "only for Iceberg tables: a native Snowflake table has `cluster_by`",
  "refresh_warehouse": "set it on the dynamic table yourself",
  "scheduler": "set it on the dynamic table yourself",
  "snowflake_initialization_warehouse": "set it on the dynamic table yourself",
  "table_format": "batchwright creates only native Snowflake tables: create this table yourself; the batches then write to it",
  "target_file_size": "batchwright creates only native Snowflake tables: create this table yourself; the batches then write to it"
} %}

{% set naive_types = ["timestamp_ntz", "timestampntz", "timestamp without time zone", "timestamp", "datetime"] %}
{% set zoned_types = ["timestamp_tz", "timestamptz", "timestamp with time zone", "timestamp_ltz", "timestampltz", "timestamp with local time zone"] %}

{% macro naive(at) %}
'{{ at.time }}'::timestamp_ntz
{% endmacro %}

{% macro zoned(at) %}
'{{ at.time }} +00:00'::timestamp_tz
{% endmacro %}

{% macro overwrite(target, stage, staged, into, columns, delete_predicate, insert_filter, guard, out_of_window_rows, ledger) %}
create or replace temporary table {{ stage }} as
{{ staged }}
;

{{ guard }}

begin;

{{ replace_rows() }}

{{ out_of_window_rows }}

{{ ledger }}

commit;

drop table {{ stage }};
{% endmacro %}

{# It returns no row; if a row is outside of the window, the conversion of the message fails. #}
{% macro guard(stage, outside, message) %}
select to_number({{ message }} || ': ' || count(*) || ' rows') as outside_of_window
from {{ stage }}
where {{ outside }}
having count(*) > 0;
{% endmacro %}

{% macro audit_list() %}
listagg(words, '; ') within group (order by words)
{% endmacro %}

{% set not_staged = {} %}

{# A statement that fails within a transaction leaves it open in some clients: the rows are compared before it begins. #}
{% macro publish(target, staged, before, columns, rows, claim, guard, ledger) %}
{{ claim }}

{{ keep_before() }}

{{ try_undo() }}

{{ guard }}

begin;

{{ publish_rows() }}

{{ ledger }}

commit;
{% endmacro %}

{% macro undo(target, before, rows, guard, ledger) %}
{{ guard }}

begin;

{{ undo_rows() }}

{{ ledger }}

commit;
{% endmacro %}

{% set row_as_value = true %}

{% macro audit_row(alias) %}
to_json(object_construct_keep_null({{ alias }}.*))
{% endmacro %}

{% macro audit_stop(about, list, found) %}
select case when count(*) > 0 then to_number({{ about }} || {{ list }}) end as audit
from {{ found }}
{% endmacro %}

{% macro clause_cluster_by(value) %}
cluster by ({{ value }})
{% endmacro %}

{% macro kind_special() %}
transient table
{% endmacro %}

{% macro copy_grants() %}
copy grants
{% endmacro %}

{% macro copy_tags() %}
copy tags
{% endmacro %}

{% macro clause_row_access_policy(value) %}
with row access policy {{ value }}
{% endmacro %}

{% macro clause_table_tag(value) %}
with tag ({{ value }})
{% endmacro %}

{% macro automatic_clustering(target) %}
alter table {{ target }} resume recluster;
{% endmacro %}

{% macro header_query_tag(text) %}
alter session set query_tag = {{ text }};
{% endmacro %}

{% macro footer_query_tag() %}
alter session unset query_tag;
{% endmacro %}

{% macro view_secure_true(target, query) %}
create or replace secure view {{ target }} as
{{ query }}
;
{% endmacro %}

{% macro create(target, kind, clauses, query) %}
create {{ kind }} if not exists {{ target }}{{ clauses }}as
select * from (
{{ query }}
)
where false;
{% endmacro %}

{% macro table(target, kind, replacing, clauses, query) %}
create or replace {{ kind }} {{ target }}{{ replacing }}{{ clauses }}as
{{ query }}
;
{% endmacro %}

{% macro swap(target, kind, shadow, replacing, ledger_after) %}
create or replace {{ kind }} {{ target }} clone {{ shadow }}{{ replacing }};

{{ ledger_after }}

drop table {{ shadow }};
{% endmacro %}

{% set knows_first_run = true %}

{% macro first_run(marker, database, schema_text, name_text) %}
create or replace temporary table {{ marker }} as
select count(*) = 0 as is_first
from {{ database }}information_schema.tables
where table_schema = {{ schema_text }} and table_name = {{ name_text }} and table_type <> 'VIEW';

{{ create_filled() }}
{% endmacro %}

{% set outside_hooks_ignored = ["table", "view", "incremental", "dynamic_table"] %}
{% set hooks_before_grants = ["table", "incremental", "dynamic_table"] %}
{% set strategies = ["append", "delete+insert", "merge", "insert_overwrite"] %}
{% set strategy_unkeyed = "merge" %}
{% set strategy_keyed = "merge" %}
{% set build_keys = [
  "constraints", "delimiter", "initialize", "merge_exclude_columns", "merge_update_columns", "partitions", "quote_columns",
  "refresh_mode", "snowflake_warehouse", "target_lag", "transient"
] %}
{% set fills_at_once = false %}
{% set longest_statement = 1048576 %}
{% set seed_types = {
  "integer": "integer", "whole": "integer", "number": "float", "date": "date", "timestamp": "timestamp_ntz", "boolean": "boolean", "text": "varchar"
} %}
{% set constraint_kinds = ["not_null", "unique", "primary_key", "foreign_key"] %}

{% macro incremental_delete_insert(target, stage, query, into, columns, delete_predicate, insert_filter, ledger) %}
create or replace temporary table {{ stage }} as
{{ query }}
;

begin;

{{ replace_rows() }}

{{ ledger }}

commit;

drop table {{ stage }};
{% endmacro %}

{# The statement replaces all rows, so a first run writes those of the table again. #}
{% macro later_rows_of_insert_overwrite(marker, target, columns, query) %}
{{ later_rows() }}
union all
select {{ columns }} from {{ target }}
where (select is_first from {{ marker }})
{% endmacro %}

{# It replaces all rows of the table, as in dbt. #}
{% macro incremental_insert_overwrite(target, into, columns, query) %}
insert overwrite into {{ target }}{{ into }}
select {{ columns }} from (
{{ query }}
) as new_rows;
{% endmacro %}

{# Create statements commit, so only the rows are in a transaction. #}
{% macro seed(target, spec, rows, ledger) %}
create table if not exists {{ target }} (
  {{ spec }}
);

begin;

delete from {{ target }};

{{ rows }}

{{ ledger }}

commit;
{% endmacro %}

{% macro table_typed(target, kind, spec, replacing, clauses, columns, query) %}
create or replace {{ kind }} {{ target }} (
  {{ spec }}
){{ replacing }}{{ clauses }}as
select {{ columns }} from (
{{ query }}
) as declared_rows;
{% endmacro %}

{% set view_changes = "applied" %}

{% macro dynamic_table(target, lag, warehouse, query) %}
create or replace dynamic table {{ target }}
target_lag = {{ lag }}
warehouse = {{ warehouse }}
as
{{ query }}
;
{% endmacro %}

{% macro grant(privilege, kind, target, grantee, quoted, string) %}
grant {{ privilege }} on {{ kind }} {{ target }} to role {{ grantee }};
{% endmacro %}

{% macro autocommit() %}
alter session set autocommit = true;
{% endmacro %}

{% set ledger_types = {"text": "varchar", "time": "timestamp_ntz", "clock": "timestamp_ntz", "number": "bigint"} %}
{% set ledger_wraps = ["rows"] %}

{% macro ledger_clock() %}
sysdate()
{% endmacro %}
