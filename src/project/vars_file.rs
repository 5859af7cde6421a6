//! `vars.yml`: the variables of a project in a separate file. Takes the project's folder; returns
//! the variables. They replace those of `dbt_project.yml`, which must set none then, and its own
//! Jinja can use them.

use serde_json::{Map, Value};

use super::dbt_project::DbtProject;
use super::files::Files;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::yaml::{self, Data};

const NAME: &str = "vars.yml";

/// The variables in the file; empty if there is no file.
pub fn read(files: &Files, warnings: &mut Diagnostics) -> Result<Map<String, Value>, Diagnostic> {
    let Some(file) = files.read(NAME)? else { return Ok(Map::new()) };
    let (tree, more) = yaml::parse(&file)?;
    warnings.0.extend(more);
    match (&tree.data, tree.get("vars")) {
        (Data::Null, _) | (Data::Dict(_), None) => Ok(Map::new()),
        (Data::Dict(_), Some(vars)) => match vars.exact() {
            Value::Object(vars) => Ok(vars),
            _ => Err(Diagnostic::error("`vars` must be a dict")
                .at(vars.at.clone())
                .hint("write one `name: value` per line below it")),
        },
        _ => Err(Diagnostic::error(format!("`{NAME}` must be a dict"))
            .at(file.line(1))
            .hint("begin it with `vars:`")),
    }
}

/// Sets the variables of the file as those of the project.
pub fn set(vars: &Map<String, Value>, project: &mut DbtProject) -> Result<(), Diagnostic> {
    if vars.is_empty() {
        return Ok(());
    }
    if !project.vars.is_empty() {
        let error =
            Diagnostic::error(format!("`vars` are set in `{NAME}` and in `{}`", project.file.path));
        return Err(error
            .at(project.file.find("vars:"))
            .hint("move all of them to one of the two files"));
    }
    project.vars = vars.clone();
    Ok(())
}

/// The variables of a package, overridden by those of the command line.
pub fn merged_vars(
    vars: &Map<String, Value>,
    command_line: &Map<String, Value>,
) -> Map<String, Value> {
    let mut vars = vars.clone();
    vars.extend(command_line.clone());
    vars
}
