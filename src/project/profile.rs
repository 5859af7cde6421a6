//! `profiles.yml`: the target of the SQL. Takes the options, the project's profile name and the
//! folders in which profiles are searched; returns the target. Only type, database and schema must
//! render: another value that needs an unset secret is skipped, and Jinja sees only the keys that
//! dbt's adapter shows. With `--dialect` no profile is read.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::diagnostics::{Diagnostic, Location, SourceFile, nearest};
use crate::jinja::YamlScope;
use crate::yaml::{self, Yaml};

use super::dbt_project::DbtProject;
use super::files::read_named;
use super::sandbox::{Sandbox, absolute};
use super::values::{rendered, rendered_text};
use super::{LoadOptions, Target};

/// The properties of a dialect that a target needs.
#[derive(Clone, Debug, Default)]
pub struct TargetSettings {
    /// The default schema.
    pub schema: String,
    /// The keys of a profile that templates see, as in dbt's adapter.
    pub keys: Vec<String>,
    /// The values of those that a profile lacks; the others are null. `None` if they are unknown,
    /// so that they are undefined.
    pub defaults: Option<Map<String, Value>>,
    /// Other names of keys, each with the key that it means.
    pub aliases: Vec<[String; 2]>,
    /// The database of a profile without one.
    pub database: Option<String>,
}

/// The target of a project.
pub fn target(
    open: &LoadOptions,
    project: &DbtProject,
    target_settings: &dyn Fn(&str) -> Result<TargetSettings, Diagnostic>,
) -> Result<Target, Diagnostic> {
    let scope = YamlScope {
        now: open.now,
        vars: &open.vars,
        environment: &open.environment,
        target: &Map::new(),
        secrets: true,
    };
    let profile = match (&open.profile, &project.profile) {
        (Some(name), _) => Some((name.clone(), None)),
        (None, Some(name)) if open.dialect.is_some() => {
            Some((rendered_text(name, &scope).ok().flatten().unwrap_or_default(), None))
        }
        (None, Some(name)) => {
            rendered_text(name, &scope)?.map(|text| (text, Some(name.at.clone())))
        }
        (None, None) => None,
    };
    if let Some(dialect) = &open.dialect {
        let name = open.target.clone().unwrap_or_else(|| "default".to_string());
        let settings = target_settings(dialect)?;
        let schema = open.schema.clone().unwrap_or(settings.schema);
        let profile = profile.map_or_else(|| project.name.clone(), |(name, _)| name);
        let (dialect, database) = (dialect.clone(), open.database.clone());
        let target = Target {
            profile,
            name,
            dialect,
            database,
            schema,
            path: None,
            attached: Vec::new(),
            values: Map::new(),
        };
        return Ok(with_common_values(target, &settings.keys, &settings.aliases));
    }
    let Some((profile, at)) = profile else {
        let error = Diagnostic::error("the project names no profile").at(project.file.line(1));
        return Err(error.hint(
            "add `profile: …`, or give `--dialect` (and `--database`, \
            `--schema`) instead of a profile",
        ));
    };
    let (file, tree) = find(open, &profile, at.clone())?;
    let Some(settings) = tree.get(&profile) else {
        let known = tree
            .dict()
            .into_iter()
            .flat_map(|dict| dict.keys())
            .map(String::as_str)
            .filter(|name| *name != "config");
        let error =
            Diagnostic::error(format!("`{}` has no profile `{profile}`", file.path)).at_maybe(at);
        return Err(match nearest(&profile, known.clone()) {
            Some(name) => error.hint(format!("did you mean `{name}`?")),
            None => error.hint(format!("its profiles are {}", listed(known))),
        });
    };
    let name = match (&open.target, settings.get("target")) {
        (Some(name), _) => name.clone(),
        (None, Some(name)) => rendered_text(name, &scope)?.unwrap_or_default(),
        (None, None) => "default".to_string(),
    };
    let outputs = settings.get("outputs");
    let Some(output) = outputs.and_then(|outputs| outputs.get(&name)) else {
        let known = outputs
            .and_then(Yaml::dict)
            .into_iter()
            .flat_map(|dict| dict.keys())
            .map(String::as_str);
        let error = Diagnostic::error(format!("profile `{profile}` has no target `{name}`"))
            .at(settings.at.clone());
        return Err(
            error.hint(format!("its targets are {}: select one with `--target`", listed(known)))
        );
    };
    read_output(open, profile, name, output, target_settings, &scope)
}

