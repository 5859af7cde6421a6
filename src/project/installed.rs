//! The project file of each installed package.

use serde_json::Map;

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::jinja::YamlScope;

use super::dbt_project::{self, DbtProject, PROJECT_FILE};
use super::files::Files;
use super::packages::{self, joined};

/// The project, then its packages by name, each with its folder.
pub fn installed(
    files: &Files,
    root: DbtProject,
    scope: &YamlScope,
    warnings: &mut Diagnostics,
    errors: &mut Diagnostics,
) -> Vec<(String, DbtProject)> {
    let mut projects: Vec<(String, DbtProject)> = Vec::new();
    let folders = files.folders_with(&root.install_path, PROJECT_FILE);
    if folders.is_empty() {
        warnings.0.extend(packages::missing_packages(files, &root.install_path));
    }
    let no_vars = Map::new();
    let scope = &YamlScope { vars: &no_vars, ..*scope };
    for folder in folders {
        // Warnings about the files of a package are dropped: the user cannot change them.
        let read = files.read(&joined(&folder, PROJECT_FILE)).and_then(|file| match file {
            Some(file) => dbt_project::read(&file, scope, &mut Diagnostics::default()).map(Some),
            None => Ok(None),
        });
        match read {
            Ok(Some(settings)) => {
                let duplicate = projects
                    .iter()
                    .map(|(folder, known)| (&**folder, known))
                    .chain([("", &root)])
                    .find(|(_, known)| known.name == settings.name);
                if let Some((_, duplicate)) = duplicate {
                    let message = format!(
                        "duplicate package name `{}`: `{}` and `{}`",
                        settings.name, duplicate.file.path, settings.file.path
                    );
                    errors.0.push(
                        Diagnostic::error(message)
                            .at(settings.file.find("name:"))
                            .hint("remove one of the two folders"),
                    );
                    continue;
                }
                projects.push((folder, settings));
            }
            Ok(None) => {}
            Err(error) => errors.0.push(error),
        }
    }
    projects.sort_by(|a, b| a.1.name.cmp(&b.1.name));
    projects.insert(0, (String::new(), root));
    projects
}
