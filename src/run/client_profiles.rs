//! Profiles of well-known clients: which options make them stop at an error, and how they read
//! standard input. Refuses arguments with which a client continues after an error, and names the
//! option to add or to remove.

use crate::diagnostics::Diagnostic;
use crate::dialect::Dialect;

/// The profile of a client.
pub struct ClientProfile {
    programs: &'static [&'static str],
    /// The dialects that it speaks.
    dialects: &'static [&'static str],
    /// Options that make it stop at an error, if it does not by default; the last one is suggested.
    stop_at_error_options: &'static [&'static str],
    /// Options that make it continue after an error.
    continues_on_error_flags: &'static [&'static str],
    /// Options that a session needs; the last one is suggested.
    session_options: &'static [&'static str],
    /// Why a session needs them.
    no_session_reason: &'static str,
    pub input: StdinMode,
    /// A client command that prints [`TOKEN`] twice with a dash in between, which the command's
    /// text does not contain. It needs no query, so it takes a tenth of the time. After an
    /// unterminated statement it is a syntax error.
    pub marker: Option<&'static str>,
    /// Client commands that make it stop at an error and commit each statement; sent before and
    /// after each step.
    pub safe_mode: &'static str,
    /// A client command that prints [`TOKEN`] and [`NO_ERROR`] if no statement of the session has
    /// failed.
    pub error_check: Option<&'static str>,
    /// What to do if it still continues after an error.
    pub cure: &'static str,
    /// Whether only one process can write to a database.
    pub single_writer: bool,
    /// Environment variables by which it finds the server and the user, and those of its secrets.
    pub settings: &'static [&'static str],
    pub secrets: &'static [&'static str],
    /// A client command, and options, with which it prints long values unchanged.
    pub plain_output: &'static str,
    pub plain_options: &'static [PlainOption],
}

/// An option with which a client prints all rows of a query with their complete values.
pub struct PlainOption {
    args: &'static [&'static str],
    /// Options that have the same effect or exclude it.
    unless: &'static [&'static str],
}

/// How a client reads its standard input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StdinMode {
    /// Statement by statement, as they arrive.
    Stream,
    /// To the end before it runs anything: one process per step.
    ToEnd,
    /// Line by line; after an error it continues with the next line.
    Lines,
    /// It does not read SQL from standard input.
    Nothing,
}

/// The placeholder of the token in a marker.
pub const TOKEN: &str = "{token}";

/// The SQLSTATE of success.
pub const NO_ERROR: &str = "00000";

const STREAM: ClientProfile = ClientProfile {
    programs: &[],
    dialects: &[],
    stop_at_error_options: &[],
    continues_on_error_flags: &[],
    session_options: &[],
    no_session_reason: "",
    input: StdinMode::Stream,
    marker: None,
    safe_mode: "",
    error_check: None,
    cure: "",
    single_writer: false,
    settings: &[],
    secrets: &[],
    plain_output: "",
    plain_options: &[],
};

