//! Each configuration key that a dbt adapter reads for tables is implemented, is irrelevant to a
//! plan, or has a warning with a hint. The list has the keys that each adapter's classes and macros
//! read from a model's configuration.

#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use batchwright::dialect;

/// Keys by dialect, without those of snapshots, Python models, sources and dbt itself.
const DOCUMENTED: &[(&str, &str)] = &[
    (
        "athena",
        "bucket_count bucketed_by external_location field_delimiter force_batch format ha \
         lf_grants lf_inherited_tags lf_tags_config
        native_drop partitioned_by partitions_limit s3_data_dir s3_data_naming s3_staging_dir \
        s3_tmp_table_dir seed_by_insert
        seed_s3_upload_args skip_workgroup_check table_properties table_type temp_schema \
        unique_tmp_table_suffix versions_to_keep
        work_group write_compression",
    ),
    (
        "bigquery",
        "cluster_by copy_partitions enable_change_history enable_list_inference enable_refresh \
         grant_access_to hours_to_expiration
        intermediate_format job_execution_timeout_seconds kms_key_name labels labels_from_meta \
        max_staleness merge_update_columns
        partition_by partition_expiration_days partitions refresh_interval_minutes \
        require_partition_filter reservation resource_tags
        storage_uri table_format",
    ),
    (
        "clickhouse",
        "catchup connection_overrides disable_on_cluster engine force_on_cluster indexes \
         inserts_only order_by partition_by primary_key
        projections query_settings refreshable settings sharding_key sql_security ttl",
    ),
    (
        "databricks",
        "auto_liquid_cluster buckets clustered_by compression databricks_compute databricks_tags \
         file_format include_full_name_in_path
        incremental_apply_config_changes liquid_clustered_by location_root merge_exclude_columns \
        merge_update_columns options partition_by
        query_tags row_filter skip_optimize table_format tblproperties unique_tmp_table_suffix \
        use_safer_relation_operations
        view_update_via_alter zorder",
    ),
    ("duckdb", "indexes merge_exclude_columns merge_update_columns partitioned_by sorted_by"),
    ("fabric", "auto_provision_aad_principals cluster_by statistics statistics_sample_percent"),
    ("mariadb", ""),
    ("mysql", ""),
    ("postgres", "indexes unlogged"),
    (
        "redshift",
        "auto_refresh backup bind dist merge_exclude_columns merge_update_columns \
        query_group sort sort_type",
    ),
    (
        "snowflake",
        "automatic_clustering base_location_root base_location_subpath cluster_by copy_grants \
         copy_tags external_volume iceberg_version
        immutable_where initialize merge_exclude_columns merge_update_columns overwrite_columns \
        partition_by query_tag refresh_mode
        refresh_warehouse row_access_policy scheduler secure snowflake_initialization_warehouse \
        snowflake_warehouse table_format table_tag
        target_file_size target_lag tmp_relation_type transient",
    ),
    (
        "spark",
        "buckets clustered_by file_format location_root merge_exclude_columns \
         merge_update_columns options partition_by tblproperties",
    ),
    ("sqlite", ""),
    (
        "sqlserver",
        "as_columnstore auto_provision_aad_principals build_options \
         column_type_expansion_max_rows denies drop_unmanaged_indexes
        full_refresh_build indexes masks pre_hook_transaction_scope prefer_single_alter_column \
        query_options query_options_raw query_tag
        table_refresh_method",
    ),
    (
        "trino",
        "client_tags file_format grace_period http_headers merge_exclude_columns \
         merge_update_columns on_table_exists properties
        sync_nested_columns table_format tmp_relation_type view_security views_enabled",
    ),
];

#[test]
fn every_adapter_key_is_handled() {
    assert!(
        dialect::names().eq(DOCUMENTED.iter().map(|(name, _)| *name)),
        "one line per dialect, in order"
    );
    for (name, documented) in DOCUMENTED {
        let dialect = dialect::named(name).unwrap();
        let handled: Vec<&String> =
            dialect.keys.handled().chain(dialect.keys.undone_keys.keys()).collect();
        let missing: Vec<&str> = documented
            .split_whitespace()
            .filter(|key| !handled.iter().any(|handled| handled == key))
            .collect();
        assert!(missing.is_empty(), "{name} does not handle {missing:?}");
    }
}

#[test]
fn a_key_has_one_meaning() {
    for name in dialect::names() {
        let dialect = dialect::named(name).unwrap();
        let keys = &dialect.keys;
        let mut seen: Vec<&String> = keys.undone_keys.keys().chain(&keys.kind_key).collect();
        // Keys of a table may also be keys of other builds.
        for key in keys.effective().chain(&keys.idle_keys) {
            assert!(!seen.contains(&key), "{name} lists `{key}` twice");
            seen.push(key);
        }
    }
}
