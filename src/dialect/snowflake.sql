{# Snowflake: create statements commit, so only the delete and the insert stand in the transaction. #}

{% set parser = "snowflake" %}
{% set like = "ansi" %}
{% set case = "upper" %}
{% set quoted = [false, false, false] %}
{% set longest_name = 255 %}
{% set backslash_escapes = true %}
{% set default_schema = "PUBLIC" %}
{% set strategy = "staged delete + insert in one transaction" %}
{% set stage_in_schema = true %}

{# Reads its standard input to the end unless that is a terminal, so a process runs each step. It would rewrite `&` and `<%`. #}
{% set client = ["snow", "sql", "--enable-templating", "NONE", "-f", "{file}"] %}
{% set example = "snow sql --enable-templating NONE -f {file}" %}

{# dbt makes tables transient unless it is told otherwise. #}
{% set kind_key = "transient" %}
{% set defaults = {"transient": true} %}
{% set clauses = ["cluster_by", "copy_grants"] %}
{% set clause_words = {"copy_grants": {"true": "copy_grants", "false": "nothing"}} %}
{% set idle_keys = ["automatic_clustering", "query_tag", "secure", "snowflake_warehouse", "table_tag", "tmp_relation_type"] %}

{% set naive_types = ["timestamp_ntz", "timestampntz", "timestamp without time zone", "timestamp", "datetime"] %}
{% set zoned_types = ["timestamp_tz", "timestamptz", "timestamp with time zone", "timestamp_ltz", "timestampltz", "timestamp with local time zone"] %}

{% macro naive(at) %}
'{{ at.time }}'::timestamp_ntz
{% endmacro %}

{% macro zoned(at) %}
'{{ at.time }} +00:00'::timestamp_tz
{% endmacro %}

{% macro undeclared(at) %}
'{{ at.time }} +00:00'
{% endmacro %}

{% macro overwrite(target, stage, query, into, columns, doomed, kept, guard, strays) %}
create or replace temporary table {{ stage }} as
{{ query }}
;

{{ guard }}

begin;

delete from {{ target }}
where {{ doomed }};

insert into {{ target }}{{ into }}
select {{ columns }}
from {{ stage }}{{ kept }};

{{ strays }}

commit;

drop table {{ stage }};
{% endmacro %}

{# No row, unless there is one outside of the window: then the message is what cannot be converted. #}
{% macro guard(stage, outside, message) %}
select to_number({{ message }} || ': ' || count(*) || ' rows') as outside_of_window
from {{ stage }}
where {{ outside }}
having count(*) > 0;
{% endmacro %}

{% macro audit_stop(about, allowed) %}
select case when count(*) > 0 then to_number({{ about }} || min(batch || ': ' || verdict)) end as audit
from audit_verdicts
where verdict not in ({{ allowed }})
{% endmacro %}

{% macro clause_cluster_by(value) %}
cluster by ({{ value }})
{% endmacro %}

{% macro kind_special() %}
transient table
{% endmacro %}

{% macro nothing() %}
{% endmacro %}

{% macro copy_grants() %}
copy grants
{% endmacro %}

{% macro create(target, kind, clauses, query) %}
create {{ kind }} if not exists {{ target }}{{ clauses }}as
select * from (
{{ query }}
)
where false;
{% endmacro %}

{% macro table(target, kind, clauses, query) %}
create or replace {{ kind }} {{ target }}{{ clauses }}as
{{ query }}
;
{% endmacro %}

{% macro swap(target, kind, beside) %}
create or replace {{ kind }} {{ target }} clone {{ beside }};

drop table {{ beside }};
{% endmacro %}

{% set strategies = ["append", "delete+insert", "merge", "insert_overwrite"] %}
{% set strategy_unkeyed = "merge" %}
{% set strategy_keyed = "merge" %}
{% set build_keys = [
  "constraints", "copy_grants", "delimiter", "initialize", "merge_exclude_columns", "merge_update_columns", "partitions", "quote_columns",
  "query_tag", "refresh_mode", "snowflake_warehouse", "target_lag", "transient"
] %}
{% set fills_at_once = false %}
{% set seed_types = {
  "integer": "integer", "number": "float", "date": "date", "timestamp": "timestamp_ntz", "boolean": "boolean", "text": "varchar"
} %}
{% set constraint_kinds = ["not_null", "unique", "primary_key", "foreign_key"] %}

{% macro incremental_delete_insert(target, stage, query, into, columns, doomed, kept) %}
create or replace temporary table {{ stage }} as
{{ query }}
;

begin;

delete from {{ target }}
where {{ doomed }};

insert into {{ target }}{{ into }}
select {{ columns }}
from {{ stage }}{{ kept }};

commit;

drop table {{ stage }};
{% endmacro %}

{# All rows of the table, as dbt has it here. #}
{% macro incremental_insert_overwrite(target, into, columns, query) %}
insert overwrite into {{ target }}{{ into }}
select {{ columns }} from (
{{ query }}
) as new_rows;
{% endmacro %}

{# Create statements commit, so only the rows stand in a transaction. #}
{% macro seed(target, spec, rows) %}
create table if not exists {{ target }} (
  {{ spec }}
);

begin;

delete from {{ target }};

{{ rows }}

commit;
{% endmacro %}

{% macro seed_anew(target, spec, rows) %}
create or replace table {{ target }} (
  {{ spec }}
);

{{ rows }}
{% endmacro %}

{% macro table_typed(target, kind, spec, clauses, columns, query) %}
create or replace {{ kind }} {{ target }} (
  {{ spec }}
){{ clauses }}as
select {{ columns }} from (
{{ query }}
) as declared_rows;
{% endmacro %}

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
