//! dbt's target folder, the default parent of the plan's folder. Takes the project's folder;
//! returns the `target-path` of dbt_project.yml, or `target`. An invalid file counts as one without
//! the setting: the commands that load the project report it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Map;

use super::dbt_project::PROJECT_FILE;
use super::files::Files;
use super::values::rendered_text;
use crate::diagnostics::Diagnostic;
use crate::jinja::YamlScope;
use crate::yaml;

/// The folder. Returns an error if it is outside of the project and its git repository.
pub fn target_path(
    root: &Path,
    environment: &BTreeMap<String, String>,
) -> Result<PathBuf, Diagnostic> {
    let default = root.join("target");
    let Ok(files) = Files::open(root) else { return Ok(default) };
    let Ok(Some(file)) = files.read(PROJECT_FILE) else { return Ok(default) };
    let Ok((tree, _)) = yaml::parse(&file) else { return Ok(default) };
    let scope = YamlScope {
        now: Default::default(),
        vars: &Map::new(),
        environment,
        target: &Map::new(),
        secrets: false,
    };
    let Some(set) = tree.get("target-path") else { return Ok(default) };
    match rendered_text(set, &scope)? {
        Some(path) if !path.is_empty() && files.sandbox().may_write(&path) => Ok(root.join(path)),
        Some(path) if !path.is_empty() => {
            let error =
                Diagnostic::error(format!("`target-path: {path}` is outside of the project"))
                    .at(set.at.clone());
            Err(error
                .hint("use a folder in the project, or give the plan's folder with `--plan DIR`"))
        }
        _ => Ok(default),
    }
}
