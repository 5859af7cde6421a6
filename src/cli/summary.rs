//! The last lines of a run that found many errors: how many, and of which causes, so that a hundred broken models read as the
//! three things that are wrong.

use indexmap::IndexMap;

use crate::diagnostics::{Diagnostic, Level};

/// From how many errors on their causes are counted.
const MANY: usize = 6;

/// The errors counted, by cause if they are many; `written` says what became of the rest.
pub fn summary(said: &[Diagnostic], written: &str) -> String {
    let errors: Vec<&Diagnostic> = said.iter().filter(|diagnostic| diagnostic.level == Level::Error).collect();
    if errors.len() < 2 {
        return String::new();
    }
    let mut causes: IndexMap<String, usize> = IndexMap::new();
    for error in &errors {
        *causes.entry(cause(&error.message)).or_default() += 1;
    }
    let mut text = format!("{} errors; {written}\n", errors.len());
    if errors.len() >= MANY && causes.len() < errors.len() {
        causes.sort_by(|_, one, _, other| other.cmp(one));
        for (cause, count) in causes {
            text.push_str(&format!("{count:>5}  {cause}\n"));
        }
    }
    text
}

/// The message without what names differ in. A name of a function stays: it is the cause.
fn cause(message: &str) -> String {
    let parts = message.split('`').enumerate().map(|(nth, part)| {
        let name = nth % 2 == 1 && !FUNCTIONS.contains(&part);
        if name { "…" } else { part }
    });
    parts.collect::<Vec<_>>().join("`")
}

const FUNCTIONS: [&str; 4] = ["run_query", "statement", "adapter.get_columns_in_relation", "adapter.dispatch"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cause_is_counted_once() {
        let wrong = |name: &str| Diagnostic::error(format!("`{name}` is undefined"));
        let said: Vec<Diagnostic> = ["a", "b", "c", "d", "e"].iter().map(|name| wrong(name)).chain([Diagnostic::error("no `x`")]).collect();
        assert_eq!(summary(&said, "1 query written"), "6 errors; 1 query written\n    5  `…` is undefined\n    1  no `…`\n");
        assert_eq!(summary(&said[..1], ""), "");
        assert_eq!(summary(&said[..2], "nothing was written"), "2 errors; nothing was written\n");
    }
}
