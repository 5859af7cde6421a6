//! The partitions of a window as arguments of a statement: the value of one, the repetition for
//! each, and the predicate that all rows of the window are in them.

use minijinja::Value;

use super::batches::Batches;
use crate::diagnostics::Diagnostic;
use crate::dialect::{Dialect, Sql, for_each};

/// Arguments about partitions for a dialect's template. Empty if the windows of a model are not
/// provably whole partitions.
#[derive(Default)]
pub struct PartitionArgs {
    /// True for rows in the window's partitions. `None` if the engine computes the partition.
    pub inside: Option<Sql>,
    /// The same predicate, if the engine needs it in the statement to prune partitions.
    prune: Option<Sql>,
    /// The start of the repetition for each partition.
    pub each: Value,
    /// One partition's value.
    pub value: Value,
    /// The column and the value, as a condition.
    pub cut: Value,
    /// The table's other partition columns, each after a comma.
    pub rest: Value,
}

impl PartitionArgs {
    /// The window's predicate, and the one on the partition column if that is a different column.
    pub fn pruned(&self, window: &Sql) -> String {
        match &self.prune {
            Some(prune) => format!("{window}\n  and {prune}"),
            None => window.0.clone(),
        }
    }
}

/// The partitions of the model's windows.
pub fn partition_args(batches: &Batches) -> Result<PartitionArgs, Diagnostic> {
    let dialect = batches.dialect;
    let empty = || Value::from_safe_string(String::new());
    let mut args = PartitionArgs {
        each: empty(),
        value: empty(),
        cut: empty(),
        rest: empty(),
        ..PartitionArgs::default()
    };
    let Some(partition) = &batches.strategy.partition else { return Ok(args) };
    let value = dialect.start(&partition.literal, None)?;
    args.each = Value::from_safe_string(for_each(partition.grain).to_string());
    if let Some(column) = &partition.column {
        let name = dialect.column(column, false);
        args.cut = Value::from_safe_string(format!("{name} = {value}"));
        if !column.eq_ignore_ascii_case(&batches.settings.event_time.column) {
            let between = dialect.between(&name, &partition.literal, None)?;
            match dialect.strategy_of(batches.strategy.variant.as_deref()).by_partitions {
                true => args.inside = Some(between),
                false => args.prune = Some(between),
            }
        }
    }
    args.value = value.value();
    args.rest = rest(dialect, &partition.others);
    Ok(args)
}

fn rest(dialect: &Dialect, others: &[String]) -> Value {
    let names = others.iter().map(|other| format!(", {}", dialect.column(other, false)));
    Value::from_safe_string(names.collect())
}
