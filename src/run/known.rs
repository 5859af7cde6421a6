//! The habits of well-known clients: what makes them stop at an error, and how they read standard input. Takes an argument
//! vector; refuses one that would go on after an error, with the exact words to add or to leave out.

use crate::diagnostics::Diagnostic;

/// A client by the name of its program.
pub struct Known {
    programs: &'static [&'static str],
    /// Without one of these words it goes on after an error; the last is the advice.
    stops: &'static [&'static str],
    /// With one of these it goes on after an error.
    goes_on: &'static [&'static str],
    /// Without one of these it cannot be fed; the last is the advice.
    in_session: &'static [&'static str],
    /// What it does without them.
    unfed: &'static str,
    pub input: Input,
    /// Prints [`TOKEN`] twice with a dash in the middle, which its own text does not hold, and asks no database, so that it takes a
    /// tenth of a query's time. Behind a statement without an end it is a part of that statement, and wrong.
    pub marker: Option<&'static str>,
    /// Commands of the client that make it stop at an error and commit each statement, sent before each step and after it.
    pub safe_mode: &'static str,
    /// A command that prints [`TOKEN`] and [`NO_ERROR`] if no statement of the session has failed.
    pub error_check: Option<&'static str>,
    /// What to do where it goes on after an error all the same.
    pub cure: &'static str,
    /// Whether only one process may write to a database.
    pub single_writer: bool,
}

/// What a client does with its standard input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Statement by statement, as they come.
    Stream,
    /// To its end, before anything is done: a process is good for one step.
    Whole,
    /// Whatever stands in one line, ending it at an error and going on with the next.
    Lines,
    /// Not at all, or not as SQL alone.
    Nothing,
}

/// What stands for the token in a marker.
pub const TOKEN: &str = "{token}";

/// The SQLSTATE of success.
pub const NO_ERROR: &str = "00000";

const STREAM: Known = Known {
    programs: &[],
    stops: &[],
    goes_on: &[],
    in_session: &[],
    unfed: "",
    input: Input::Stream,
    marker: None,
    safe_mode: "",
    error_check: None,
    cure: "",
    single_writer: false,
};

