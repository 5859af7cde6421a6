//! `on_schema_change`: the action for an incremental table whose query has other columns than the
//! table.

use super::Node;

/// The values of dbt's setting `on_schema_change`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaChange {
    Ignore,
    Fail,
    AppendNewColumns,
    SyncAllColumns,
}

impl SchemaChange {
    pub const ALL: [SchemaChange; 4] = [
        SchemaChange::Ignore,
        SchemaChange::Fail,
        SchemaChange::AppendNewColumns,
        SchemaChange::SyncAllColumns,
    ];

    /// dbt's name of the value.
    pub fn as_str(self) -> &'static str {
        match self {
            SchemaChange::Ignore => "ignore",
            SchemaChange::Fail => "fail",
            SchemaChange::AppendNewColumns => "append_new_columns",
            SchemaChange::SyncAllColumns => "sync_all_columns",
        }
    }
}

impl Node {
    /// The node's `on_schema_change`. As in dbt, an unknown value means `ignore`.
    pub fn schema_change(&self) -> SchemaChange {
        let value = self
            .setting("on_schema_change")
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default();
        SchemaChange::ALL
            .into_iter()
            .find(|change| change.as_str() == value)
            .unwrap_or(SchemaChange::Ignore)
    }
}
