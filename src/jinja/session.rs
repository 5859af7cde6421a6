//! What one rendering knows and notes down: the scope it was given, what the template said on the
//! way, the macro files that were loaded into it, and the value that a macro is about to return.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use minijinja::Value;

use super::macro_registry::Library;
use super::relations::Named;
use super::{Known, LazyValue, MarkKind, RefCall, Relation, Scope, Settings};
use crate::calendar::Instant;
use crate::diagnostics::Diagnostic;

/// The parts of dbt's `graph` by name.
pub(super) type GraphParts = Vec<(Value, Value)>;

/// What all renderings of a project share.
pub(super) struct Shared {
    pub settings: Settings,
    pub library: Arc<Library>,
    /// The parts of dbt's `graph`, once the nodes are known: a large project has thousands.
    /// With why they are not complete, if they are not.
    pub graph: OnceLock<(LazyValue<GraphParts>, Option<Diagnostic>)>,
    pub known: OnceLock<Arc<dyn Known>>,
}

/// What a template said of itself.
#[derive(Default)]
pub(super) struct Captured {
    pub config: Vec<serde_json::Map<String, serde_json::Value>>,
    pub refs: Vec<RefCall>,
    pub sources: Vec<(String, String)>,
    pub marks: Vec<MarkKind>,
    pub warnings: Vec<Diagnostic>,
    warned: BTreeSet<String>,
}

impl Captured {
    /// Notes a warning of the template's, each text once.
    pub fn warn(&mut self, message: String) {
        if self.warned.insert(message.clone()) {
            self.warnings.push(Diagnostic::warning(message));
        }
    }
}

/// The machinery of macros within one rendering.
#[derive(Default)]
pub(super) struct Running {
    /// The template's macro that imports a file of macros.
    pub loader: Option<Value>,
    /// Loaded files of macros, by their place in the library.
    pub modules: BTreeMap<usize, Value>,
    /// Files that are being loaded: what a macro in them means by a name depends on the file's
    /// package.
    pub loading: Vec<usize>,
    /// The value that `return()` was called with, while it travels to the macro's caller.
    pub returned: Option<Value>,
    /// The tables that statements gave, by the statements' names.
    pub results: BTreeMap<String, Value>,
    /// What each macro that is being run was called with.
    pub arguments: Vec<Vec<Value>>,
    /// Macros that are being run, outermost first: packages and names.
    pub stack: Vec<(String, String)>,
}

pub(super) struct Session {
    pub shared: Arc<Shared>,
    pub scope: Scope,
    /// The package whose variables `var()` reads, where that is not the scope's.
    pub macro_package: Option<String>,
    /// Names that the template calls: while a model only says what it is, an unknown one is no
    /// error.
    pub calls: BTreeSet<String>,
    pub reads_batch: AtomicBool,
    pub reads_this: AtomicBool,
    pub asks_incremental: AtomicBool,
    /// Whether the text may depend on now.
    pub reads_clock: AtomicBool,
    pub reads_graph: AtomicBool,
    /// Whether a relation was asked for that does not exist as far as is known.
    pub missed: AtomicBool,
    said: Mutex<Captured>,
    running: Mutex<Running>,
    pub model: OnceLock<Value>,
    pub graph: OnceLock<Value>,
}

impl Session {
    pub fn new(shared: Arc<Shared>, scope: Scope, calls: BTreeSet<String>) -> Arc<Session> {
        Arc::new(Session::with(shared, scope, calls, None))
    }

    /// The session of a call of one macro of `package`.
    pub fn of_macro(shared: Arc<Shared>, scope: Scope, package: &str) -> Arc<Session> {
        Arc::new(Session::with(shared, scope, BTreeSet::new(), Some(package.to_string())))
    }

    fn with(
        shared: Arc<Shared>,
        scope: Scope,
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
            said: Mutex::default(),
            running: Mutex::default(),
            model: OnceLock::new(),
            graph: OnceLock::new(),
        }
    }

    pub fn said(&self) -> MutexGuard<'_, Captured> {
        self.said.lock().unwrap_or_else(|broken| broken.into_inner())
    }

    /// The error that the template, a file of this path, has read an incomplete `graph`.
    pub fn graph_gap(&self, path: &str) -> Result<(), Diagnostic> {
        match self.shared.graph.get() {
            Some((_, Some(gap))) if self.reads_graph.load(Relaxed) => {
                Err(gap.clone().fact(format!("`graph` is read by {path}")))
            }
            _ => Ok(()),
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

    pub fn library(&self) -> &Library {
        &self.shared.library
    }

    /// The place of a mark's kind in the list of kinds.
    pub fn mark(&self, kind: MarkKind) -> usize {
        let marks = &mut self.said().marks;
        match marks.iter().position(|known| *known == kind) {
            Some(place) => place,
            None => {
                marks.push(kind);
                marks.len() - 1
            }
        }
    }

    /// A relation for templates.
    pub fn relation(
        self: &Arc<Self>,
        relation: Relation,
        kind: Option<&str>,
        mark: Option<MarkKind>,
    ) -> Value {
        let mark = mark.map(|mark| self.mark(mark));
        Value::from_object(Named {
            relation,
            kind: kind.map(str::to_string),
            mark,
            session: self.clone(),
        })
    }

    pub fn this(self: &Arc<Self>) -> Value {
        match &self.scope.this {
            Some(relation) => self.relation(relation.clone(), None, Some(MarkKind::This)),
            None => Value::from(()),
        }
    }

    /// The package whose macros come first where a name is looked up now.
    pub fn package(&self) -> String {
        match self.running().loading.last() {
            Some(file) => self.library().files[*file].package.clone(),
            None => self.scope.package.clone(),
        }
    }

    /// Lets go of values that hold the session, which would keep each other alive.
    pub fn close(&self) {
        *self.running() = Running::default();
    }
}
