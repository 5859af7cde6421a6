{# Entries that dialects share, unless their file overrides them.
   A batch is written by a delete and an insert in one transaction, from a staged temporary table. #}

{% set parser = "generic" %}
{# Whether a subquery may have a `with` clause. If not, a statement gets `ctes` and `body`. #}
{% set nested_with = true %}
{# Whether a subquery may end with `order by`, without a limit. #}
{% set ordered_subqueries = true %}

{# Names. `quoted` and `included`: database, schema, identifier. #}
{% set quote = '"' %}
{% set quoted = [true, true, true] %}
{% set included = [true, true, true] %}
{# The quote character of `adapter.quote`, where it differs from that of relations; whether dbt's adapter quotes columns of seeds
   without `quote_columns`, and whether it leaves a name unchanged that is already quoted. #}
{% set column_quote = none %}
{% set seed_columns_quoted = true %}
{% set columns_quoted_once = false %}
{# The engine's names of types, by other names: `TYPE_LABELS` of dbt's adapter. `lower_types`: names are written in lower case. #}
{% set type_labels = {"STRING": "TEXT"} %}
{% set lower_types = false %}
{% set case = "lower" %}
{# The maximum length of generated names, and of relation names where it is larger. #}
{% set longest_name = 63 %}
{% set longest_relation = none %}
{% set quoted_backslash_escapes = false %}
{% set backslash_escapes = false %}
{% set default_schema = "public" %}
{% set target_keys = ["host", "port", "user", "database", "schema"] %}
{# The values of keys that a profile lacks, as in dbt's adapter; those not listed are `none`. Without this map they are unknown, and
   undefined. `target_aliases`: names of its keys besides `key_aliases`. `default_database`: the database of a profile without one. #}
{% set target_defaults = none %}
{% set target_aliases = [] %}
{% set default_database = none %}
{# Other names of config keys, each with the key that it means. #}
{% set key_aliases = [] %}
{% set files_as_sources = false %}
{# The meaning of `database` of a source: `part` of the name, the default `schema`, or `same_as_schema`. #}
{% set source_database = "part" %}
{# The quote character in statements that create and drop tables, where it differs: `<argument>_ticks`. #}
{% set ticks = none %}
{% set reserved = [
  "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization", "between", "binary",
  "both", "by", "case", "cast", "check", "collate", "collation", "column", "concurrently", "constraint", "create", "cross",
  "current", "current_catalog", "current_date", "current_role", "current_schema", "current_time", "current_timestamp",
  "current_user", "default", "deferrable", "delete", "desc", "distinct", "do", "drop", "else", "end", "except", "exists",
  "false", "fetch", "following", "for", "foreign", "freeze", "from", "full", "grant", "group", "having", "ilike", "in",
  "initially", "inner", "insert", "intersect", "into", "is", "isnull", "join", "lateral", "leading", "left", "like", "limit",
  "localtime", "localtimestamp", "natural", "not", "notnull", "null", "offset", "on", "only", "or", "order", "outer", "over",
  "overlaps", "partition", "placing", "primary", "qualify", "references", "returning", "revoke", "right", "rows", "select",
  "session_user", "set", "similar", "some", "symmetric", "system_user", "table", "tablesample", "then", "to", "trailing",
  "true", "union", "unique", "update", "user", "using", "values", "variadic", "verbose", "when", "where", "window", "with"
] %}

{# Time. The classes of declared types, and the literal for each class. #}
{% set date_types = ["date"] %}
{% set naive_types = ["timestamp", "timestamp without time zone", "datetime"] %}
{% set zoned_types = ["timestamptz", "timestamp with time zone"] %}
{# Whether `at time zone` only changes the displayed zone of an instant (other engines add or remove the zone); whether a
   difference between two times counts elapsed time (others count the boundaries of days and hours between them); whether a cast
   to an integer or to a time of fewer digits truncates (others round); whether a cast cuts a text to the length of its type;
   whether times are texts; whether `/` of two integers is an integer. #}
{% set time_zone_shows = false %}
{% set difference_elapses = false %}
{% set casts_truncate = false %}
{% set casts_cut_text = true %}
{% set times_are_text = false %}
{% set divides_integers = false %}

{% macro date(at) %}
date '{{ at.date }}'
{% endmacro %}

{% macro naive(at) %}
timestamp '{{ at.time }}'
{% endmacro %}

{% macro zoned(at) %}
timestamp with time zone '{{ at.time }}+00:00'
{% endmacro %}

{# The engine converts the string to the type of the column; the offset makes it independent of the session's time zone. #}
{% macro undeclared(at) %}
'{{ at.time }}+00:00'
{% endmacro %}

{# The hint for a model whose event time has no declared type, where this literal does not match all of the engine's types. #}
{% set undeclared_hint = none %}

{# Types that cannot store a time. #}
{% set other_types = [
  "aggregatefunction", "array", "bit", "bit varying", "binary", "binary varying", "blob", "bool", "boolean", "box", "bytea", "bytes", "cidr",
  "circle", "daterange", "dynamic", "geography", "geometry", "hllsketch", "hstore", "image", "inet", "int4range", "int8range", "interval",
  "ipaddress", "ipv4", "ipv6", "json", "jsonb", "line", "list", "longblob", "lseg", "macaddr", "map", "mediumblob", "nested", "numrange",
  "object", "path", "point", "polygon", "raw", "row", "rowversion", "struct", "super", "time", "time with time zone",
  "time without time zone", "timetz", "tinyblob", "tsquery", "tsrange", "tstzrange", "tsvector", "tuple", "union", "uniqueidentifier",
  "uuid", "varbinary", "varbyte", "variant", "vector", "xml"
] %}

{# Types that wrap another type: `Nullable(DateTime)`. #}
{% set type_wrappers = [] %}

{# Whether a part of the type's name decides how values are stored: `integer`, since it contains `int`. #}
{% set type_affinity = false %}

{# Times that are stored as text or as digits, in the declared format. #}
{% macro text_time(at) %}
'{{ at.text }}'
{% endmacro %}

{% macro digits_time(at) %}
{{ at.text }}
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

{# The predicate of a window, and the fragments that contain it. #}
{% macro window(column, start, end) %}
{{ column }} >= {{ start }} and {{ column }} < {{ end }}
{% endmacro %}

{# The predicate for a column without a declared type, where the engine compares text with such a literal without an error. The
   dialect's `is_time` is true for every time, and the engine rejects it for text. In read filters it is between `check` and
   `check_end`, and written only to `01_create.sql`. #}
{% macro window_of_times(window, is_time, check, check_end) %}
{{ window }}{{ check }} and {{ is_time }}{{ check_end }}
{% endmacro %}

{# Columns that `*` does not include, in lower case; `x*`: all that begin with `x`. `within_hidden` selects those that a query reads. #}
{% set hidden_columns = [] %}
{# Whether user columns cannot have these names. #}
{% set hidden_reserved = false %}

{% macro hidden_column(column) %}
{{ column }}
{% endmacro %}

{% macro within_hidden(relation, columns, window) %}
(select *, {{ columns }} from {{ relation }} where {{ window }})
{% endmacro %}

{% macro within(relation, window) %}
(select * from {{ relation }} where {{ window }})
{% endmacro %}

{% macro outside(window) %}
not coalesce({{ window }}, false)
{% endmacro %}

{# A batch. `modes`: the supported values of `outside_window`. #}
{% set strategy = "delete + insert in one transaction" %}
{% set atomic = true %}
{% set modes = ["error", "drop", "keep"] %}
{# Variants of the statement. The variant depends on the table's format (`formats`: variants by value of the key `format_key`) or on
   its partitions (`aligned`: the variant for windows that are provably whole partitions of `partition_key`). A variant has the
   macro `overwrite_<variant>`. `variants`: by name, its values of the properties from `strategy` to `modes`, `by_partitions`,
   `needs_partitions` and `not_atomic` that differ from those of the dialect. #}
{% set variants = {} %}
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
{# Keys that set the location of the table's files. #}
{% set location_keys = [] %}
{% set by_name = false %}

{# The staged query where no input is filtered and `outside_window` is `drop`: only the rows of the window. #}
{% macro staged_window(query, window) %}
select * from (
{{ query }}
) as batch_query
where {{ window }}
{% endmacro %}

{# A transaction. #}
{% macro begin() %}
begin;
{% endmacro %}

{% macro commit() %}
commit;
{% endmacro %}

{# The transaction of the statements that build a model: empty where the file's transaction includes them. #}
{% macro build_begin() %}
{{ begin() }}
{% endmacro %}

{% macro build_commit() %}
{{ commit() }}
{% endmacro %}

{% macro replace_rows(target, stage, into, columns, delete_predicate, insert_filter) %}
delete from {{ target }}
where {{ delete_predicate }};

insert into {{ target }}{{ into }}
select {{ columns }}
from {{ stage }}{{ insert_filter }};
{% endmacro %}

{# The locks of a batch's periods, and their release if the commit does not release them. `exclusive_lock` and `shared_lock`, and the
   same with `unlock`, lock one period; a dialect without them has no locks. #}
{% macro window_lock(locks) %}
{{ locks }}
{% endmacro %}

{% macro window_unlock(locks) %}
{{ locks }}
{% endmacro %}

{% macro overwrite(target, stage, staged, into, columns, delete_predicate, insert_filter, guard, lock, out_of_window_rows, withdrawal, ledger) %}
{{ begin() }}

{{ lock }}

create temporary table {{ stage }} as
{{ staged }}
;

{{ guard }}

{{ replace_rows() }}

{{ out_of_window_rows }}

drop table {{ stage }};

{{ withdrawal }}

{{ ledger }}

{{ commit() }}
{% endmacro %}

{# The columns after the insert's target: by name, or the engine's syntax for unknown columns. #}
{% macro into_named(columns) %}
 ({{ columns }})
{% endmacro %}

{% macro into_unnamed() %}
{% endmacro %}

{# The insert of rows outside of the window. It excludes rows that the target already has, so that it is idempotent. #}
{% macro out_of_window_rows(target, stage, into, columns, outside) %}
insert into {{ target }}{{ into }}
select {{ columns }} from {{ stage }} where {{ outside }}
except
select {{ columns }} from {{ target }};
{% endmacro %}

{# Tables and views. `clauses`: the configuration keys of the create statement, each with a macro `clause_<key>`. #}
{% set clauses = [] %}
{% set options = [] %}
{# Default values of keys, and macros for single values of a key. #}
{% set defaults = {} %}
{% set clause_words = {} %}
{# Keys whose macro is chosen by another key. #}
{% set clause_kinds = {} %}
{# Keys of statements that replace a table; keys that become statements after the create statement; settings of a session, which
   `header_<key>` sets and `footer_<key>` resets; keys whose value chooses the view macro: `view_<key>_<value>`. #}
{% set replace_clauses = [] %}
{% set index_keys = [] %}

{# Whether the names of indexes are unique in a schema or by table, and not part of a table: the table of a full refresh gets its
   indexes in `swap`. #}
{% set indexes_after_swap = false %}
{# The keys of an entry of `indexes`, where the adapter rejects others. #}
{% set index_entry_keys = [] %}
{# Whether a materialized view has the indexes of the key `indexes`. `drop_other_indexes` drops those that were configured before. #}
{% set indexes_views = false %}
{# The reason why one transaction cannot delete and insert the same key of a unique index. #}
{% set unique_index_hint = none %}
{% set header_keys = [] %}
{% set view_keys = [] %}
{# Keys that configure dbt and not the table; keys that dbt supports and a plan does not, with the reason; and, by key, values of
   tables whose windows cannot be overwritten, with the reason and the hint. #}
{% set idle_keys = [] %}
{% set undone_keys = {} %}
{# Keys that the engine needs to create the table and that have no default, with the reason. #}
{% set wanted_keys = {} %}
{% set refused = {} %}
{% set kind_key = none %}

{% macro kind() %}
table
{% endmacro %}

{# The syntax of settings that are written into statements unchanged: see `inject/fragment.rs` and `codegen/raw_settings.rs`.
   `text`: written as a string, or chooses a macro. `pairs`: a dict of names and expressions. A grantee is a `clause` or a `text`. #}
{% set fragments = {
  "as_columnstore": "text", "auto_liquid_cluster": "text", "automatic_clustering": "text", "backup": "text", "bind": "text",
  "buckets": "expression", "cluster_by": "expressions", "clustered_by": "expressions", "column_types": "types", "copy_grants": "text",
  "copy_tags": "text", "databricks_tags": "text", "dist": "name", "enable_change_history": "expression", "engine": "clause",
  "external_location": "text", "file_format": "name", "format": "text", "grants": "grants", "hours_to_expiration": "expression",
  "incremental_predicates": "expression", "indexes": "index", "is_external": "expression", "kms_key_name": "text", "labels": "text",
  "liquid_clustered_by": "expressions", "location": "text", "location_root": "text", "merge_insert_condition": "expression",
  "merge_update_condition": "expression", "merge_update_set_expressions": "pairs", "options": "text", "order_by": "expressions",
  "partition_by": "partition", "partition_expiration_days": "expression", "partitioned_by": "text", "partitions": "expressions",
  "predicates": "expression", "primary_key": "expressions", "projections": "index", "properties": "pairs", "query_group": "text",
  "query_settings": "pairs", "query_tag": "text", "require_partition_filter": "expression", "resource_tags": "text",
  "row_access_policy": "clause", "secure": "text", "settings": "pairs", "snowflake_warehouse": "name", "sort": "expressions",
  "sql_security": "text", "table_properties": "pairs", "table_tag": "clause", "table_type": "text", "tblproperties": "text",
  "ttl": "clause", "unique_key": "expressions", "view_security": "text", "write_compression": "text"
} %}
{% set grantees = "clause" %}

{# Configuration keys of every dbt adapter that do not affect the create statement or that other steps use. #}
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

{% macro create(target, kind, clauses, query, make_way) %}
{{ make_way }}

create {{ kind }} if not exists {{ target }}{{ clauses }}as
{{ query }}
with no data;
{% endmacro %}

{% macro view(target, query) %}
create or replace view {{ target }} as
{{ query }}
;
{% endmacro %}

{% macro drop_table(target) %}
drop table if exists {{ target }};
{% endmacro %}

{% macro table(target, kind, clauses, query, ledger) %}
{{ build_begin() }}

{{ drop_table() }}

create {{ kind }} {{ target }}{{ clauses }}as
{{ query }}
;

{{ ledger }}

{{ build_commit() }}
{% endmacro %}

{# What happens to dependent views when their relation is replaced; and whether they are always lost. #}
{% set readers = none %}
{% set drops_readers = false %}
{# Whether `make_way` drops a view that has the table's name before the table is created: otherwise the engine would write through
   the view to the tables that it reads. Other engines reject the write, or the table of the same name. #}
{% set makes_way = false %}

{# Whether a relation is built under another name and then replaces the old one by `replacement`. #}
{% set replaces = false %}

{# The last step of a full refresh: the rebuilt table replaces the old one. #}
{% macro swap(target, shadow, name, clauses, indexes, ledger) %}
{{ begin() }}

{{ drop_table() }}

alter table {{ shadow }} rename to {{ name }};{{ indexes }}

{{ ledger }}

{{ commit() }}
{% endmacro %}

{# Types whose values cannot be compared, so that rows are compared as one value. #}
{% set ungrouped_types = [] %}

{# The audit of a model: a read-only statement with one row per batch. It counts equal rows of three multisets: the target, the
   query's result per batch, and the query's result over the range of all batches. The last two differ if the result depends on
   the boundaries of batches. #}
{% set numeric_types = [
  "smallint", "integer", "int", "bigint", "int2", "int4", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
  "number", "numeric", "bignumeric", "decimal", "real", "float", "float4", "float8", "float32", "float64", "double", "double precision",
  "money", "hugeint", "uhugeint", "utinyint", "usmallint", "uinteger", "ubigint", "tinyint", "byteint", "mediumint", "int128", "int256",
  "serial", "serial2", "serial4", "serial8", "smallserial", "bigserial", "long", "short", "dec", "fixed", "year", "int1", "int3", "middleint",
  "smallmoney", "decfloat", "decimal32", "decimal64", "decimal128", "decimal256", "uint128", "uint256", "bfloat16", "varint", "oid"
] %}

{% macro before(column, start) %}
{{ column }} < {{ start }}
{% endmacro %}

{% macro audit_no_time(column) %}
{{ column }} is null
{% endmacro %}

{% macro audit_label(branches) %}
case{{ branches }} end
{% endmacro %}

{% macro audit_branch(condition, batch) %}
when {{ condition }} then {{ batch }}
{% endmacro %}

{% macro audit_either(conditions, condition) %}
{{ conditions }} or {{ condition }}
{% endmacro %}

{% macro audit_also(conditions, condition) %}
({{ conditions }}) and {{ condition }}
{% endmacro %}

{% macro audit_where(conditions) %}
where {{ conditions }}
{% endmacro %}

{% macro audit_batch(batch) %}
select {{ batch }} as audit_batch
{% endmacro %}

{% macro audit_and_batch() %}
union all
{% endmacro %}

{% macro audit_key(key, name) %}
, {{ key }} as {{ name }}
{% endmacro %}

{% macro audit_inside(window) %}
case when {{ window }} then 1 else 0 end
{% endmacro %}

{# The query's rows for one batch, and for the range; `alone` and `in_whole` are the counts for the other where it is not compared. #}
{% macro audit_batch_rows(batch, inside, in_whole, columns, query, where) %}
  union all
  select {{ batch }}, 0, {{ inside }}, {{ in_whole }}, 1 - {{ inside }}{{ columns }}
  from (
{{ query }}
  ) as audit_query
  {{ where }}
{% endmacro %}

{% macro audit_range_rows(label, alone, columns, query, where) %}
  union all
  select {{ label }}, 0, {{ alone }}, 1, 0{{ columns }}
  from (
{{ query }}
  ) as audit_query
  {{ where }}
{% endmacro %}

{% macro audit_input(label, relation, where) %}
  select {{ label }} as audit_batch
  from {{ relation }}
  {{ where }}
{% endmacro %}

{% macro audit_and_input(inputs, input) %}
{{ inputs }}
  union all
{{ input }}
{% endmacro %}

{% macro audit_inputs(inputs) %}
  select audit_batch, count(*) as input_rows
  from (
{{ inputs }}
  ) as audit_input
  group by audit_batch
{% endmacro %}

{% macro audit_no_inputs() %}
  select audit_batch, 0 as input_rows from audit_batches where 1 = 0
{% endmacro %}

{% macro audit_keys(names, is_null) %}
  select
    audit_batch,
    sum(case when copies > 1 and key_is_null = 0 then 1 else 0 end) as duplicate_keys,
    sum(key_is_null) as null_keys
  from (
    select audit_batch, count(*) over (partition by {{ names }}) as copies, case when {{ is_null }} then 1 else 0 end as key_is_null
    from audit_target
  ) as audit_key
  group by audit_batch
{% endmacro %}

{% macro audit_no_keys() %}
  select audit_batch, 0 as duplicate_keys, 0 as null_keys from audit_batches where 1 = 0
{% endmacro %}

{% macro audit_sum(column, in_target, in_query) %}
,
    sum(case when in_target = 1 then {{ column }} end) as {{ in_target }},
    sum(case when in_query = 1 then {{ column }} end) as {{ in_query }}
{% endmacro %}

{% macro audit_sums(sums) %}
,
audit_sums as (
  select
    audit_batch{{ sums }}
  from audit_rows
  group by audit_batch
)
{% endmacro %}

{% macro audit_and_sums() %}
  left join audit_sums as s on s.audit_batch = b.audit_batch
{% endmacro %}

{# An extra row is a duplicate if the query also returns it, but less often. #}
{% macro audit_doubled() %}
sum(case when query_copies > 0 and target_copies > query_copies then target_copies - query_copies else 0 end)
{% endmacro %}

{% macro audit_query_rows() %}
coalesce(c.query_rows, 0)
{% endmacro %}

{% macro audit(ctes, batches, label, target, keys, target_columns, columns, model, ok, compared, unasked, where, own, whole, groups, doubled, key_counts, inputs, query_rows, sums, and_sums, sum_names, last) %}
with {{ ctes }}audit_batches as (
  {{ batches }}
),
audit_target as (
  select {{ label }} as audit_batch{{ keys }}{{ target_columns }}
  from {{ target }}
  {{ where }}
),
audit_rows as (
  select audit_batch, 1 as in_target, {{ unasked }} as in_query, {{ unasked }} as in_whole, 0 as outside{{ columns }}
  from audit_target
{{ own }}
{{ whole }}
),
audit_groups as (
  select audit_batch, sum(in_target) as target_copies, sum(in_query) as query_copies, sum(in_whole) as whole_copies, sum(outside) as outside_copies
  from audit_rows
  where audit_batch is not null
  group by audit_batch{{ groups }}
),
audit_compared as (
  select
    audit_batch,
    sum(target_copies) as target_rows,
    sum(query_copies) as query_rows,
    sum(whole_copies) as whole_rows,
    sum(case when query_copies > target_copies then query_copies - target_copies else 0 end) as missing_rows,
    sum(case when target_copies > query_copies then target_copies - query_copies else 0 end) as extra_rows,
    {{ doubled }} as doubled_rows,
    sum(case when whole_copies > query_copies then whole_copies - query_copies else query_copies - whole_copies end) as edge_rows,
    sum(outside_copies) as outside_rows
  from audit_groups
  group by audit_batch
),
audit_keys as (
{{ key_counts }}
),
audit_inputs as (
{{ inputs }}
){{ sums }},
audit_counts as (
  select
    b.audit_batch as batch,
    coalesce(c.target_rows, 0) as target_rows,
    {{ query_rows }} as query_rows,
    coalesce(i.input_rows, 0) as input_rows,
    coalesce(c.missing_rows, 0) as missing_rows,
    coalesce(c.extra_rows, 0) as extra_rows,
    coalesce(c.doubled_rows, 0) as doubled_rows,
    coalesce(k.duplicate_keys, 0) as duplicate_keys,
    coalesce(k.null_keys, 0) as null_keys,
    coalesce(c.outside_rows, 0) as outside_rows,
    coalesce(c.edge_rows, 0) as edge_rows{{ sum_names }}
  from audit_batches as b
  left join audit_compared as c on c.audit_batch = b.audit_batch
  left join audit_keys as k on k.audit_batch = b.audit_batch
  left join audit_inputs as i on i.audit_batch = b.audit_batch
{{ and_sums }}
),
audit_verdicts as (
  select
    {{ model }} as model,
    batch,
    case
      when batch = 'before begin' and target_rows > 0 then 'outside'
      when batch = 'before begin' then 'ok'
      when batch = 'no event time' and target_rows + edge_rows + missing_rows + input_rows > 0 then 'no event time'
      when batch = 'no event time' then 'ok'
      when target_rows = 0 and missing_rows > 0 then 'empty'
      when missing_rows > 0 and extra_rows > 0 then 'differs'
      when missing_rows > 0 then 'missing rows'
      when extra_rows > 0 and extra_rows = doubled_rows then 'doubled rows'
      when extra_rows > 0 then 'extra rows'
      when duplicate_keys > 0 then 'duplicate keys'
      when outside_rows > 0 then 'outside'
      when edge_rows > 0 then 'edge'
      else {{ ok }}
    end as verdict,
    target_rows, query_rows, input_rows, missing_rows, extra_rows, doubled_rows, duplicate_keys, null_keys, outside_rows, edge_rows{{ sum_names }},
    {{ compared }} as compared
  from audit_counts
)
{{ last }};
{% endmacro %}

{# Engines that support a row as one value have a macro `audit_row(alias)`, for queries whose columns are unknown. Those with types that
   cannot be compared have a macro `audit_value(column)`, for columns whose type is unknown. #}
{% set row_as_value = false %}

{% macro audit_named(relation) %}
{{ relation }} as audit_table
{% endmacro %}

{# The end of the statement: the table of verdicts, or, for a run, an error at a verdict that is not allowed. `audit_found` has a row
   per such verdict, `audit_words` is its text, and `audit_list` joins the texts. #}
{% macro audit_table() %}
select * from audit_verdicts order by batch
{% endmacro %}

{% macro audit_words() %}
verdict || ': ' || case when count(*) = 1 then min(batch) else cast(count(*) as varchar(20)) || ' batches from ' || min(batch) || ' to ' || max(batch) end
{% endmacro %}

{% macro audit_found(words, allowed) %}
(
  select {{ words }} as words
  from audit_verdicts
  where verdict not in ({{ allowed }})
  group by verdict
) as audit_found
{% endmacro %}

{% macro audit_list() %}
min(words) || case when count(*) > 1 then '; ' || max(words) else '' end || case when count(*) > 2 then '; and more' else '' end
{% endmacro %}

{% macro audit_stop(about, list, found) %}
select case when count(*) > 0 then cast({{ about }} || {{ list }} as integer) end as audit
from {{ found }}
{% endmacro %}

{# Staged backfills. `not_staged`: why a table cannot be staged, by the variant of its format; empty: all tables. `publish_atomic`:
   whether readers see all old or all new rows while one is published. `withdraws_in_transaction`: whether a batch withdraws the
   approval in its own transaction, too, and not only before and after it. `undo_by_name`: whether `undo_rows` ignores the order of columns. `format_clause`: the clause with the format of the model's table. #}
{% set not_staged = {"": "batchwright has no statements for it"} %}
{% set publish_atomic = true %}
{% set withdraws_in_transaction = false %}
{% set undo_by_name = false %}
{% set staged_differences_macro = "staged_differences" %}
{% set publish_not_atomic = "readers see some batches replaced and others not, until the file ends; running it again completes it" %}

{# Around the statements of a staged audit. #}
{% macro audit_begin() %}
{% endmacro %}

{% macro audit_end() %}
{% endmacro %}

{# A row if the two tables of `parts` have other columns, or other positions of them. #}
{% macro changed_columns(parts, differs) %}
(
  select {{ differs }} as words
  from (
    select column_name, nth
    from (
      select column_name, row_number() over (partition by table_name order by column_position) as nth
      from (
{{ parts }}
      ) as all_columns
      where column_position > 0
    ) as numbered
    group by column_name, nth
    having count(*) <> 2
  ) as changed
) as audit_found
{% endmacro %}

{# What two tables must have in common in a column. #}
{% macro compared_column() %}
column_name, data_type
{% endmacro %}

{# A row if one of the columns of the query is missing in one of the two tables of `parts`, or has another type there. #}
{% macro other_staged_columns(parts, names, words) %}
(
  select {{ words }} as words
  from (
    select {{ compared_column() }}
    from (
{{ parts }}
    ) as all_columns
    where column_position > 0 and lower(column_name) in ({{ names }})
    group by {{ compared_column() }}
    having count(*) <> 2
  ) as changed
) as audit_found
{% endmacro %}

{% macro staged_shape(columns, target) %}
select {{ columns }} from {{ target }}
{% endmacro %}

{% macro staged_sum(column, before, after) %}
,
    sum(case when in_target = 1 then {{ column }} end) as {{ before }},
    sum(case when in_staged = 1 then {{ column }} end) as {{ after }}
{% endmacro %}

{% macro staged_keys(label, staged, target, where, keys) %}
  select
    audit_batch,
    sum(case when target_keys > 0 then 1 else 0 end) as keys_before,
    sum(case when target_keys > 0 and staged_keys = 0 then 1 else 0 end) as vanished_keys
  from (
    select audit_batch, sum(in_target) as target_keys, sum(in_staged) as staged_keys
    from (
      select {{ label }} as audit_batch, 1 as in_target, 0 as in_staged{{ keys }} from {{ target }} {{ where }}
      union all
      select {{ label }}, 0, 1{{ keys }} from {{ staged }} {{ where }}
    ) as key_rows
    group by audit_batch{{ keys }}
  ) as key_groups
  group by audit_batch
{% endmacro %}

{% macro staged_no_keys() %}
  select audit_batch, 0 as keys_before, 0 as vanished_keys from staged_rows where 1 = 0
{% endmacro %}

{# The staged rows of each batch and those that they replace. #}
{% macro staged_changes(model, label, staged, target, where, columns, key_counts, sums, sum_names, new, ok, most, least, share, last) %}
with staged_rows as (
  select {{ label }} as audit_batch, 1 as in_target, 0 as in_staged{{ columns }} from {{ target }} {{ where }}
  union all
  select {{ label }}, 0, 1{{ columns }} from {{ staged }} {{ where }}
),
staged_groups as (
  select audit_batch, sum(in_target) as target_copies, sum(in_staged) as staged_copies
  from staged_rows
  group by audit_batch{{ columns }}
),
staged_copies as (
  select
    audit_batch,
    sum(case when target_copies > staged_copies then target_copies - staged_copies else 0 end) as rows_removed,
    sum(case when staged_copies > target_copies then staged_copies - target_copies else 0 end) as rows_added
  from staged_groups
  group by audit_batch
),
staged_sums as (
  select
    audit_batch,
    sum(in_target) as rows_before,
    sum(in_staged) as rows_after{{ sums }}
  from staged_rows
  group by audit_batch
),
staged_keys as (
{{ key_counts }}
),
audit_verdicts as (
  select
    {{ model }} as model,
    s.audit_batch as batch,
    case
      when rows_before = 0 then {{ new }}
      when rows_after < rows_before * {{ least }} then 'fewer rows'
      when rows_after > rows_before * {{ most }} then 'more rows'
      when coalesce(vanished_keys, 0) > keys_before * {{ share }} then 'vanished keys'
      else {{ ok }}
    end as verdict,
    rows_before, rows_after, rows_removed, rows_added, coalesce(vanished_keys, 0) as vanished_keys{{ sum_names }}
  from staged_sums as s
  join staged_copies as c on c.audit_batch = s.audit_batch
  left join staged_keys as k on k.audit_batch = s.audit_batch
)
{{ last }};
{% endmacro %}

{% macro staged_changes_table() %}
select * from audit_verdicts order by rows_removed + rows_added desc, batch
{% endmacro %}

{# The rows of the three tables in the windows, and how they are grouped. #}
{% macro rows_of_three(columns, target, staged, before, rows) %}
        select {{ columns }}, 1 as in_target, 0 as in_before, 0 as in_staged from {{ target }} where {{ rows }}
        union all
        select {{ columns }}, 0, 1, 0 from {{ before }} where {{ rows }}
        union all
        select {{ columns }}, 0, 0, 1 from {{ staged }} where {{ rows }}
{% endmacro %}

{% macro group_of_three(columns) %}
      group by {{ columns }}
{% endmacro %}

{# A row if the target's rows of the windows are neither the old nor the staged ones. #}
{% macro staged_differences(columns, target, staged, before, rows, differs) %}
(
  select {{ differs }} as words
  from (
    select
      sum(case when target_copies <> before_copies then 1 else 0 end) as not_before,
      sum(case when target_copies <> staged_copies then 1 else 0 end) as not_staged
    from (
      select sum(in_target) as target_copies, sum(in_before) as before_copies, sum(in_staged) as staged_copies
      from (
{{ rows_of_three() }}
      ) as all_rows
{{ group_of_three() }}
    ) as copies
  ) as counted
  where not_before > 0 and not_staged > 0
) as audit_found
{% endmacro %}

{# The same where a file that was cut short leaves old and staged rows, some of them missing: a row if the target has others. #}
{% macro staged_foreign_rows(columns, target, staged, before, rows, differs) %}
(
  select {{ differs }} as words
  from (
    select sum(case when target_copies > before_copies + staged_copies then 1 else 0 end) as foreign_rows
    from (
      select sum(in_target) as target_copies, sum(in_before) as before_copies, sum(in_staged) as staged_copies
      from (
{{ rows_of_three() }}
      ) as all_rows
{{ group_of_three() }}
    ) as copies
  ) as counted
  where foreign_rows > 0
) as audit_found
{% endmacro %}

{% macro keep_before(before, target, rows) %}
create table if not exists {{ before }} as
select * from {{ target }}
where {{ rows }};
{% endmacro %}

{% macro publish_rows(target, staged, columns, rows) %}
delete from {{ target }}
where {{ rows }};

insert into {{ target }} ({{ columns }})
select {{ columns }} from {{ staged }}
where {{ rows }};
{% endmacro %}

{% macro undo_rows(target, before, rows) %}
delete from {{ target }}
where {{ rows }};

insert into {{ target }}
select * from {{ before }}
where {{ rows }};
{% endmacro %}

{# The insert of `undo_rows` without rows. It fails if undo could not insert the old rows: those of generated columns, for example.
   `not_restorable` is a row if the table has such a column, for engines whose error does not say so. #}
{% macro try_undo(target, before) %}
insert into {{ target }}
select * from {{ before }}
where 1 = 0;
{% endmacro %}

{% macro publish(target, staged, before, columns, rows, claim, guard, ledger) %}
{{ begin() }}

{{ claim }}

{{ keep_before() }}

{{ try_undo() }}

{{ guard }}

{{ publish_rows() }}

{{ ledger }}

{{ commit() }}
{% endmacro %}

{% macro undo(target, before, rows, guard, ledger) %}
{{ begin() }}

{{ guard }}

{{ undo_rows() }}

{{ ledger }}

{{ commit() }}
{% endmacro %}

{% macro cleanup(staged, before) %}
drop table if exists {{ staged }};

drop table if exists {{ before }};
{% endmacro %}

{# Running a plan. `command`: the default one. `{file}` is replaced by the file of a step (one process per step), `{path}` by the
   profile's database file. Empty: no known client runs a file without further arguments. The marker prints its token with a dash
   in the middle, which is not in the text of the statement. #}
{% set command = [] %}
{% set example = "my-client {file}" %}

{# The lexical rules of the dialect's clients, and the commands that they execute on the user's machine: see `client_commands.rs`.
   Text with such a command is rejected. #}
{% set client_syntax = {} %}

{# The check that a client stops at an error and commits each statement. The marker prints `token`, or `open` within a transaction
   where the engine can detect it. `failing` always fails. `autocommit` resets the session to its default; `outside_transaction`
   fails within a transaction. #}
{% macro marker(token, open) %}
select replace({{ token }}, 'x', '-') as batchwright_marker;
{% endmacro %}

{% macro failing() %}
select batchwright_probe from batchwright_missing_table;
{% endmacro %}

{% macro autocommit() %}
{% endmacro %}

{% macro outside_transaction() %}
{% endmacro %}

{% macro probe_relation(relation) %}
select 1 from {{ relation }} where 1 = 0;
{% endmacro %}

{# Incremental models without batches. `strategies`: dbt's names of the supported strategies; then the default strategy without and
   with a unique key. #}
{% set strategies = ["append", "delete+insert"] %}
{% set strategy_unkeyed = "append" %}
{% set strategy_keyed = "delete+insert" %}
{% set merge_formats = [] %}
{% set merge_alias = true %}
{# Keys with the conditions of a merge's update and of its insert, and with expressions for updated columns. #}
{% set merge_condition_keys = none %}
{# Keys that would change the result and are not supported, with their effect. #}
{% set refused_keys = {} %}

{% macro and_condition(condition) %}
 and ({{ condition }})
{% endmacro %}
{% set materialized_views = false %}
{# What a plan does with the changed settings of a materialized view or a dynamic table that exists: `compared` (the macro
   `materialized_view_compared`, with `unequal_view_continue` or `unequal_view_fail`), `applied` (each run creates it again), `kept` (until a full refresh). #}
{% set view_changes = "kept" %}
{% set build_keys = [
  "constraints", "delimiter", "incremental_type", "merge_exclude_columns", "merge_update_columns", "partitions", "quote_columns"
] %}

{# Changed columns of a query. `schema_changes`: the values of `on_schema_change` that the engine supports with idempotent statements.
   `change_<value>` compares the table with the query; without it each column has a statement, and `check_<value>` compares the
   two afterwards; `copy_with_columns` copies the table. `unaltered_hint`: what to do where the plan alters no table. `alters_within_file`: whether a statement may use a column that an earlier statement of the file adds.
   `wider_types`: for each type, in lower case, the types that can store all of its values. #}
{% set schema_changes = [] %}
{% set unaltered_hint = "plans for this engine do not alter tables: add or drop the column yourself, or rebuild the model with `--full-refresh`" %}
{% set unaltered_formats = {} %}
{% set alters_within_file = true %}
{# Whether the macro `widen_texts` widens columns of limited length, as dbt's adapter does for any `on_schema_change`. #}
{% set widens_texts = false %}
{% set wider_types = {} %}

{# The statements of a strategy macro of the project, with the temporary table that they read. `runs_strategy_macros`: whether the
   dialect supports them. #}
{% set runs_strategy_macros = false %}

{% macro by_macro(begin, stage, query, lock, statements, withdrawal, ledger, commit) %}
{{ begin }}

{{ lock }}

create temporary table {{ stage }} as
{{ query }}
;

{{ statements }}

drop table {{ stage }};

{{ withdrawal }}

{{ ledger }}

{{ commit }}
{% endmacro %}

{# A query restricted to some of its columns. #}
{% macro narrowed(columns, query) %}
select {{ columns }} from (
{{ query }}
) as narrowed_rows
{% endmacro %}

{% macro add_column(target, column, type) %}
alter table {{ target }} add column if not exists {{ column }} {{ type }};
{% endmacro %}

{% macro drop_column(target, column) %}
alter table {{ target }} drop column if exists {{ column }};
{% endmacro %}

{% macro widen_column(target, column, type) %}
alter table {{ target }} alter column {{ column }} set data type {{ type }};
{% endmacro %}

{% macro listed(columns) %}
 ({{ columns }})
{% endmacro %}

{% macro unlisted() %}
{% endmacro %}

{% macro create_filled(target, kind, clauses, query, make_way) %}
{{ make_way }}

create {{ kind }} if not exists {{ target }}{{ clauses }}as
{{ query }}
;
{% endmacro %}

{# `knows_first_run`: whether the engine can say in a file that a table is missing. `first_run` then makes the table `marker` with the
   column `is_first`, and creates and fills the target; the statement that follows has the rows of `later_rows`, none in a first run, or
   of `later_rows_of_<statement>`, if it overwrites more. #}
{% set knows_first_run = false %}

{% macro later_rows(marker, columns, query) %}
select {{ columns }} from (
{{ query }}
) as next_rows
where not (select is_first from {{ marker }})
{% endmacro %}

{% macro end_first_run(marker) %}
drop table {{ marker }};
{% endmacro %}

{# The rows for an empty table, and those for a table with rows. #}
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

{% macro incremental_delete_insert(target, stage, query, into, columns, delete_predicate, insert_filter, ledger) %}
{{ build_begin() }}

create temporary table {{ stage }} as
{{ query }}
;

{{ replace_rows() }}

drop table {{ stage }};

{{ ledger }}

{{ build_commit() }}
{% endmacro %}

{# The aliases are those of dbt, since `incremental_predicates` may use them. #}
{% macro incremental_merge(target, query, on, matched, columns, values, insert_condition) %}
merge into {{ target }} as DBT_INTERNAL_DEST
using (
{{ query }}
) as DBT_INTERNAL_SOURCE
on {{ on }}
{{ matched }}
when not matched{{ insert_condition }} then
  insert ({{ columns }})
  values ({{ values }});
{% endmacro %}

{% macro merge_matched(updates, update_condition) %}
when matched{{ update_condition }} then
  update set
    {{ updates }}
{% endmacro %}

{# Hooks. `in_transaction`: whether the adapter runs a model's statements and its hooks in one transaction, but for hooks with
   `transaction: false`. `outside_hooks_ignored`: the materializations that never run these. `hooks_before_grants`: the
   materializations whose post-hooks run before grants and comments. #}
{% set in_transaction = false %}
{% set outside_hooks_ignored = [] %}
{% set hooks_before_grants = ["table"] %}

{# Seeds. `seeds`: whether the dialect supports them. `fills_at_once`: whether one transaction creates a table by its columns and
   fills it. `seed_types`: the column type for each inferred type of values. `longest_statement`: the maximum length of a statement in
   bytes, if the engine has one that a seed may reach; `longest_script`: the same for a file that the client sends as a whole. #}
{% set seeds = true %}

{# What dbt's reader of seeds does: whether `null` in a column of texts is a null, and whether a blank line is a row of nulls. dbt-duckdb
   and dbt-bigquery use the engine's reader. #}
{% set seed_null_word = true %}
{% set seed_blank_lines = true %}
{% set longest_statement = none %}
{% set longest_script = none %}
{% set fills_at_once = true %}
{% set seed_types = {
  "integer": "integer", "bigint": "bigint", "number": "double precision", "date": "date", "timestamp": "timestamp", "boolean": "boolean", "text": "text"
} %}
{% set text_types = [
  "bpchar", "char", "char varying", "character", "character varying", "citext", "clob", "enum", "enum8", "enum16", "fixedstring", "longtext",
  "mediumtext", "name", "national char", "national char varying", "national character", "national character varying", "national text",
  "national varchar", "nchar", "nchar varying", "ntext", "nvarchar", "nvarchar2", "set", "string", "sysname", "text", "tinytext", "varchar",
  "varchar2", "varying character"
] %}
{% set truths = ["true", "false"] %}

{% macro cast_value(value, type) %}
cast({{ value }} as {{ type }})
{% endmacro %}

{% macro null_value() %}
null
{% endmacro %}

{# Before hooks that `is_incremental()` changes: fails if the table is missing, since its first run has other hooks. #}
{% macro existing_table(target) %}
-- The hooks of this file are those of an existing table. If the table is missing, compile its first run with --full-refresh.
select 1 from {{ target }} where 1 = 0;
{% endmacro %}

{% macro seed_rows(target, columns, rows) %}
insert into {{ target }} ({{ columns }}) values
  {{ rows }};
{% endmacro %}

{# Before all rows of a table are replaced: makes another client that replaces them wait, where the engine would let it delete only
   the rows that it sees, and insert its rows beside the new ones. #}
{% macro replacing_lock(target) %}
{% endmacro %}

{% macro seed(target, spec, rows, make_way, ledger) %}
{{ build_begin() }}

{{ make_way }}

create table if not exists {{ target }} (
  {{ spec }}
);

{{ replacing_lock() }}

delete from {{ target }};

{{ rows }}

{{ ledger }}

{{ build_commit() }}
{% endmacro %}

{% macro seed_rebuild(target, spec, rows, ledger) %}
{{ build_begin() }}

{{ drop_table() }}

create table {{ target }} (
  {{ spec }}
);

{{ rows }}

{{ ledger }}

{{ build_commit() }}
{% endmacro %}

{# Tables with a contract: the declared columns, then the rows by name. `constraint_kinds`: those that a create statement may contain. #}
{% set constraint_kinds = ["not_null", "unique", "primary_key", "foreign_key", "check"] %}

{# The cure for a foreign key to a table whose batches delete and insert rows, if the engine enforces foreign keys. #}
{% set foreign_key_hint = none %}

{# The parts of the name of the table that a foreign key references: 3 with the database, 2 with the schema, 1 for the table alone. #}
{% set key_table_parts = 3 %}

{# Whether `contract_check` compares the query's columns with the declared ones before the file writes anything; and whether the
   engine rejects a value of another type. #}
{% set contract_checked = false %}
{% set contract_refused_by_engine = false %}

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

{% macro create_typed(target, kind, spec, ended, make_way) %}
{{ make_way }}

create {{ kind }} if not exists {{ target }} (
  {{ spec }}
){{ ended }};
{% endmacro %}

{# A table by its declared columns, and its rows; and the same under the name `next`. #}
{% macro declared_table(target, kind, spec, ended, columns, query) %}
create {{ kind }} {{ target }} (
  {{ spec }}
){{ ended }};

insert into {{ target }} ({{ columns }})
select {{ columns }} from (
{{ query }}
) as declared_rows;
{% endmacro %}

{% macro declared_next(next, kind, spec, ended, columns, query) %}
create {{ kind }} {{ next }} (
  {{ spec }}
){{ ended }};

insert into {{ next }} ({{ columns }})
select {{ columns }} from (
{{ query }}
) as declared_rows;
{% endmacro %}

{% macro table_typed(target, kind, spec, ended, columns, query, ledger) %}
{{ build_begin() }}

{{ drop_table() }}

{{ declared_table() }}

{{ ledger }}

{{ build_commit() }}
{% endmacro %}

{# Grants and comments. `docs`: the parts of dbt's `persist_docs` that the engine supports, for tables and for views. #}
{# `grants_revoked`: whether `revoke_others` revokes grants that are not configured. #}
{% set grants = true %}
{% set grants_revoked = false %}
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

{# The ledger: a table with a row for each batch, build and swap that was written. A row is written where a macro has the argument
   `ledger`. Other statements are put into a transaction with their row, if `ledger_wraps` has their class: `rows` (an insert or
   merge), `relations` (a create statement), `materialized` (views), `batches`, `ordered` (batches that run one after the other);
   otherwise the row follows the statement. `ledger_needs`: settings without which the engine cannot create or fill the table, with the reason; `ledger_formats`: the formats
   of models that the table may have. #}
{% set ledger_types = {"text": "varchar", "time": "timestamp", "clock": "timestamp", "number": "bigint"} %}
{% set ledger_wraps = [] %}
{% set ledger_needs = {} %}
{% set ledger_formats = [] %}

{% macro ledger_create(schema, ledger, spec, options) %}
{{ schema }}

create table if not exists {{ ledger }} (
  {{ spec }}
){{ options }};
{% endmacro %}

{% macro ledger_options() %}
{% endmacro %}

{% macro ledger_row(ledger, columns, values) %}
insert into {{ ledger }} ({{ columns }})
select
  {{ values }};
{% endmacro %}

{% macro ledger_value(value, column) %}
{{ value }} as {{ column }}
{% endmacro %}

{% macro ledger_string(text) %}
{{ text }}
{% endmacro %}

{% macro ledger_cast(value, type) %}
cast({{ value }} as {{ type }})
{% endmacro %}

{% macro ledger_number(value, type) %}
cast({{ value }} as {{ type }})
{% endmacro %}

{# The engine's clock in UTC, before the query is read where the engine can say it: the start of the transaction, or the value that
   the macro `ledger_start` stores at the start of the file. A later time would cover rows that came while the batch ran. #}
{% macro ledger_clock() %}
current_timestamp at time zone 'UTC'
{% endmacro %}

{# The number of rows that the statement before has inserted, if the engine knows it. #}
{% macro ledger_count() %}
null
{% endmacro %}

{# The newest row of each step, and one with their number, so that a part of the result cannot be taken for all of it. `selected`: the
   columns, or each row as one text without spaces and quotes, which every client prints unchanged. #}
{% macro ledger_read(ledger, columns, selected, end_of_ledger) %}
with ranked as (
  select {{ columns }},
    row_number() over (partition by model, step, kind, window_start, window_end order by written_at desc) as row_rank
  from {{ ledger }}
)
select {{ selected }}
from ranked
where row_rank = 1
union all
select {{ end_of_ledger }}
from ranked
where row_rank = 1;
{% endmacro %}

{% macro ledger_line(line) %}
{{ line }} as ledger_line
{% endmacro %}

{% macro ledger_row_count() %}
count(*)
{% endmacro %}

{# Before, between and after the parts of a text. #}
{% set concatenation = ["", " || ", ""] %}

{# Texts of one character. #}
{% macro backslash(text) %}
{{ text }}
{% endmacro %}

{% macro apostrophe(text) %}
{{ text }}
{% endmacro %}

{% macro ledger_replace(text, old, new) %}
replace({{ text }}, {{ old }}, {{ new }})
{% endmacro %}

{% macro ledger_or_empty(value) %}
coalesce({{ value }}, '')
{% endmacro %}

{% macro ledger_as_text(value, type) %}
cast({{ value }} as {{ type }})
{% endmacro %}

{# The columns of tables, from the engine's catalog. Each part of the query reads the tables of one schema, or one table if `columns_by`
   is `table`. `columns_in_lower_case`: whether the catalog has every name in lower case. `columns_refused`: why no query reads them; `columns_need_database`: the same for tables without a database. #}
{% set columns_by = "schema" %}
{# Whether `adapter.get_columns_in_relation` of dbt's adapter calls the macro of this name, which a project may override. #}
{% set columns_by_macro = true %}
{% set columns_in_lower_case = false %}
{% set columns_refused = none %}
{% set columns_need_database = none %}

{% macro columns_table(database_text, schema_text, name_text) %}
select {{ database_text }} as database_name, {{ schema_text }} as schema_name, {{ name_text }} as table_name, 0 as column_position,
  '' as column_name, '' as data_type
{% endmacro %}

{% macro columns_of(database, database_text, schema_text, names) %}
select {{ database_text }}, {{ schema_text }}, table_name, ordinal_position, column_name, data_type
from {{ database }}information_schema.columns
where table_schema = {{ schema_text }} and table_name in ({{ names }})
{% endmacro %}

{% macro columns_read(parts, selected, end_of_columns) %}
with present_columns as (
{{ parts }}
)
select {{ selected }}
from present_columns
union all
select {{ end_of_columns }}
from present_columns;
{% endmacro %}

{% macro columns_line(line) %}
{{ line }} as column_line
{% endmacro %}

{# The tables that mark a staged backfill, with columns for its batches, columns and statement. `approved` exists if its audit has passed.
   `published` has a row if the old rows are stored; the create step makes it without one, so that each statement can read it.
   `marked_rows`: a row for each row of one of them that fulfils a condition. #}
{% macro create_published(published, spec) %}
create table if not exists {{ published }} (
  {{ spec }}
);
{% endmacro %}

{% macro mark_published(published, approved) %}
insert into {{ published }} (approved_batches, approved_columns, approved_statement)
select approved_batches, approved_columns, approved_statement
from {{ approved }}
where (select count(*) from {{ published }}) = 0;
{% endmacro %}

{% macro drop_published(published) %}
drop table if exists {{ published }};
{% endmacro %}

{% macro withdraw_approval(approved) %}
drop table if exists {{ approved }};
{% endmacro %}

{# Two audits of one table may run at the same time, and both approve its rows. #}
{% macro approve(approved, marks) %}
create table if not exists {{ approved }} as
select
  {{ marks }};
{% endmacro %}

{% macro marked_rows(table, words, condition) %}
(
  select {{ words }} as words from {{ table }}
  where {{ condition }}
) as audit_found
{% endmacro %}
