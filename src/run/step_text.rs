//! Checks the text of a step for client commands, unterminated text (text after the step would
//! become a part of it), and commands that make the client continue after an error or not commit.

use std::sync::LazyLock;

use regex::Regex;

use crate::dialect::Dialect;
use crate::inject::{open_transaction, parser, unfinished};

/// Client commands and statements at the start of a line that affect later steps.
static SWITCHES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?im)^[ \t]*(\\(?:un)?set[ \t]+(?:ON_ERROR_STOP|AUTOCOMMIT)(?-u:\b).*",
        r"|\.bail(?-u:\b).*",
        r"|set[ \t]+(?:session[ \t]+)?(?:@@)?(?:session\.)?autocommit(?-u:\b).*",
        r"|set[ \t]+implicit_transactions(?-u:\b).*",
        r"|alter[ \t]+session[ \t]+set[ \t]+autocommit(?-u:\b).*)$",
    ))
    .expect("a constant pattern")
});

/// The end of such a command that sets the safe mode.
static SAFE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)[\s=](on|1|true|yes)\s*;?$").expect("a constant pattern"));

/// Why a client must not run this step; `None` if it may. `errors_show`: whether a failed statement
/// is detected after the step.
pub fn refusal(dialect: &Dialect, file: &str, text: &[u8], errors_show: bool) -> Option<String> {
    let text = String::from_utf8_lossy(text);
    let parser = parser(&dialect.syntax.parser);
    if let Some(open) = unfinished(&text, &*parser) {
        return Some(format!(
            "{} is left open in `{file}`, line {}, so the client would treat the text after the \
             step as a part of it: {}",
            open.what, open.line, open.text
        ));
    }
    if let Some(command) = dialect.client.client_syntax.first_command(&text) {
        return Some(format!(
            "`{file}` holds a command of the client `{}` in line {}, which would run on this \
             machine: {}",
            dialect.client.client_syntax.program, command.line, command.text
        ));
    }
    if let Some(line) = open_transaction(&text, &*parser) {
        return Some(format!(
            "`{file}` begins a transaction in line {line} and leaves it open, so its changes \
             would be rolled back: add `commit`"
        ));
    }
    if errors_show {
        return None;
    }
    let mut switches = SWITCHES.find_iter(&text).map(|switch| switch.as_str().trim());
    switches
        .find(|switch| !SAFE.is_match(switch) || switch.to_lowercase().contains("implicit"))
        .map(|switch| {
            format!(
                "`{file}` has `{switch}`, which hides errors of the following statements: remove it"
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect;

    #[test]
    fn switches_are_found_where_a_statement_begins() {
        let dialect = dialect::named("postgres").unwrap();
        let refusal = |text: &str| refusal(&dialect, "a.sql", text.as_bytes(), false);
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
            assert!(refusal(text).is_some(), "{text}");
        }
        for text in [
            "select '\\set ON_ERROR_STOP';",
            "-- set autocommit = 0",
            "set search_path = a;",
            "update t set autocommit_on = 1;",
            ".bail on",
            "set autocommit=1;",
        ] {
            assert_eq!(refusal(text), None, "{text}");
        }
    }
}
