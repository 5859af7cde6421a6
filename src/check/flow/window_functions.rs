//! Window functions: `… over (partition by … order by …)`. Each partition must lie in one window, or the function sees fewer rows
//! than in the query as a whole.

use sqlparser::ast::{Expr, Function, NamedWindowExpr, Select, SelectItem, WindowSpec, WindowType};

use super::each::each;
use super::rows::Origin;
use super::scope::Scope;
use super::value::Together;
use super::{Crossing, Flow, How, call, names};

impl Flow<'_> {
    /// Judges the window functions of a `select`: those with the same partitions together.
    pub(super) fn windows_of(&self, select: &Select, scope: &Scope, windowed: &Origin) {
        let mut told: Vec<(Vec<String>, Crossing)> = Vec::new();
        let mut look = |expr: &Expr| {
            if let Expr::Function(function) = expr
                && let Some(over) = &function.over
                && let Some((keys, crossing)) = self.over(function, over, select, scope, windowed)
            {
                let is_rank = |crossing: &Crossing| matches!(crossing.how, How::Numbered { .. });
                match told.iter_mut().find(|(known, first)| *known == keys && is_rank(first) == is_rank(&crossing)) {
                    Some((_, first)) => first.more += 1,
                    None => told.push((keys, crossing)),
                }
            }
        };
        for item in &select.projection {
            match item {
                SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => each(expr, &mut look),
                _ => {}
            }
        }
        for clause in select.qualify.iter().chain(&select.having) {
            each(clause, &mut look);
        }
        self.found.borrow_mut().crossings.extend(told.into_iter().map(|(_, crossing)| crossing));
    }

    /// The keys of a window function's partitions, and what it crosses.
    fn over(
        &self,
        function: &Function,
        over: &WindowType,
        select: &Select,
        scope: &Scope,
        windowed: &Origin,
    ) -> Option<(Vec<String>, Crossing)> {
        // A window that is nowhere declared is not judged.
        let spec = match over {
            WindowType::WindowSpec(spec) => spec,
            WindowType::NamedWindow(name) => named(select, &name.value, 0)?,
        };
        let mut keys: Vec<&Expr> = spec.partition_by.iter().collect();
        if let Some(base) = spec.window_name.as_ref().and_then(|name| named(select, &name.value, 0)) {
            keys.extend(&base.partition_by);
        }
        let values: Vec<_> = keys.iter().map(|key| self.value(key, scope)).collect();
        let unless = match self.together(&values) {
            Together::Always => return None,
            Together::Perhaps(name) => Some(name),
            Together::Not => None,
        };
        let name = call::name(function);
        let texts: Vec<String> = keys.iter().map(|key| self.seen.said(&self.place(*key))).collect();
        let how = if names::is_rank(&name) && !keys.is_empty() {
            How::Numbered { function: name, keys: texts.clone() }
        } else {
            How::Window { function: name, keys: texts.clone() }
        };
        let at = self.seen.over(self.place(&function.name));
        Some((texts, Crossing { how, at, windowed: windowed.clone(), unless, more: 0 }))
    }
}

/// The window that `window w as (…)` declares.
fn named<'s>(select: &'s Select, name: &str, depth: usize) -> Option<&'s WindowSpec> {
    let found = select.named_window.iter().find(|named| named.0.value.eq_ignore_ascii_case(name))?;
    match &found.1 {
        NamedWindowExpr::WindowSpec(spec) => Some(spec),
        NamedWindowExpr::NamedWindow(other) if depth < 8 => named(select, &other.value, depth + 1),
        NamedWindowExpr::NamedWindow(_) => None,
    }
}
