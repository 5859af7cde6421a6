{# ClickHouse: where each window is whole partitions, one `alter` per partition exchanges it for the staged one; otherwise a
   lightweight delete and an insert. There are no transactions; the staged table is permanent, so the file can run again after a
   crash. Windows are instants, independent of the time zone of the column, the server and the session. #}

{% set parser = "clickhouse" %}
{% set like = "ansi" %}
{% from "bigquery.sql" import table %}
{% from "mysql.sql" import audit_words %}
{% set schema_changes = ["append_new_columns", "sync_all_columns"] %}
{% set hidden_columns = [
  "_part", "_part_*", "_partition_id", "_partition_value", "_sample_factor", "_row_exists", "_block_number", "_block_offset",
  "_disk_name", "_shard_num", "_table", "_database", "_path", "_file"
] %}
{% set time_zone_shows = true %}
{% set casts_truncate = true %}
{% set quote = "`" %}
{% set column_quote = '"' %}
{% set type_labels = {"STRING": "String", "TIMESTAMP": "DateTime", "FLOAT": "Float32", "INTEGER": "Int32"} %}
{% set included = [false, true, true] %}
{% set case = "exact" %}
{% set longest_name = 200 %}
{% set backslash_escapes = true %}
{% set quoted_backslash_escapes = true %}
{% set default_schema = "default" %}
{% set source_database = "schema" %}
{% set target_keys = [
    "driver", "host", "port", "user", "schema", "retries", "cluster", "database_engine", "cluster_mode",
    "secure", "verify", "client_cert", "client_cert_key", "connect_timeout", "send_receive_timeout",
    "sync_request_timeout", "compress_block_size", "compression", "check_exchange", "custom_settings", "use_lw_deletes",
    "allow_automatic_deduplication", "tcp_keepalive", "reuse_connections", "server_host_name"
] %}
{% set target_defaults = {
    "host": "localhost", "user": "default", "retries": 1, "cluster_mode": false, "secure": false, "verify": true, "connect_timeout": 10,
    "send_receive_timeout": 300, "sync_request_timeout": 5, "compress_block_size": 1048576, "compression": "", "check_exchange": true,
    "use_lw_deletes": false, "allow_automatic_deduplication": false, "tcp_keepalive": false, "reuse_connections": true
} %}

{# It reads standard input to the end, so each step has one process. Its configuration file has the connection. #}
{% set command = ["clickhouse-client", "--queries-file", "{file}"] %}
{% set example = "clickhouse-client --host HOST --queries-file {file}" %}
{% set strategy = "staged lightweight delete + insert" %}
{% set atomic = false %}
{% set not_atomic = "there are no transactions; a crash after the delete leaves the window empty or half full, and running the file again fills it" %}
{% set stage_in_schema = true %}
{% set clauses = ["engine", "partition_by", "primary_key", "order_by", "ttl", "settings"] %}
{% set defaults = {"engine": "MergeTree()", "order_by": "tuple()"} %}
{% set clause_words = {"order_by": {"tuple()": "unordered"}} %}
{% set index_keys = ["indexes", "projections"] %}
{% set header_keys = ["query_settings"] %}
{% set view_keys = ["sql_security"] %}
{% set idle_keys = ["connection_overrides", "inserts_only"] %}
{% set undone_keys = {
  "catchup": "materialized views of ClickHouse are not supported",
  "disable_on_cluster": "a plan is for one server: create the tables of a cluster yourself; the batches then write to them",
  "force_on_cluster": "a plan is for one server: create the tables of a cluster yourself; the batches then write to them",
  "refreshable": "materialized views of ClickHouse are not supported",
  "sharding_key": "a plan is for one server: create the tables of a cluster yourself; the batches then write to them"
} %}
{% set reserved = [
  "all", "and", "anti", "any", "array", "as", "asc", "asof", "between", "by", "case", "cast", "constraint", "cross", "cube",
  "date", "desc", "distinct", "else", "end", "except", "extract", "false", "final", "format", "from", "full", "global",
  "group", "having", "ilike", "in", "index", "inner", "intersect", "interval", "into", "is", "join", "key", "lateral",
  "left", "like", "limit", "not", "null", "offset", "on", "or", "order", "outer", "paste", "prewhere", "projection",
  "qualify", "right", "rollup", "sample", "select", "semi", "settings", "table", "then", "timestamp", "totals", "true",
  "union", "using", "values", "view", "when", "where", "window", "with"
] %}

{# Partitions. A function without a time zone uses the server's midnight, unless the column has a time zone or is a date. #}
{% set aligned = "partitions" %}
{% set variants = {
  "partitions": {
    "strategy": "staged, then partitions exchanged",
    "modes": ["error", "drop"],
    "not_atomic": "each partition is exchanged at once, but several are not; running the file again exchanges them all",
    "by_partitions": true
  }
} %}
{% set partition_key = "partition_by" %}
{% set partition_is_expression = true %}
{% set partitions = [
  ["toyyyymmdd({}, 'utc')", "day", "partition_day"], ["todate({}, 'utc')", "day", "partition_date"],
  ["tostartofday({}, 'utc')", "day", "partition_time"], ["toyyyymm({}, 'utc')", "month", "partition_month"],
  ["tostartofmonth({}, 'utc')", "month", "partition_date"], ["tostartofhour({}, 'utc')", "hour", "partition_time"],
  ["toyear({}, 'utc')", "year", "partition_year"], ["tostartofyear({}, 'utc')", "year", "partition_date"]
] %}
{% set partitions_of_utc = [
  ["toyyyymmdd({})", "day", "partition_day"], ["todate({})", "day", "partition_date"], ["{}", "day", "partition_date"],
  ["toyyyymm({})", "month", "partition_month"], ["tostartofmonth({})", "month", "partition_date"],
  ["toyear({})", "year", "partition_year"], ["tostartofyear({})", "year", "partition_date"]
] %}

{% macro partition_day(at) %}
{{ at.day }}
{% endmacro %}

{% macro partition_month(at) %}
{{ at.month }}
{% endmacro %}

{% macro partition_year(at) %}
{{ at.year }}
{% endmacro %}

{% macro partition_date(at) %}
'{{ at.date }}'
{% endmacro %}

{% macro partition_time(at) %}
'{{ at.time }}'
{% endmacro %}

{% set type_wrappers = ["nullable", "lowcardinality", "simpleaggregatefunction"] %}
{% set date_types = ["date", "date32"] %}
{% set naive_types = [] %}
{% set zoned_types = ["datetime", "datetime32", "datetime64", "timestamp"] %}

{% macro date(at) %}
toDate('{{ at.date }}')
{% endmacro %}

{% macro audit_list() %}
arrayStringConcat(arraySort(groupArray(words)), '; ')
{% endmacro %}

{% set not_staged = {} %}
{% set publish_atomic = false %}
{% set staged_differences_macro = "staged_foreign_rows" %}
{% set publish_not_atomic = "there are no transactions; the batches are replaced one after the other, and running the file again replaces them all" %}

{# The comment marks the table of the old rows as complete: until then its rows are copied again. #}
{% macro publish(target, staged, before, columns, rows, claim, guard, schema_text, before_name_text, each, end) %}
{{ claim }}

create table if not exists {{ before }} as {{ target }};

delete from {{ before }}
where (
  select count() from system.tables
  where database = if({{ schema_text }} = '', currentDatabase(), {{ schema_text }})
    and name = {{ before_name_text }} and comment = 'complete'
) = 0;

insert into {{ before }}
select * from {{ target }}
where {{ rows }}
  and (
    select count() from system.tables
    where database = if({{ schema_text }} = '', currentDatabase(), {{ schema_text }})
      and name = {{ before_name_text }} and comment = 'complete'
  ) = 0;

alter table {{ before }} modify comment 'complete';

{{ guard }}

{{ each }}delete from {{ target }}
where {{ rows }};

insert into {{ target }} ({{ columns }})
settings insert_null_as_default = 0
select {{ columns }} from {{ staged }}
where {{ rows }};

{{ end }}
{% endmacro %}

{% macro undo(target, before, rows, guard, each, end) %}
{{ guard }}

{{ each }}delete from {{ target }}
where {{ rows }};

insert into {{ target }}
settings insert_null_as_default = 0
select * from {{ before }}
where {{ rows }};

{{ end }}
{% endmacro %}

{% set row_as_value = true %}

{% macro audit_row(alias) %}
tuple({{ alias }}.*)
{% endmacro %}

{% macro zoned(at) %}
toDateTime('{{ at.time }}', 'UTC')
{% endmacro %}

{% macro undeclared(at) %}
toDateTime('{{ at.time }}', 'UTC')
{% endmacro %}

{# The engine rejects a comparison of text with a time, but compares numbers with it, as seconds. #}
{% macro is_time(column) %}
toYear({{ column }}) is not null
{% endmacro %}

{# By default the engine silently converts a null to zero or an empty text if the column is not nullable: the setting makes it an
   error. The file first checks that the table's engine stores rows, since a delete cannot be undone. #}
{% macro overwrite(target, stage, check, staged, into, columns, delete_predicate, insert_filter, guard, out_of_window_rows) %}
drop table if exists {{ stage }};

drop table if exists {{ check }};

create table {{ stage }}
engine = MergeTree
order by tuple() as
{{ staged }}
;

{{ guard }}

create table {{ check }} as {{ target }} engine = Null;

insert into {{ check }}{{ into }}
settings insert_null_as_default = 0
select {{ columns }}
from {{ stage }}{{ insert_filter }};

drop table {{ check }};

delete from {{ target }}
where {{ delete_predicate }};

insert into {{ target }}{{ into }}
settings insert_null_as_default = 0
select {{ columns }}
from {{ stage }}{{ insert_filter }};

{{ out_of_window_rows }}

drop table {{ stage }};
{% endmacro %}

{% macro overwrite_partitions(target, stage, query, into, columns, guard, each, end, partition) %}
drop table if exists {{ stage }};

create table {{ stage }} as {{ target }};

insert into {{ stage }}{{ into }}
settings insert_null_as_default = 0
select {{ columns }} from (
{{ query }}
);

{{ guard }}

{{ each }}alter table {{ target }}
  drop partition {{ partition }},
  attach partition {{ partition }} from {{ stage }};
{{ end }}
drop table {{ stage }};
{% endmacro %}

{% macro overwrite_partitions_drop(target, stage, query, into, columns, insert_filter, each, end, partition) %}
drop table if exists {{ stage }};

create table {{ stage }} as {{ target }};

insert into {{ stage }}{{ into }}
settings insert_null_as_default = 0
select {{ columns }} from (
{{ query }}
){{ insert_filter }};

{{ each }}alter table {{ target }}
  drop partition {{ partition }},
  attach partition {{ partition }} from {{ stage }};
{{ end }}
drop table {{ stage }};
{% endmacro %}

{% macro guard(stage, outside, message) %}
select throwIf(true, {{ message }}) as outside_of_window
from {{ stage }}
where {{ outside }};
{% endmacro %}

{% macro outside(window) %}
not ifNull({{ window }}, false)
{% endmacro %}

{% macro create_schema(schema) %}
create database if not exists {{ schema }};
{% endmacro %}

{% macro clause_engine(value) %}
engine = {{ value }}
{% endmacro %}

{% macro partition_columns(value) %}
partition by ({{ value }})
{% endmacro %}

{% macro clause_primary_key(value) %}
primary key ({{ value }})
{% endmacro %}

{% macro unordered() %}
order by tuple()
{% endmacro %}

{% macro clause_order_by(value) %}
order by ({{ value }})
{% endmacro %}

{% macro clause_ttl(value) %}
ttl {{ value }}
{% endmacro %}

{% macro clause_settings(plain_pairs) %}
settings {{ plain_pairs }}
{% endmacro %}

{% macro header_query_settings(plain_pairs) %}
set {{ plain_pairs }};
{% endmacro %}

{% macro footer_query_settings(defaults) %}
set {{ defaults }};
{% endmacro %}

{% macro view_sql_security_invoker(target, query) %}
create or replace view {{ target }}
sql security invoker as
{{ query }}
;
{% endmacro %}

{% macro view_sql_security_definer(target, query) %}
create or replace view {{ target }}
definer = current_user sql security definer as
{{ query }}
;
{% endmacro %}

{% macro index_defined(target, own_name, definition) %}
alter table {{ target }} add index if not exists {{ own_name }} {{ definition }};
{% endmacro %}

{# Without it the engine rejects deletes and merges that remove duplicates. #}
{% macro projections(target, own_name, definition) %}
alter table {{ target }}
  modify setting lightweight_mutation_projection_mode = 'rebuild', deduplicate_merge_projection_mode = 'rebuild';

alter table {{ target }} add projection if not exists {{ own_name }} ({{ definition }});
{% endmacro %}

{% macro create(target, clauses, query) %}
create table if not exists {{ target }}{{ clauses }}empty as
{{ query }}
;
{% endmacro %}

{# It replaces the old table atomically and shares the files of the rebuilt table. It can be repeated until the drop. #}
{% macro swap(target, shadow, ledger_after) %}
create or replace table {{ target }} clone as {{ shadow }};

{{ ledger_after }}

drop table {{ shadow }};
{% endmacro %}

{% macro incremental_append(target, into, columns, query) %}
insert into {{ target }}{{ into }}
settings insert_null_as_default = 0
select {{ columns }} from (
{{ query }}
);
{% endmacro %}

{% set hooks_before_grants = [] %}
{% set strategies = ["append"] %}
{% set seeds = false %}
{% set fills_at_once = false %}
{% set constraint_kinds = ["not_null"] %}
{% set docs = [] %}

{% macro table_typed(target, spec, clauses, columns, query) %}
create or replace table {{ target }} (
  {{ spec }}
){{ clauses }}as
select {{ columns }} from (
{{ query }}
) as declared_rows
settings insert_null_as_default = 0;
{% endmacro %}

{% set ledger_types = {
  "text": "String", "time": "Nullable(DateTime('UTC'))", "clock": "DateTime64(6, 'UTC')", "number": "Nullable(Int64)"
} %}

{% macro ledger_options() %}
engine = MergeTree
order by tuple()
{% endmacro %}

{% macro ledger_clock() %}
now64(6, 'UTC')
{% endmacro %}

{% macro ledger_as_text(value) %}
toString({{ value }})
{% endmacro %}

{% macro columns_of(database_text, schema_text, names) %}
select {{ database_text }}, {{ schema_text }}, table, position, name, type
from system.columns
where database = {{ schema_text }} and table in ({{ names }})
{% endmacro %}

{% macro create_published(published, spec) %}
create table if not exists {{ published }} (
  {{ spec }}
)
engine = MergeTree
order by tuple();
{% endmacro %}

{% macro approve(approved, marks) %}
create table if not exists {{ approved }}
engine = MergeTree
order by tuple() as
select
  {{ marks }};
{% endmacro %}
