//! The ledger of a plan: its table, from the setting of the project or the command line, and the
//! step that creates it. Rejects a name that the dialect cannot write, and the table of a model.

use super::LoadedProject;
use super::identifiers::is_writable;
use crate::codegen::ledger::LedgerTable;
use crate::config::{Node, keys};
use crate::diagnostics::Diagnostic;
use crate::dialect::{Dialect, Sql};
use crate::jinja::Relation;
use crate::plan::Plan;
use crate::project::LedgerSetting;

/// The table that a setting names: `table`, `schema.table` or `database.schema.table`. Missing
/// parts are those of the target.
pub fn ledger_table(
    setting: &LedgerSetting,
    dialect: &Dialect,
    database: Option<&str>,
    schema: &str,
) -> Result<LedgerTable, Diagnostic> {
    let error = |text: String| Diagnostic::error(text).at_maybe(setting.at.clone());
    let mut parts = name_parts(&setting.table);
    if parts.is_empty() || parts.len() > 3 || parts.iter().any(String::is_empty) {
        return Err(error(format!("`{}` is not the name of a table", setting.table))
            .hint("name the ledger as `schema.table`"));
    }
    let identifier = parts.pop().unwrap_or_default();
    let relation = Relation {
        schema: Some(parts.pop().unwrap_or_else(|| schema.to_string())),
        database: parts.pop().or_else(|| database.map(str::to_string)),
        identifier,
        style: dialect.relation_style(),
    };
    let names = [relation.database.as_ref(), relation.schema.as_ref(), Some(&relation.identifier)];
    let longest = dialect.names.longest_name;
    for (index, name) in names.into_iter().enumerate() {
        let Some(name) = name else { continue };
        if !is_writable(dialect, &relation.style, index, name) || name.len() > longest {
            return Err(error(format!(
                "`{name}`, a part of the name of the ledger, cannot be written in {}",
                dialect.name
            ))
            .hint(format!("use at most {longest} letters, digits and `_`")));
        }
    }
    Ok(LedgerTable { relation, format: setting.format.clone(), location: setting.location.clone() })
}

/// The parts of a name between dots, without their quotes.
fn name_parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut close: Option<char> = None;
    for char in name.trim().chars() {
        let last = parts.last_mut().expect("it begins with a part");
        match (close, char) {
            (Some(end), char) if char == end => close = None,
            (Some(_), char) => last.push(char),
            (None, '"' | '`') if last.is_empty() => close = Some(char),
            (None, '[') if last.is_empty() => close = Some(']'),
            (None, '.') => parts.push(String::new()),
            (None, char) => last.push(char),
        }
    }
    parts
}

/// Makes the statements of the dialect write to the ledger. `None` without a ledger.
pub(super) fn attach(
    loaded: &mut LoadedProject,
    setting: Option<&LedgerSetting>,
) -> Result<Option<LedgerTable>, Diagnostic> {
    let Some(setting) = setting else { return Ok(None) };
    let target = &loaded.project.target;
    let table = ledger_table(setting, &loaded.dialect, target.database.as_deref(), &target.schema)?;
    let name = table.relation.to_string();
    let same = |node: &&Node| node.relation.to_string().eq_ignore_ascii_case(&name);
    if let Some(node) = loaded.graph.nodes.values().find(same) {
        return Err(Diagnostic::error(format!(
            "the ledger {name} is the table of `{}`",
            node.unique_id
        ))
        .at_maybe(setting.at.clone())
        .hint("use another table"));
    }
    loaded.dialect.ledger_table = Some(Sql(name));
    Ok(Some(table))
}

/// Adds the step that creates the table. Its format is that of the first model with a format that
/// the setting could name.
pub(super) fn add(
    plan: &mut Plan,
    dialect: &Dialect,
    table: &LedgerTable,
    selected: &[&Node],
) -> Result<(), Diagnostic> {
    let mut table = table.clone();
    if table.format.is_none() {
        let formats = &dialect.ledger.ledger_formats;
        let format = |node: &&Node| {
            let format = node.get(keys::FILE_FORMAT)?.to_lowercase();
            formats.contains(&format).then_some(format)
        };
        table.format = selected.iter().find_map(format);
    }
    let create = table.create(dialect)?;
    let is_taken =
        |name: &str| plan.steps.iter().any(|steps| steps.folder.eq_ignore_ascii_case(name));
    let mut folder = "ledger".to_string();
    while is_taken(&folder) {
        folder.push('_');
    }
    plan.add_ledger(table.relation.to_string(), create, folder);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::name_parts;

    #[test]
    fn a_name_is_split_at_dots_outside_of_quotes() {
        assert_eq!(name_parts("ops.ledger"), ["ops", "ledger"]);
        assert_eq!(name_parts(r#""my.db".[a b].`c`"#), ["my.db", "a b", "c"]);
        assert_eq!(name_parts(r#"a"b"#), [r#"a"b"#]);
        assert_eq!(name_parts("a."), ["a", ""]);
    }
}
