//! The corpus: models, each with its truth. `--- name: truth codes; settings` begins a model. In a
//! dialect other than DuckDB's, the same query for DuckDB follows `--- =`. `{events}` is replaced
//! by a source, `{events whole}` by one that opts out of its filter.
//!
//! The truth is one of: `safe`, batches contain exactly the rows of the whole query; `unsafe`, for
//! some rows they do not; `depends`, they do if columns and functions match their names. `reasoned`
//! models are not executed, since their truth needs another clock.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    Safe,
    Unsafe,
    Depends,
}

pub struct Model {
    pub name: String,
    pub file: String,
    pub truth: Truth,
    /// The rules, one of which must report it.
    pub codes: Vec<String>,
    settings: BTreeMap<String, String>,
    query: String,
    in_duckdb: Option<String>,
}

/// The project of the models.
pub fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check/project")
}

/// All models, in the order of the files.
pub fn models() -> Vec<Model> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check/corpus");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the corpus is there")
        .flatten()
        .map(|entry| entry.path())
        .collect();
    files.sort();
    files.iter().flat_map(|file| parse(file)).collect()
}

fn parse(file: &Path) -> Vec<Model> {
    let text = fs::read_to_string(file).expect("the corpus is text");
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut models: Vec<Model> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix("--- "), models.last_mut()) {
            (Some("="), Some(model)) => model.in_duckdb = Some(String::new()),
            (Some(head), _) => models.push(header(&name, head)),
            (None, Some(model)) => {
                let query = model.in_duckdb.as_mut().unwrap_or(&mut model.query);
                query.push_str(line);
                query.push('\n');
            }
            (None, None) => {}
        }
    }
    models
}

fn header(file: &str, line: &str) -> Model {
    let (name, rest) =
        line.split_once(": ").unwrap_or_else(|| panic!("{file}: `{line}` lacks a truth"));
    let mut parts = rest.split("; ");
    let mut words = parts.next().unwrap_or_default().split_whitespace();
    let truth = match words.next() {
        Some("safe") => Truth::Safe,
        Some("unsafe") => Truth::Unsafe,
        Some("depends") => Truth::Depends,
        other => panic!("{file}: `{line}` has the truth {other:?}"),
    };
    let codes: Vec<String> = words.map(str::to_string).collect();
    assert_eq!(
        codes.is_empty(),
        truth == Truth::Safe,
        "{file}: `{line}`: a rule finds what is not safe"
    );
    let setting = |part: &str| {
        part.split_once('=')
            .map_or((part.to_string(), String::new()), |(key, value)| (key.into(), value.into()))
    };
    let settings = parts.map(setting).collect();
    Model {
        name: name.to_string(),
        file: file.to_string(),
        truth,
        codes,
        settings,
        query: String::new(),
        in_duckdb: None,
    }
}

impl Model {
    pub fn dialect(&self) -> &str {
        self.setting("dialect").unwrap_or("duckdb")
    }

    pub fn batch_size(&self) -> &str {
        self.setting("size").unwrap_or("day")
    }

    pub fn timezone(&self) -> &str {
        self.setting("zone").unwrap_or("UTC")
    }

    /// Whether its truth can be shown by execution.
    #[allow(dead_code, reason = "tests/engines alone executes models")]
    pub fn is_executed(&self) -> bool {
        self.setting("reasoned").is_none()
    }

    fn setting(&self, key: &str) -> Option<&str> {
        self.settings.get(key).map(String::as_str)
    }

    /// The file of the model, in its own dialect.
    pub fn template(&self) -> String {
        self.with_config(&self.query)
    }

    /// The file of the model for DuckDB.
    #[allow(dead_code, reason = "tests/engines alone executes models")]
    pub fn for_duckdb(&self) -> String {
        self.with_config(self.in_duckdb.as_ref().unwrap_or(&self.query))
    }

    fn with_config(&self, query: &str) -> String {
        let mut text = format!(
            "{{{{ config(batch_size='{}', meta={{'batchwright': {{'timezone': '{}'}}}}) }}}}\n{query}",
            self.batch_size(),
            self.timezone()
        );
        for source in ["events", "orders", "payments", "visits", "clocks", "days", "users"] {
            text = text
                .replace(&format!("{{{source}}}"), &format!("{{{{ source('raw', '{source}') }}}}"));
            text = text.replace(
                &format!("{{{source} whole}}"),
                &format!("{{{{ source('raw', '{source}').render() }}}}"),
            );
        }
        text
    }
}

/// Copies the project into `folder`, with a file for each model.
pub fn write(folder: &Path, models: &[(&Model, String)]) {
    for entry in walkdir::WalkDir::new(project())
        .into_iter()
        .flatten()
        .filter(|entry| entry.file_type().is_file())
    {
        let to = folder.join(entry.path().strip_prefix(project()).expect("it is below"));
        fs::create_dir_all(to.parent().expect("a file has a folder"))
            .expect("the folder is writable");
        fs::copy(entry.path(), to).expect("the folder is writable");
    }
    for (model, text) in models {
        fs::write(folder.join(format!("models/{}.sql", model.name)), text)
            .expect("the folder is writable");
    }
}
