//! Columns of a table that `*` omits: a query that reads one from a filtered input needs it by name
//! in the filter's subquery.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Ident, JoinConstraint, JoinOperator, ObjectName, Query, Select, SelectFlavor, SelectItem,
    SelectItemQualifiedWildcardKind as Qualified, Statement,
};
use sqlparser::tokenizer::{Location, Token};

use super::relations::{Read, located};
use super::scope::{Factor, last, same};
use super::tokens::TokenStream;
use super::walk::{self, Nodes};
use super::{Access, Injection, Input};
use crate::diagnostics::Diagnostic;

/// Whether `*` omits a column of this name.
pub fn is_hidden(name: &str, hidden: &[String]) -> bool {
    let name = name.to_lowercase();
    hidden.iter().any(|known| match known.strip_suffix('*') {
        Some(beginning) => name.len() > beginning.len() && name.starts_with(beginning),
        None => *known == name,
    })
}

/// The indices of the tokens that are such names.
pub fn tokens<'a>(text: &'a TokenStream, hidden: &'a [String]) -> impl Iterator<Item = usize> + 'a {
    (0..text.tokens.len()).filter(|token| match &text.tokens[*token].token {
        Token::Word(word) => is_hidden(&word.value, hidden),
        _ => false,
    })
}

/// The hidden columns that each filtered table must include, in the author's spelling, by the index
/// of the table.
pub fn carried_columns(
    injection: &Injection,
    text: &TokenStream,
    tree: &Statement,
    factors: &[Factor],
    reads: &[Read],
) -> Result<BTreeMap<usize, Vec<String>>, Diagnostic> {
    let mut carried: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    if injection.hidden.is_empty() || tokens(text, injection.hidden).next().is_none() {
        return Ok(carried);
    }
    let mut walk = Walk { hidden: injection.hidden, ..Walk::default() };
    let _ = walk::walk(tree, &mut walk);
    let tables = Tables { inputs: injection.inputs, factors, reads };
    for used in &walk.uses {
        let refuse = |message: String, hint: &str| match text.starting_at(used.at()) {
            Some(token) => {
                located(Diagnostic::error(message), text.sql, &text.spans[token]).hint(hint)
            }
            None => Diagnostic::error(message).hint(hint),
        };
        let Some((level, read)) = tables.of(used).map_err(|name| {
            refuse(
                format!("`{name}` can belong to more than one table here"),
                "qualify it by the table's alias",
            )
        })?
        else {
            continue;
        };
        let exposed = read.factor.exposed();
        let spreads = walk.spreads.iter().any(|(at, of)| {
            *at == level
                && of.as_ref().is_none_or(|of| exposed.is_some_and(|exposed| same(of, exposed)))
        });
        if spreads {
            let message = format!(
                "`*` and `{}` are read from `{}` in one `select`",
                used.name.value, read.factor.name
            );
            let why = "the filter's subquery must select the column by name, and `*` would then \
                include it too";
            return Err(refuse(message, "list the columns instead of `*`").note(why));
        }
        let name = text
            .starting_at(used.name.span.start)
            .map(|token| text.slice(&text.spans[token]).to_string());
        let columns = carried.entry(read.factor.number).or_default();
        columns.extend(
            name.filter(|name| !columns.iter().any(|known| known.eq_ignore_ascii_case(name))),
        );
    }
    Ok(carried)
}

/// An occurrence of a hidden column.
struct Use {
    qualifier: Option<Ident>,
    name: Ident,
    /// The `select`s around it, the outermost first.
    selects: Vec<usize>,
}

impl Use {
    fn at(&self) -> Location {
        self.qualifier.as_ref().unwrap_or(&self.name).span.start
    }
}

/// The tables of the query.
struct Tables<'a> {
    inputs: &'a [Input],
    factors: &'a [Factor],
    reads: &'a [Read<'a>],
}

