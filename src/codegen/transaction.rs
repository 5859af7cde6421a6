//! A transaction around statements, on engines where dbt's adapter runs those of a model in one.

use crate::diagnostics::Diagnostic;
use crate::dialect::{Dialect, Sql};

/// The statements as one transaction; unchanged if there are none or the adapter has no
/// transactions.
pub(super) fn in_transaction(dialect: &Dialect, statements: Sql) -> Result<Sql, Diagnostic> {
    if statements.0.is_empty() || !dialect.hooks.in_transaction {
        return Ok(statements);
    }
    let (begin, commit) = (dialect.sql("begin", &[])?, dialect.sql("commit", &[])?);
    Ok(Sql(format!("{begin}\n\n{statements}\n\n{commit}")))
}
