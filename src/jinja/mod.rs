//! The template language of models: dbt's Jinja on minijinja. Renders a template in a
//! [`TemplateScope`] to its text, and records the calls of `config()`, `ref()` and other functions
//! ([`Rendered`]). Depends on no stage. `syntax` reads templates, `python` has the values and
//! operations of their expressions, and `dbt` what dbt adds to them.

mod dbt;
mod errors;
mod marks;
mod md5;
mod python;
mod scope;
mod syntax;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, LazyLock, OnceLock};

use minijinja::{Environment, State};
use serde_json::{Map, Value};

use crate::calendar::Instant;
use crate::diagnostics::{Diagnostic, Diagnostics, Location, SourceFile};
use crate::limits;

use dbt::error_location::{self, ErrorContext};
use dbt::globals::GlobalNames;
use dbt::macro_registry::MacroLibrary;
use dbt::session::{Session, Shared};
use dbt::{environment, json, macros, named_node, node};
use syntax::transpile::{self, TranspiledTemplate};

pub use dbt::column::ColumnStyle;
pub use dbt::config::hook_key;
pub use dbt::macro_dependencies::MacroDependencies;
pub use dbt::recorded_results::{RecordedResult, RecordedResults};
pub use dbt::semantic_items::{GRANULARITIES, SemanticItem, SemanticItemKind, semantic_items};
pub use dbt::strategy::{StrategyArguments, StrategyMacro};
pub use dbt::yaml::{DocsLookup, SECRETS, YamlScope, description_text, docs_text, yaml_value};
pub use marks::{Covered, Mark, MarkKind};
pub use md5::hex as md5;
pub use scope::{
    Batch, CatalogColumn, LazyValue, Lookup, RefCall, RefVersion, Referent, Relation,
    RelationCatalog, RelationStyle, Rendered, TemplateScope, lazy,
};

/// The macros of one package.
#[derive(Clone)]
pub struct MacroPackage {
    pub name: String,
    pub files: Vec<SourceFile>,
    /// Its `version` in `dbt_project.yml`.
    pub version: Option<String>,
    /// The variables of the package's `dbt_project.yml`.
    pub vars: Map<String, Value>,
}

/// The settings of a project, shared by all renderings.
#[derive(Clone)]
pub struct Settings {
    /// The root project is first.
    pub packages: Vec<MacroPackage>,
    /// dbt's `dispatch:` config: macro namespace to search order.
    pub dispatch: BTreeMap<String, Vec<String>>,
    /// The dialect and its base dialects, nearest first: `redshift`, `postgres`. `adapter.dispatch`
    /// searches these prefixes.
    pub adapters: Vec<String>,
    /// dbt's `target`.
    pub target: Map<String, Value>,
    /// The variables of dbt's own macros, such as the default of `generate_schema_name`: what the
    /// project sets for all packages, or for `dbt`.
    pub dbt_vars: Map<String, Value>,
    /// `--vars`, which override the packages' variables.
    pub vars: Map<String, Value>,
    pub environment: BTreeMap<String, String>,
    pub now: Instant,
    pub full_refresh: bool,
    /// dbt's `flags.WHICH`: the command.
    pub which: &'static str,
    pub style: RelationStyle,
    pub columns: ColumnStyle,
    /// Recorded query results of the warehouse.
    pub answers: RecordedResults,
}

/// The macros of a project, ready to render its models. Usable from several threads at once.
pub struct Jinja {
    shared: Arc<Shared>,
    strict: Environment<'static>,
    /// For the parse pass, in which unknown names are not errors.
    lenient: Environment<'static>,
}

impl Jinja {
    pub fn new(settings: Settings) -> Result<Jinja, Diagnostics> {
        let library = Arc::new(MacroLibrary::new(&settings)?);
        Ok(Jinja {
            strict: environment::models(library.clone(), false),
            lenient: environment::models(library.clone(), true),
            shared: Arc::new(Shared {
                settings,
                library,
                graph: OnceLock::new(),
                known: OnceLock::new(),
                selected: OnceLock::new(),
            }),
        })
    }

    /// The same environment at another time.
    pub fn at(&self, now: Instant) -> Jinja {
        let Shared { settings, library, graph, known, selected } = &*self.shared;
        let settings = Settings { now, ..settings.clone() };
        let shared = Shared {
            settings,
            library: library.clone(),
            graph: graph.clone(),
            known: known.clone(),
            selected: selected.clone(),
        };
        Jinja {
            strict: self.strict.clone(),
            lenient: self.lenient.clone(),
            shared: Arc::new(shared),
        }
    }

    /// The time of the run.
    pub fn now(&self) -> Instant {
        self.shared.settings.now
    }

    /// The same environment without `graph` and columns: for the calls that `graph` is made of.
    pub fn without_graph(&self) -> Jinja {
        let Shared { settings, library, .. } = &*self.shared;
        Jinja {
            strict: self.strict.clone(),
            lenient: self.lenient.clone(),
            shared: Arc::new(Shared {
                settings: settings.clone(),
                library: library.clone(),
                graph: OnceLock::new(),
                known: OnceLock::new(),
                selected: OnceLock::new(),
            }),
        }
    }

    /// Sets the function that computes dbt's `graph`, once the nodes are known. With a `gap`, or
    /// where the function fails, reading `graph` in a template is that error.
    pub fn set_graph(
        &self,
        gap: Option<Diagnostic>,
        graph: impl FnOnce() -> Result<Value, Diagnostic> + Send + 'static,
    ) {
        let parts = lazy(|| graph().map(|graph| node::graph_parts(&graph)));
        let _ = self.shared.graph.set((parts, gap));
    }