impl<'a> Tables<'a> {
    /// The filtered table of a column and the index of its `select`. An error with the column's
    /// name if it is ambiguous.
    fn of(&self, used: &Use) -> Result<Option<(usize, &'a Read<'a>)>, String> {
        for level in used.selects.iter().rev() {
            let here = |factor: &&Factor| factor.selects.last() == Some(level);
            let is_named = |factor: &&Factor| {
                used.qualifier.as_ref().is_none_or(|qualifier| {
                    factor.exposed().is_some_and(|exposed| same(exposed, qualifier))
                })
            };
            let tables: Vec<&Factor> = self.factors.iter().filter(here).filter(is_named).collect();
            let reads = || {
                self.reads
                    .iter()
                    .filter(|read| tables.iter().any(|table| table.number == read.factor.number))
            };
            if reads().any(|read| self.declares(read, &used.name)) {
                return Ok(None);
            }
            let mut filtered =
                reads().filter(|read| read.access == Access::Filtered && !read.factor.is_cte);
            match (filtered.next(), filtered.next()) {
                (Some(read), None) => {
                    let others = tables
                        .iter()
                        .filter(|table| !table.is_cte && !table.is_call && !table.is_array)
                        .count()
                        > 1;
                    return if others {
                        Err(used.name.value.clone())
                    } else {
                        Ok(Some((*level, read)))
                    };
                }
                (Some(_), Some(_)) => return Err(used.name.value.clone()),
                _ if used.qualifier.is_some() && !tables.is_empty() => return Ok(None),
                _ => {}
            }
        }
        Ok(None)
    }

    fn declares(&self, read: &Read, name: &Ident) -> bool {
        let input = self.inputs.iter().find(|input| input.unique_id == read.unique_id);
        input.is_some_and(|input| input.declared.contains(&name.value.to_lowercase()))
    }
}

#[derive(Default)]
struct Walk<'a> {
    hidden: &'a [String],
    selects: Vec<usize>,
    seen: usize,
    /// For each open query: the number of `select`s around it, and its own finished `select`, to
    /// which a following `order by` belongs.
    queries: Vec<(usize, Option<usize>)>,
    uses: Vec<Use>,
    /// The `select`s that contain all columns of a table, or of all their tables.
    spreads: Vec<(usize, Option<Ident>)>,
}

impl Walk<'_> {
    fn level(&self) -> Vec<usize> {
        let ended = self
            .queries
            .last()
            .filter(|(depth, _)| *depth == self.selects.len())
            .and_then(|(_, ended)| *ended);
        self.selects.iter().copied().chain(ended).collect()
    }

    fn note_spreads(&mut self, select: &Select, number: usize) {
        let named = |name: &ObjectName| last(name).cloned();
        for item in &select.projection {
            match item {
                SelectItem::Wildcard(_) => self.spreads.push((number, None)),
                SelectItem::QualifiedWildcard(Qualified::ObjectName(name), _) => {
                    self.spreads.push((number, named(name)))
                }
                _ => {}
            }
        }
        let joins = select.from.iter().flat_map(|from| &from.joins);
        let is_natural = |operator: &JoinOperator| {
            use JoinOperator::{FullOuter, Inner, Join, Left, LeftOuter, Right, RightOuter};
            let (Join(on) | Inner(on) | Left(on) | LeftOuter(on) | Right(on) | RightOuter(on)
            | FullOuter(on)) = operator
            else {
                return false;
            };
            matches!(on, JoinConstraint::Natural)
        };
        if select.flavor == SelectFlavor::FromFirstNoSelect
            || joins.into_iter().any(|join| is_natural(&join.join_operator))
        {
            self.spreads.push((number, None));
        }
    }
}

impl Nodes for Walk<'_> {
    fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.queries.push((self.selects.len(), None));
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.queries.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        self.note_spreads(select, self.seen);
        self.selects.push(self.seen);
        self.seen += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, _: &Select) -> ControlFlow<()> {
        let ended = self.selects.pop();
        if let Some(query) = self.queries.last_mut() {
            query.1 = ended;
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        let parts = match expr {
            Expr::Identifier(name) => std::slice::from_ref(name),
            Expr::CompoundIdentifier(parts) => parts,
            _ => return ControlFlow::Continue(()),
        };
        // A row as a value contains all columns of its table.
        if let [name] = parts {
            let selects = self.level();
            self.rows(name, &selects);
        }
        if let Some(at) = parts.iter().position(|part| is_hidden(&part.value, self.hidden)) {
            let qualifier = at.checked_sub(1).map(|before| parts[before].clone());
            self.uses.push(Use { qualifier, name: parts[at].clone(), selects: self.level() });
        }
        ControlFlow::Continue(())
    }
}

impl Walk<'_> {
    fn rows(&mut self, name: &Ident, selects: &[usize]) {
        self.spreads.extend(selects.iter().map(|select| (*select, Some(name.clone()))));
    }
}
