//! The project whose files are read, before its models are parsed. `Loader::packages` parses them.

use serde_json::{Map, Value};

use crate::diagnostics::{Diagnostics, Level, SourceFile, par_map};
use crate::jinja::{
    ColumnStyle, MacroPackage, RecordedResults, Relation, RelationStyle, Settings, YamlScope,
};
use crate::limits;

use super::dbt_project::DbtProject;
use super::docs::Docs;
use super::files::file_stem;
use super::fixtures;
use super::overrides::{self, Override};
use super::packages::{self, PackageFiles};
use super::resource::ResourceKind;
use super::resources;
use super::{
    Catalog, LoadOptions, Model, Package, ParsedModel, Properties, Seed, SelectorsFile,
    SourceStyle, Target, properties, seeds, snapshots, tree, vars_file,
};

/// The project, before its models are parsed.
pub struct Loader {
    pub root: DbtProject,
    /// The variables for the Jinja of the root's `dbt_project.yml`.
    pub root_vars: Map<String, Value>,
    pub answers: RecordedResults,
    pub catalog: Catalog,
    pub target: Target,
    pub style: RelationStyle,
    pub columns: ColumnStyle,
    pub sources: SourceStyle,
    pub adapters: Vec<String>,
    pub key_aliases: Vec<[String; 2]>,
    pub selectors: Option<SelectorsFile>,
    pub parts: Vec<PackageSource>,
    pub warnings: Diagnostics,
    pub errors: Diagnostics,
}

/// The files of a package, before its models are parsed.
pub struct PackageSource {
    pub folder: String,
    pub settings: DbtProject,
    pub contents: PackageFiles,
    pub vars: Map<String, Value>,
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
        for part in &parts {
            docs.add(&part.settings.name, &part.contents.docs, &mut self.errors);
        }
        // dbt renders each description with the variables of the root project.
        let root_vars = parts.first().map(|root| vars_file::merged_vars(&root.vars, &open.vars));
        let description_vars = root_vars.unwrap_or_default();
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
                overrides::read(file, &scope, &self.key_aliases)
                    .map_or_else(|error| self.errors.0.push(error), |more| overrides.extend(more));
            }
        }
        let packages: Vec<Package> = parts
            .into_iter()
            .map(|part| {
                self.package(part, (&docs, &description_vars), &overrides, open, parse_model)
            })
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
        (docs, description_vars): (&Docs, &Map<String, Value>),
        overrides: &[Override],
        open: &LoadOptions,
        parse_model: &ParseModel,
    ) -> Package {
        let PackageSource { folder, settings, contents, vars } = part;
        let (vars, no_vars) = (vars_file::merged_vars(&vars, &open.vars), Map::new());
        let scope = YamlScope {
            now: open.now,
            vars: &vars,
            environment: &open.environment,
            target: &self.target.values,
            secrets: false,
        };
        // In `dbt_project.yml` of the root, dbt defines only the variables of the command line and
        // of `vars.yml`; in that of a package, none.
        let project_scope =
            YamlScope { vars: if folder.is_empty() { &self.root_vars } else { &no_vars }, ..scope };
        let mut properties = Properties::default();
        let mut package_warnings = Diagnostics::default();
        for file in &contents.properties {
            properties::read(
                file,
                &scope,
                &self.columns,
                (&settings.name, overrides, &self.key_aliases),
                &mut properties,
                &mut package_warnings,
                &mut self.errors,
            );
        }
        let description_scope = YamlScope { vars: description_vars, ..scope };
        docs.resolve(&settings.name, &description_scope, &mut properties, &mut package_warnings);
        let (errors, warnings): (Vec<_>, Vec<_>) =
            package_warnings.0.into_iter().partition(|one| one.level == Level::Error);
        self.errors.0.extend(errors);
        if folder.is_empty() {
            self.warnings.0.extend(warnings);
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
                let name = file_stem(&file.path).to_string();
                let parsed = parsed(&name, file).ok();
                resources::from_sql_file(kind, name, file, parsed)
            }));
        }
        resources.iter_mut().for_each(|resource| resource.locate(&settings.name, &folder));
        fixtures::check(&resources, &contents.fixtures, &mut self.errors);
        let model = |(name, file, path): &(String, SourceFile, String)| Model {
            parsed: parsed(name, file),
            name: name.clone(),
            file: file.clone(),
            path: path.clone(),
        };
        let files = contents
            .models
            .into_iter()
            .map(|model| (file_stem(&model.path).to_string(), model.file, model.path));
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
                name: file_stem(&seed.path).to_string(),
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
