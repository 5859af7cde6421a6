//! Reads and parses the files of the project, except the models' Jinja. Takes the folder; returns
//! the packages' settings and files and the target; `Loader::packages` then parses the models.
//! Collects errors, so that one run reports every invalid file.

use serde_json::{Map, Value};

use crate::diagnostics::{Diagnostic, Diagnostics, Level, SourceFile, par_map};
use crate::jinja::{
    ColumnStyle, MacroPackage, RecordedResults, Relation, RelationStyle, Settings, YamlScope,
};
use crate::limits;

use super::dbt_project::{self, DbtProject, PROJECT_FILE};
use super::docs::Docs;
use super::files::Files;
use super::installed::installed;
use super::overrides::{self, Override};
use super::packages::{self, PackageFiles};
use super::resource::ResourceKind;
use super::resources;
use super::{
    Catalog, DialectSettings, LoadOptions, Model, Package, ParsedModel, Properties, Seed,
    SelectorsFile, SourceStyle, Target, TargetSettings, profile, properties, recorded, seeds,
    snapshots, tree, vars_file,
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
        selectors,
        parts,
        warnings,
        errors,
    })
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

/// The project, before its models are parsed.
pub struct Loader {
    pub root: DbtProject,
    /// The variables for the Jinja of the root's `dbt_project.yml`.
    root_vars: Map<String, Value>,
    pub answers: RecordedResults,
    pub catalog: Catalog,
    pub target: Target,
    pub style: RelationStyle,
    pub columns: ColumnStyle,
    pub sources: SourceStyle,
    pub adapters: Vec<String>,
    pub selectors: Option<SelectorsFile>,
    parts: Vec<PackageSource>,
    pub warnings: Diagnostics,
    pub errors: Diagnostics,
}

struct PackageSource {
    folder: String,
    settings: DbtProject,
    contents: PackageFiles,
    vars: Map<String, Value>,
}

/// Parses a model, by its package, name, file and relation.
pub type ParseModel<'a> =
    dyn Fn(&str, &str, &SourceFile, &Relation) -> Result<ParsedModel, Diagnostics> + Sync + 'a;

impl Loader {
    /// The settings of the Jinja environment.
    pub fn macros(&self, open: &LoadOptions) -> Settings {
        let package = |part: &PackageSource| MacroPackage {
            name: part.settings.name.clone(),
            version: part.settings.version.clone(),
            files: part.contents.macros.clone(),
            vars: part.vars.clone(),
        };
        Settings {
            packages: self.parts.iter().map(package).collect(),
            dispatch: self.root.dispatch.clone(),
            adapters: self.adapters.clone(),
            target: self.target.values.clone(),
            dbt_vars: self.root.vars_for("dbt"),
            vars: open.vars.clone(),
            environment: open.environment.clone(),
            now: open.now,
            full_refresh: open.full_refresh,
            which: open.which,
            style: self.style.clone(),
            columns: self.columns.clone(),
            answers: self.answers.clone(),
        }
    }

    /// The packages, with each model parsed by `parse_model`.
    pub fn packages(&mut self, open: &LoadOptions, parse_model: &ParseModel) -> Vec<Package> {
        let parts = std::mem::take(&mut self.parts);
        let mut docs = Docs::default();
        parts.iter().for_each(|part| docs.add(&part.settings.name, &part.contents.docs));
        let mut overrides = Vec::new();
        for part in &parts {
            let vars = vars_file::merged_vars(&part.vars, &open.vars);
            let scope = YamlScope {
                now: open.now,
                vars: &vars,
                environment: &open.environment,
                target: &self.target.values,
                secrets: false,
            };
            for file in &part.contents.properties {
                overrides::read(file, &scope)
                    .map_or_else(|error| self.errors.0.push(error), |more| overrides.extend(more));
            }
        }
        let packages: Vec<Package> = parts
            .into_iter()
            .map(|part| self.package(part, &docs, &overrides, open, parse_model))
            .collect();
        overrides::unused(&overrides, &packages, &mut self.warnings);
        packages
    }

    /// Whether there is an error, not only warnings.
    pub fn failed(&self) -> bool {
        self.errors.0.iter().any(|error| error.level == Level::Error)
    }

