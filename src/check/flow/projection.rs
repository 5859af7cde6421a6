//! The columns of a `select`.

use sqlparser::ast::{
    ExcludeSelectItem, RenameSelectItem, Select, SelectFlavor, SelectItem,
    SelectItemQualifiedWildcardKind as Qualified, WildcardAdditionalOptions,
};

use super::Flow;
use super::call_syntax::{column_name, last_part};
use super::rows::Item;
use super::scope::Scope;
use super::value::Value;

impl Flow<'_> {
    /// The columns of the projection, whose aliases are added to the scope.
    pub(super) fn projection(&self, select: &Select, scope: &mut Scope) -> Vec<Item> {
        let mut items = Vec::new();
        if select.flavor == SelectFlavor::FromFirstNoSelect {
            items.extend(rest(scope, None));
        }
        for item in &select.projection {
            match item {
                SelectItem::UnnamedExpr(expr) => {
                    let name = column_name(expr);
                    items.push(Item::Column { name, value: self.value(expr, scope) });
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    let value = self.value(expr, scope);
                    scope
                        .named
                        .entry(alias.value.to_ascii_lowercase())
                        .or_insert_with(|| value.clone());
                    items.push(Item::Column { name: Some(alias.value.clone()), value });
                }
                SelectItem::ExprWithAliases { aliases, .. } => {
                    items.extend(aliases.iter().map(|alias| Item::Column {
                        name: Some(alias.value.clone()),
                        value: Value::unknown(0..0),
                    }));
                }
                SelectItem::Wildcard(options) => {
                    items.extend(self.adjusted(rest(scope, None), options, scope))
                }
                SelectItem::QualifiedWildcard(Qualified::ObjectName(name), options) => {
                    items.extend(self.adjusted(rest(scope, last_part(name)), options, scope));
                }
                SelectItem::QualifiedWildcard(Qualified::Expr(_), _) => {}
            }
        }
        items
    }

    /// Applies `except`, `replace` and `rename` to the columns of `*`.
    fn adjusted(
        &self,
        items: Vec<Item>,
        options: &WildcardAdditionalOptions,
        scope: &Scope,
    ) -> Vec<Item> {
        let mut left_out: Vec<String> = match &options.opt_exclude {
            Some(ExcludeSelectItem::Single(name)) => {
                last_part(name).into_iter().map(str::to_string).collect()
            }
            Some(ExcludeSelectItem::Multiple(many)) => {
                many.iter().filter_map(last_part).map(str::to_string).collect()
            }
            None => Vec::new(),
        };
        if let Some(except) = &options.opt_except {
            left_out.push(except.first_element.value.clone());
            left_out.extend(except.additional_elements.iter().map(|name| name.value.clone()));
        }
        let mut named = Vec::new();
        for element in options.opt_replace.iter().flat_map(|replace| &replace.items) {
            named.push((element.column_name.value.clone(), self.value(&element.expr, scope)));
            left_out.push(element.column_name.value.clone());
        }
        let renames = match &options.opt_rename {
            Some(RenameSelectItem::Single(one)) => std::slice::from_ref(one),
            Some(RenameSelectItem::Multiple(many)) => many,
            None => &[],
        };
        for rename in renames {
            named.push((
                rename.alias.value.clone(),
                scope
                    .local_column(None, &rename.ident.value)
                    .unwrap_or_else(|| Value::unknown(0..0)),
            ));
            left_out.push(rename.ident.value.clone());
        }
        let named = named.into_iter().map(|(name, value)| Item::Column { name: Some(name), value });
        let is_left_out = |item: &Item| match item {
            Item::Column { name: Some(name), .. } => {
                left_out.iter().any(|other| other.eq_ignore_ascii_case(name))
            }
            _ => false,
        };
        let items = items.into_iter().filter(|item| !is_left_out(item)).map(|item| match item {
            Item::Rest { of, without, outer } => Item::Rest {
                of,
                without: without.into_iter().chain(left_out.clone()).collect(),
                outer,
            },
            column => column,
        });
        named.chain(items).collect()
    }
}

/// All columns of the tables in the scope, or of the named one.
fn rest(scope: &Scope, table: Option<&str>) -> Vec<Item> {
    let is_it = |name: &Option<String>| {
        table.is_none_or(|table| name.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(table)))
    };
    let merged = scope.merged.iter().filter(|_| table.is_none());
    let merged =
        merged.map(|(name, value)| Item::Column { name: Some(name.clone()), value: value.clone() });
    let tables = scope.tables.iter().filter(|table| is_it(&table.name));
    let tables = tables.map(|table| Item::Rest {
        of: table.rows.clone(),
        without: Vec::new(),
        outer: table.outer.clone(),
    });
    merged.chain(tables).collect()
}
