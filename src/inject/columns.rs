//! The columns of a query's result in order, if they can be derived. `None` when in doubt, since an
//! incorrect list would put values into the wrong columns.

use std::cell::RefCell;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use sqlparser::ast::{
    DataType, ExcludeSelectItem, Expr, Ident, JoinConstraint, JoinOperator, ObjectName, Query,
    RenameSelectItem, Select, SelectFlavor, SelectItem,
    SelectItemQualifiedWildcardKind as Qualified, SetExpr, SetQuantifier, TableAlias, TableFactor,
    TableWithJoins, WildcardAdditionalOptions,
};
use sqlparser::tokenizer::Location;

use super::ResultColumn;
use super::scope::{last, same};

type Names = Option<Vec<ResultColumn>>;

/// The columns of a query. `inputs`: columns of tables by the start of their name; `joins`: whether
/// the tree has all information about joins; `types`: whether to derive types.
pub fn columns(
    query: &Query,
    inputs: &BTreeMap<Location, Vec<ResultColumn>>,
    joins: bool,
    types: bool,
) -> Names {
    let names = VisibleTables { inputs, joins, types, ctes: Vec::new() }.query(query)?;
    let mut seen = BTreeSet::new();
    let twice = names.iter().any(|column| !seen.insert(column.name.to_lowercase()));
    (!twice && !names.is_empty()).then_some(names)
}

/// The types of columns by their names in lower case. A name that two columns have has none.
type Types = BTreeMap<String, Option<String>>;

/// The tables that a `select` reads, each looked up once: its projection may be long.
struct Sources<'s> {
    scope: &'s VisibleTables<'s>,
    select: &'s Select,
    /// Keyed by the qualifier in the author's spelling; `None` for all tables together.
    types: RefCell<BTreeMap<Option<String>, Option<Rc<Types>>>>,
}

/// The visible tables at a position of the query.
#[derive(Clone)]
struct VisibleTables<'a> {
    inputs: &'a BTreeMap<Location, Vec<ResultColumn>>,
    joins: bool,
    types: bool,
    /// The visible CTEs, the innermost last. Shared, since all subqueries see them.
    ctes: Vec<(Ident, Option<Rc<Vec<ResultColumn>>>)>,
}

