//! dbt's target folder, in which the plan lies where no other folder is given. Takes the project's
//! folder; gives what `target-path` in dbt_project.yml names, or `target`. A file that is broken
//! names nothing here: it is an error of the commands that read it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Map;

use super::files::Files;
use super::read::PROJECT_FILE;
use super::values::rendered_text;
use crate::diagnostics::Diagnostic;
use crate::jinja::YamlScope;
use crate::yaml;

/// The folder. Refuses one outside of the project and its git repository, where a project must not
/// write.
pub fn target_path(
    root: &Path,
    environment: &BTreeMap<String, String>,
) -> Result<PathBuf, Diagnostic> {
    let usual = root.join("target");
    let Ok(files) = Files::open(root) else { return Ok(usual) };
    let Ok(Some(file)) = files.read(PROJECT_FILE) else { return Ok(usual) };
    let Ok((tree, _)) = yaml::parse(&file) else { return Ok(usual) };
    let scope = YamlScope {
        now: Default::default(),
        vars: &Map::new(),
        environment,
        target: &Map::new(),
        secrets: false,
    };
    let Some(set) = tree.get("target-path") else { return Ok(usual) };
    match rendered_text(set, &scope)? {
        Some(path) if !path.is_empty() && files.fence().may_write(&path) => Ok(root.join(path)),
        Some(path) if !path.is_empty() => {
            let error =
                Diagnostic::error(format!("`target-path: {path}` leads out of the project"))
                    .at(set.at.clone());
            Err(error
                .hint("name a folder of the project, or give the plan's folder with `--plan DIR`"))
        }
        _ => Ok(usual),
    }
}
