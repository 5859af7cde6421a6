//! Refuses a client of another dialect, and arguments with which a client continues after an error;
//! names the option to add or to remove.

use super::client_profiles::{StdinMode, base, profile};
use crate::diagnostics::Diagnostic;
use crate::dialect::Dialect;

/// Refuses a client of another dialect.
pub fn reject_other_dialect(argv: &[String], dialect: &Dialect) -> Result<(), Diagnostic> {
    let Some((profile, program)) = profile(argv) else { return Ok(()) };
    if profile.dialects.contains(&dialect.name) {
        return Ok(());
    }
    let dialects: Vec<String> = profile.dialects.iter().map(|name| format!("`{name}`")).collect();
    let error = Diagnostic::error(format!(
        "`{program}` is a client of {}, but the dialect of the plan is `{}`",
        dialects.join(" and "),
        dialect.name
    ));
    let example = &dialect.client.example;
    Err(error
        .hint(format!("for this plan: `batchwright run -- {example}`"))
        .hint("or compile the plan for the other warehouse: `batchwright compile --target NAME`"))
}

/// Refuses arguments with which a failed step would count as done.
pub fn reject_error_ignoring(argv: &[String], session: bool) -> Result<(), Diagnostic> {
    let Some((profile, program)) = profile(argv) else { return Ok(()) };
    let words: Vec<&str> = argv.iter().flat_map(|argument| argument.split_whitespace()).collect();
    // `-vON_ERROR_STOP=1` and `--set=ON_ERROR_STOP=1` are one argument.
    let has_option = |word: &str| {
        let word = word.rsplit(' ').next().unwrap_or(word);
        words.iter().any(|argument| {
            *argument == word
                || (word.contains('=') && argument.to_lowercase().ends_with(&word.to_lowercase()))
        })
    };
    let dangerous = |what: String| {
        Diagnostic::error(what)
            .note("a failed batch would lose the rows that it has deleted, and would count as done")
    };
    if let Some(advice) = profile
        .stop_at_error_options
        .last()
        .filter(|_| !profile.stop_at_error_options.iter().any(|word| has_option(word)))
    {
        return Err(dangerous(format!("`{program}` continues after an error by default")).hint(
            format!("add `{advice}`: `batchwright run -- {}`", with_option(argv, program, advice)),
        ));
    }
    if let Some(word) = profile.continues_on_error_flags.iter().find(|word| has_option(word)) {
        return Err(dangerous(format!("with `{word}`, `{program}` continues after an error"))
            .hint(format!("remove `{word}`")));
    }
    if !session {
        return Ok(());
    }
    if let Some(advice) = profile
        .session_options
        .last()
        .filter(|_| !profile.session_options.iter().any(|word| has_option(word)))
    {
        return Err(Diagnostic::error(format!(
            "`{program}` cannot read steps from standard input without `{advice}`"
        ))
        .note(format!("it {}", profile.no_session_reason))
        .hint(format!("add `{advice}`: `batchwright run -- {} {advice}`", argv.join(" ")))
        .hint("or use `{file}` in the arguments, to run the client once per step"));
    }
    if profile.input == StdinMode::Nothing {
        return Err(Diagnostic::error(format!(
            "`{program}` cannot read steps from standard input"
        ))
        .hint("use `{file}` in the arguments, to run the client once per step"));
    }
    Ok(())
}

/// The arguments with the suggested option after the program.
fn with_option(argv: &[String], program: &str, advice: &str) -> String {
    let mut words = Vec::new();
    let mut open = true;
    for argument in argv {
        words.push(argument.clone());
        if open && base(argument) == program {
            words.push(advice.to_string());
            open = false;
        }
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect;
    use crate::run::protocol::Protocol;

    fn rejection(words: &str) -> Option<String> {
        let argv: Vec<String> = shlex::split(words).unwrap();
        reject_error_ignoring(&argv, !words.contains("{file}"))
            .err()
            .map(|error| error.hints.join("; "))
    }

    #[test]
    fn clients_that_continue_after_an_error_are_refused() {
        assert_eq!(
            rejection("/usr/bin/psql -X -f {file}").unwrap(),
            "add `-v ON_ERROR_STOP=1`: `batchwright run -- /usr/bin/psql -v ON_ERROR_STOP=1 -X -f \
             {file}`"
        );
        for unsafe_arguments in [
            "psql -v ON_ERROR_STOP=0",
            "duckdb a.db",
            "sqlite3 a.db",
            "sqlcmd -i {file}",
            "sudo -u postgres psql",
            "mysql -n -f",
        ] {
            assert!(rejection(unsafe_arguments).is_some(), "{unsafe_arguments}");
        }
        for safe_arguments in [
            "psql -v ON_ERROR_STOP=1",
            "psql --set=ON_ERROR_STOP=on -f {file}",
            "psql -vON_ERROR_STOP=1",
            "duckdb --bail a.db",
            "sh -c 'psql -v ON_ERROR_STOP=1 -f $0' {file}",
            "my-client",
            "my-client psql",
        ] {
            assert_eq!(rejection(safe_arguments), None, "{safe_arguments}");
        }
    }

    #[test]
    fn a_client_of_another_dialect_is_refused() {
        let dialect = dialect::named("duckdb").unwrap();
        let rejection = |words: &str| {
            let argv: Vec<String> = shlex::split(words).unwrap();
            reject_other_dialect(&argv, &dialect).err().map(|error| error.message)
        };
        assert_eq!(
            rejection("psql -v ON_ERROR_STOP=1").unwrap(),
            "`psql` is a client of `postgres` and `redshift`, but the dialect of the plan is \
             `duckdb`"
        );
        assert!(rejection("docker exec -i db psql").is_some());
        assert_eq!(rejection("duckdb -bail a.db"), None);
        assert_eq!(rejection("my-client"), None);
    }

    #[test]
    fn a_session_needs_a_client_that_reads_statements() {
        assert!(rejection("mariadb shop").unwrap().contains("`--unbuffered`"));
        assert_eq!(rejection("mariadb -n shop"), None);
        assert!(rejection("dbsqlcli").unwrap().contains("{file}"));
        assert!(rejection("snow sql").unwrap().contains("`batchwright run -- snow sql -i`"));
        assert_eq!(rejection("snow sql -i"), None);
    }

    #[test]
    fn every_dialect_has_a_safe_client_and_a_marker() {
        for name in dialect::names() {
            let dialect = dialect::named(name).unwrap();
            let argv = &dialect.client.command;
            let example = &dialect.client.example;
            assert_eq!(rejection(example), None, "{name}");
            // Athena has no client that runs a file of several statements and waits for them.
            assert_eq!(argv.is_empty(), name == "athena", "{name}");
            if !argv.is_empty() {
                let profile = profile(argv)
                    .unwrap_or_else(|| panic!("`{argv:?}` of {name} has no profile"))
                    .0;
                assert_eq!(rejection(&argv.join(" ")), None, "{name}");
                assert!(
                    argv.contains(&"{file}".to_string()) || profile.input != StdinMode::Nothing,
                    "{name}"
                );
                assert_eq!(example.split(' ').next(), argv.first().map(String::as_str), "{name}");
            }
            let example = shlex::split(example).unwrap();
            assert!(reject_other_dialect(&example, &dialect).is_ok(), "{name}");
            let check = Protocol::new(&dialect, None).unwrap().check();
            assert!(
                check.after.contains("batchwright_marker") && check.after.ends_with(";\n"),
                "{name}: {}",
                check.after
            );
            for (_, word) in &check.words {
                assert!(!check.after.contains(word), "an echo of the input must not match");
            }
        }
    }
}
