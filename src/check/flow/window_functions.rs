//! Window functions: `… over (partition by … order by …)`. Each partition must be in one batch
//! window, or the function sees fewer rows in a batch than in the complete query.

use sqlparser::ast::{Expr, Function, NamedWindowExpr, Select, WindowSpec, WindowType};

use super::call_syntax::function_name;
use super::colocation::Colocation;
use super::rows::Origin;
use super::scope::Scope;
use super::visit::visit_exprs;
use super::{CrossWindowKind, CrossWindowOp, Flow, names};

impl Flow<'_> {
    /// Checks the window functions of a `select`; those with the same partitions are reported once.
    pub(super) fn check_window_functions(&self, select: &Select, scope: &Scope, windowed: &Origin) {
        let mut by_keys: Vec<(Vec<String>, CrossWindowOp)> = Vec::new();
        let mut look = |expr: &Expr| {
            if let Expr::Function(function) = expr
                && let Some((keys, operation)) = match &function.over {
                    Some(over) => self.over(function, over, select, scope, windowed),
                    None => self.running(function, windowed),
                }
            {
                let is_rank = |operation: &CrossWindowOp| {
                    matches!(operation.kind, CrossWindowKind::Ranked { .. })
                };
                match by_keys
                    .iter_mut()
                    .find(|(known, first)| *known == keys && is_rank(first) == is_rank(&operation))
                {
                    Some((_, first)) => first.more += 1,
                    None => by_keys.push((keys, operation)),
                }
            }
        };
        visit_exprs(&select.projection, &mut look);
        for clause in select.qualify.iter().chain(&select.having) {
            visit_exprs(clause, &mut look);
        }
        self.notes
            .borrow_mut()
            .operations
            .extend(by_keys.into_iter().map(|(_, operation)| operation));
    }

    /// The operation of a function of the rows around a row, which has no partitions.
    fn running(
        &self,
        function: &Function,
        windowed: &Origin,
    ) -> Option<(Vec<String>, CrossWindowOp)> {
        let name = function_name(function);
        let operation = CrossWindowOp {
            at: self.span(&function.name),
            windowed: windowed.clone(),
            possible_key: None,
            more: 0,
            kind: CrossWindowKind::Window { function: name.clone(), keys: Vec::new() },
        };
        names::is_running(&name).then(|| (Vec::new(), operation))
    }

    /// The partition keys of a window function, and the operation to report.
    fn over(
        &self,
        function: &Function,
        over: &WindowType,
        select: &Select,
        scope: &Scope,
        windowed: &Origin,
    ) -> Option<(Vec<String>, CrossWindowOp)> {
        // An undeclared window is not checked.
        let spec = match over {
            WindowType::WindowSpec(spec) => spec,
            WindowType::NamedWindow(name) => declared(select, &name.value, 0)?,
        };
        let mut keys: Vec<&Expr> = spec.partition_by.iter().collect();
        if let Some(base) =
            spec.window_name.as_ref().and_then(|name| declared(select, &name.value, 0))
        {
            keys.extend(&base.partition_by);
        }
        let values: Vec<_> = keys.iter().map(|key| self.value(key, scope)).collect();
        let possible_key = match self.colocation(&values) {
            Colocation::Always => return None,
            Colocation::Possible(name) => Some(name),
            Colocation::No => None,
        };
        let name = function_name(function);
        let texts: Vec<String> =
            keys.iter().map(|key| self.view.text_at(&self.span(*key))).collect();
        let kind = if names::is_rank(&name) && !keys.is_empty() {
            CrossWindowKind::Ranked { function: name, keys: texts.clone() }
        } else {
            CrossWindowKind::Window { function: name, keys: texts.clone() }
        };
        let at = self.view.over(self.span(&function.name));
        Some((texts, CrossWindowOp { kind, at, windowed: windowed.clone(), possible_key, more: 0 }))
    }
}

/// The declaration of a named window: `window w as (…)`.
fn declared<'s>(select: &'s Select, name: &str, depth: usize) -> Option<&'s WindowSpec> {
    let declaration =
        select.named_window.iter().find(|window| window.0.value.eq_ignore_ascii_case(name))?;
    match &declaration.1 {
        NamedWindowExpr::WindowSpec(spec) => Some(spec),
        NamedWindowExpr::NamedWindow(other) if depth < 8 => {
            declared(select, &other.value, depth + 1)
        }
        NamedWindowExpr::NamedWindow(_) => None,
    }
}
