//! The SQL text of every file of a plan. Takes a model with its query and settings; returns text,
//! with slots for the window where a statement is the same for each batch. No steps, no order, no
//! disk.

mod adapter_config;
mod alter;
pub mod audit;
mod contract;
mod create_table;
mod grants_and_comments;
mod header;
mod incremental;
mod indexes;
mod inputs;
mod materialize;
mod outside_window;
mod overwrite;
mod partition_args;
mod raw_settings;
mod replacement;
mod seed;
mod staged;
mod strategy;
mod table_clauses;
mod terminator;

pub use adapter_config::{EFFECTIVE, unknown_keys, wanted_keys};
pub use alter::{Alteration, Alters, alter, alter_file, alters};
pub use audit::{
    Audit, AuditEntry, Audited, Content, QueryReuse, audit, staged_audit as audit_of_staged_rows,
};
pub use contract::{Contract, compare_names, contract, contract_check};
pub use create_table::{as_declared, create, hooks, narrowed, swap};
pub use grants_and_comments::{Closing, closing};
pub use header::input as input_in_words;
pub use incremental::{
    Incremental, brought_in, build_stage, incremental, incremental_by_macro, usual_strategy,
};
pub use inputs::{BY_NAME, InputEntry, NO_EVENT_TIME, NOT_READ, OUT_OF_REACH, READ_BY_HOOK};
pub use materialize::{Build, plain};
pub use outside_window::{mode, word};
pub use overwrite::{Batches, batch_stage, overwrite, overwrite_by_macro, window};
pub use raw_settings::{refuse_event_time, refuse_raw_settings};
pub use seed::{Table, load};
pub use staged::{StagedBackfill, StagedTables, publish_is_atomic, staged_tables};
pub use strategy::{Partition, Strategy, StrategyInput, by_format, partition, strategy};
