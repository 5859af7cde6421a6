//! A project of one microbatch model in a separate folder, and the results of commands in it.

use std::fs;
use std::process::{Command, Output};

use tempfile::TempDir;

/// A project of one microbatch model, `orders`.
pub struct Shop(pub TempDir);

pub const CONFIG: &str = "{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='ordered_at', batch_size='day', begin='2024-09-01') }}";

impl Shop {
    pub fn new() -> Shop {
        Shop::of("select ordered_at, order_id from {{ source('raw', 'orders') }}")
    }

    pub fn of(query: &str) -> Shop {
        let shop = Shop(tempfile::tempdir().unwrap());
        shop.write("dbt_project.yml", "name: shop\n");
        shop.write(
            "models/sources.yml",
            "sources: [{name: raw, tables: [{name: orders, config: {event_time: ordered_at}}]}]\n",
        );
        shop.write("models/orders.sql", &format!("{CONFIG}\n{query}"));
        shop
    }

    pub fn path(&self, path: &str) -> std::path::PathBuf {
        self.0.path().join(path)
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_batchwright"));
        let dialect =
            if arguments.contains(&"--dialect") { &[][..] } else { &["--dialect", "duckdb"] };
        command
            .args(["compile", "--now", "2024-09-03"])
            .args(dialect)
            .args(arguments)
            .current_dir(self.0.path())
            .env_clear();
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped());
        command
    }

    /// The same, stopped if it uses more CPU seconds than this limit, which does not depend on the
    /// load of the machine.
    pub fn compile_within(&self, seconds: u32, arguments: &[&str]) -> Output {
        let compile = self.command(arguments);
        let mut limited = Command::new("sh");
        limited.args(["-c", "ulimit -t $1; shift; exec \"$@\"", "sh", &seconds.to_string()]);
        limited
            .arg(compile.get_program())
            .args(compile.get_args())
            .current_dir(self.0.path())
            .env_clear();
        limited.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped());
        limited.output().unwrap()
    }

    pub fn compile(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// A command on the project, for DuckDB.
    pub fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_batchwright"));
        command
            .args(arguments)
            .args(["--dialect", "duckdb", "--now", "2024-09-03"])
            .current_dir(self.0.path())
            .env_clear();
        command.output().unwrap()
    }

    /// The contents of a folder, in order.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).into_iter().flatten().flatten();
        let mut names: Vec<String> =
            entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The number of statements that the engine finds in each of the model's files.
    pub fn statements(&self, dialect: &str) -> Vec<usize> {
        let text = |name: &String| {
            fs::read_to_string(self.path("target/batchwright/orders").join(name)).unwrap()
        };
        self.names("target/batchwright/orders")
            .iter()
            .map(|name| ends(dialect, &text(name)))
            .collect()
    }
}

pub fn said(done: &Output) -> String {
    String::from_utf8_lossy(&done.stderr).into_owned()
}

/// An error with this message at this location.
pub fn refused(done: &Output, words: &str, place: &str) {
    assert_eq!(done.status.code(), Some(2), "{}", said(done));
    assert!(
        said(done).contains(words) && said(done).contains(place),
        "{words}, {place}: {}",
        said(done)
    );
}

/// Compiled or rejected, and neither killed nor crashed.
pub fn ended(done: &Output) {
    assert!(matches!(done.status.code(), Some(0 | 2)), "{:?} {}", done.status, said(done));
}

/// The number of statements that end in a text, by the engine's tokens.
pub fn ends(dialect: &str, text: &str) -> usize {
    let dialect = batchwright::dialect::named(dialect).unwrap();
    // The parser for Spark does not know its backslashes; BigQuery's letters of strings and names
    // are the same.
    let parser =
        if dialect.name == "spark" { "bigquery".to_string() } else { dialect.syntax.parser };
    let parser = batchwright::inject::parser(&parser);
    let tokens = sqlparser::tokenizer::Tokenizer::new(&*parser, text)
        .tokenize()
        .unwrap_or_else(|error| panic!("{error}\n{text}"));
    tokens.iter().filter(|token| **token == sqlparser::tokenizer::Token::SemiColon).count()
}