impl VisibleTables<'_> {
    fn query(&self, query: &Query) -> Names {
        if !query.pipe_operators.is_empty() || query.for_clause.is_some() {
            return None;
        }
        let mut scope = self.clone();
        if let Some(with) = &query.with {
            if with.recursive {
                // The columns of recursive CTEs are only known after their first part.
                scope.ctes.extend(with.cte_tables.iter().map(|cte| (cte.alias.name.clone(), None)));
            }
            for cte in &with.cte_tables {
                let names = renamed(scope.query(&cte.query), Some(&cte.alias));
                scope.ctes.push((cte.alias.name.clone(), names.map(Rc::new)));
            }
        }
        scope.body(&query.body)
    }

    fn body(&self, body: &SetExpr) -> Names {
        if self.types
            && let SetExpr::SetOperation {
                left,
                right,
                set_quantifier: SetQuantifier::All | SetQuantifier::Distinct | SetQuantifier::None,
                ..
            } = body
        {
            return self.union_columns(left, right);
        }
        let mut body = body;
        loop {
            body = match body {
                SetExpr::Select(select) => return self.select(select),
                SetExpr::Query(query) => return self.query(query),
                SetExpr::SetOperation {
                    left,
                    set_quantifier:
                        SetQuantifier::All | SetQuantifier::Distinct | SetQuantifier::None,
                    ..
                } => left,
                _ => return None,
            }
        }
    }

    fn select(&self, select: &Select) -> Names {
        if select.exclude.is_some() || select.into.is_some() || select.value_table_mode.is_some() {
            return None;
        }
        if select.flavor == SelectFlavor::FromFirstNoSelect {
            return self.all(select);
        }
        let sources = Sources { scope: self, select, types: RefCell::default() };
        let mut names = Vec::new();
        for item in &select.projection {
            match item {
                SelectItem::ExprWithAlias { expr, alias } if !spreads(expr) => {
                    names.push(ResultColumn { data_type: sources.data_type(expr), ..column(alias) })
                }
                SelectItem::UnnamedExpr(expr @ Expr::Identifier(ident)) => {
                    names.push(ResultColumn { data_type: sources.data_type(expr), ..column(ident) })
                }
                SelectItem::UnnamedExpr(expr @ Expr::CompoundIdentifier(parts)) => {
                    names.push(ResultColumn {
                        data_type: sources.data_type(expr),
                        ..column(parts.last()?)
                    })
                }
                SelectItem::Wildcard(options) => {
                    names.extend(adjusted(self.all(select)?, options)?)
                }
                SelectItem::QualifiedWildcard(Qualified::ObjectName(name), options) => {
                    names.extend(adjusted(self.of(select, name)?, options)?)
                }
                _ => return None,
            }
        }
        Some(names)
    }

    /// The columns of a set operation: those of its first part, each with a type if all parts agree
    /// on it.
    fn union_columns(&self, left: &SetExpr, right: &SetExpr) -> Names {
        let (mut names, other) = (self.body(left)?, self.body(right));
        for (at, column) in names.iter_mut().enumerate() {
            let same = other
                .as_ref()
                .and_then(|other| other.get(at))
                .is_some_and(|other| other.data_type == column.data_type);
            column.data_type = column.data_type.take().filter(|_| same);
        }
        Some(names)
    }

    /// The columns of `*`.
    fn all(&self, select: &Select) -> Names {
        if !select.lateral_views.is_empty() || select.from.is_empty() {
            return None;
        }
        let mut names = Vec::new();
        for from in &select.from {
            names.extend(self.tables(from)?);
        }
        Some(names)
    }

    fn tables(&self, from: &TableWithJoins) -> Names {
        let mut names = self.factor(&from.relation)?;
        if !self.joins {
            return None;
        }
        for join in &from.joins {
            use JoinOperator::*;
            match &join.join_operator {
                Join(on) | Inner(on) | Left(on) | LeftOuter(on) | Right(on) | RightOuter(on)
                | FullOuter(on) | CrossJoin(on) => {
                    if !matches!(on, JoinConstraint::On(_) | JoinConstraint::None) {
                        return None;
                    }
                }
                CrossApply | OuterApply => {}
                _ => return None,
            }
            names.extend(self.factor(&join.relation)?);
        }
        Some(names)
    }

    fn factor(&self, factor: &TableFactor) -> Names {
        match factor {
            TableFactor::Table { name, alias, args: None, json_path: None, .. } => {
                renamed(self.table(name), alias.as_ref())
            }
            TableFactor::Derived { subquery, alias, .. } => {
                renamed(self.query(subquery), alias.as_ref())
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                self.tables(table_with_joins)
            }
            _ => None,
        }
    }

    fn table(&self, name: &ObjectName) -> Names {
        let first = name.0.first()?.as_ident()?;
        if name.0.len() == 1
            && let Some((_, names)) = self.ctes.iter().rev().find(|(name, _)| same(name, first))
        {
            return names.as_deref().cloned();
        }
        self.inputs.get(&first.span.start).cloned()
    }

    /// The columns of `t.*`, if exactly one table has that name.
    fn of(&self, select: &Select, name: &ObjectName) -> Names {
        let [qualifier] = name.0.as_slice() else { return None };
        let qualifier = qualifier.as_ident()?;
        let mut tables = Vec::new();
        for from in &select.from {
            flatten(from, &mut tables);
        }
        let mut named = tables
            .into_iter()
            .filter(|table| exposed(table).is_some_and(|exposed| same(exposed, qualifier)));
        match (named.next(), named.next()) {
            (Some(table), None) => self.factor(table),
            _ => None,
        }
    }
}

impl Sources<'_> {
    /// The type of an expression: that of its cast or its column.
    fn data_type(&self, expr: &Expr) -> Option<String> {
        if !self.scope.types {
            return None;
        }
        match expr {
            Expr::Nested(inner) => self.data_type(inner),
            Expr::Cast { data_type: DataType::Unspecified, .. } => None,
            Expr::Cast { data_type, format: None, .. } => Some(data_type.to_string()),
            Expr::Identifier(name) => self.of_column(None, name),
            Expr::CompoundIdentifier(parts) => {
                let [qualifier, name] = parts.as_slice() else { return None };
                self.of_column(Some(qualifier), name)
            }
            _ => None,
        }
    }

    fn of_column(&self, qualifier: Option<&Ident>, name: &Ident) -> Option<String> {
        let key = qualifier.map(Ident::to_string);
        let known = self.types.borrow().get(&key).cloned();
        let types = known.unwrap_or_else(|| {
            let columns = match qualifier {
                None => self.scope.all(self.select),
                Some(table) => self.scope.of(self.select, &ObjectName::from(vec![table.clone()])),
            };
            let types = columns.map(|columns| Rc::new(types(columns)));
            self.types.borrow_mut().insert(key, types.clone());
            types
        });
        types?.get(&name.value.to_ascii_lowercase())?.clone()
    }
}

