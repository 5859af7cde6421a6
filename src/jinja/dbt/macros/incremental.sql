{# What strategies of incremental models ask: columns, and settings. #}

{% macro get_quoted_csv(column_names) %}
  {%- set quoted = [] -%}
  {%- for name in column_names -%}{%- do quoted.append(adapter.quote(name)) -%}{%- endfor -%}
  {{- return(quoted | join(', ')) -}}
{% endmacro %}

{% macro diff_columns(source_columns, target_columns) %}
  {%- set known = target_columns | map(attribute='name') | list -%}
  {%- set missing = [] -%}
  {%- for column in source_columns if column.name not in known -%}{%- do missing.append(column) -%}{%- endfor -%}
  {{- return(missing) -}}
{% endmacro %}

{% macro incremental_validate_on_schema_change(on_schema_change, default='ignore') %}
  {{- return(on_schema_change if on_schema_change in ['sync_all_columns', 'append_new_columns', 'fail', 'ignore'] else default) -}}
{% endmacro %}

{% macro get_merge_update_columns(merge_update_columns, merge_exclude_columns, dest_columns) %}
  {{- return(adapter.dispatch('get_merge_update_columns', 'dbt')(merge_update_columns, merge_exclude_columns, dest_columns)) -}}
{% endmacro %}
{% macro default__get_merge_update_columns(merge_update_columns, merge_exclude_columns, dest_columns) %}
  {%- if merge_update_columns and merge_exclude_columns -%}
    {{- exceptions.raise_compiler_error('Model cannot specify merge_update_columns and merge_exclude_columns. Please update model to use only one config') -}}
  {%- elif merge_update_columns -%}
    {{- return(merge_update_columns) -}}
  {%- endif -%}
  {%- set excluded = (merge_exclude_columns or []) | map('lower') | list -%}
  {%- set kept = [] -%}
  {%- for column in dest_columns if column.column | lower not in excluded -%}{%- do kept.append(column.quoted) -%}{%- endfor -%}
  {{- return(kept) -}}
{% endmacro %}

{% macro should_store_failures() %}
  {%- set configured = config.get('store_failures') -%}
  {{- return(flags.STORE_FAILURES if configured is none else configured) -}}
{% endmacro %}
