//! The SQL text of every file of a plan. Takes a model with its query and settings; returns text,
//! with slots for the window if the statement is the same for each batch. It does not depend on
//! steps, their order, or files on disk.

mod adapter_config;
mod alter;
pub mod audit;
mod batches;
mod configuration_change;
mod contract;
mod create_table;
mod grants_and_comments;
mod header;
mod hooks;
mod incremental;
mod indexes;
mod inputs;
pub mod ledger;
mod materialize;
mod outside_window;
mod overwrite;
mod partition_args;
mod predicates;
pub mod present_columns;
mod query_text;
mod raw_settings;
mod relation_name;
mod replacement;
mod result_lines;
mod seed;
mod seed_literals;
mod staged;
mod staged_tables;
mod strategy;
mod swap;
mod table_clauses;
mod table_format;
mod terminator;
mod transaction;
mod window_lock;

pub use adapter_config::{adapter_key_warnings, recommended_key_warnings};
pub use alter::{Alteration, Alters, alter, alter_file, alters, copy_with_columns, widen_texts};
pub use audit::{
    AuditEntry, AuditFile, AuditInput, QueryReuse, RowContent, audit,
    staged_audit as audit_of_staged_rows,
};
pub use batches::Batches;
pub use configuration_change::configuration_change_warning;
pub use contract::{Contract, compare_names, contract, contract_check};
pub use create_table::{cast_to_contract, create, select_columns};
pub use grants_and_comments::{FinalStatements, grants_and_comments};
pub use header::describe_input;
pub use hooks::{RenderedHooks, after_file, before_file};
pub use incremental::{
    Incremental, build_stage, default_strategy, incremental, incremental_by_macro,
    incremental_strategy,
};
pub use indexes::index_statements;
pub use inputs::{BY_NAME, InputEntry, NO_EVENT_TIME, NOT_READ, OUT_OF_REACH, READ_BY_HOOK};
pub use materialize::{BuildFile, ReferencingTable, RelationInput, create_relation};
pub use outside_window::outside_window;
pub use overwrite::{batch_stage, overwrite, overwrite_by_macro};
pub use predicates::window_predicate;
pub use raw_settings::{reject_unsafe_event_time, reject_unsafe_settings};
pub use seed::{SeedStatements, load_seed, seed_columns, seed_delimiter};
pub use staged::{StagedBackfill, not_staged, publish_is_atomic};
pub use staged_tables::{BackfillIdentity, StagedTables, staged_tables};
pub use strategy::{Partition, Strategy, StrategyInput, aligned_partition, strategy};
pub use swap::swap;
pub use table_format::format_variant;
