//! The variant of macros for the format of a model's table, which a configuration key of the
//! adapter sets.

use serde_json::Value;

use crate::config::Node;
use crate::dialect::Dialect;

/// The variant for the table's format, which is set by a configuration key of the adapter.
pub fn format_variant(dialect: &Dialect, node: &Node) -> Option<String> {
    let key = dialect.batches.format_key.as_ref()?;
    let formats = &dialect.batches.formats;
    let format = node.setting(key).and_then(Value::as_str).unwrap_or_default().to_lowercase();
    formats.get(&format).or_else(|| formats.get("")).cloned()
}

/// The macro of this name for the table's format, if there is one.
pub(super) fn macro_for_format(dialect: &Dialect, node: &Node, name: &str) -> String {
    let variant = format_variant(dialect, node)
        .map(|variant| format!("{name}_{variant}"))
        .filter(|name| dialect.has_macro(name));
    variant.unwrap_or_else(|| name.to_string())
}
