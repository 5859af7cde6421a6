//! The interface to an engine: a new database, its client, and rows as text.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A test case and its name.
pub type Case = (&'static str, fn(&dyn Engine));

pub trait Engine: Send + Sync {
    /// The name that `--dialect` takes.
    fn dialect(&self) -> &'static str;
    /// The prefix of its cases' names.
    fn name(&self) -> &'static str {
        self.dialect()
    }
    /// Whether a failing file changes nothing. If not, running the file again must repair the
    /// table.
    fn atomic(&self) -> bool {
        true
    }
    /// Whether the engine has transactions.
    #[allow(dead_code, reason = "only tests/engines uses it")]
    fn transactions(&self) -> bool {
        self.atomic()
    }
    /// Quotes a name.
    fn quoted(&self, name: &str) -> String {
        format!("\"{name}\"")
    }
    /// The integer type.
    fn integer(&self) -> &'static str {
        "integer"
    }
    /// Whether two clients may write to one database at the same time.
    fn allows_concurrent_clients(&self) -> bool {
        false
    }
    /// Whether batches are so slow that the hourly model is not built on this engine.
    #[allow(dead_code, reason = "only tests/engines uses it")]
    fn slow(&self) -> bool {
        false
    }
    /// Cases that cannot run on this engine, each with the reason.
    #[allow(dead_code, reason = "only tests/engines uses it")]
    fn excluded_cases(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }
    /// Adapts a file of the project to this engine.
    fn project_file(&self, _path: &Path, text: &str) -> String {
        text.to_string()
    }
    /// Values for `--vars`.
    fn vars(&self) -> &'static str {
        "{}"
    }
    /// A new empty database.
    fn database(&self) -> Box<dyn Database + '_>;
}

pub trait Database: Sync {
    /// Runs a file with the engine's client.
    fn run(&self, file: &Path) -> Outcome;
    /// The client command for a session of `batchwright run`, on the engines of `tests/running`.
    #[allow(dead_code, reason = "only tests/running uses it")]
    fn session(&self) -> Vec<String> {
        unreachable!("sessions of this engine are not tested")
    }
    /// The rows of a query in any order, columns joined by `|`.
    fn rows(&self, query: &str) -> Vec<String>;
    /// Adapts SQL of the tests to this engine. Files of a plan run unchanged.
    fn adapt_sql(&self, sql: &str) -> String {
        sql.to_string()
    }
    /// SQL that makes the table reject nulls in a column.
    fn refuse_nulls(&self, table: &str, column: &str) -> String {
        format!("alter table {table} alter column {column} set not null;")
    }
    /// SQL that reverts [`Database::refuse_nulls`].
    fn allow_nulls(&self, table: &str, column: &str) -> String {
        format!("alter table {table} alter column {column} drop not null;")
    }
}

/// The result of a client.
#[derive(Debug)]
pub struct Outcome {
    pub ok: bool,
    pub stderr: String,
}

/// Runs a client to its end.
pub fn outcome(client: &mut Command) -> Outcome {
    let output = output(client);
    Outcome { ok: output.status.success(), stderr: text(output.stderr) }
}

/// The lines of a client's stdout. Panics if the client fails.
pub fn lines(client: &mut Command) -> Vec<String> {
    let output = output(client);
    assert!(output.status.success(), "{client:?}\n{}", text(output.stderr));
    text(output.stdout).lines().map(str::to_string).collect()
}

/// The program and its arguments.
#[allow(dead_code, reason = "only tests/running uses it")]
pub fn argv(client: &Command) -> Vec<String> {
    let arguments = std::iter::once(client.get_program()).chain(client.get_args());
    arguments
        .map(|argument| argument.to_str().expect("paths of tests are UTF-8").to_string())
        .collect()
}

/// The path of a client or analyzer that `tests/run` installs.
pub fn installed(path: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/engines").join(path);
    assert!(path.exists(), "{} does not exist: run `tests/run`, which installs it", path.display());
    path
}

fn output(client: &mut Command) -> Output {
    client.output().unwrap_or_else(|error| panic!("{client:?} does not start: {error}"))
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("clients print UTF-8")
}

/// Prints times as the other engines do: `2024-09-01 00:00:00`, with a fraction only if it is not
/// zero.
pub fn plain_times(line: &str) -> String {
    let fraction = regex::Regex::new(r"(\d\d:\d\d:\d\d)(?:(\.\d*?[1-9])0*|\.0+)").unwrap();
    fraction.replace_all(line, "$1$2").into_owned()
}