    fn package(
        &mut self,
        part: PackageSource,
        docs: &Docs,
        overrides: &[Override],
        open: &LoadOptions,
        parse_model: &ParseModel,
    ) -> Package {
        let PackageSource { folder, settings, contents, vars } = part;
        let vars = vars_file::merged_vars(&vars, &open.vars);
        let scope = YamlScope {
            now: open.now,
            vars: &vars,
            environment: &open.environment,
            target: &self.target.values,
            secrets: false,
        };
        // In `dbt_project.yml` dbt defines only the variables of the command line and, for the
        // root, of `vars.yml`.
        let project_scope = YamlScope {
            vars: if folder.is_empty() { &self.root_vars } else { &open.vars },
            ..scope
        };
        let mut properties = Properties::default();
        let mut package_warnings = Diagnostics::default();
        for file in &contents.properties {
            properties::read(
                file,
                &scope,
                &self.columns,
                (&settings.name, overrides),
                &mut properties,
                &mut package_warnings,
                &mut self.errors,
            );
        }
        docs.resolve(&settings.name, &scope, &mut properties, &mut package_warnings);
        if folder.is_empty() {
            self.warnings.0.extend(package_warnings.0);
        }
        let (target, style) = (&self.target, &self.style);
        let parsed = |name: &str, file: &SourceFile| {
            let (database, schema) = (target.database.clone(), Some(target.schema.clone()));
            let identifier = name.to_string();
            let this = Relation { database, schema, identifier, style: style.clone() };
            limits::guarded(file, || parse_model(&settings.name, name, file, &this))
        };
        let mut resources = std::mem::take(&mut properties.resources);
        for (kind, files) in
            [(ResourceKind::Test, &contents.tests), (ResourceKind::Analysis, &contents.analyses)]
        {
            resources.extend(par_map(files, |file| {
                let name = stem(&file.path);
                let parsed = parsed(&name, file).ok();
                resources::from_sql_file(kind, name, file, parsed)
            }));
        }
        resources.iter_mut().for_each(|resource| resource.locate(&settings.name, &folder));
        let model = |(name, file, path): &(String, SourceFile, String)| Model {
            parsed: parsed(name, file),
            name: name.clone(),
            file: file.clone(),
            path: path.clone(),
        };
        let files =
            contents.models.into_iter().map(|model| (stem(&model.path), model.file, model.path));
        let models = par_map(&files.collect::<Vec<_>>(), model);
        let blocks = contents.snapshots.into_iter().flat_map(|snapshot| {
            let path = snapshot.path;
            snapshots::blocks(&snapshot.file)
                .into_iter()
                .map(move |(name, file)| (name, file, path.clone()))
        });
        let snapshots = par_map(&blocks.collect::<Vec<_>>(), model);
        let seed = |seed: packages::PackageFile| {
            let columns = seeds::header(&seed.file.text, ',');
            Seed {
                name: stem(&seed.path),
                file: seed.file,
                data: seed.data,
                path: seed.path,
                columns,
            }
        };
        Package {
            seeds: contents.seeds.into_iter().map(seed).collect(),
            models,
            snapshots,
            restricts_access: settings.restricts_access,
            trees: tree::trees(&settings.trees, &project_scope, &mut self.errors),
            name: settings.name,
            folder,
            properties,
            resources,
            macros: contents.macros,
        }
    }
}

/// The variables of a package; those that the root project sets, in general or for the package,
/// override its own.
fn variables(root: &DbtProject, package: &DbtProject) -> Map<String, Value> {
    let mut vars = package.vars_for(&package.name);
    vars.extend(root.vars_for(&package.name));
    vars
}

/// A file name without folders and extension.
fn stem(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_string()
}

#[cfg(test)]
pub mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::project::Setting;

    /// The configuration of the models of a test, by name: the keywords of their `config()` call.
    pub type Said<'a> = &'a [(&'a str, Value)];

    /// A project with these files, for a target `dev` with the schema `analytics`, with 2024-07-01
    /// as the current time.
    pub fn folder(
        files: &[(&str, &str)],
        parsed: Said,
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
            target: TargetSettings { schema: "analytics".to_string(), keys: Vec::new() },
            files_as_sources: true,
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
