//! The setting `state_dir` of dbt_project.yml: the folder of the journals. Read without loading the
//! project, since `run` and `status` need only the plan.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Map;

use super::files::Files;
use super::read::PROJECT_FILE;
use super::values::rendered_text;
use crate::diagnostics::Diagnostic;
use crate::jinja::YamlScope;
use crate::yaml;

/// The folder of `vars: {batchwright: {state_dir: …}}`, if it is set. Refuses a folder outside of
/// the project and its git repository. An invalid project file is an error of the commands that
/// load the project.
pub fn state_dir(
    root: &Path,
    environment: &BTreeMap<String, String>,
) -> Result<Option<PathBuf>, Diagnostic> {
    let Ok(files) = Files::open(root) else { return Ok(None) };
    let Ok(Some(file)) = files.read(PROJECT_FILE) else { return Ok(None) };
    let Ok((tree, _)) = yaml::parse(&file) else { return Ok(None) };
    let settings = tree.get("vars").and_then(|vars| vars.get("batchwright"));
    let Some(setting) = settings.and_then(|settings| settings.get("state_dir")) else {
        return Ok(None);
    };
    let scope = YamlScope {
        now: Default::default(),
        vars: &Map::new(),
        environment,
        target: &Map::new(),
        secrets: false,
    };
    let Some(path) = rendered_text(setting, &scope)?.filter(|path| !path.is_empty()) else {
        return Ok(None);
    };
    if !files.fence().may_write(&path) {
        return Err(Diagnostic::error(format!("`state_dir: {path}` is outside of the project"))
            .at(setting.at.clone())
            .hint("use a folder in the project, or `--state-dir DIR`"));
    }
    Ok(Some(root.join(path)))
}
