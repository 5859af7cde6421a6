{# MySQL: delete and insert in one transaction. Of the create and drop statements, only those on temporary tables do not commit. A
   `timestamp` is an instant, displayed in the session's time zone; a `datetime` has no time zone. #}

{% set parser = "mysql" %}
{% set like = "ansi" %}
{% set difference_elapses = true %}
{% from "bigquery.sql" import undeclared %}
{% from "postgres.sql" import outside %}
{% set type_labels = {
  "STRING": "TEXT", "VAR_STRING": "TEXT", "LONG": "INTEGER", "LONGLONG": "INTEGER", "INT": "INTEGER", "TIMESTAMP": "DATETIME"
} %}
{% set hidden_columns = ["_rowid"] %}
{% set quote = "`" %}
{% set quoted = [false, true, true] %}
{% set included = [false, true, true] %}
{% set case = "ignored" %}
{% set longest_name = 64 %}
{% set backslash_escapes = true %}
{% set default_schema = "default" %}
{% set target_keys = ["server", "host", "unix_socket", "port", "database", "schema", "user"] %}
{% set strategy = "staged delete + insert in one transaction" %}

{# The client's option file has the connection. Without `--unbuffered` its output is buffered. #}
{% set command = ["mysql", "--unbuffered", "--batch"] %}
{% set example = "mysql --unbuffered --batch -h HOST" %}
{% set client_syntax = {
  "program": "mysql", "quotes": "'\"`", "escaping": "'\"", "escape_switches": ["no_backslash_escapes"],
  "line_comments": ["-- ", "--\t", "--\n", "#"], "executed_comments": ["/*!", "/*M!"], "anywhere": ["\\"], "allowed": ["\\N"],
  "at_statement": [
    "charset", "clear", "connect", "delimiter", "edit", "ego", "exit", "go", "nopager", "notee", "nowarning", "pager", "print", "prompt",
    "quit", "rehash", "source", "status", "system", "tee", "warnings"
  ]
} %}
{% set reserved = [
  "accessible", "add", "all", "alter", "analyze", "and", "as", "asc", "asensitive", "before", "between", "bigint", "binary",
  "blob", "both", "by", "call", "cascade", "case", "change", "char", "character", "check", "collate", "column", "condition",
  "constraint", "continue", "convert", "create", "cross", "cube", "cume_dist", "current_date", "current_role",
  "current_time", "current_timestamp", "current_user", "cursor", "database", "databases", "day_hour", "day_microsecond",
  "day_minute", "day_second", "dec", "decimal", "declare", "default", "delayed", "delete", "delete_domain_id", "dense_rank",
  "desc", "describe", "deterministic", "distinct", "distinctrow", "div", "do_domain_ids", "double", "drop", "dual", "each",
  "else", "elseif", "empty", "enclosed", "escaped", "except", "exists", "exit", "explain", "false", "fetch", "first_value",
  "float", "float4", "float8", "for", "force", "foreign", "from", "fulltext", "function", "generated", "get", "grant",
  "group", "grouping", "groups", "having", "high_priority", "hour_microsecond", "hour_minute", "hour_second", "if", "ignore",
  "ignore_domain_ids", "in", "index", "infile", "inner", "inout", "insensitive", "insert", "int", "int1", "int2", "int3",
  "int4", "int8", "integer", "intersect", "interval", "into", "io_after_gtids", "io_before_gtids", "is", "iterate", "join",
  "json_table", "key", "keys", "kill", "lag", "last_value", "lateral", "lead", "leading", "leave", "left", "library", "like",
  "limit", "linear", "lines", "load", "localtime", "localtimestamp", "lock", "long", "longblob", "longtext", "loop",
  "low_priority", "manual", "master_bind", "master_demote_to_replica", "master_demote_to_slave",
  "master_ssl_verify_server_cert", "match", "maxvalue", "mediumblob", "mediumint", "mediumtext", "middleint",
  "minute_microsecond", "minute_second", "mod", "modifies", "natural", "no_write_to_binlog", "not", "nth_value", "ntile",
  "null", "numeric", "of", "offset", "on", "optimize", "optimizer_costs", "option", "optionally", "or", "order", "out",
  "outer", "outfile", "over", "page_checksum", "parallel", "parse_vcol_expr", "partition", "percent_rank", "portion",
  "precision", "primary", "procedure", "purge", "qualify", "range", "rank", "read", "read_write", "reads", "real",
  "recursive", "ref_system_id", "references", "regexp", "release", "rename", "repeat", "replace", "require", "resignal",
  "restrict", "return", "returning", "revoke", "right", "rlike", "row", "row_number", "rows", "schema", "schemas",
  "second_microsecond", "select", "sensitive", "separator", "set", "show", "signal", "smallint", "spatial", "specific",
  "sql", "sql_big_result", "sql_buffer_result", "sql_cache", "sql_calc_found_rows", "sql_no_cache", "sql_small_result",
  "sqlexception", "sqlstate", "sqlwarning", "ssl", "starting", "stats_auto_recalc", "stats_persistent", "stats_sample_pages",
  "stored", "straight_join", "system", "table", "tablesample", "terminated", "then", "tinyblob", "tinyint", "tinytext", "to",
  "trailing", "trigger", "true", "undo", "union", "unique", "unlock", "unsigned", "update", "usage", "use", "using",
  "utc_date", "utc_time", "utc_timestamp", "values", "varbinary", "varchar", "varcharacter", "varying", "virtual", "when",
  "where", "while", "window", "with", "write", "xor", "year_month", "zerofill"
] %}

{% set naive_types = ["datetime", "timestamp without time zone"] %}
{% set zoned_types = ["timestamp", "timestamptz", "timestamp with time zone"] %}

{% macro zoned(at) %}
convert_tz('{{ at.time }}', '+00:00', @@session.time_zone)
{% endmacro %}

{# No function rejects text. Next to a date, a time has the coercibility of a number; text and numbers have that of text. The error
   quotes the expression. #}
{% macro is_time(column) %}
if(coercibility(coalesce({{ column }}, date '1970-01-01')) = 5, true, exp(1000 + length('declare the data_type of this event_time')))
{% endmacro %}

{# The condition is a constant, so each filter has it: if the table exists, the server does not read the query of `01_create.sql`. #}
{% macro window_of_times(window, is_time, check, check_end) %}
{{ window }} and {{ is_time }}
{% endmacro %}

{# `read committed`: no gap locks, so that batches of other windows can run concurrently. #}
{% macro overwrite(target, stage, staged, into, columns, delete_predicate, insert_filter, guard, lock, unlock, out_of_window_rows, ledger) %}
{{ lock }}
drop temporary table if exists {{ stage }};

create temporary table {{ stage }} as
{{ staged }}
;

{{ guard }}

set transaction isolation level read committed;
start transaction;

{{ replace_rows() }}

{{ out_of_window_rows }}

{{ ledger }}

commit;

{{ unlock }}
drop temporary table {{ stage }};
{% endmacro %}

{# Locks of the session, by name: the engine has none that are shared. A name has at most 64 characters; the time-out is a year. #}
{% macro exclusive_lock(target_text, period) %}
set @batchwright_lock = get_lock(sha1(concat(lower(replace({{ target_text }}, '`', '')), {{ period }})), 31536000);
{% endmacro %}

{% macro exclusive_unlock(target_text, period) %}
set @batchwright_lock = release_lock(sha1(concat(lower(replace({{ target_text }}, '`', '')), {{ period }})));
{% endmacro %}

{# Errors can be raised only in procedures. Here a row outside of the window violates a unique key, and the key's value is the
   message. #}
{% macro guard(stage, outside, message, check) %}
drop temporary table if exists {{ check }};

create temporary table {{ check }} (outside_of_window varchar(500) primary key);

insert into {{ check }} values ({{ message }});

insert into {{ check }}
select {{ message }} from {{ stage }} where {{ outside }};

drop temporary table {{ check }};
{% endmacro %}

{# No function fails with a given message. Preparing the message as a statement does. #}
{% macro audit_words() %}
concat(verdict, ': ', case when count(*) = 1 then min(batch) else concat(count(*), ' batches from ', min(batch), ' to ', max(batch)) end)
{% endmacro %}

{% macro audit_list() %}
group_concat(words order by words separator '; ')
{% endmacro %}

{% macro audit_stop(list, found) %}
select case when count(*) > 0 then {{ list }} else 'do 0' end into @audit
from {{ found }};

prepare audit_stop from @audit
{% endmacro %}

{% set not_staged = {} %}

{% set undo_by_name = true %}

{# `select *` leaves out invisible columns. #}
{% macro not_restorable(schema_text, name_text, differs) %}
(
  select {{ differs }} as words
  from information_schema.columns
  where table_schema = coalesce(nullif({{ schema_text }}, ''), database()) and table_name = {{ name_text }}
    and extra like '%INVISIBLE%'
) as audit_found
{% endmacro %}

{# All columns but the generated ones, which the engine computes. #}
{% macro undo_rows(target, before, rows, rows_text, target_text, before_text, schema_text, name_text, before_name_text) %}
delete from {{ target }}
where {{ rows }};

set group_concat_max_len = 1048576;

set @names = (
  select group_concat(concat('`', replace(old.column_name, '`', '``'), '`') order by old.ordinal_position separator ', ')
  from information_schema.columns as old
  left join information_schema.columns as present
    on present.table_schema = old.table_schema and present.table_name = {{ name_text }} and present.column_name = old.column_name
  where old.table_schema = coalesce(nullif({{ schema_text }}, ''), database()) and old.table_name = {{ before_name_text }}
    and coalesce(present.generation_expression, '') = ''
);

set @undo = concat('insert into ', {{ target_text }}, ' (', @names, ') select ', @names, ' from ', {{ before_text }}, ' where ',
  {{ rows_text }});

prepare undo_rows from @undo;

execute undo_rows;

deallocate prepare undo_rows;
{% endmacro %}

{# A table is made outside of transactions. The rows that are read stay locked until the commit. #}
{% macro publish(target, staged, before, columns, rows, claim, guard, ledger) %}
{{ claim }}

{{ keep_before() }}

set transaction isolation level serializable;
start transaction;

{{ guard }}

{{ publish_rows() }}

{{ ledger }}

commit;
{% endmacro %}

{% macro undo(target, before, rows, guard, ledger) %}
set transaction isolation level serializable;
start transaction;

{{ guard }}

{{ undo_rows() }}

{{ ledger }}

commit;
{% endmacro %}

{% set schema_changes = ["append_new_columns", "sync_all_columns"] %}

{% macro add_column_statement(target, column, type) %}
alter table {{ target }} add column {{ column }} {{ type }}
{% endmacro %}

{% macro add_column(schema_text, name_text, column_text, statement) %}
set @change = if(
  exists(select 1 from information_schema.columns where table_schema = coalesce(nullif({{ schema_text }}, ''), database())
    and table_name = {{ name_text }} and column_name = {{ column_text }}),
  'do 0', {{ statement }});

prepare change_table from @change;

execute change_table;

deallocate prepare change_table;
{% endmacro %}

{% macro drop_column_statement(target, column) %}
alter table {{ target }} drop column {{ column }}
{% endmacro %}

{% macro drop_column(schema_text, name_text, column_text, statement) %}
set @change = if(
  exists(select 1 from information_schema.columns where table_schema = coalesce(nullif({{ schema_text }}, ''), database())
    and table_name = {{ name_text }} and column_name = {{ column_text }}),
  {{ statement }}, 'do 0');

prepare change_table from @change;

execute change_table;

deallocate prepare change_table;
{% endmacro %}

{% macro widen_column(target, column, type) %}
alter table {{ target }} modify column {{ column }} {{ type }};
{% endmacro %}

{% set makes_way = true %}

{% macro make_way(target_text, schema_text, name_text) %}
set @make_way = if(
  exists(select 1 from information_schema.views where table_schema = coalesce(nullif({{ schema_text }}, ''), database()) and table_name = {{ name_text }}),
  concat('drop view ', {{ target_text }}),
  'do 0');

prepare make_way from @make_way;

execute make_way;

deallocate prepare make_way;
{% endmacro %}

{# As in dbt, a seed replaces no view. No function fails with a given message; preparing the message as a statement does. #}
{% macro other_kind_refused(schema_text, name_text, message) %}
set @other_kind = if(
  exists(select 1 from information_schema.views where table_schema = coalesce(nullif({{ schema_text }}, ''), database()) and table_name = {{ name_text }}),
  {{ message }},
  'do 0');

prepare other_kind from @other_kind;

execute other_kind;

deallocate prepare other_kind;
{% endmacro %}

{% macro create(target, query, make_way) %}
{{ make_way }}

create table if not exists {{ target }} as
select * from (
{{ query }}
) as query
limit 0;
{% endmacro %}

{% set knows_first_run = true %}

{% macro first_run(schema_text, name_text) %}
set @is_first = not exists(
  select 1 from information_schema.tables
  where table_schema = coalesce(nullif({{ schema_text }}, ''), database()) and table_name = {{ name_text }} and table_type <> 'VIEW'
);

{{ create_filled() }}
{% endmacro %}

{% macro later_rows(columns, query) %}
select {{ columns }} from (
{{ query }}
) as next_rows
where not @is_first
{% endmacro %}

{% macro end_first_run() %}
{% endmacro %}

{# `rename table` renames views and tables in one statement. #}
{% macro table(target, clauses, query, next, make_way) %}
drop table if exists {{ next }};

create table {{ next }}{{ clauses }}as
{{ query }}
;

{{ make_way }}

drop table if exists {{ target }};

alter table {{ next }} rename to {{ target }};
{% endmacro %}

{# The rows are written to another table first: a failing query or constraint leaves the old table unchanged. #}
{% macro table_typed(target, next, make_way) %}
drop table if exists {{ next }};

{{ declared_next() }}

{{ make_way }}

drop table if exists {{ target }};

alter table {{ next }} rename to {{ target }};
{% endmacro %}

{# One statement renames both tables. When the file runs again after it, it stops at its first statement and loses nothing. #}
{% macro swap(target, shadow, old, ledger_after) %}
create table if not exists {{ target }} like {{ shadow }};

rename table {{ target }} to {{ old }}, {{ shadow }} to {{ target }};

{{ ledger_after }}

drop table {{ old }};
{% endmacro %}

{% set fills_at_once = false %}
{% set seed_types = {
  "integer": "bigint", "number": "double", "date": "date", "timestamp": "datetime", "boolean": "boolean", "text": "text"
} %}
{% set foreign_key_hint = "leave the key out of the contract: the engine checks it after each statement, not at the commit" %}
{% set docs = [] %}

{% macro cast_value(value) %}
{{ value }}
{% endmacro %}

{% macro autocommit() %}
set autocommit = 1;
{% endmacro %}

{# An error within a transaction; outside of one it applies only to the next statement. #}
{% macro outside_transaction() %}
set transaction isolation level repeatable read;
{% endmacro %}

{% macro marker(token, open) %}
select replace(case when @@autocommit = 1 then {{ token }} else {{ open }} end, 'x', '-') as batchwright_marker;
{% endmacro %}

{% set ledger_types = {
  "text": "varchar(700) character set utf8mb4 collate utf8mb4_bin", "time": "datetime", "clock": "datetime(6)", "number": "bigint"
} %}
{% set ledger_wraps = ["rows"] %}

{% macro begin() %}
start transaction;
{% endmacro %}

{% macro ledger_number(value) %}
{{ value }}
{% endmacro %}

{% macro ledger_start() %}
set @batchwright_start = utc_timestamp(6);
{% endmacro %}

{% macro ledger_clock() %}
@batchwright_start
{% endmacro %}

{% macro ledger_count() %}
row_count()
{% endmacro %}

{% set concatenation = ["concat(", ", ", ")"] %}

{% macro ledger_as_text(value) %}
cast({{ value }} as char)
{% endmacro %}

{% macro columns_of(database_text, schema_text, names) %}
select {{ database_text }}, {{ schema_text }}, table_name, ordinal_position, column_name, column_type
from information_schema.columns
where table_schema = {{ schema_text }} and table_name in ({{ names }})
{% endmacro %}
