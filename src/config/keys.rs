//! The registry of configuration keys that the generation of SQL, the checks and the driver read:
//! dbt's and those of its adapters. To add a key: add an entry, and read it by `node.get(ENTRY)`.
//! The settings of batches are in `microbatch.rs`; keys that a dialect file lists are read by their
//! names.

use std::marker::PhantomData;

use serde_json::{Map, Value};

use super::Node;
use super::column::unquoted_name;
use crate::diagnostics::Location;
use crate::project::Setting;

/// A configuration key. `T` is how its value is read.
pub struct Key<T> {
    pub name: &'static str,
    kind: PhantomData<fn() -> T>,
}

impl<T> Clone for Key<T> {
    fn clone(&self) -> Key<T> {
        *self
    }
}

impl<T> Copy for Key<T> {}

/// How the value of a key is read.
pub trait KeyType {
    type Read<'v>;

    /// None for a value of another type.
    fn read(value: &Value) -> Option<Self::Read<'_>>;
}

/// Any value.
pub struct Any;
/// A text.
pub struct Text;
/// True or false.
pub struct Flag;
/// A text or a list of texts, as a list without empty texts.
pub struct Names;
/// A dict.
pub struct Pairs;

impl KeyType for Any {
    type Read<'v> = &'v Value;

    fn read(value: &Value) -> Option<&Value> {
        Some(value)
    }
}

impl KeyType for Text {
    type Read<'v> = &'v str;

    fn read(value: &Value) -> Option<&str> {
        value.as_str()
    }
}

impl KeyType for Flag {
    type Read<'v> = bool;

    fn read(value: &Value) -> Option<bool> {
        value.as_bool()
    }
}

impl KeyType for Names {
    type Read<'v> = Vec<String>;

    fn read(value: &Value) -> Option<Vec<String>> {
        Some(names(value))
    }
}

impl KeyType for Pairs {
    type Read<'v> = &'v Map<String, Value>;

    fn read(value: &Value) -> Option<&Map<String, Value>> {
        value.as_object()
    }
}

macro_rules! registry {
    ($($constant:ident: $kind:ty = $name:literal;)*) => {
        $(pub const $constant: Key<$kind> = Key { name: $name, kind: PhantomData };)*

        /// The names of all keys.
        pub const NAMES: &[&str] = &[$($name),*];
    };
}

registry! {
    BIND: Flag = "bind";
    BUCKETS: Any = "buckets";
    COLUMN_TYPES: Pairs = "column_types";
    CONTRACT: Pairs = "contract";
    DELIMITER: Any = "delimiter";
    FILE_FORMAT: Text = "file_format";
    FULL_REFRESH: Flag = "full_refresh";
    GRANTS: Pairs = "grants";
    INCREMENTAL_PREDICATES: Any = "incremental_predicates";
    INCREMENTAL_STRATEGY: Text = "incremental_strategy";
    INDEXES: Any = "indexes";
    LOOKBACK: Any = "lookback";
    MATERIALIZED: Text = "materialized";
    MERGE_EXCLUDE_COLUMNS: Names = "merge_exclude_columns";
    MERGE_UPDATE_COLUMNS: Names = "merge_update_columns";
    ON_CONFIGURATION_CHANGE: Text = "on_configuration_change";
    ON_SCHEMA_CHANGE: Text = "on_schema_change";
    PARTITIONS: Names = "partitions";
    PARTITION_BY: Any = "partition_by";
    PERSIST_DOCS: Pairs = "persist_docs";
    PREDICATES: Any = "predicates";
    QUOTE_COLUMNS: Flag = "quote_columns";
    REQUIRE_PARTITION_FILTER: Flag = "require_partition_filter";
    SNOWFLAKE_WAREHOUSE: Text = "snowflake_warehouse";
    SQL_HEADER: Text = "sql_header";
    TARGET_LAG: Text = "target_lag";
    UNIQUE_KEY: Names = "unique_key";
}

impl Node {
    /// The value of a key; none if it is not set, null or of another type.
    pub fn get<T: KeyType>(&self, key: Key<T>) -> Option<T::Read<'_>> {
        T::read(&self.set(key)?.value)
    }

    /// Whether a key is set to true.
    pub fn is_set(&self, key: Key<Flag>) -> bool {
        self.get(key) == Some(true)
    }

    /// The setting of a key, if it is not null.
    pub fn set<T>(&self, key: Key<T>) -> Option<&Setting> {
        self.config.get(key.name).filter(|setting| !setting.value.is_null())
    }

    /// The location of a key, else that of the materialization.
    pub fn location_of<T>(&self, key: Key<T>) -> Location {
        let setting = self.set(key).or_else(|| self.set(MATERIALIZED));
        setting.map_or_else(|| self.file.line(1), |setting| setting.at.clone())
    }

    /// The predicates of an incremental model without batches.
    pub fn predicates(&self) -> Option<&Value> {
        self.get(PREDICATES).or_else(|| self.get(INCREMENTAL_PREDICATES))
    }

    /// The constraints of the model, then those of its columns.
    pub fn all_constraints(&self) -> impl Iterator<Item = &Value> {
        self.constraints.iter().chain(self.columns.iter().flat_map(|column| &column.constraints))
    }

    /// The setting of `contract`, if the contract is enforced.
    pub fn enforced_contract(&self) -> Option<&Setting> {
        let is_enforced = self.get(CONTRACT)?.get("enforced") == Some(&Value::Bool(true));
        self.set(CONTRACT).filter(|_| is_enforced)
    }

    /// The type of a column in `column_types`.
    pub fn configured_type(&self, column: &str) -> Option<&str> {
        let mut types = self.get(COLUMN_TYPES)?.iter();
        types.find(|(name, _)| unquoted_name(name).eq_ignore_ascii_case(column))?.1.as_str()
    }
}

/// A text or a list of texts, as a list without empty texts.
pub fn names(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => vec![text.clone()],
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_string).collect(),
        _ => Vec::new(),
    }
}

/// `partition_by` as a dict: a field with the type and size of its partitions.
pub struct PartitionField<'v> {
    pub field: Option<&'v str>,
    /// In lower case; dbt's default is `date`.
    pub data_type: String,
    /// In lower case; dbt's default is `day`.
    pub granularity: String,
    pub by_ingestion_time: bool,
    pub range: Option<&'v Value>,
}

impl PartitionField<'_> {
    pub fn of(partition: &Map<String, Value>) -> PartitionField<'_> {
        let text = |key: &str| partition.get(key).and_then(Value::as_str);
        let lower = |key: &str, default: &str| text(key).unwrap_or(default).to_lowercase();
        PartitionField {
            field: text("field"),
            data_type: lower("data_type", "date"),
            granularity: lower("granularity", "day"),
            by_ingestion_time: partition.get("time_ingestion_partitioning")
                == Some(&Value::Bool(true)),
            range: partition.get("range"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect;

    #[test]
    fn a_dialect_handles_every_key() {
        let dialects: Vec<_> =
            dialect::names().map(|name| dialect::named(name).unwrap().keys).collect();
        for name in NAMES {
            let is_handled = dialects.iter().any(|keys| keys.handled().any(|known| known == name));
            assert!(
                is_handled,
                "add `{name}` to `known_keys` of ansi.sql, or to a list of keys of the dialect \
                 that has it: otherwise it is named in a warning as unknown"
            );
        }
    }
}
