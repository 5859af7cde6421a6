//! Reads and parses the files of the project, except the models' Jinja. Takes the folder; returns
//! the packages' settings and files and the target; `Loader::packages` then parses the models.
//! Collects errors, so that one run reports every invalid file.

use serde_json::{Map, Value};

use crate::diagnostics::{Diagnostic, Diagnostics, Level};
use crate::jinja::{RelationStyle, YamlScope, python_text, yaml_value};

use super::dbt_project::{self, DbtProject, PROJECT_FILE};
use super::files::Files;
use super::installed::installed;
use super::loader::{Loader, PackageSource};
use super::{
    DialectSettings, LoadOptions, SelectorsFile, SourceStyle, Target, TargetSettings, packages,
    profile, recorded, vars_file,
};

/// Reads all files of the project in `open`.
pub fn read(
    open: &LoadOptions,
    dialect_settings: &dyn Fn(&str) -> Result<DialectSettings, Diagnostic>,
) -> Result<Loader, Diagnostics> {
    let files = Files::open(&open.project_dir)?;
    let (mut warnings, mut errors) = (Diagnostics::default(), Diagnostics::default());
    let scope = YamlScope {
        now: open.now,
        vars: &open.vars,
        environment: &open.environment,
        target: &Map::new(),
        secrets: false,
    };
    let Some(file) = files.read(PROJECT_FILE)? else {
        let error =
            Diagnostic::error(format!("`{}` has no `{PROJECT_FILE}`", open.project_dir.display()));
        return Err(error.hint("name the project's folder with `--project-dir`").into());
    };
    let vars_file = vars_file::read(&files, &mut warnings)?;
    let root_vars = vars_file::merged_vars(&vars_file, &open.vars);
    let mut root =
        dbt_project::read(&file, &YamlScope { vars: &root_vars, ..scope }, &mut warnings)?;
    vars_file::set(&vars_file, &mut root)?;
    for (key, at) in &root.run_hooks {
        let note =
            Diagnostic::new(Level::Note, format!("`{key}` is not part of a plan")).at(at.clone());
        warnings.0.push(note.hint("run its statements separately, before or after the plan"));
    }
    let target = profile::target(open, &root, &|dialect| {
        dialect_settings(dialect).map(|settings| settings.target)
    })?;
    let settings = dialect_settings(&target.dialect)?;
    let sources = SourceStyle { style: settings.style.clone(), files: settings.files_as_sources };
    let style = RelationStyle {
        quoted: std::array::from_fn(|part| {
            root.quoting[part].unwrap_or(settings.style.quoted[part])
        }),
        ..settings.style
    };
    let mut parts = Vec::new();
    for (folder, settings) in installed(&files, root.clone(), &scope, &mut warnings, &mut errors) {
        let contents = packages::read(&files, &folder, &settings, &mut errors);
        let vars = variables(&root, &settings);
        parts.push(PackageSource { folder, settings, contents, vars });
    }
    let scope = YamlScope { target: &target.values, ..scope };
    let root_vars = rendered_vars(&root_vars, &scope);
    let selectors = files.read("selectors.yml").unwrap_or_else(|error| {
        errors.0.push(error);
        None
    });
    let selectors = selectors.map(|file| SelectorsFile::read(file, &scope, &mut warnings));
    let (answers, mut catalog) = (
        recorded::recorded_results(files.sandbox(), open.answers.as_deref())?,
        recorded::catalog(files.sandbox(), open.catalog.as_deref())?,
    );
    recorded::add_present_columns(&mut catalog, files.sandbox(), open.columns.as_deref())?;
    Ok(Loader {
        answers,
        catalog,
        root,
        root_vars,
        target,
        style,
        columns: settings.columns,
        sources,
        adapters: settings.adapters,
        key_aliases: settings.key_aliases,
        selectors,
        parts,
        warnings,
        errors,
    })
}

/// The variables with the Jinja in their texts rendered, as `var()` returns them in
/// `dbt_project.yml`. A text that does not render stays as it is: dbt renders only what is read.
fn rendered_vars(vars: &Map<String, Value>, scope: &YamlScope) -> Map<String, Value> {
    let scope = YamlScope { vars, ..*scope };
    let rendered = |value: &Value| match value.as_str().map(|text| yaml_value(text, &scope)) {
        Some(Ok(Value::String(text))) => Value::String(text),
        Some(Ok(other)) => Value::String(python_text(&other)),
        _ => value.clone(),
    };
    vars.iter().map(|(name, value)| (name.clone(), rendered(value))).collect()
}

/// The target that the project and its profile name.
pub fn target(
    open: &LoadOptions,
    target_settings: &dyn Fn(&str) -> Result<TargetSettings, Diagnostic>,
) -> Result<Target, Diagnostic> {
    let files = Files::open(&open.project_dir)?;
    let scope = YamlScope {
        vars: &open.vars,
        environment: &open.environment,
        target: &Map::new(),
        now: open.now,
        secrets: false,
    };
    let Some(file) = files.read(PROJECT_FILE)? else {
        return Err(Diagnostic::error(format!("`{PROJECT_FILE}` not found")));
    };
    let vars_file = vars_file::read(&files, &mut Diagnostics::default())?;
    let root_vars = vars_file::merged_vars(&vars_file, &open.vars);
    let root = dbt_project::read(
        &file,
        &YamlScope { vars: &root_vars, ..scope },
        &mut Diagnostics::default(),
    )?;
    profile::target(open, &root, target_settings)
}

