//! The strategy `merge` of an incremental model: its condition, the updated columns and values.

use minijinja::Value as Argument;
use serde_json::Value;

use super::super::predicates::all_of;
use super::super::table_clauses::scalar;
use super::super::terminator::terminate;
use super::Incremental;
use crate::config::keys;
use crate::diagnostics::Diagnostic;
use crate::dialect::{MergeConditionKeys, Sql};
use crate::inject::ResultColumn;

impl Incremental<'_> {
    pub(super) fn merge(
        &self,
        keys: &[String],
        arguments: &mut Vec<(&str, Argument)>,
    ) -> Result<&'static str, Diagnostic> {
        const SOURCE: &str = "DBT_INTERNAL_SOURCE";
        let dialect = self.dialect;
        let aliased = dialect.builds.merge_alias;
        let dest =
            if aliased { "DBT_INTERNAL_DEST".to_string() } else { self.node.relation.to_string() };
        let mut on: Vec<Sql> = self
            .predicates()
            .iter()
            .map(|predicate| {
                if aliased {
                    predicate.clone()
                } else {
                    predicate.replace("DBT_INTERNAL_DEST", &dest)
                }
            })
            .map(|predicate| Sql(format!("({}", terminate(&predicate, ")"))))
            .collect();
        on.extend(keys.iter().map(|key| Sql(format!("({SOURCE}.{key} = {dest}.{key})"))));
        let on = all_of(&on[0].0, &on[1..]);
        arguments.push(("on", Sql(on).value()));
        let Some(known) = self.columns else {
            if dialect.has_macro("merge_unnamed") {
                return Ok("merge_unnamed");
            }
            return Err(self.unknown_columns_error("merge"));
        };
        let updated = self.updated(known)?;
        let expressions = self.merge_key(|keys| &keys.expressions).and_then(Value::as_object);
        let mut updates = Vec::new();
        for (name, expression) in expressions.into_iter().flatten() {
            updates.push(format!("{} = {}", dialect.column(name, false), scalar(expression)));
        }
        let is_set = |name: &String| {
            expressions.is_some_and(|all| {
                all.keys()
                    .any(|key| key.trim_matches('"').eq_ignore_ascii_case(name.trim_matches('"')))
            })
        };
        updates.extend(
            updated
                .iter()
                .filter(|name| !is_set(name))
                .map(|name| format!("{name} = {SOURCE}.{name}")),
        );
        let matched = match updates.is_empty() {
            true => Sql::default(),
            false => {
                let condition = self.merge_condition(|keys| &keys.update)?;
                dialect.sql(
                    "merge_matched",
                    &[
                        ("updates", Sql(updates.join(",\n    ")).value()),
                        ("update_condition", condition.value()),
                    ],
                )?
            }
        };
        arguments.push(("insert_condition", self.merge_condition(|keys| &keys.insert)?.value()));
        let name = |column: &ResultColumn| {
            format!("{SOURCE}.{}", dialect.column(&column.name, column.quoted))
        };
        let values: Vec<String> = known.iter().map(name).collect();
        arguments.push(("matched", matched.value()));
        arguments.push(("values", Sql(values.join(", ")).value()));
        Ok("incremental_merge")
    }

    /// The setting for this part of a merge; the dialect defines its key.
    fn merge_key(&self, key: fn(&MergeConditionKeys) -> &String) -> Option<&Value> {
        let keys = self.dialect.builds.merge_condition_keys.as_ref()?;
        self.node.setting(key(keys)).filter(|value| !value.is_null())
    }

    pub(super) fn has_merge_conditions(&self) -> bool {
        let keys: [fn(&MergeConditionKeys) -> &String; 3] =
            [|keys| &keys.update, |keys| &keys.insert, |keys| &keys.expressions];
        self.strategy == "merge" && keys.into_iter().any(|key| self.merge_key(key).is_some())
    }

    /// The condition of a merge's update or insert: all conditions of a list.
    fn merge_condition(&self, key: fn(&MergeConditionKeys) -> &String) -> Result<Sql, Diagnostic> {
        let conditions = self.merge_key(key).map(keys::names).unwrap_or_default();
        let all = conditions.iter().map(|condition| {
            Ok(self
                .dialect
                .sql("and_condition", &[("condition", Sql(terminate(condition, "")).value())])?
                .0)
        });
        Ok(Sql(all.collect::<Result<Vec<_>, Diagnostic>>()?.concat()))
    }

    /// The columns that a merge updates: `merge_update_columns`, or all except
    /// `merge_exclude_columns`.
    fn updated(&self, known: &[ResultColumn]) -> Result<Vec<String>, Diagnostic> {
        let only = self.node.get(keys::MERGE_UPDATE_COLUMNS).unwrap_or_default();
        let except = self.node.get(keys::MERGE_EXCLUDE_COLUMNS).unwrap_or_default();
        if !only.is_empty() && !except.is_empty() {
            return Err(Diagnostic::error(format!(
                "`{}` sets both `merge_update_columns` and `merge_exclude_columns`",
                self.node.name
            ))
            .at(self.node.location_of(keys::MERGE_EXCLUDE_COLUMNS))
            .hint("keep one of the two"));
        }
        let is = |column: &ResultColumn, name: &String| {
            self.dialect.same_column((&column.name, column.quoted), (name, false))
        };
        for (key, name) in only
            .iter()
            .map(|name| (keys::MERGE_UPDATE_COLUMNS, name))
            .chain(except.iter().map(|name| (keys::MERGE_EXCLUDE_COLUMNS, name)))
        {
            if !known.iter().any(|column| is(column, name)) {
                let names: Vec<&str> = known.iter().map(|column| column.name.as_str()).collect();
                return Err(Diagnostic::error(format!(
                    "`{}` of `{}` lists `{name}`, which is not a column of its query",
                    key.name, self.node.name
                ))
                .at(self.node.location_of(key))
                .hint(format!("its columns are `{}`", names.join("`, `"))));
            }
        }
        let is_updated = |column: &&ResultColumn| {
            let among = |names: &[String]| names.iter().any(|name| is(column, name));
            if only.is_empty() { !among(&except) } else { among(&only) }
        };
        let updated = known.iter().filter(is_updated);
        Ok(updated.map(|column| self.dialect.column(&column.name, column.quoted).0).collect())
    }
}