fn read_output(
    open: &LoadOptions,
    profile: String,
    name: String,
    output: &Yaml,
    target_settings: &dyn Fn(&str) -> Result<TargetSettings, Diagnostic>,
    scope: &YamlScope,
) -> Result<Target, Diagnostic> {
    let first = |keys: &[&str]| {
        keys.iter()
            .find_map(|key| output.get(key))
            .map_or(Ok(None), |value| rendered_text(value, scope))
    };
    let Some(dialect) = first(&["type"])? else {
        let error =
            Diagnostic::error(format!("target `{name}` of profile `{profile}` has no `type`"))
                .at(output.at.clone());
        return Err(error.hint("add the adapter's name: `type: …`"));
    };
    let settings = target_settings(&dialect)?;
    let database = match &open.database {
        Some(database) => Some(database.clone()),
        None => match first(&["database", "project", "catalog", "dbname"])? {
            Some(database) => Some(database),
            None => first(&["path"])?.map(|path| stem(&path)).or(settings.database),
        },
    };
    let schema = match &open.schema {
        Some(schema) => schema.clone(),
        None => first(&["schema", "dataset"])?.map_or_else(|| Ok(settings.schema.clone()), Ok)?,
    };
    let mut values = Map::new();
    // A value that needs a secret is not rendered.
    let scope = &YamlScope { secrets: false, ..*scope };
    let is_shown = |key: &str| key == "threads" || settings.keys.iter().any(|known| known == key);
    for (key, value) in output.dict().into_iter().flatten().filter(|(key, _)| is_shown(key)) {
        if let Ok(value) = rendered(value, scope) {
            values.insert(key.clone(), value);
        }
    }
    for [alias, key] in &settings.aliases {
        if let Some(value) = values.get(alias).cloned() {
            values.entry(key.clone()).or_insert(value);
        }
    }
    for key in settings.keys.iter().filter(|key| output.get(key).is_none()) {
        if let Some(defaults) = &settings.defaults {
            let default = || defaults.get(key).cloned().unwrap_or_default();
            values.entry(key.clone()).or_insert_with(default);
        }
    }
    // The path of a DuckDB database, or of SQLite's `main`.
    let path = output.get("path").or_else(|| output.get("schemas_and_paths")?.get("main"));
    let path = path.and_then(|path| rendered_text(path, scope).ok().flatten());
    let attached = attached(output, scope)?;
    let target = Target { profile, name, dialect, database, schema, path, attached, values };
    Ok(with_common_values(target, &settings.keys, &settings.aliases))
}

/// The entries of `attach`.
fn attached(output: &Yaml, scope: &YamlScope) -> Result<Vec<Map<String, Value>>, Diagnostic> {
    let Some(list) = output.get("attach") else { return Ok(Vec::new()) };
    let Value::Array(entries) = rendered(list, scope)? else { return Ok(Vec::new()) };
    let entry = |entry| match entry {
        Value::Object(entry) if entry.get("path").is_some_and(Value::is_string) => Ok(entry),
        _ => Err(Diagnostic::error("an entry of `attach` has no `path`")
            .at(list.at.clone())
            .hint("write `- path: other.duckdb`")),
    };
    entries.into_iter().map(entry).collect()
}