fn types(columns: Vec<ResultColumn>) -> Types {
    let mut types = Types::new();
    for column in columns {
        match types.entry(column.name.to_ascii_lowercase()) {
            Entry::Vacant(entry) => drop(entry.insert(column.data_type)),
            Entry::Occupied(mut entry) => drop(entry.insert(None)),
        }
    }
    types
}

fn flatten<'a>(from: &'a TableWithJoins, into: &mut Vec<&'a TableFactor>) {
    for factor in
        std::iter::once(&from.relation).chain(from.joins.iter().map(|join| &join.relation))
    {
        match factor {
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                flatten(table_with_joins, into)
            }
            other => into.push(other),
        }
    }
}

fn exposed(factor: &TableFactor) -> Option<&Ident> {
    match factor {
        TableFactor::Table { alias: Some(alias), .. }
        | TableFactor::Derived { alias: Some(alias), .. } => Some(&alias.name),
        TableFactor::Table { name, .. } => last(name),
        _ => None,
    }
}

/// Whether one item of a projection may expand to several columns.
fn spreads(expr: &Expr) -> bool {
    match expr {
        Expr::Function(function) => {
            let name = last(&function.name).map(|name| name.value.to_lowercase());
            name.is_none_or(|name| {
                [
                    "columns",
                    "unnest",
                    "explode",
                    "explode_outer",
                    "posexplode",
                    "posexplode_outer",
                    "inline",
                    "stack",
                ]
                .contains(&name.as_str())
            })
        }
        Expr::QualifiedWildcard(..) | Expr::Wildcard(_) => true,
        _ => false,
    }
}

/// The names after `t (a, b)`.
fn renamed(names: Names, alias: Option<&TableAlias>) -> Names {
    let Some(alias) = alias.filter(|alias| !alias.columns.is_empty()) else { return names };
    let names = names?;
    if alias.columns.len() > names.len() {
        return None;
    }
    let renamed = alias.columns.iter().zip(&names).map(|(named, old)| ResultColumn {
        data_type: old.data_type.clone(),
        ..column(&named.name)
    });
    let mut columns: Vec<ResultColumn> = renamed.collect();
    columns.extend(names.into_iter().skip(alias.columns.len()));
    Some(columns)
}

/// The columns after `except`, `exclude`, `replace`, `rename`.
fn adjusted(mut names: Vec<ResultColumn>, options: &WildcardAdditionalOptions) -> Names {
    if options.opt_ilike.is_some() || options.opt_alias.is_some() {
        return None;
    }
    let mut without: Vec<&Ident> = Vec::new();
    match &options.opt_exclude {
        Some(ExcludeSelectItem::Single(name)) => without.push(last(name)?),
        Some(ExcludeSelectItem::Multiple(many)) => {
            without.extend(many.iter().map(last).collect::<Option<Vec<_>>>()?)
        }
        None => {}
    }
    if let Some(except) = &options.opt_except {
        without.push(&except.first_element);
        without.extend(&except.additional_elements);
    }
    for name in without {
        names.remove(find(&names, name)?);
    }
    for replaced in options.opt_replace.iter().flat_map(|replace| &replace.items) {
        if let Some(at) = find(&names, &replaced.column_name) {
            names[at].data_type = None;
        }
    }
    let renames = match &options.opt_rename {
        Some(RenameSelectItem::Single(one)) => std::slice::from_ref(one),
        Some(RenameSelectItem::Multiple(many)) => many,
        None => &[],
    };
    for rename in renames {
        let at = find(&names, &rename.ident)?;
        names[at] = ResultColumn { data_type: names[at].data_type.take(), ..column(&rename.alias) };
    }
    Some(names)
}

/// The index of a column, if exactly one has that name.
fn find(names: &[ResultColumn], name: &Ident) -> Option<usize> {
    let mut matches = names
        .iter()
        .enumerate()
        .filter(|(_, column)| column.name.eq_ignore_ascii_case(&name.value));
    match (matches.next(), matches.next()) {
        (Some((at, _)), None) => Some(at),
        _ => None,
    }
}

/// A type in the author's spelling. The parser prints upper case, which matters to some engines.
pub fn as_written(sql: &str, data_type: &str) -> String {
    let letters = data_type.chars().filter(|letter| !letter.is_whitespace());
    let pattern: Vec<String> = letters.map(|letter| regex::escape(&letter.to_string())).collect();
    let written = regex::RegexBuilder::new(&format!(r"\b{}", pattern.join(r"\s*")))
        .case_insensitive(true)
        .build();
    written
        .ok()
        .and_then(|written| Some(written.find(sql)?.as_str().to_string()))
        .unwrap_or_else(|| data_type.to_string())
}

fn column(ident: &Ident) -> ResultColumn {
    ResultColumn::named(&ident.value, ident.quote_style.is_some())
}
