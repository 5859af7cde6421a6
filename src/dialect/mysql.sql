{# MySQL: delete and insert in one transaction. Statements on temporary tables are the only ones of their kind that do not
   commit. A `timestamp` is an instant that is shown in the session's time zone; a `datetime` is what was written. #}

{% set parser = "mysql" %}
{% set like = "ansi" %}
{% set quote = "`" %}
{% set quoted = [false, true, true] %}
{% set included = [false, true, true] %}
{% set case = "ignored" %}
{% set longest_name = 64 %}
{% set backslash_escapes = true %}
{% set default_schema = "default" %}
{% set strategy = "staged delete + insert in one transaction" %}

{# Where to connect is in the client's option file. Without `--unbuffered` it keeps what it prints to itself. #}
{% set client = ["mysql", "--unbuffered", "--batch"] %}
{% set example = "mysql --unbuffered --batch -h HOST" %}
{% set reserved = [
  "accessible", "add", "all", "alter", "analyze", "and", "as", "asc", "before", "between", "bigint", "binary", "both", "by",
  "call", "cascade", "case", "change", "char", "check", "collate", "column", "condition", "constraint", "continue", "convert",
  "create", "cross", "cube", "cume_dist", "current_date", "current_time", "current_timestamp", "current_user", "cursor",
  "database", "databases", "day_hour", "decimal", "declare", "default", "delete", "dense_rank", "desc", "describe", "distinct",
  "div", "double", "drop", "dual", "each", "else", "elseif", "empty", "enclosed", "escaped", "except", "exists", "exit",
  "explain", "false", "fetch", "first_value", "float", "for", "force", "foreign", "from", "fulltext", "function", "generated",
  "get", "grant", "group", "grouping", "groups", "having", "high_priority", "if", "ignore", "in", "index", "infile", "inner",
  "inout", "insert", "int", "integer", "intersect", "interval", "into", "is", "iterate", "join", "json_table", "key", "keys",
  "kill", "lag", "last_value", "lateral", "lead", "leading", "leave", "left", "like", "limit", "linear", "lines", "load",
  "localtime", "localtimestamp", "lock", "long", "loop", "match", "maxvalue", "mod", "natural", "not", "nth_value", "ntile",
  "null", "numeric", "of", "offset", "on", "optimize", "option", "or", "order", "out", "outer", "over", "partition",
  "percent_rank", "precision", "primary", "procedure", "purge", "range", "rank", "read", "real", "recursive", "references",
  "regexp", "release", "rename", "repeat", "replace", "require", "restrict", "return", "returning", "revoke", "right", "rlike", "row",
  "row_number", "rows", "schema", "schemas", "select", "separator", "set", "show", "signal", "smallint", "spatial", "sql",
  "ssl", "starting", "stored", "straight_join", "system", "table", "terminated", "then", "to", "trailing", "trigger", "true",
  "undo", "union", "unique", "unlock", "unsigned", "update", "usage", "use", "using", "values", "varchar", "virtual", "when",
  "where", "while", "window", "with", "write", "xor", "year_month", "zerofill"
] %}

{% set naive_types = ["datetime", "timestamp without time zone"] %}
{% set zoned_types = ["timestamp", "timestamptz", "timestamp with time zone"] %}

{% macro zoned(at) %}
convert_tz('{{ at.time }}', '+00:00', @@session.time_zone)
{% endmacro %}

{% macro undeclared(at) %}
'{{ at.time }}'
{% endmacro %}

{% macro outside(window) %}
({{ window }}) is not true
{% endmacro %}

{# `read committed`: a batch beside this one, for another window, is not kept waiting by locks on the gaps between rows. #}
{% macro overwrite(target, stage, query, into, columns, doomed, kept, guard, strays) %}
drop temporary table if exists {{ stage }};

create temporary table {{ stage }} as
{{ query }}
;

{{ guard }}

set transaction isolation level read committed;
start transaction;

delete from {{ target }}
where {{ doomed }};

insert into {{ target }}{{ into }}
select {{ columns }}
from {{ stage }}{{ kept }};

{{ strays }}

commit;

drop temporary table {{ stage }};
{% endmacro %}

{# Outside of a procedure nothing can be raised. The message is a key that is there already: a row outside of the window
   would be its second, and that is the error. #}
{% macro guard(stage, outside, message, check) %}
drop temporary table if exists {{ check }};

create temporary table {{ check }} (outside_of_window varchar(500) primary key);

insert into {{ check }} values ({{ message }});

insert into {{ check }}
select {{ message }} from {{ stage }} where {{ outside }};

drop temporary table {{ check }};
{% endmacro %}

{# No function fails with words of one's own. To prepare them as a statement does. #}
{% macro audit_stop(allowed) %}
select case when count(*) > 0 then min(concat(batch, ': ', verdict)) else 'do 0' end into @audit
from audit_verdicts
where verdict not in ({{ allowed }});

prepare audit_stop from @audit
{% endmacro %}

{% macro create(target, query) %}
create table if not exists {{ target }} as
select * from (
{{ query }}
) as query
limit 0;
{% endmacro %}

{# A view's query is kept by the server, a table's name is not: rename takes both at once. #}
{% macro table(target, query, shape, old) %}
drop table if exists {{ old }};

create table {{ old }} as
{{ query }}
;

drop table if exists {{ target }};

alter table {{ old }} rename to {{ target }};
{% endmacro %}

{# One rename is one step for both tables. Run again after it, this file stops at its first statement, and nothing is lost. #}
{% macro swap(target, beside, old) %}
create table if not exists {{ target }} like {{ beside }};

rename table {{ target }} to {{ old }}, {{ beside }} to {{ target }};

drop table {{ old }};
{% endmacro %}

{% set fills_at_once = false %}
{% set seed_types = {
  "integer": "bigint", "number": "double", "date": "date", "timestamp": "datetime", "boolean": "boolean", "text": "text"
} %}
{% set docs = [] %}

{% macro cast_value(value) %}
{{ value }}
{% endmacro %}
