//! The state of one rendering: its scope, the recorded calls, the loaded macro files, and the value
//! that a macro returns.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use minijinja::Value;

use super::macro_registry::MacroLibrary;
use crate::calendar::Instant;
use crate::diagnostics::Diagnostic;
use crate::jinja::{LazyValue, MarkKind, RefCall, RelationCatalog, Settings, TemplateScope};

/// The parts of dbt's `graph` by name.
pub type GraphParts = Vec<(Value, Value)>;

/// The parts, or the error of a macro that names a node of `graph`.
pub type GraphResult = Result<GraphParts, Diagnostic>;

/// The data that all renderings of a project share.
pub struct Shared {
    pub settings: Settings,
    pub library: Arc<MacroLibrary>,
    /// The parts of dbt's `graph`, once the nodes are known: a large project has thousands. With
    /// the reason if they are incomplete.
    pub graph: OnceLock<(LazyValue<GraphResult>, Option<Diagnostic>)>,
    pub known: OnceLock<Arc<dyn RelationCatalog>>,
    /// The unique ids of the selected nodes.
    pub selected: OnceLock<Vec<String>>,
}

/// The calls that a template made.
#[derive(Default)]
pub struct Captured {
    pub config: Vec<serde_json::Map<String, serde_json::Value>>,
    pub refs: Vec<RefCall>,
    pub sources: Vec<(String, String)>,
    pub marks: Vec<MarkKind>,
    pub warnings: Vec<Diagnostic>,
    warned: BTreeSet<String>,
}

impl Captured {
    /// Records a warning, each text once.
    pub fn warn(&mut self, message: String) {
        if self.warned.insert(message.clone()) {
            self.warnings.push(Diagnostic::warning(message));
        }
    }
}

/// The state of running macros.
#[derive(Default)]
pub struct Running {
    /// The template's macro that imports a file of macros.
    pub loader: Option<Value>,
    /// Loaded macro files, by their index in the library.
    pub modules: BTreeMap<usize, Value>,
    /// Files that are being loaded. Names in their macros resolve by the file's package.
    pub loading: Vec<usize>,
    /// The argument of `return()`, until the caller of the macro takes it.
    pub returned: Option<Value>,
    /// The results of statements, by name.
    pub results: BTreeMap<String, Value>,
    /// The arguments of each running macro.
    pub arguments: Vec<Vec<Value>>,
    /// Running macros, outermost first: packages and names.
    pub stack: Vec<(String, String)>,
}

pub struct Session {
    pub shared: Arc<Shared>,
    pub scope: TemplateScope,
    /// The package whose variables `var()` reads, if it differs from the scope's.
    pub macro_package: Option<String>,
    /// Names that the template calls. In the parse pass an unknown one is not an error.
    pub calls: BTreeSet<String>,
    pub reads_batch: AtomicBool,
    pub reads_this: AtomicBool,
    pub asks_incremental: AtomicBool,
    /// Whether the text may depend on the current time.
    pub reads_clock: AtomicBool,
    pub reads_graph: AtomicBool,
    /// Whether the template looked up a relation that is not known to exist.
    pub missed: AtomicBool,
    captured: Mutex<Captured>,
    running: Mutex<Running>,
    pub model: OnceLock<Value>,
    pub graph: OnceLock<Value>,
}

impl Session {
    pub fn new(shared: Arc<Shared>, scope: TemplateScope, calls: BTreeSet<String>) -> Arc<Session> {
        Arc::new(Session::with(shared, scope, calls, None))
    }

    /// The session of a call of one macro of `package`.
    pub fn of_macro(shared: Arc<Shared>, scope: TemplateScope, package: &str) -> Arc<Session> {
        Arc::new(Session::with(shared, scope, BTreeSet::new(), Some(package.to_string())))
    }

    fn with(
        shared: Arc<Shared>,
        scope: TemplateScope,
        calls: BTreeSet<String>,
        macro_package: Option<String>,
    ) -> Session {
        Session {
            shared,
            scope,
            macro_package,
            calls,
            reads_batch: AtomicBool::new(false),
            reads_this: AtomicBool::new(false),
            asks_incremental: AtomicBool::new(false),
            reads_clock: AtomicBool::new(false),
            reads_graph: AtomicBool::new(false),
            missed: AtomicBool::new(false),
            captured: Mutex::default(),
            running: Mutex::default(),
            model: OnceLock::new(),
            graph: OnceLock::new(),
        }
    }

    pub fn captured(&self) -> MutexGuard<'_, Captured> {
        self.captured.lock().unwrap_or_else(|broken| broken.into_inner())
    }

    /// The error of the template with this path, if it read an incomplete `graph`.
    pub fn graph_gap(&self, path: &str) -> Result<(), Diagnostic> {
        if !self.reads_graph.load(Relaxed) {
            return Ok(());
        }
        let Some((parts, gap)) = self.shared.graph.get() else { return Ok(()) };
        match gap.as_ref().or_else(|| parts.as_ref().as_ref().err()) {
            Some(gap) => Err(gap.clone().note(format!("`graph` is read by {path}"))),
            None => Ok(()),
        }
    }

    pub fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(|broken| broken.into_inner())
    }

    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// The time of the run, the same for all models.
    pub fn now(&self) -> Instant {
        self.reads_clock.store(true, Relaxed);
        self.shared.settings.now
    }

    pub fn library(&self) -> &MacroLibrary {
        &self.shared.library
    }

    /// The index of a mark's kind in the list of kinds.
    pub fn mark(&self, kind: MarkKind) -> usize {
        let marks = &mut self.captured().marks;
        match marks.iter().position(|known| *known == kind) {
            Some(position) => position,
            None => {
                marks.push(kind);
                marks.len() - 1
            }
        }
    }

    /// The package whose macros take precedence in the current file.
    pub fn package(&self) -> String {
        match self.running().loading.last() {
            Some(file) => self.library().files[*file].package.clone(),
            None => self.scope.package.clone(),
        }
    }

    /// Drops values that refer to the session, to break reference cycles.
    pub fn close(&self) {
        *self.running() = Running::default();
    }
}