const EMBEDDED: ClientProfile = ClientProfile {
    stop_at_error_options: &["--bail", "-bail"],
    marker: Some(r#".print "{token}\055{token}""#),
    safe_mode: ".bail on\n",
    cure: "add `-bail`, and look for `.bail off` in its startup file",
    single_writer: true,
    plain_output: ".mode list\n",
    ..STREAM
};

const PROFILES: &[ClientProfile] = &[
    ClientProfile {
        programs: &["psql"],
        dialects: &["postgres", "redshift"],
        stop_at_error_options: &[
            "ON_ERROR_STOP=on",
            "ON_ERROR_STOP=true",
            "ON_ERROR_STOP=yes",
            "-v ON_ERROR_STOP=1",
        ],
        safe_mode: "\\set ON_ERROR_STOP on\n\\set AUTOCOMMIT on\n",
        cure: "add `-X -v ON_ERROR_STOP=1` as its last arguments",
        error_check: Some(r"\echo {token}:LAST_ERROR_SQLSTATE"),
        settings: &["PGHOST", "PGUSER", "PGDATABASE"],
        secrets: &["PGPASSWORD"],
        ..STREAM
    },
    ClientProfile { programs: &["duckdb"], dialects: &["duckdb"], ..EMBEDDED },
    ClientProfile { programs: &["sqlite3"], dialects: &["sqlite"], ..EMBEDDED },
    ClientProfile {
        programs: &["mysql", "mariadb"],
        dialects: &["mysql", "mariadb"],
        continues_on_error_flags: &["--force", "-f"],
        session_options: &["-n", "--unbuffered"],
        no_session_reason: "buffers its output until it ends, but a session needs it after each \
            step",
        cure: "look for `force` and `init-command` in its option files, or add `--no-defaults` as \
            its first argument",
        settings: &["MYSQL_HOST"],
        secrets: &["MYSQL_PWD"],
        ..STREAM
    },
    ClientProfile {
        programs: &["clickhouse-client", "clickhouse"],
        dialects: &["clickhouse"],
        continues_on_error_flags: &["--ignore-error"],
        input: StdinMode::ToEnd,
        settings: &["CLICKHOUSE_HOST", "CLICKHOUSE_USER"],
        secrets: &["CLICKHOUSE_PASSWORD"],
        ..STREAM
    },
    ClientProfile {
        programs: &["trino"],
        dialects: &["trino", "athena"],
        continues_on_error_flags: &["--ignore-errors"],
        input: StdinMode::Nothing,
        ..STREAM
    },
    ClientProfile {
        programs: &["snow"],
        dialects: &["snowflake"],
        session_options: &["--stdin", "-i"],
        no_session_reason: "opens a prompt, which needs a terminal",
        plain_options: &[PlainOption { args: &["--format", "json"], unless: &["--format"] }],
        input: StdinMode::ToEnd,
        settings: &["SNOWFLAKE_ACCOUNT", "SNOWFLAKE_USER"],
        secrets: &["SNOWFLAKE_PASSWORD"],
        ..STREAM
    },
    ClientProfile {
        programs: &["bq"],
        dialects: &["bigquery"],
        input: StdinMode::ToEnd,
        // It prints 100 rows by default.
        plain_options: &[
            PlainOption { args: &["--max_rows=2147483647"], unless: &["--max_rows", "-n"] },
            PlainOption { args: &["--format=csv"], unless: &["--format"] },
        ],
        ..STREAM
    },
    ClientProfile {
        programs: &["spark-sql"],
        dialects: &["spark", "databricks"],
        continues_on_error_flags: &["hive.cli.errors.ignore=true"],
        input: StdinMode::Lines,
        ..STREAM
    },
    ClientProfile {
        programs: &["beeline"],
        dialects: &["spark", "databricks"],
        continues_on_error_flags: &["--force=true"],
        input: StdinMode::Nothing,
        ..STREAM
    },
    ClientProfile {
        programs: &["sqlcmd"],
        dialects: &["sqlserver", "fabric"],
        stop_at_error_options: &["-b"],
        input: StdinMode::Nothing,
        // It cuts texts after 256 characters by default.
        plain_options: &[PlainOption { args: &["-y", "0"], unless: &["-y", "-W"] }],
        settings: &["SQLCMDSERVER", "SQLCMDUSER", "SQLCMDDBNAME"],
        secrets: &["SQLCMDPASSWORD"],
        ..STREAM
    },
    ClientProfile {
        programs: &["dbsqlcli"],
        dialects: &["databricks"],
        input: StdinMode::Nothing,
        settings: &["DBSQLCLI_HOST_NAME", "DBSQLCLI_HTTP_PATH"],
        secrets: &["DBSQLCLI_ACCESS_TOKEN"],
        ..STREAM
    },
];

/// Programs that start another program.
const STARTERS: &[&str] = &[
    "bash", "doas", "docker", "env", "kubectl", "nice", "nohup", "podman", "setpriv", "sh", "ssh",
    "stdbuf", "sudo", "su", "runuser", "time",
];

/// The profile and the program of the client that these arguments start, also through `sudo`,
/// `docker exec` or a shell.
pub fn profile(argv: &[String]) -> Option<(&'static ClientProfile, &'static str)> {
    let first = argv.first()?;
    if let Some(profile) = by_name(first) {
        return Some(profile);
    }
    if !STARTERS.contains(&base(first)) {
        return None;
    }
    argv[1..].iter().flat_map(|argument| argument.split_whitespace()).find_map(by_name)
}

/// Adds the options with which a known client prints all rows of a query with their complete
/// values, unless the arguments have them.
pub fn with_plain_options(argv: &[String]) -> Vec<String> {
    let mut plain = argv.to_vec();
    let Some((profile, _)) = profile(argv) else { return plain };
    for option in profile.plain_options {
        let is_set = |name: &&str| {
            argv.iter().any(|word| {
                let rest = word.strip_prefix(*name);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
            })
        };
        if !option.unless.iter().any(is_set) {
            plain.extend(option.args.iter().map(|word| (*word).to_string()));
        }
    }
    plain
}

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

fn by_name(argument: &str) -> Option<(&'static ClientProfile, &'static str)> {
    PROFILES.iter().find_map(|profile| {
        profile
            .programs
            .iter()
            .find(|program| **program == base(argument))
            .map(|program| (profile, *program))
    })
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
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
    fn queries_print_all_rows_and_complete_values() {
        let plain = |words: &str| {
            let argv: Vec<String> = shlex::split(words).unwrap();
            let plain = with_plain_options(&argv);
            plain[argv.len()..].join(" ")
        };
        let bq = "bq query --use_legacy_sql=false";
        assert_eq!(plain(bq), "--max_rows=2147483647 --format=csv");
        assert_eq!(plain(&format!("{bq} --format=json")), "--max_rows=2147483647");
        assert_eq!(plain(&format!("{bq} --format csv -n 5000")), "");
        assert_eq!(plain("snow sql -i"), "--format json");
        assert_eq!(plain("env A=b /opt/snow sql -i --format csv"), "");
        assert_eq!(plain("sqlcmd -b -i {file}"), "-y 0");
        assert_eq!(plain("sqlcmd -b -W -i {file}"), "");
        assert_eq!(plain("trino -f {file}"), "");
        assert_eq!(plain("my-client"), "");
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
