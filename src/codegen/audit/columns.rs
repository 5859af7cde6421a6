//! The columns of an audit: those that are compared, and the sums of numeric ones.

use super::fragments::AuditFragments;
use crate::diagnostics::Diagnostic;
use crate::dialect::{Sql, TypeClass};
use crate::inject;

impl AuditFragments<'_> {
    /// The compared columns, each after a comma; with those that are only summed, if `summed`.
    pub(super) fn columns(&self, summed: bool) -> Sql {
        let dialect = self.input.dialect;
        let summed: Vec<_> = summed.then(|| self.summed_columns()).into_iter().flatten().collect();
        let mut names = String::new();
        for column in self.input.content.columns() {
            let is_listed =
                !self.is_ignored(column) || summed.iter().any(|summed| summed.name == column.name);
            if is_listed {
                names.push_str(&format!(", {}", dialect.column(&column.name, column.quoted)));
            }
        }
        Sql(names)
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
            let declared =
                input.node.columns.iter().find(|of| of.identifier().0.eq_ignore_ascii_case(name));
            let data_type = declared.and_then(|declared| declared.data_type.as_deref());
            data_type
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
