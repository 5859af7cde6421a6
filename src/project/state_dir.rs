//! The settings `state_dir` and `ledger` of dbt_project.yml: the folder of the journals and the
//! table of the ledger. They are read without loading the project, since `run` and `status` need
//! only the plan.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::dbt_project::PROJECT_FILE;
use super::files::Files;
use super::values::rendered_text;
use crate::diagnostics::{Diagnostic, Location};
use crate::jinja::YamlScope;
use crate::yaml::{self, Data, Yaml};

/// The folder of `vars: {batchwright: {state_dir: …}}`, if it is set. Refuses a folder outside of
/// the project and its git repository. An invalid project file is an error of the commands that
/// load the project.
pub fn state_dir(
    root: &Path,
    environment: &BTreeMap<String, String>,
) -> Result<Option<PathBuf>, Diagnostic> {
    let Ok(files) = Files::open(root) else { return Ok(None) };
    let Some(setting) = setting(&files, "state_dir") else { return Ok(None) };
    let Some(path) = rendered_text(&setting, &scope(&Map::new(), environment))? else {
        return Ok(None);
    };
    if path.is_empty() {
        return Ok(None);
    }
    if !files.sandbox().may_write(&path) {
        return Err(Diagnostic::error(format!("`state_dir: {path}` is outside of the project"))
            .at(setting.at.clone())
            .hint("use a folder in the project, or `--state-dir DIR`"));
    }
    Ok(Some(root.join(path)))
}

/// The table of the ledger, as the project or the command line names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerSetting {
    /// `schema.table`.
    pub table: String,
    /// The format of the table, for engines that have several: `iceberg`.
    pub format: Option<String>,
    /// The location of its files, for engines that need one.
    pub location: Option<String>,
    /// Where the project sets it; `None` for the command line.
    pub at: Option<Location>,
}

/// The ledger of `vars: {batchwright: {ledger: …}}`, if it is set: the name of a table, or a
/// mapping of `table`, `format` and `location`.
pub fn ledger_setting(
    root: &Path,
    environment: &BTreeMap<String, String>,
) -> Result<Option<LedgerSetting>, Diagnostic> {
    let Ok(files) = Files::open(root) else { return Ok(None) };
    let Some(setting) = setting(&files, "ledger") else { return Ok(None) };
    let vars = Map::new();
    let scope = scope(&vars, environment);
    let Data::Dict(entries) = &setting.data else {
        let table = rendered_text(&setting, &scope)?.filter(|table| !table.is_empty());
        return Ok(table.map(|table| LedgerSetting {
            table,
            at: Some(setting.at.clone()),
            ..LedgerSetting::default()
        }));
    };
    let mut ledger = LedgerSetting { at: Some(setting.at.clone()), ..LedgerSetting::default() };
    for (key, value) in entries {
        let text = rendered_text(value, &scope)?;
        match key.as_str() {
            "table" => ledger.table = text.unwrap_or_default(),
            "format" => ledger.format = text,
            "location" => ledger.location = text,
            _ => {
                return Err(Diagnostic::error(format!("unknown key `{key}` of `ledger`"))
                    .at(value.at.clone())
                    .hint("the keys are `table`, `format` and `location`"));
            }
        }
    }
    if ledger.table.is_empty() {
        return Err(Diagnostic::error("`ledger` has no `table`")
            .at(setting.at.clone())
            .hint("add `table: schema.name`"));
    }
    Ok(Some(ledger))
}

/// A setting of `vars: {batchwright: …}`.
fn setting(files: &Files, key: &str) -> Option<Yaml> {
    let Ok(Some(file)) = files.read(PROJECT_FILE) else { return None };
    let Ok((tree, _)) = yaml::parse(&file) else { return None };
    tree.get("vars")?.get("batchwright")?.get(key).cloned()
}

fn scope<'a>(
    vars: &'a Map<String, Value>,
    environment: &'a BTreeMap<String, String>,
) -> YamlScope<'a> {
    YamlScope { now: Default::default(), vars, environment, target: vars, secrets: false }
}
