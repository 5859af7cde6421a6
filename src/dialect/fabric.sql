{# Fabric's warehouse: like SQL Server, with names in brackets, a staged table in the schema, and no indexes. #}

{% set parser = "mssql" %}
{% set like = "sqlserver" %}
{% set type_labels = {
  "BINARY": "BINARY(1)", "BOOLEAN": "BIT", "CHAR": "CHAR(1)", "DATETIME2": "DATETIME2(6)", "INTEGER": "INT", "MONEY": "DECIMAL",
  "NCHAR": "CHAR(1)", "NVARCHAR": "VARCHAR(MAX)", "SMALLMONEY": "DECIMAL", "STRING": "VARCHAR(MAX)", "TIME": "TIME(6)",
  "TIMESTAMP": "DATETIME2(6)", "TINYINT": "SMALLINT", "VARBINARY": "VARBINARY(MAX)", "VARCHAR": "VARCHAR(MAX)"
} %}
{% set target_keys = [
  "database", "schema", "tenant_id", "client_id", "app_id", "credential_class", "token_scope", "authentication", "auth", "retries",
  "workspace_id", "workspace_name", "workspace", "query_timeout", "fabric_base_api_uri", "powerbi_base_api_uri", "purview_endpoint", "purview", "UID", "user",
  "username", "windows_login", "trusted_connection", "trace_flag", "SQL_ATTR_TRACE", "encrypt", "trust_cert",
  "TrustServerCertificate", "schema_authorization", "schema_auth", "login_timeout", "lock_timeout"
] %}
{% set dispatch = ["fabric"] %}
{% set quote = "[" %}
{% set command = ["sqlcmd", "-b", "-G", "-i", "{file}"] %}
{% set example = "sqlcmd -b -G -S SERVER -d DATABASE -i {file}" %}
{% set stage_prefix = "" %}
{% set stage_in_schema = true %}
{% set index_keys = [] %}
{% set defaults = {} %}
{% set idle_keys = ["auto_provision_aad_principals"] %}
{% set undone_keys = {
  "cluster_by": "create the table yourself `with (cluster by (…))`; the batches then write to it",
  "statistics": "write `create statistics` as a post-hook",
  "statistics_sample_percent": "write `create statistics` as a post-hook"
} %}

{# A transaction reads one snapshot. Of two that change the table, the engine refuses one; a row that another one inserts stays. #}
{% macro keep_before(target, before, before_text, rows) %}
if object_id({{ before_text }}, 'U') is null
begin
  select * into {{ before }} from {{ target }}
  where {{ rows }};
end;
{% endmacro %}

{# Times have microseconds and no offset. #}
{% set naive_types = ["datetime2", "timestamp", "timestamp without time zone"] %}

{% macro naive(at) %}
cast('{{ at.time }}' as datetime2(6))
{% endmacro %}

{% macro undeclared(at) %}
cast('{{ at.time }}' as datetime2(6))
{% endmacro %}

{% set ledger_types = {"text": "varchar(1000)", "time": "datetime2(6)", "clock": "datetime2(6)", "number": "bigint"} %}

{# The engine has no locks by name. Of two transactions that change a table at the same time, one fails. #}
{% macro window_lock() %}
{% endmacro %}

{% macro window_unlock() %}
{% endmacro %}

{% set hooks_before_grants = ["table", "incremental"] %}
