//! What in a step's text is not for the database: commands of the client, and text that does not end, so that what follows would be a
//! part of it. Then what hides an error: commands that tell the client to go on after an error or to commit nothing. Takes the text; gives the reason not to hand it over.

use std::sync::LazyLock;

use regex::Regex;

use crate::diagnostics::Diagnostic;
use crate::dialect::Dialect;
use crate::inject::{open_transaction, parser, unfinished};

/// Commands of clients, and statements, that a later step would suffer from. A client knows its own at the start of a statement.
static SWITCHES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?im)^[ \t]*(\\(?:un)?set[ \t]+(?:ON_ERROR_STOP|AUTOCOMMIT)(?-u:\b).*|\.bail(?-u:\b).*|set[ \t]+(?:session[ \t]+)?(?:@@)?(?:session\.)?autocommit(?-u:\b).*|set[ \t]+implicit_transactions(?-u:\b).*|alter[ \t]+session[ \t]+set[ \t]+autocommit(?-u:\b).*)$",
    )
    .expect("a constant pattern")
});

/// What such a command ends with where it asks for the safe mode.
static SAFE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i)[\s=](on|1|true|yes)\s*;?$").expect("a constant pattern"));

/// Why this step is not handed to a client. `errors_show`: whether the client tells later that a statement has failed.
pub fn refused(dialect: &Dialect, file: &str, text: &[u8], errors_show: bool) -> Result<Option<String>, Diagnostic> {
    let text = String::from_utf8_lossy(text);
    let parser = parser(&dialect.fact::<String>("parser")?);
    if let Some(open) = unfinished(&text, &*parser) {
        return Ok(Some(format!(
            "{} is left open in `{file}`, line {}, so that the client would take what follows the step for a part of it: {}",
            open.what, open.line, open.text
        )));
    }
    if let Some(command) = dialect.client_syntax.command(&text) {
        return Ok(Some(format!(
            "`{file}` holds a command of the client `{}` in line {}, which would run on this machine: {}",
            dialect.client_syntax.program, command.line, command.text
        )));
    }
    if let Some(line) = open_transaction(&text, &*parser) {
        return Ok(Some(format!(
            "`{file}` begins a transaction in line {line} and leaves it open, so that what it does would be rolled back: add `commit`"
        )));
    }
    if errors_show {
        return Ok(None);
    }
    let mut switches = SWITCHES.find_iter(&text).map(|switch| switch.as_str().trim());
    Ok(switches
        .find(|switch| !SAFE.is_match(switch) || switch.to_lowercase().contains("implicit"))
        .map(|switch| format!("`{file}` holds `{switch}`: nothing would show what became of the statements after it; leave it out")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect;

    #[test]
    fn switches_are_found_where_a_statement_begins() {
        let dialect = dialect::named("postgres").unwrap();
        let refused = |text: &str| refused(&dialect, "a.sql", text.as_bytes(), false).unwrap();
        for text in [
            "\\set ON_ERROR_STOP off\nselect 1;",
            "select 1;\n\\unset ON_ERROR_STOP",
            "\\set AUTOCOMMIT off",
            "select 1;\n.bail off\n",
            "set autocommit = 0;",
            "SET SESSION autocommit=0;",
            "set @@session.autocommit = 0;",
            "set implicit_transactions on;",
            "alter session set autocommit = false;",
        ] {
            assert!(refused(text).is_some(), "{text}");
        }
        for text in [
            "select '\\set ON_ERROR_STOP';",
            "-- set autocommit = 0",
            "set search_path = a;",
            "update t set autocommit_on = 1;",
            ".bail on",
            "set autocommit=1;",
        ] {
            assert_eq!(refused(text), None, "{text}");
        }
    }
}
