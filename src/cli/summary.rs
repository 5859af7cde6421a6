//! The summary of many errors: their number, and the number per cause, so that a hundred broken
//! models show as three causes.

use indexmap::IndexMap;

use crate::diagnostics::{Diagnostic, Level};

/// The minimum number of errors for a summary by cause.
const MIN_FOR_CAUSES: usize = 6;

/// The number of errors, by cause if there are many; empty for a single one. `written` describes
/// the work that was done.
pub fn summary(diagnostics: &[Diagnostic], written: &str) -> String {
    let errors: Vec<&Diagnostic> =
        diagnostics.iter().filter(|diagnostic| diagnostic.level == Level::Error).collect();
    if errors.len() < 2 {
        return String::new();
    }
    let mut causes: IndexMap<String, usize> = IndexMap::new();
    for error in &errors {
        *causes.entry(cause(&error.message)).or_default() += 1;
    }
    let mut text = format!("{} errors; {written}\n", errors.len());
    if errors.len() >= MIN_FOR_CAUSES && causes.len() < errors.len() {
        causes.sort_by(|_, one, _, other| other.cmp(one));
        for (cause, count) in causes {
            text.push_str(&format!("{count:>5}  {cause}\n"));
        }
    }
    text
}

/// The message without names, except the names of functions, which are the cause.
fn cause(message: &str) -> String {
    let parts = message.split('`').enumerate().map(|(index, part)| {
        let name = index % 2 == 1 && !FUNCTIONS.contains(&part);
        if name { "…" } else { part }
    });
    parts.collect::<Vec<_>>().join("`")
}

const FUNCTIONS: [&str; 4] =
    ["run_query", "statement", "adapter.get_columns_in_relation", "adapter.dispatch"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cause_is_counted_once() {
        let error = |name: &str| Diagnostic::error(format!("`{name}` is undefined"));
        let errors: Vec<Diagnostic> = ["a", "b", "c", "d", "e"]
            .iter()
            .map(|name| error(name))
            .chain([Diagnostic::error("no `x`")])
            .collect();
        assert_eq!(
            summary(&errors, "1 query written"),
            "6 errors; 1 query written\n    5  `…` is undefined\n    1  no `…`\n"
        );
        assert_eq!(summary(&errors[..1], ""), "");
        assert_eq!(summary(&errors[..2], "nothing was written"), "2 errors; nothing was written\n");
    }
}