const KNOWN: &[Known] = &[
    Known {
        programs: &["psql"],
        stops: &["ON_ERROR_STOP=on", "ON_ERROR_STOP=true", "ON_ERROR_STOP=yes", "-v ON_ERROR_STOP=1"],
        safe_mode: "\\set ON_ERROR_STOP on\n\\set AUTOCOMMIT on\n",
        cure: "add `-X -v ON_ERROR_STOP=1` as its last arguments",
        error_check: Some(r"\echo {token}:LAST_ERROR_SQLSTATE"),
        ..STREAM
    },
    Known {
        programs: &["duckdb", "sqlite3"],
        stops: &["--bail", "-bail"],
        marker: Some(r#".print "{token}\055{token}""#),
        safe_mode: ".bail on\n",
        cure: "add `-bail`, and look for `.bail off` in the file that it reads at its start",
        single_writer: true,
        ..STREAM
    },
    Known {
        programs: &["mysql", "mariadb"],
        goes_on: &["--force", "-f"],
        in_session: &["-n", "--unbuffered"],
        unfed: "keeps what it prints to itself until its end, and a session waits for a word after each step",
        cure: "look for `force` and `init-command` in its option files, or add `--no-defaults` as its first argument",
        ..STREAM
    },
    Known { programs: &["clickhouse-client", "clickhouse"], goes_on: &["--ignore-error"], input: Input::Whole, ..STREAM },
    Known { programs: &["trino"], goes_on: &["--ignore-errors"], input: Input::Nothing, ..STREAM },
    Known {
        programs: &["snow"],
        in_session: &["--stdin", "-i"],
        unfed: "opens a prompt, which wants a terminal",
        input: Input::Whole,
        ..STREAM
    },
    Known { programs: &["bq"], input: Input::Whole, ..STREAM },
    Known { programs: &["spark-sql"], goes_on: &["hive.cli.errors.ignore=true"], input: Input::Lines, ..STREAM },
    Known { programs: &["beeline"], goes_on: &["--force=true"], input: Input::Nothing, ..STREAM },
    Known { programs: &["sqlcmd"], stops: &["-b"], input: Input::Nothing, ..STREAM },
    Known { programs: &["dbsqlcli"], input: Input::Nothing, ..STREAM },
];

/// Programs that only start another one.
const STARTERS: &[&str] = &[
    "bash", "doas", "docker", "env", "kubectl", "nice", "nohup", "podman", "setpriv", "sh", "ssh", "stdbuf", "sudo", "su", "runuser",
    "time",
];

/// What is known of the client that these arguments start, be it through `sudo`, `docker exec` or a shell.
pub fn client(argv: &[String]) -> Option<(&'static Known, &'static str)> {
    let first = argv.first()?;
    if let Some(found) = by_name(first) {
        return Some(found);
    }
    if !STARTERS.contains(&base(first)) {
        return None;
    }
    argv[1..].iter().flat_map(|argument| argument.split_whitespace()).find_map(by_name)
}

/// Refuses a client that would take a failed step for a finished one.
pub fn refuse_careless(argv: &[String], session: bool) -> Result<(), Diagnostic> {
    let Some((known, program)) = client(argv) else { return Ok(()) };
    let words: Vec<&str> = argv.iter().flat_map(|argument| argument.split_whitespace()).collect();
    // `-vON_ERROR_STOP=1` and `--set=ON_ERROR_STOP=1` are one word with what stands before.
    let given = |word: &str| {
        let word = word.rsplit(' ').next().unwrap_or(word);
        words.iter().any(|given| *given == word || (word.contains('=') && given.to_lowercase().ends_with(&word.to_lowercase())))
    };
    let dangerous =
        |what: String| Diagnostic::error(what).fact("a failed batch would lose the rows that it deleted before, and would count as done");
    if let Some(advice) = known.stops.last().filter(|_| !known.stops.iter().any(|word| given(word))) {
        return Err(dangerous(format!("`{program}` goes on after an error unless it is told to stop"))
            .hint(format!("add `{advice}`: `batchwright run -- {}`", added(argv, program, advice))));
    }
    if let Some(word) = known.goes_on.iter().find(|word| given(word)) {
        return Err(dangerous(format!("`{word}` makes `{program}` go on after an error")).hint(format!("leave out `{word}`")));
    }
    if !session {
        return Ok(());
    }
    if let Some(advice) = known.in_session.last().filter(|_| !known.in_session.iter().any(|word| given(word))) {
        return Err(Diagnostic::error(format!("`{program}` cannot be fed on its standard input without `{advice}`"))
            .fact(format!("it {}", known.unfed))
            .hint(format!("add `{advice}`: `batchwright run -- {} {advice}`", argv.join(" ")))
            .hint("or name a command with `{file}` in it, which is run once for each step"));
    }
    if known.input == Input::Nothing {
        return Err(Diagnostic::error(format!("`{program}` cannot be fed step after step on its standard input"))
            .hint("name a command with `{file}` in it, which is run once for each step"));
    }
    Ok(())
}

fn by_name(argument: &str) -> Option<(&'static Known, &'static str)> {
    KNOWN.iter().find_map(|known| known.programs.iter().find(|program| **program == base(argument)).map(|program| (known, *program)))
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The arguments with the advice behind the program.
fn added(argv: &[String], program: &str, advice: &str) -> String {
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

    fn refused(words: &str) -> Option<String> {
        let argv: Vec<String> = shlex::split(words).unwrap();
        refuse_careless(&argv, !words.contains("{file}")).err().map(|wrong| wrong.hints.join("; "))
    }

    #[test]
    fn clients_that_go_on_after_an_error_are_refused() {
        assert_eq!(
            refused("/usr/bin/psql -X -f {file}").unwrap(),
            "add `-v ON_ERROR_STOP=1`: `batchwright run -- /usr/bin/psql -v ON_ERROR_STOP=1 -X -f {file}`"
        );
        for careless in
            ["psql -v ON_ERROR_STOP=0", "duckdb a.db", "sqlite3 a.db", "sqlcmd -i {file}", "sudo -u postgres psql", "mysql -n -f"]
        {
            assert!(refused(careless).is_some(), "{careless}");
        }
        for careful in [
            "psql -v ON_ERROR_STOP=1",
            "psql --set=ON_ERROR_STOP=on -f {file}",
            "psql -vON_ERROR_STOP=1",
            "duckdb --bail a.db",
            "sh -c 'psql -v ON_ERROR_STOP=1 -f $0' {file}",
            "my-client",
            "my-client psql",
        ] {
            assert_eq!(refused(careful), None, "{careful}");
        }
    }

    #[test]
    fn a_session_needs_a_client_that_speaks() {
        assert!(refused("mariadb shop").unwrap().contains("`--unbuffered`"));
        assert_eq!(refused("mariadb -n shop"), None);
        assert!(refused("dbsqlcli").unwrap().contains("{file}"));
        assert!(refused("snow sql").unwrap().contains("`batchwright run -- snow sql -i`"));
        assert_eq!(refused("snow sql -i"), None);
    }

    #[test]
    fn every_dialect_names_a_careful_client_and_a_marker() {
        for name in dialect::names() {
            let dialect = dialect::named(name).unwrap();
            let argv: Vec<String> = dialect.fact("client").unwrap();
            let example: String = dialect.fact("example").unwrap();
            assert_eq!(refused(&example), None, "{name}");
            // Athena has no client that runs a file of several statements and waits for them.
            assert_eq!(argv.is_empty(), name == "athena", "{name}");
            if !argv.is_empty() {
                let known = client(&argv).unwrap_or_else(|| panic!("`{argv:?}` of {name} is no known client")).0;
                assert_eq!(refused(&argv.join(" ")), None, "{name}");
                assert!(argv.contains(&"{file}".to_string()) || known.input != Input::Nothing, "{name}");
                assert_eq!(example.split(' ').next(), argv.first().map(String::as_str), "{name}");
            }
            let check = Protocol::new(&dialect, None).unwrap().check();
            assert!(check.after.contains("batchwright_marker") && check.after.ends_with(";\n"), "{name}: {}", check.after);
            for (_, word) in &check.words {
                assert!(!check.after.contains(word), "an echo proves nothing");
            }
        }
    }
}
