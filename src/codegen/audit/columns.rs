//! The columns of an audit: those that are compared, and the sums of numeric ones.

use super::fragments::AuditFragments;
use crate::diagnostics::Diagnostic;
use crate::dialect::{Sql, TypeClass};
use crate::inject;

impl AuditFragments<'_> {
    /// The compared columns, each after a comma; with those that are only summed, if `summed`.
    pub(super) fn columns(&self, summed: bool) -> Sql {
        let dialect = self.input.dialect;
        let names = self.listed(summed).into_iter();
        let names = names.map(|column| dialect.column(&column.name, column.quoted));
        Sql(names.map(|name| format!(", {name}")).collect())
    }

    /// The same columns as they are selected from the table and the query: a value that the engine
    /// may be unable to compare (`json` in PostgreSQL) is converted to one that it can.
    pub(super) fn selected(&self, summed: bool) -> Result<Sql, Diagnostic> {
        let dialect = self.input.dialect;
        let converts = dialect.has_macro("audit_value") && dialect.syntax.row_as_value;
        let mut selected = String::new();
        for column in self.listed(summed) {
            let name = dialect.column(&column.name, column.quoted);
            if self.is_comparable(column) || !converts {
                selected.push_str(&format!(", {name}"));
            } else {
                let value = dialect.sql("audit_value", &[("column", name.value())])?;
                selected.push_str(&format!(", {value} as {name}"));
            }
        }
        Ok(Sql(selected))
    }

    fn listed(&self, summed: bool) -> Vec<&inject::ResultColumn> {
        let summed: Vec<_> = summed.then(|| self.summed_columns()).into_iter().flatten().collect();
        let is_listed = |column: &&inject::ResultColumn| {
            !self.is_ignored(column) || summed.iter().any(|summed| summed.name == column.name)
        };
        self.input.content.columns().iter().filter(is_listed).collect()
    }

    /// Whether every engine can compare the column's values.
    fn is_comparable(&self, column: &inject::ResultColumn) -> bool {
        let settings = self.input.settings;
        let class = |data_type: &str| self.input.dialect.type_class(data_type);
        column.name == settings.event_time.column
            || settings.unique_key.contains(&column.name)
            || self.declared_type(&column.name).or(column.data_type.as_deref()).is_some_and(
                |data_type| !matches!(class(data_type), TypeClass::Other | TypeClass::Unknown),
            )
    }

    fn declared_type(&self, name: &str) -> Option<&str> {
        let mut declared = self.input.node.columns.iter();
        let column = declared.find(|of| of.identifier().0.eq_ignore_ascii_case(name))?;
        column.data_type.as_deref()
    }

    fn is_ignored(&self, column: &inject::ResultColumn) -> bool {
        self.input
            .settings
            .audit
            .ignore
            .iter()
            .any(|ignored| ignored.eq_ignore_ascii_case(&column.name))
    }

    /// The columns of the result that are declared as numeric and are not part of the key.
    fn summed_columns(&self) -> impl Iterator<Item = &inject::ResultColumn> {
        let input = self.input;
        let is_number = move |name: &str| {
            self.declared_type(name)
                .is_some_and(|data_type| input.dialect.type_class(data_type) == TypeClass::Number)
        };
        let is_compared = move |name: &str| {
            *name == input.settings.event_time.column
                || input.settings.unique_key.iter().any(|key| key == name)
        };
        let columns = input.content.columns().iter();
        columns.filter(move |column| !is_compared(&column.name) && is_number(&column.name))
    }

    /// The sums and their names, each after a comma.
    pub(super) fn sums(&self) -> Result<(Sql, Sql), Diagnostic> {
        let dialect = self.input.dialect;
        let (mut sums, mut names) = (String::new(), String::new());
        for column in self.summed_columns() {
            let name =
                |side: &str| dialect.column(&format!("{side}_sum_{}", column.name), column.quoted);
            let (in_target, in_query) = (name("target"), name("query"));
            let arguments = [
                ("column", dialect.column(&column.name, column.quoted).value()),
                ("in_target", in_target.value()),
                ("in_query", in_query.value()),
            ];
            sums.push_str(&dialect.sql("audit_sum", &arguments)?.0);
            names.push_str(&format!(", {in_target}, {in_query}"));
        }
        let sums = if sums.is_empty() {
            Sql::default()
        } else {
            dialect.sql("audit_sums", &[("sums", Sql(sums).value())])?
        };
        Ok((sums, Sql(names)))
    }

    /// The sums of the staged rows and of those that they replace, and their names, each after a
    /// comma.
    pub(super) fn replaced_sums(&self) -> Result<(Sql, Sql), Diagnostic> {
        let dialect = self.input.dialect;
        let (mut sums, mut names) = (String::new(), String::new());
        for column in self.summed_columns() {
            let name =
                |side: &str| dialect.column(&format!("{side}_sum_{}", column.name), column.quoted);
            let (before, after) = (name("before"), name("after"));
            let arguments = [
                ("column", dialect.column(&column.name, column.quoted).value()),
                ("before", before.value()),
                ("after", after.value()),
            ];
            sums.push_str(&dialect.sql("staged_sum", &arguments)?.0);
            names.push_str(&format!(", {before}, {after}"));
        }
        Ok((Sql(sums), Sql(names)))
    }
}
