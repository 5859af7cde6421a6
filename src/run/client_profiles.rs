//! Profiles of well-known clients: which options make them stop at an error, and how they read
//! standard input.

/// The profile of a client.
pub struct ClientProfile {
    programs: &'static [&'static str],
    /// The dialects that it speaks.
    pub dialects: &'static [&'static str],
    /// Options that make it stop at an error, if it does not by default; the last one is suggested.
    pub stop_at_error_options: &'static [&'static str],
    /// Options that make it continue after an error.
    pub continues_on_error_flags: &'static [&'static str],
    /// Options that a session needs; the last one is suggested.
    pub session_options: &'static [&'static str],
    /// Why a session needs them.
    pub no_session_reason: &'static str,
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

fn by_name(argument: &str) -> Option<(&'static ClientProfile, &'static str)> {
    PROFILES.iter().find_map(|profile| {
        profile
            .programs
            .iter()
            .find(|program| **program == base(argument))
            .map(|program| (profile, *program))
    })
}

/// The name of a program without its folder.
pub fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