    /// Sets the source of known columns, once the nodes are known.
    pub fn set_relation_catalog(&self, known: Arc<dyn RelationCatalog>) {
        let _ = self.shared.known.set(known);
    }

    /// Sets the unique ids of the selected nodes, once they are known.
    pub fn set_selected(&self, selected: Vec<String>) {
        let _ = self.shared.selected.set(selected);
    }

    /// Renders a template.
    pub fn render(
        &self,
        template: &SourceFile,
        scope: &TemplateScope,
    ) -> Result<Rendered, Diagnostic> {
        limits::with_new_budget(|| self.rendered(template, scope))
    }

    fn rendered(
        &self,
        template: &SourceFile,
        scope: &TemplateScope,
    ) -> Result<Rendered, Diagnostic> {
        let prepared = transpile::template(&template.text, macros::PROLOGUE);
        let session = Session::new(self.shared.clone(), scope.clone(), prepared.calls.clone());
        let environment = if scope.execute { &self.strict } else { &self.lenient };
        let outcome =
            environment.template_from_named_str(&template.path, &prepared.edited.text).and_then(
                |ready| ready.render(minijinja::Value::from_object(GlobalNames(session.clone()))),
            );
        session.close();
        session.graph_gap(&template.path)?;
        let text = outcome.map_err(|error| {
            let known = [
                "ref",
                "source",
                "var",
                "env_var",
                "config",
                "this",
                "target",
                "model",
                "adapter",
                "is_incremental",
                "run_started_at",
            ];
            error_location::diagnostic(
                &error,
                &ErrorContext {
                    template,
                    prepared: &prepared,
                    library: Some(&self.shared.library),
                    known: known.to_vec(),
                },
            )
        })?;
        let mut captured = session.captured();
        let (text, marks) = marks::take(&text, &captured.marks);
        Ok(Rendered {
            text,
            marks,
            config: std::mem::take(&mut captured.config),
            refs: std::mem::take(&mut captured.refs),
            sources: std::mem::take(&mut captured.sources),
            reads_batch: session.reads_batch.load(Relaxed),
            reads_this: session.reads_this.load(Relaxed),
            asks_incremental: session.asks_incremental.load(Relaxed),
            reads_clock: session.reads_clock.load(Relaxed),
            warnings: std::mem::take(&mut captured.warnings),
        })
    }

    /// The macros that override dbt's macros, without the prefix of an adapter, with their
    /// locations.
    pub fn dispatched_macros(&self) -> Vec<(String, Location)> {
        self.shared.library.dispatched(&self.shared.settings)
    }

    /// The package whose macro of that name (`generate_schema_name` …) names the nodes of
    /// `package`. `None` for dbt's default.
    pub fn naming_package(&self, package: &str, name: &str) -> Option<String> {
        let shared = &self.shared;
        shared.library.naming(&shared.settings, package, name).map(str::to_string)
    }

    /// Calls a macro of a package with the arguments and the node of `scope`. Returns its text
    /// without surrounding white space, and whether it may depend on the node. Names resolve as in
    /// the package of `scope`; variables are those of the macro's package.
    pub fn call_for_node(
        &self,
        package: &str,
        name: &str,
        arguments: &[Value],
        scope: &TemplateScope,
    ) -> Result<(String, bool), Diagnostic> {
        let values = |session: &Arc<Session>| {
            arguments.iter().map(json::value).chain([named_node::value(session)]).collect()
        };
        let (text, session) = self.call_with(package, name, values, scope)?;
        let is_of_node = session.model.get().is_some() || session.graph.get().is_some();
        Ok((if text == "None" { String::new() } else { text }, is_of_node))
    }

    /// Calls a macro with arguments that are values of the new session. Returns its text and the
    /// session.
    fn call_with(
        &self,
        package: &str,
        name: &str,
        arguments: impl FnOnce(&Arc<Session>) -> Vec<minijinja::Value>,
        scope: &TemplateScope,
    ) -> Result<(String, Arc<Session>), Diagnostic> {
        static PREPARED: LazyLock<TranspiledTemplate> =
            LazyLock::new(|| transpile::template("{{ __call() }}", macros::PROLOGUE));
        let library = &self.shared.library;
        let Some(definition) = library.get(package, name) else {
            return Err(Diagnostic::error(format!("macro `{name}` not found")));
        };
        let file = &library.files[definition.file];
        let location = file.source.at(definition.header.at.clone());
        let session = Session::of_macro(self.shared.clone(), scope.clone(), package);
        let arguments = arguments(&session);
        let called = macros::MacroRef::value(&session, package, name);
        let call = minijinja::Value::from_function(move |state: &mut State| {
            called.call(state, &arguments)
        });
        let names = minijinja::value::merge_maps([
            minijinja::context! { __call => call },
            minijinja::Value::from_object(GlobalNames(session.clone())),
        ]);
        let outcome = self.strict.render_named_str("", &PREPARED.edited.text, names);
        session.close();
        session.graph_gap(&file.source.path)?;
        let template = SourceFile::new("", "");
        let text = outcome.map_err(|error| {
            let error_context = ErrorContext {
                template: &template,
                prepared: &PREPARED,
                library: Some(library),
                known: Vec::new(),
            };
            let mut failure = error_location::diagnostic(&error, &error_context);
            failure.at = failure.at.filter(|at| !at.file.path.is_empty()).or(Some(location));
            failure
        })?;
        Ok((marks::strip(&text).trim().to_string(), session))
    }
}

/// The value as Python's `str` writes it: `False`, `None`, `[1, 'a']`.
pub fn python_text(value: &Value) -> String {
    python::text::text(&json::value(value))
}
