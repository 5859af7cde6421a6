//! The partitions of a window as arguments of a statement: the value of one, what is repeated for
//! each, and the predicate by which rows of the window are known to lie in them.

use minijinja::Value;

use super::overwrite::Batches;
use crate::diagnostics::Diagnostic;
use crate::dialect::{Dialect, Sql, for_each};

/// What a dialect's template is told of partitions; all of it is empty where a model has none that
/// are proven.
#[derive(Default)]
pub struct Parts {
    /// Holds for rows that are in the window's partitions. None where the engine computes the
    /// partition itself.
    pub inside: Option<Sql>,
    /// The same, where the engine must be shown it to leave other partitions unread.
    prune: Option<Sql>,
    /// Begins the repetition for each partition.
    pub each: Value,
    /// One partition's value.
    pub value: Value,
    /// The column and the value, as a condition.
    pub cut: Value,
    /// The table's other partition columns, each after a comma.
    pub rest: Value,
}

impl Parts {
    /// The window's predicate, and the one on the partition column where that is another.
    pub fn pruned(&self, window: &Sql) -> String {
        match &self.prune {
            Some(prune) => format!("{window}\n  and {prune}"),
            None => window.0.clone(),
        }
    }
}

/// The partitions of the model's windows.
pub fn parts(batches: &Batches) -> Result<Parts, Diagnostic> {
    let dialect = batches.dialect;
    let nothing = || Value::from_safe_string(String::new());
    let mut parts = Parts {
        each: nothing(),
        value: nothing(),
        cut: nothing(),
        rest: nothing(),
        ..Parts::default()
    };
    let Some(partition) = &batches.strategy.partition else { return Ok(parts) };
    let value = dialect.start(&partition.literal, None)?;
    parts.each = Value::from_safe_string(for_each(partition.grain).to_string());
    if let Some(column) = &partition.column {
        let name = dialect.column(column, false)?;
        parts.cut = Value::from_safe_string(format!("{name} = {value}"));
        if !column.eq_ignore_ascii_case(&batches.settings.event_time.column) {
            let between = dialect.between(&name, &partition.literal, None)?;
            match dialect
                .property_of::<bool>("by_partitions", batches.strategy.variant.as_deref())?
            {
                true => parts.inside = Some(between),
                false => parts.prune = Some(between),
            }
        }
    }
    parts.value = value.value();
    parts.rest = rest(dialect, &partition.others)?;
    Ok(parts)
}

fn rest(dialect: &Dialect, others: &[String]) -> Result<Value, Diagnostic> {
    let mut text = String::new();
    for other in others {
        text.push_str(&format!(", {}", dialect.column(other, false)?));
    }
    Ok(Value::from_safe_string(text))
}
