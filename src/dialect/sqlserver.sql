{# SQL Server: delete and insert in one transaction, from a temporary table of the session. The file is one batch of the client,
   without `go`. `xact_abort` rolls back at the first error, and no statement runs after it.
   `sqlcmd` treats double-quoted names as strings unless the file sets `quoted_identifier`, which applies from there on. #}

{% set parser = "mssql" %}
{% set like = "ansi" %}
{% set casts_truncate = true %}
{% set divides_integers = true %}
{% from "mysql.sql" import audit_words %}
{% set type_labels = {
  "STRING": "VARCHAR(8000)", "VARCHAR": "VARCHAR(8000)", "CHAR": "CHAR(1)", "NCHAR": "CHAR(1)", "NVARCHAR": "VARCHAR(8000)",
  "TIMESTAMP": "DATETIME2(6)", "DATETIME2": "DATETIME2(6)", "DATETIME2(6)": "DATETIME2(6)", "DATE": "DATE", "TIME": "TIME(6)",
  "FLOAT": "FLOAT", "REAL": "REAL", "INT": "INT", "INTEGER": "INT", "BIGINT": "BIGINT", "SMALLINT": "SMALLINT",
  "TINYINT": "SMALLINT", "BIT": "BIT", "BOOLEAN": "BIT", "DECIMAL": "DECIMAL", "NUMERIC": "NUMERIC", "MONEY": "DECIMAL",
  "SMALLMONEY": "DECIMAL", "UNIQUEIDENTIFIER": "UNIQUEIDENTIFIER", "VARBINARY": "VARBINARY(MAX)", "BINARY": "BINARY(1)"
} %}
{% set nested_with = false %}
{% set ordered_subqueries = false %}
{# Column names are resolved before the first statement of a file runs. #}
{% set schema_changes = ["append_new_columns", "sync_all_columns"] %}
{% set alters_within_file = false %}
{% set case = "ignored" %}
{% set longest_name = 116 %}
{% set longest_relation = 128 %}
{% set default_schema = "dbo" %}
{% set target_keys = [
  "server", "port", "database", "schema", "UID", "user", "username", "authentication", "auth", "windows_login",
  "trusted_connection", "retries", "login_timeout", "query_timeout", "trace_flag", "SQL_ATTR_TRACE", "encrypt", "trust_cert",
  "TrustServerCertificate", "backend", "xact_abort"
] %}
{% set strategy = "staged delete + insert in one transaction" %}

{# A session would need `go`, so each step has one process. SQLCMDSERVER and SQLCMDDBNAME have the connection. #}
{% set command = ["sqlcmd", "-b", "-i", "{file}"] %}
{% set example = "sqlcmd -b -S SERVER -d DATABASE -i {file}" %}
{% set client_syntax = {
  "program": "sqlcmd", "quotes": "'\"[", "line_comments": ["--"], "nested_comments": true,
  "at_any_line": [":", "!!", "ed", "exit", "quit", "reset"]
} %}

{% set stage_prefix = "#" %}
{% set index_keys = ["as_columnstore", "indexes"] %}
{% set indexes_after_swap = true %}
{% set defaults = {"as_columnstore": true} %}
{% set idle_keys = [
  "auto_provision_aad_principals", "build_options", "column_type_expansion_max_rows", "drop_unmanaged_indexes", "full_refresh_build",
  "pre_hook_transaction_scope", "prefer_single_alter_column", "query_options", "query_options_raw", "query_tag", "table_refresh_method"
] %}
{% set undone_keys = {
  "denies": "write `deny … on … to …` as a post-hook",
  "masks": "write `alter table … alter column … add masked` as a post-hook"
} %}
{% set reserved = [
  "add", "all", "alter", "and", "any", "as", "asc", "authorization", "backup", "begin", "between", "break", "browse", "bulk",
  "by", "cascade", "case", "check", "checkpoint", "close", "clustered", "coalesce", "collate", "column", "commit", "compute",
  "constraint", "contains", "containstable", "continue", "convert", "create", "cross", "current", "current_date", "current_time",
  "current_timestamp", "current_user", "cursor", "database", "dbcc", "deallocate", "declare", "default", "delete", "deny",
  "desc", "disk", "distinct", "distributed", "double", "drop", "dump", "else", "end", "errlvl", "escape", "except", "exec",
  "execute", "exists", "exit", "external", "fetch", "file", "fillfactor", "for", "foreign", "freetext", "freetexttable", "from",
  "full", "function", "goto", "grant", "group", "having", "holdlock", "identity", "identity_insert", "identitycol", "if", "in",
  "index", "inner", "insert", "intersect", "into", "is", "join", "key", "kill", "left", "like", "lineno", "load", "merge",
  "national", "nocheck", "nonclustered", "not", "null", "nullif", "of", "off", "offsets", "on", "open", "opendatasource",
  "openquery", "openrowset", "openxml", "option", "or", "order", "outer", "over", "percent", "pivot", "plan", "precision",
  "primary", "print", "proc", "procedure", "public", "raiserror", "read", "readtext", "reconfigure", "references", "replication",
  "restore", "restrict", "return", "revert", "revoke", "right", "rollback", "rowcount", "rowguidcol", "rule", "save", "schema",
  "securityaudit", "select", "session_user", "set", "setuser", "shutdown", "some", "statistics", "system_user", "table",
  "tablesample", "textsize", "then", "to", "top", "tran", "transaction", "trigger", "truncate", "try_convert", "tsequal",
  "union", "unique", "unpivot", "update", "updatetext", "use", "user", "values", "varying", "view", "waitfor", "when", "where",
  "while", "with", "writetext"
] %}

{% set naive_types = ["datetime2", "datetime", "smalldatetime", "timestamp", "timestamp without time zone"] %}
{% set zoned_types = ["datetimeoffset", "timestamptz", "timestamp with time zone"] %}

{% macro date(at) %}
cast('{{ at.date }}' as date)
{% endmacro %}

{% macro naive(at) %}
cast('{{ at.time }}' as datetime2)
{% endmacro %}

{% macro zoned(at) %}
cast('{{ at.time }} +00:00' as datetimeoffset)
{% endmacro %}

{# A date and a `datetimeoffset` are compared with it in UTC. Text is converted to a time, or the conversion fails; a string literal
   would be compared with text as text. #}
{% macro undeclared(at) %}
cast('{{ at.time }}' as datetime2)
{% endmacro %}

{# Conditions are not values. #}
{% macro outside(window) %}
case when {{ window }} then 0 else 1 end = 1
{% endmacro %}

{% macro overwrite(target, stage, ctes, body, staged_where, into, columns, delete_predicate, insert_filter, guard, lock, unlock, out_of_window_rows, ledger) %}
set nocount on;
set quoted_identifier on;
set xact_abort on;

{{ lock }}
drop table if exists {{ stage }};

with {{ ctes }}batch_rows as (
{{ body }}
)
select * into {{ stage }} from batch_rows{{ staged_where }};

{{ guard }}

begin transaction;

{{ replace_rows() }}

{{ out_of_window_rows }}

{{ ledger }}

commit transaction;

{{ unlock }}
drop table {{ stage }};
{% endmacro %}

{# Locks of the session, by name. They begin before the staged query, which is not part of the transaction. #}
{% macro shared_lock(target_text, period) %}
set @batchwright_window = concat(object_id({{ target_text }}), {{ period }});
exec @batchwright_lock = sp_getapplock @Resource = @batchwright_window, @LockMode = 'Shared', @LockOwner = 'Session', @LockTimeout = -1;
if @batchwright_lock < 0 throw 50000, 'the lock of the window was not granted', 1;
{% endmacro %}

{% macro exclusive_lock(target_text, period) %}
set @batchwright_window = concat(object_id({{ target_text }}), {{ period }});
exec @batchwright_lock = sp_getapplock @Resource = @batchwright_window, @LockMode = 'Exclusive', @LockOwner = 'Session', @LockTimeout = -1;
if @batchwright_lock < 0 throw 50000, 'the lock of the window was not granted', 1;
{% endmacro %}

{% macro window_lock(locks) %}
declare @batchwright_window nvarchar(255), @batchwright_lock int;

{{ locks }}
{% endmacro %}

{% macro shared_unlock(target_text, period) %}
set @batchwright_window = concat(object_id({{ target_text }}), {{ period }});
exec sp_releaseapplock @Resource = @batchwright_window, @LockOwner = 'Session';
{% endmacro %}

{% macro exclusive_unlock(target_text, period) %}
{{ shared_unlock() }}
{% endmacro %}

{% macro guard(stage, outside, message) %}
if exists (select 1 from {{ stage }} where {{ outside }})
begin
  throw 50000, {{ message }}, 1;
end;
{% endmacro %}

{# The sum of an integer type has the same type and could overflow. #}

{% macro audit_sum(column, in_target, in_query) %}
,
    sum(case when in_target = 1 then cast({{ column }} as float) end) as {{ in_target }},
    sum(case when in_query = 1 then cast({{ column }} as float) end) as {{ in_query }}
{% endmacro %}

{% macro audit_list() %}
string_agg(words, '; ')
{% endmacro %}

{% macro audit_stop(about, list, found) %}
select case when count(*) > 0 then cast(concat({{ about }}, {{ list }}) as integer) end as audit
from {{ found }}
{% endmacro %}

{% set not_staged = {} %}

{# A file is one batch, in which a variable is declared once: nothing makes way for this table. #}
{% macro create_staged(target, target_text, ctes, body) %}
if object_id({{ target_text }}, 'U') is null
begin
  with {{ ctes }}batch_rows as (
{{ body }}
  )
  select * into {{ target }} from batch_rows where 1 = 0
  union all
  select * from batch_rows where 1 = 0;
end;
{% endmacro %}

{# The lock keeps writers out between the copy of the old rows and their replacement. #}
{% macro keep_before(target, before, before_text, rows) %}
if object_id({{ before_text }}, 'U') is null
begin
  select * into {{ before }} from {{ target }} with (tablock, holdlock)
  where {{ rows }};
end;
{% endmacro %}

{% macro publish(target, staged, before, before_text, columns, rows, claim, guard, ledger) %}
set nocount on;
set quoted_identifier on;
set xact_abort on;

begin transaction;

{{ claim }}

{{ keep_before() }}

{{ try_undo() }}

{{ guard }}

{{ publish_rows() }}

{{ ledger }}

commit transaction;
{% endmacro %}

{% macro undo(target, before, rows, guard, ledger) %}
set nocount on;
set quoted_identifier on;
set xact_abort on;

begin transaction;

{{ guard }}

{{ undo_rows() }}

{{ ledger }}

commit transaction;
{% endmacro %}

{% macro schema_statement(own) %}
create schema {{ own }}
{% endmacro %}

{# `create schema` must be the only statement of a batch and cannot name a database, so a procedure of that database runs it. #}
{% macro create_schema(own, text, database, statement) %}
set quoted_identifier on;

if not exists (select 1 from {{ database }}sys.schemas where name = {{ text }})
begin
  exec {{ database }}sys.sp_executesql N{{ statement }};
end;
{% endmacro %}

{# `drop view` cannot name a database, so a procedure of the view's database runs it. #}
{# With `union all` the new table does not inherit the `identity` property of a column. #}
{% macro create(target, target_text, ctes, body) %}
if object_id({{ target_text }}, 'V') is not null
begin
  declare @run nvarchar(400) = coalesce(quotename(parsename({{ target_text }}, 3)) + '.', '') + 'sys.sp_executesql';
  declare @drop nvarchar(800) = 'drop view ' + coalesce(quotename(parsename({{ target_text }}, 2)) + '.', '')
    + quotename(parsename({{ target_text }}, 1));
  exec @run @drop;
end;

if object_id({{ target_text }}, 'U') is null
begin
  with {{ ctes }}batch_rows as (
{{ body }}
  )
  select * into {{ target }} from batch_rows where 1 = 0
  union all
  select * from batch_rows where 1 = 0;
end;
{% endmacro %}

{% macro create_typed(target, target_text, spec, ended) %}
if object_id({{ target_text }}, 'V') is not null
begin
  declare @run nvarchar(400) = coalesce(quotename(parsename({{ target_text }}, 3)) + '.', '') + 'sys.sp_executesql';
  declare @drop nvarchar(800) = 'drop view ' + coalesce(quotename(parsename({{ target_text }}, 2)) + '.', '')
    + quotename(parsename({{ target_text }}, 1));
  exec @run @drop;
end;

if object_id({{ target_text }}, 'U') is null
begin
create table {{ target }} (
  {{ spec }}
){{ ended }};
end;
{% endmacro %}

{% macro as_columnstore(target, name, text, database, whole) %}
if not exists (select 1 from {{ database }}sys.indexes where name = {{ text }} and object_id = object_id({{ whole }}))
begin
  create clustered columnstore index {{ name }} on {{ target }};
end;
{% endmacro %}

{% macro index(target, name, text, database, whole, columns) %}
if not exists (select 1 from {{ database }}sys.indexes where name = {{ text }} and object_id = object_id({{ whole }}))
begin
  create index {{ name }} on {{ target }} ({{ columns }});
end;
{% endmacro %}

{% macro index_unique(target, name, text, database, whole, columns) %}
if not exists (select 1 from {{ database }}sys.indexes where name = {{ text }} and object_id = object_id({{ whole }}))
begin
  create unique index {{ name }} on {{ target }} ({{ columns }});
end;
{% endmacro %}

{% macro index_by(target, name, text, database, whole, method, columns) %}
if not exists (select 1 from {{ database }}sys.indexes where name = {{ text }} and object_id = object_id({{ whole }}))
begin
  create {{ method }} index {{ name }} on {{ target }} ({{ columns }});
end;
{% endmacro %}

{% macro index_unique_by(target, name, text, database, whole, method, columns) %}
if not exists (select 1 from {{ database }}sys.indexes where name = {{ text }} and object_id = object_id({{ whole }}))
begin
  create unique {{ method }} index {{ name }} on {{ target }} ({{ columns }});
end;
{% endmacro %}

{# `create view` must also be the only statement of a batch, and cannot name a database. #}
{% macro view_statement(own, query) %}
create or alter view {{ own }} as
{{ query }}
{% endmacro %}

{% macro view(database, statement) %}
exec {{ database }}sys.sp_executesql N{{ statement }};
{% endmacro %}

{% macro table(target, ctes, body, ledger) %}
set xact_abort on;

begin transaction;

drop table if exists {{ target }};

with {{ ctes }}batch_rows as (
{{ body }}
)
select * into {{ target }} from batch_rows;

{{ ledger }}

commit transaction;
{% endmacro %}

{% macro swap(target, beside_text, name_text, database, indexes, ledger) %}
set quoted_identifier on;
set xact_abort on;

begin transaction;

drop table if exists {{ target }};

exec {{ database }}sys.sp_rename {{ beside_text }}, {{ name_text }};{{ indexes }}

{{ ledger }}

commit transaction;
{% endmacro %}

{% set strategies = [] %}
{% set seeds = false %}
{# A primary key is a clustered index by default, and so is the columnstore index. #}
{% set constraint_kinds = ["not_null"] %}
{% set docs = [] %}

{% macro table_typed(target, spec, ended, columns, ctes, body, ledger) %}
set xact_abort on;

begin transaction;

drop table if exists {{ target }};

create table {{ target }} (
  {{ spec }}
){{ ended }};

with {{ ctes }}declared_rows as (
{{ body }}
)
insert into {{ target }} ({{ columns }})
select {{ columns }} from declared_rows;

{{ ledger }}

commit transaction;
{% endmacro %}

{% macro marker(token, open) %}
select replace(case when @@trancount = 0 then {{ token }} else {{ open }} end, 'x', '-') as batchwright_marker;
{% endmacro %}

{% macro add_column(target, target_text, column, column_text, type) %}
if col_length({{ target_text }}, {{ column_text }}) is null
begin
  alter table {{ target }} add {{ column }} {{ type }};
end;
{% endmacro %}

{% macro drop_column(target, target_text, column, column_text) %}
if col_length({{ target_text }}, {{ column_text }}) is not null
begin
  alter table {{ target }} drop column {{ column }};
end;
{% endmacro %}

{% macro widen_column(target, column, type) %}
alter table {{ target }} alter column {{ column }} {{ type }};
{% endmacro %}

{% set ledger_types = {
  "text": "nvarchar(1000) collate Latin1_General_100_BIN2", "time": "datetime2(6)", "clock": "datetime2(6)", "number": "bigint"
} %}
{% set ledger_wraps = ["relations"] %}

{% macro ledger_create(schema, ledger, ledger_text, spec) %}
{{ schema }}

if object_id({{ ledger_text }}, 'U') is null
begin
create table {{ ledger }} (
  {{ spec }}
);
end;
{% endmacro %}

{% macro begin() %}
set xact_abort on;

begin transaction;
{% endmacro %}

{% macro commit() %}
commit transaction;
{% endmacro %}

{% macro ledger_string(text) %}
N{{ text }}
{% endmacro %}

{% macro ledger_start() %}
declare @batchwright_start datetime2(6) = sysutcdatetime();
{% endmacro %}

{% macro ledger_clock() %}
@batchwright_start
{% endmacro %}

{% macro ledger_count() %}
@@rowcount
{% endmacro %}

{% set concatenation = ["concat(", ", ", ")"] %}

{% macro ledger_as_text(value) %}
convert(varchar(40), {{ value }}, 121)
{% endmacro %}

{# The catalog's names are in capitals, which matters in a database with a case-sensitive collation. #}
{% macro columns_of(database, database_text, schema_text, names) %}
select {{ database_text }}, {{ schema_text }}, TABLE_NAME, ORDINAL_POSITION, COLUMN_NAME, DATA_TYPE
from {{ database }}INFORMATION_SCHEMA.COLUMNS
where TABLE_SCHEMA = {{ schema_text }} and TABLE_NAME in ({{ names }})
{% endmacro %}

{% macro create_published(published, published_text, spec) %}
if object_id({{ published_text }}, 'U') is null
begin
  create table {{ published }} (
  {{ spec }}
);
end;
{% endmacro %}

{% macro approve(approved, approved_text, marks) %}
if object_id({{ approved_text }}, 'U') is null
begin
  select
  {{ marks }}
  into {{ approved }};
end;
{% endmacro %}
