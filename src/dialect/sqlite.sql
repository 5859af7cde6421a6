{# SQLite: delete and insert in one transaction. Times are texts, which sort by time if all have the format
   `2024-09-01 00:00:00`. A schema is a file that the client has attached. #}

{% set key_table_parts = 1 %}
{% set parser = "sqlite" %}
{% set like = "ansi" %}
{% set casts_truncate = true %}
{% set casts_cut_text = false %}
{% set times_are_text = true %}
{% set divides_integers = true %}
{% from "bigquery.sql" import undeclared %}
{% from "mysql.sql" import cast_value %}
{% from "postgres.sql" import outside %}
{# The three names of the row number. With an `integer primary key`, an unaliased row number has the name of that column. #}
{% set hidden_columns = ["rowid", "oid", "_rowid_"] %}

{% macro hidden_column(column) %}
{{ column }} as {{ column }}
{% endmacro %}

{% set quoted = [false, false, true] %}
{% set included = [false, true, true] %}
{% set case = "ignored" %}
{% set longest_name = 255 %}
{% set default_schema = "main" %}
{% set target_keys = ["database", "schema", "schemas_and_paths", "schema_directory"] %}
{% set reserved = [
  "add", "all", "alter", "and", "as", "autoincrement", "between", "case", "cast", "check", "collate", "commit", "constraint",
  "create", "default", "deferrable", "delete", "distinct", "drop", "else", "escape", "except", "exists", "foreign", "from",
  "group", "having", "in", "index", "insert", "intersect", "into", "is", "isnull", "join", "limit", "not", "nothing",
  "notnull", "null", "on", "or", "order", "primary", "raise", "references", "returning", "select", "set", "table", "then",
  "to", "transaction", "union", "unique", "update", "using", "values", "when", "where"
] %}
{% set strategy = "staged delete + insert in one transaction" %}

{# The profile's main file; other schemas need a client that attaches them. #}
{% set command = ["sqlite3", "-bail", "-batch", "{path}"] %}
{% set example = "sqlite3 -bail -batch warehouse.db" %}
{% set client_syntax = {
  "program": "sqlite3", "quotes": "'\"`[", "line_comments": ["--"], "at_line": ["."], "terminators": ["/", "go"],
  "functions": ["edit", "load_extension", "readfile", "writefile", "fsdir", "lsdir"]
} %}

{% macro date(at) %}
'{{ at.date }}'
{% endmacro %}

{% macro naive(at) %}
'{{ at.time }}'
{% endmacro %}

{% macro zoned(at) %}
'{{ at.time }}'
{% endmacro %}

{% set type_affinity = true %}
{% set undeclared_hint = "declare its `data_type` (`date`, `timestamp`) or `event_time_format`: times are compared as text, with a value like `2024-09-01 00:00:00`" %}

{# `immediate`: a concurrent batch waits before it reads, so that its snapshot is never outdated. #}
{% macro overwrite(target, stage, staged, into, columns, delete_predicate, insert_filter, guard, lock, out_of_window_rows, ledger) %}
drop table if exists temp.{{ stage }};

begin immediate;

{{ lock }}

create temporary table {{ stage }} as
{{ staged }}
;

{{ guard }}

{{ replace_rows() }}

{{ out_of_window_rows }}

drop table temp.{{ stage }};

{{ ledger }}

commit;
{% endmacro %}

{# Errors can be raised only in triggers. Here the message is an invalid JSON path, evaluated if a row is outside of the window. #}
{% macro guard(stage, outside, message) %}
select json_extract('{}', {{ message }}) as outside_of_window
from {{ stage }}
where {{ outside }};
{% endmacro %}

{% macro audit_list() %}
group_concat(words, '; ')
{% endmacro %}

{% macro audit_stop(about, list, found) %}
select case when count(*) > 0 then json_extract('{}', {{ about }} || {{ list }}) end as audit
from {{ found }}
{% endmacro %}

{% set knows_first_run = true %}

{% macro first_run(marker, schema_text, name_text) %}
drop table if exists temp.{{ marker }};

create temporary table {{ marker }} as
select not exists (select 1 from pragma_table_info({{ name_text }}, nullif({{ schema_text }}, ''))) as is_first;

{{ create_filled() }}
{% endmacro %}

{% macro end_first_run(marker) %}
drop table temp.{{ marker }};
{% endmacro %}

{% set not_staged = {} %}

{# A table that is created from a query has the affinities of the types. #}
{% macro compared_column() %}
column_name
{% endmacro %}

{% macro not_restorable(schema_text, name_text, differs) %}
(
  select {{ differs }} as words
  from pragma_table_xinfo({{ name_text }}, nullif({{ schema_text }}, ''))
  where hidden > 0
) as audit_found
{% endmacro %}

{# The lock keeps batches from committing rows that the audit has not read. #}
{% macro audit_begin() %}
begin immediate;
{% endmacro %}

{% macro audit_end() %}
commit;
{% endmacro %}

{# The file of a model is one transaction. #}
{% set in_transaction = true %}

{% macro build_begin() %}
{% endmacro %}

{% macro build_commit() %}
{% endmacro %}

{% macro create_schema() %}
{% endmacro %}

{% macro create(target, query) %}
create table if not exists {{ target }} as
select * from (
{{ query }}
)
where false;
{% endmacro %}

{% macro view(target, query) %}
drop view if exists {{ target }};

create view {{ target }} as
{{ query }}
;
{% endmacro %}

{# Without it the rename fails if a view reads the table, which is missing at that time. #}
{% macro swap(target, shadow, name, ledger) %}
pragma legacy_alter_table = on;

begin immediate;

drop table if exists {{ target }};

alter table {{ shadow }} rename to {{ name }};

{{ ledger }}

commit;

pragma legacy_alter_table = off;
{% endmacro %}

{% set grants = false %}
{% set docs = [] %}

{% macro outside_transaction() %}
begin; commit;
{% endmacro %}

{% set ledger_types = {"text": "text", "time": "text", "clock": "text", "number": "integer"} %}
{% set ledger_wraps = ["rows", "relations"] %}

{% macro begin() %}
begin immediate;
{% endmacro %}

{% macro ledger_start() %}
drop table if exists temp.batchwright_start;

create temporary table batchwright_start as
select strftime('%Y-%m-%d %H:%M:%f', 'now') as at;
{% endmacro %}

{% macro ledger_clock() %}
(select at from temp.batchwright_start)
{% endmacro %}

{% macro ledger_count() %}
changes()
{% endmacro %}

{% set columns_by = "table" %}

{% macro columns_of(database_text, schema_text, name_text) %}
select {{ database_text }}, {{ schema_text }}, {{ name_text }}, cid + 1, name, type
from pragma_table_info({{ name_text }}, {{ schema_text }})
{% endmacro %}

{# `add column` and `drop column` fail when they are repeated, so the table is copied in one transaction. `copied_if_present`: the value
   of the column; if the table lacks it, the name is that of `altered_missing`, which has nulls. #}
{% set schema_changes = ["append_new_columns", "sync_all_columns"] %}
{% set alters_within_file = false %}
{% set unaltered_hint = "SQLite cannot add a column if it is missing, and only tables of microbatch models are copied: add or drop the column yourself, or rebuild the model with `--full-refresh`" %}

{% macro copied_typed(column, type) %}
cast(null as {{ type }}) as {{ column }}
{% endmacro %}

{% macro copied_untyped(column) %}
null as {{ column }}
{% endmacro %}

{% macro copied_if_present(target, column) %}
(select {{ column }} from {{ target }} as altered_row where altered_row.rowid = altered_rows.rowid)
{% endmacro %}

{% macro copy_with_columns(target, schema, target_text, schema_text, name_text, name, next, columns, shape, values, missing, present_text, final_text) %}
pragma legacy_alter_table = on;

begin immediate;

select json_extract('{}', {{ target_text }} || ' has other columns than the plan knows: compile again with the file of batchwright columns --run')
from (select group_concat(name, ' ') as names from (select lower(name) as name from pragma_table_info({{ name_text }}, {{ schema_text }}) order by 1))
where names not in ({{ present_text }}, {{ final_text }});

select json_extract('{}', {{ target_text }} || ' has indexes, triggers or constraints, which a copy would lose: alter it yourself, then compile with the file of batchwright columns --run')
where exists (
  select 1 from {{ schema }}.sqlite_master
  where lower(tbl_name) = lower({{ name_text }})
    and (type in ('index', 'trigger') or lower(sql) like '%check%(%' or lower(sql) like '%references%' or lower(sql) like '%generated%')
) or exists (
  select 1 from pragma_table_info({{ name_text }}, {{ schema_text }}) where "notnull" or pk or dflt_value is not null
);

create table {{ next }} as
select {{ shape }} from {{ target }} where false;

insert into {{ next }} ({{ columns }})
select {{ values }}
from {{ target }} as altered_rows, (select {{ missing }}) as altered_missing;

drop table {{ target }};

alter table {{ next }} rename to {{ name }};

commit;

pragma legacy_alter_table = off;
{% endmacro %}