/// dbt's `target`: the profile's values, overridden by the keys that every adapter has. `keys` are
/// those that the adapter shows; those of Spark and ClickHouse have no database. `aliases` are
/// other names of keys, each with the key that it means.
fn with_common_values(mut target: Target, keys: &[String], aliases: &[[String; 2]]) -> Target {
    let values = &mut target.values;
    values.insert("name".to_string(), target.name.clone().into());
    values.insert("target_name".to_string(), target.name.clone().into());
    values.insert("profile_name".to_string(), target.profile.clone().into());
    values.insert("type".to_string(), target.dialect.clone().into());
    values.insert("schema".to_string(), target.schema.clone().into());
    if keys.iter().any(|key| key == "database") {
        values.insert("database".to_string(), target.database.clone().into());
    }
    for [alias, key] in aliases {
        if let (true, Some(value)) = (values.contains_key(alias), values.get(key).cloned()) {
            values.insert(alias.clone(), value);
        }
    }
    // BigQuery's default.
    if values.get("execution_project").is_some_and(Value::is_null) {
        values.insert("execution_project".to_string(), target.database.clone().into());
    }
    values.entry("threads").or_insert(1.into());
    target
}

fn find(
    open: &LoadOptions,
    profile: &str,
    at: Option<Location>,
) -> Result<(SourceFile, Yaml), Diagnostic> {
    let (folders, sandbox) = (folders(open), Sandbox::around(&open.project_dir));
    let home: Vec<PathBuf> = home(open).into_iter().collect();
    for folder in &folders {
        let path = folder.join("profiles.yml");
        if let Some(file) = read_named(&sandbox, &path, &display_path(open, &path), &home)? {
            // The locations refer to a blank text of the same length, so that no message shows a
            // line of a file with secrets.
            let blank = |letter: char| {
                if letter == '\n' { "\n".to_string() } else { " ".repeat(letter.len_utf8()) }
            };
            let blanked = SourceFile::new(
                file.path.clone(),
                file.text.chars().map(blank).collect::<String>(),
            );
            return match yaml::parse(&file) {
                Ok((tree, _)) => Ok((blanked.clone(), tree.located_in(&blanked))),
                Err(failure) => {
                    Err(Diagnostic { at: failure.at.map(|at| blanked.at(at.span)), ..failure })
                }
            };
        }
    }
    let searched = listed(
        folders
            .iter()
            .map(|folder| display_path(open, &folder.join("profiles.yml")))
            .collect::<Vec<_>>()
            .iter()
            .map(String::as_str),
    );
    let error = Diagnostic::error(format!("profile `{profile}` not found: searched {searched}"))
        .at_maybe(at);
    Err(error.hint(
        "give `--profiles-dir DIR`, or `--dialect` (and `--database`, `--schema`) instead \
        of a profile",
    ))
}

/// The folders that are searched, in order. A folder that the user names is the only one.
fn folders(open: &LoadOptions) -> Vec<PathBuf> {
    let variable = ["DBT_ENGINE_PROFILES_DIR", "DBT_PROFILES_DIR"]
        .iter()
        .find_map(|name| open.environment.get(*name))
        .filter(|dir| !dir.is_empty());
    if let Some(display_path) = open.profiles_dir.clone().or_else(|| variable.map(PathBuf::from)) {
        return vec![display_path];
    }
    std::iter::once(open.project_dir.clone()).chain(home(open)).collect()
}

/// The folder of the user's profiles, `~/.dbt`.
fn home(open: &LoadOptions) -> Option<PathBuf> {
    open.environment
        .get("HOME")
        .or_else(|| open.environment.get("USERPROFILE"))
        .map(|home| Path::new(home).join(".dbt"))
}

/// A path for messages: relative to the project, or to the home folder as `~/…`.
fn display_path(open: &LoadOptions, path: &Path) -> String {
    let home = open.environment.get("HOME").map(Path::new);
    if let Ok(below) = absolute(path).strip_prefix(absolute(&open.project_dir)) {
        return below.display().to_string();
    }
    match home.and_then(|home| path.strip_prefix(home).ok()) {
        Some(below) => format!("~/{}", below.display()),
        None => path.display().to_string(),
    }
}

