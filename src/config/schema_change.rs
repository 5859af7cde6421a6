//! `on_schema_change`: what becomes of an incremental table whose query has got other columns.

use super::Node;

/// What dbt's setting of the same name asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaChange {
    Ignore,
    Fail,
    AppendNewColumns,
    SyncAllColumns,
}

impl SchemaChange {
    /// dbt's word for it.
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
    /// The node's `on_schema_change`. As in dbt an unknown value means `ignore`.
    pub fn schema_change(&self) -> SchemaChange {
        let value = self
            .setting("on_schema_change")
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default();
        let all =
            [SchemaChange::Fail, SchemaChange::AppendNewColumns, SchemaChange::SyncAllColumns];
        all.into_iter().find(|change| change.as_str() == value).unwrap_or(SchemaChange::Ignore)
    }
}