/// The variables of a package; those that the root project sets, in general or for the package,
/// override its own.
fn variables(root: &DbtProject, package: &DbtProject) -> Map<String, Value> {
    let mut vars = package.vars_for(&package.name);
    vars.extend(root.vars_for(&package.name));
    vars
}

#[cfg(test)]
pub mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::diagnostics::SourceFile;
    use crate::jinja::ColumnStyle;
    use crate::project::{Package, ParsedModel, Setting};

    /// The configuration of the models of a test, by name: the keywords of their `config()` call.
    pub type ConfigCalls<'a> = &'a [(&'a str, Value)];

    /// A project with these files, for a target `dev` with the schema `analytics`, with 2024-07-01
    /// as the current time.
    pub fn folder(
        files: &[(&str, &str)],
        parsed: ConfigCalls,
    ) -> Result<(Loader, Vec<Package>), Diagnostics> {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let open = LoadOptions {
            project_dir: folder.path().to_path_buf(),
            profiles_dir: None,
            profile: None,
            target: Some("dev".to_string()),
            dialect: Some("any".to_string()),
            database: Some("db".to_string()),
            schema: None,
            vars: Map::new(),
            full_refresh: false,
            which: "run",
            now: "2024-07-01T00:00:00Z".parse().unwrap(),
            environment: BTreeMap::new(),
            answers: None,
            catalog: None,
            columns: None,
        };
        let style = RelationStyle { quote: '"', quoted: [true; 3], included: [true; 3] };
        let columns = ColumnStyle::plain('"');
        let settings = DialectSettings {
            style,
            columns,
            adapters: vec!["any".to_string()],
            target: TargetSettings { schema: "analytics".to_string(), ..TargetSettings::default() },
            files_as_sources: true,
            key_aliases: Vec::new(),
        };
        let mut read = read(&open, &|_| Ok(settings.clone()))?;
        let packages = read.packages(&open, &|_, name, file, _| {
            let call = parsed
                .iter()
                .filter(|(known, _)| *known == name)
                .flat_map(|(_, call)| call.as_object().unwrap());
            let set = |(key, value): (&String, &Value)| {
                (key.clone(), Setting { value: value.clone(), at: file.find(key) })
            };
            Ok(ParsedModel { config: vec![call.map(set).collect()], ..ParsedModel::default() })
        });
        if read.failed() { Err(read.errors) } else { Ok((read, packages)) }
    }

    #[test]
    fn packages_and_their_files_are_read() {
        let files = [
            (
                "dbt_project.yml",
                "name: shop\nsource-paths: [./sql/]\nvars: {a: 1, tool: {b: 2}}\nquoting: \
                 {database: no}\ndispatch: [{macro_namespace: tool, search_order: [shop, tool]}]\n",
            ),
            ("sql/marts/orders.SQL", "select 1"),
            ("sql/draft.sql", ""),
            (".dbtignore", "draft.sql"),
            ("seeds/days.csv", "day,name\n1,x\n"),
            ("snapshots/s.sql", "{% snapshot s_orders %}select 2{% endsnapshot %}"),
            ("dbt_packages/tool/dbt_project.yml", "name: tool\nvars: {a: 0, b: 0, c: 3}\n"),
            ("dbt_packages/tool/macros/m.sql", "{% macro m() %}{% endmacro %}"),
            ("dbt_packages/tool/models/t.sql", ""),
        ];
        let (read, packages) = folder(&files, &[]).unwrap();
        let [shop, tool] = &packages[..] else { panic!("{}", packages.len()) };
        assert_eq!(
            (&*shop.models[0].name, &*shop.models[0].path, &*shop.models[0].file.path),
            ("orders", "marts/orders.SQL", "sql/marts/orders.SQL")
        );
        assert_eq!((shop.models.len(), &*shop.snapshots[0].name), (1, "s_orders"));
        assert_eq!(shop.seeds[0].columns, ["day", "name"]);
        assert_eq!(
            (&*tool.folder, &*tool.models[0].file.path, tool.macros.len()),
            ("dbt_packages/tool", "dbt_packages/tool/models/t.sql", 1)
        );
        assert_eq!(
            (read.style.quoted, &*read.root.dispatch["tool"]),
            ([false, true, true], &["shop".to_string(), "tool".to_string()][..])
        );
    }

    #[test]
    fn a_project_sets_its_packages_variables() {
        let package = |text: &str| {
            let scope = YamlScope {
                now: crate::calendar::Instant::UNIX_EPOCH,
                vars: &Map::new(),
                environment: &BTreeMap::new(),
                target: &Map::new(),
                secrets: false,
            };
            dbt_project::read(
                &SourceFile::new("dbt_project.yml", text),
                &scope,
                &mut Diagnostics::default(),
            )
            .unwrap()
        };
        let root = package("name: shop\nvars: {a: 1, tool: {b: 2}}\n");
        let vars = variables(&root, &package("name: tool\nvars: {a: 0, b: 0, tool: {c: 3}}\n"));
        assert_eq!((&vars["a"], &vars["b"], &vars["c"]), (&json!(1), &json!(2), &json!(3)));
    }

    #[test]
    fn every_broken_file_is_shown() {
        let files = [
            ("dbt_project.yml", "name: shop\n"),
            ("models/a.yml", "models: [\n"),
            ("models/b.yml", "sources: {name: x}\n"),
            ("packages.yml", "packages: [{package: x}]\n"),
        ];
        let errors = folder(&files, &[]).err().unwrap();
        let places: Vec<&str> =
            errors.0.iter().map(|error| &*error.at.as_ref().unwrap().file.path).collect();
        assert_eq!(places, ["models/a.yml", "models/b.yml"]);
    }
}