/// The database name for a file: `warehouse` for `data/warehouse.db`, `memory` for `:memory:`.
fn stem(path: &str) -> String {
    let name = path
        .split(['?'])
        .next()
        .unwrap_or_default()
        .trim_end_matches('/')
        .rsplit(['/', ':'])
        .find(|part| !part.is_empty());
    let name = name.unwrap_or("memory");
    name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_string()
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    if names.is_empty() { "none".to_string() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::diagnostics::Diagnostics;

    fn open(folder: &Path) -> LoadOptions {
        LoadOptions {
            project_dir: folder.to_path_buf(),
            profiles_dir: None,
            profile: None,
            target: None,
            dialect: None,
            database: None,
            schema: None,
            vars: Map::new(),
            full_refresh: false,
            which: "run",
            now: chrono::DateTime::UNIX_EPOCH,
            environment: BTreeMap::new(),
            answers: None,
            catalog: None,
            columns: None,
        }
    }

    fn read(open: &LoadOptions) -> Result<Target, Diagnostic> {
        let scope = YamlScope {
            now: open.now,
            vars: &open.vars,
            environment: &open.environment,
            target: &Map::new(),
            secrets: false,
        };
        let file = SourceFile::new("dbt_project.yml", "name: shop\nprofile: shop\n");
        let project =
            super::super::dbt_project::read(&file, &scope, &mut Diagnostics::default()).unwrap();
        target(open, &project, &|_| {
            Ok(TargetSettings {
                schema: "public".to_string(),
                keys: ["path", "host", "port", "role"].map(str::to_string).to_vec(),
                defaults: Some(Map::from_iter([("port".to_string(), 5432.into())])),
                ..TargetSettings::default()
            })
        })
    }

    #[test]
    fn only_the_needed_keys_of_a_profile_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let text = "shop:\n  target: dev\n  outputs:\n    dev: {type: x, path: data/shop.db, \
            password: \"{{ env_var('UNSET') }}\", threads: 4, host: h, jwt: s, pat: s}\n";
        std::fs::write(folder.path().join("profiles.yml"), text).unwrap();
        let target = read(&open(folder.path())).unwrap();
        assert_eq!(
            (&*target.dialect, target.database.as_deref(), &*target.schema),
            ("x", Some("shop"), "public")
        );
        assert_eq!(target.values["threads"], 4);
        assert_eq!(target.values["host"], "h");
        assert_eq!((&target.values["port"], &target.values["role"]), (&5432.into(), &Value::Null));
        assert!(
            ["password", "jwt", "pat", "database"]
                .iter()
                .all(|key| !target.values.contains_key(*key))
        );
        let error = read(&LoadOptions { target: Some("prod".to_string()), ..open(folder.path()) })
            .unwrap_err();
        assert_eq!(error.hints, ["its targets are `dev`: select one with `--target`"]);
    }

    #[test]
    fn a_dialect_needs_no_profile() {
        let folder = tempfile::tempdir().unwrap();
        let home = BTreeMap::from([("HOME".to_string(), folder.path().display().to_string())]);
        let open = LoadOptions {
            environment: home,
            project_dir: folder.path().join("shop"),
            ..open(folder.path())
        };
        let error = read(&open).unwrap_err();
        assert!(
            error.message.ends_with("searched `profiles.yml`, `~/.dbt/profiles.yml`"),
            "{}",
            error.message
        );
        assert!(error.hints[0].contains("--dialect"));
        let target = read(&LoadOptions { dialect: Some("x".to_string()), ..open }).unwrap();
        assert_eq!((&*target.name, &*target.schema, target.database), ("default", "public", None));
    }

    #[test]
    fn a_file_is_a_database() {
        assert_eq!(
            (&*stem(":memory:"), &*stem("a/b.duckdb"), &*stem("md:shop?x=y"), &*stem("")),
            ("memory", "b", "shop", "memory")
        );
    }
}
