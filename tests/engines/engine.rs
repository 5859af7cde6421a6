//! What a test needs of an engine: a fresh database, its client, and rows as text.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A case that every engine passes, by name.
pub type Case = (&'static str, fn(&dyn Engine));

pub trait Engine: Send + Sync {
    /// The name that `--dialect` takes.
    fn dialect(&self) -> &'static str;
    /// What its cases are called.
    fn name(&self) -> &'static str {
        self.dialect()
    }
    /// Whether a failing file changes nothing. Where it can, running the file again must repair the table.
    fn atomic(&self) -> bool {
        true
    }
    /// Whether statements between `begin` and `commit` are one.
    #[allow(dead_code, reason = "tests/engines alone asks")]
    fn transactions(&self) -> bool {
        self.atomic()
    }
    /// A name in the engine's quotes.
    fn quoted(&self, name: &str) -> String {
        format!("\"{name}\"")
    }
    /// Its type of whole numbers.
    fn integer(&self) -> &'static str {
        "integer"
    }
    /// Whether two clients may write to one database at the same time.
    fn side_by_side(&self) -> bool {
        false
    }
    /// Whether a batch takes so long that the model of hours is left to other engines.
    #[allow(dead_code, reason = "tests/running knows no such engine")]
    fn slow(&self) -> bool {
        false
    }
    /// Cases that this engine cannot show, each with the reason.
    #[allow(dead_code, reason = "tests/engines alone asks")]
    fn left_out(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }
    /// A file of the project as a user of this engine would have written it.
    fn project_file(&self, _path: &Path, text: &str) -> String {
        text.to_string()
    }
    /// Values for `--vars`.
    fn vars(&self) -> &'static str {
        "{}"
    }
    /// An empty database of the test's own.
    fn database(&self) -> Box<dyn Database + '_>;
}

pub trait Database: Sync {
    /// Hands a file to the engine's client, as a user would.
    fn run(&self, file: &Path) -> Outcome;
    /// The client's command for `batchwright run`, which keeps it open and feeds it; of engines that `tests/running` runs on.
    #[allow(dead_code, reason = "tests/running alone opens sessions")]
    fn session(&self) -> Vec<String> {
        unreachable!("no session of this engine is tested")
    }
    /// The rows of a query, columns joined by `|`, in no particular order.
    fn rows(&self, query: &str) -> Vec<String>;
    /// What the tests do by hand, as this engine says it. Files of a plan run as they are.
    fn by_hand(&self, sql: &str) -> String {
        sql.to_string()
    }
    /// Makes the table refuse rows that have nothing in a column.
    fn refuse_nulls(&self, table: &str, column: &str) -> String {
        format!("alter table {table} alter column {column} set not null;")
    }
    /// Takes that back.
    fn allow_nulls(&self, table: &str, column: &str) -> String {
        format!("alter table {table} alter column {column} drop not null;")
    }
}

/// How a client ended, and what it wrote to stderr.
#[derive(Debug)]
pub struct Outcome {
    pub ok: bool,
    pub said: String,
}

/// Runs a client to its end.
pub fn outcome(client: &mut Command) -> Outcome {
    let output = output(client);
    Outcome { ok: output.status.success(), said: text(output.stderr) }
}

/// What a client prints, a line each. A client that fails fails the test.
pub fn lines(client: &mut Command) -> Vec<String> {
    let output = output(client);
    assert!(output.status.success(), "{client:?}\n{}", text(output.stderr));
    text(output.stdout).lines().map(str::to_string).collect()
}

/// A command as its words.
#[allow(dead_code, reason = "tests/running alone opens sessions")]
pub fn argv(client: &Command) -> Vec<String> {
    let words = std::iter::once(client.get_program()).chain(client.get_args());
    words.map(|word| word.to_str().expect("paths of tests are UTF-8").to_string()).collect()
}

/// Where `tests/run` installs clients and analyzers.
pub fn installed(path: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/engines").join(path);
    assert!(path.exists(), "{} is missing: run `tests/run` once, which installs it", path.display());
    path
}

fn output(client: &mut Command) -> Output {
    client.output().unwrap_or_else(|error| panic!("{client:?} does not start: {error}"))
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("clients print UTF-8")
}

/// Times as the other engines print them: `2024-09-01 00:00:00`, with a fraction only where there is one.
pub fn plain_times(line: &str) -> String {
    let fraction = regex::Regex::new(r"(\d\d:\d\d:\d\d)(?:(\.\d*?[1-9])0*|\.0+)").unwrap();
    fraction.replace_all(line, "$1$2").into_owned()
}
