//! Macros of the project that override macros of dbt. Overrides that models call work as in dbt;
//! overrides that only dbt's materializations call have no effect, since no materialization is run.
//! Warns about each override without effect on a selected model; under `--strict` it is an error.

use std::sync::LazyLock;

use regex::Regex;

use crate::config::{Kind, Materialization, Node};
use crate::diagnostics::{Diagnostic, Diagnostics, Level, Location};
use crate::project::Project;

/// The models that a macro affects.
#[derive(Clone, Copy)]
enum Scope {
    All,
    Views,
    /// Tables, and the first run of incremental models.
    Tables,
    Incremental(&'static str),
    Microbatch,
    Seeds,
    Snapshots,
}

/// The macros that dbt's materializations call, without the prefix of an adapter.
const MACROS: [(&str, Scope); 38] = [
    ("alter_column_comment", Scope::All),
    ("alter_relation_comment", Scope::All),
    ("apply_grants", Scope::All),
    ("check_for_schema_changes", Scope::Incremental("")),
    ("create_csv_table", Scope::Seeds),
    ("create_indexes", Scope::Tables),
    ("create_schema", Scope::All),
    ("create_table_as", Scope::Tables),
    ("create_view_as", Scope::Views),
    ("drop_relation", Scope::All),
    ("get_assert_columns_equivalent", Scope::Tables),
    ("get_create_index_sql", Scope::Tables),
    ("get_create_table_as_sql", Scope::Tables),
    ("get_create_view_as_sql", Scope::Views),
    ("get_delete_insert_merge_sql", Scope::Incremental("delete+insert")),
    ("get_grant_sql", Scope::All),
    ("get_incremental_append_sql", Scope::Incremental("append")),
    ("get_incremental_default_sql", Scope::Incremental("default")),
    ("get_incremental_delete_insert_sql", Scope::Incremental("delete+insert")),
    ("get_incremental_insert_overwrite_sql", Scope::Incremental("insert_overwrite")),
    ("get_incremental_merge_sql", Scope::Incremental("merge")),
    ("get_incremental_microbatch_sql", Scope::Microbatch),
    ("get_insert_into_sql", Scope::Incremental("append")),
    ("get_insert_overwrite_merge_sql", Scope::Incremental("insert_overwrite")),
    ("get_insert_overwrite_sql", Scope::Incremental("insert_overwrite")),
    ("get_merge_sql", Scope::Incremental("merge")),
    ("get_merge_update_columns", Scope::Incremental("merge")),
    ("get_quoted_csv", Scope::Incremental("")),
    ("get_revoke_sql", Scope::All),
    ("incremental_validate_on_schema_change", Scope::Incremental("")),
    ("load_csv_rows", Scope::Seeds),
    ("make_temp_relation", Scope::Incremental("")),
    ("persist_docs", Scope::All),
    ("process_schema_changes", Scope::Incremental("")),
    ("reset_csv_table", Scope::Seeds),
    ("snapshot_merge_sql", Scope::Snapshots),
    ("snapshot_staging_table", Scope::Snapshots),
    ("sync_column_schemas", Scope::Incremental("")),
];

/// Those that a plan calls, if the dialect runs strategy macros.
const STRATEGIES: [&str; 9] = [
    "get_delete_insert_merge_sql",
    "get_incremental_append_sql",
    "get_incremental_default_sql",
    "get_incremental_delete_insert_sql",
    "get_incremental_insert_overwrite_sql",
    "get_incremental_merge_sql",
    "get_incremental_microbatch_sql",
    "get_insert_into_sql",
    "get_merge_sql",
];

/// The overrides that the plan of `models` does not call. `runs_strategies`: whether strategy
/// macros are called.
pub fn unused_overrides(
    project: &Project,
    models: &[&Node],
    runs_strategies: bool,
    strict: bool,
) -> Result<Vec<Diagnostic>, Diagnostics> {
    let mut diagnostics: Vec<Diagnostic> = Vec::new();
    for (name, at) in project.jinja.dispatched_macros() {
        let is_run = runs_strategies && STRATEGIES.contains(&&*name);
        let known = MACROS.iter().find(|(known, _)| *known == name && !is_run);
        if let Some((_, scope)) =
            known.filter(|(_, scope)| models.iter().any(|node| scope.affects(node)))
        {
            diagnostics.push(unused_macro(&name, *scope, at));
        }
    }
    for (name, at) in materializations(project) {
        if models.iter().any(|node| materialized(node) == name) {
            let warning = Diagnostic::warning(format!(
                "the materialization `{name}` of this project has no effect"
            ))
            .at(at);
            let note = format!(
                "models that are materialized as `{name}` are planned like dbt's built-in \
                materialization"
            );
            diagnostics.push(
                warning.note(note).hint("compare the plan with what your materialization does"),
            );
        }
    }
    if strict && !diagnostics.is_empty() {
        return Err(Diagnostics(
            diagnostics
                .into_iter()
                .map(|warning| Diagnostic { level: Level::Error, ..warning })
                .collect(),
        ));
    }
    Ok(diagnostics)
}

fn unused_macro(name: &str, scope: Scope, at: Location) -> Diagnostic {
    let warning = Diagnostic::warning(format!(
        "macro `{name}` of this project overrides a macro of dbt, but has no effect on the plan"
    ))
    .at(at);
    match scope {
        Scope::Microbatch => warning
            .note("dbt runs the statements that it returns for each batch")
            .hint("compare its SQL with the plan, or delete it, so that dbt runs the same SQL"),
        _ => warning.hint("compare the statements that it returns with those of the plan"),
    }
}

impl Scope {
    fn affects(self, node: &Node) -> bool {
        let made = &node.materialization;
        match self {
            Scope::All => !matches!(made, Materialization::Ephemeral | Materialization::External),
            Scope::Views => matches!(made, Materialization::View),
            Scope::Tables => matches!(
                made,
                Materialization::Table
                    | Materialization::Incremental(_)
                    | Materialization::Microbatch(_)
            ),
            Scope::Incremental("") => {
                matches!(made, Materialization::Incremental(_) | Materialization::Microbatch(_))
            }
            Scope::Incremental("default") => matches!(made, Materialization::Incremental(None)),
            // Without a setting, the dialect's default may be any strategy.
            Scope::Incremental(strategy) => match made {
                Materialization::Incremental(setting) => {
                    setting.as_deref().is_none_or(|setting| setting == strategy)
                }
                _ => false,
            },
            Scope::Microbatch => matches!(made, Materialization::Microbatch(_)),
            Scope::Seeds => node.kind == Kind::Seed,
            Scope::Snapshots => node.kind == Kind::Snapshot,
        }
    }
}

/// The name of the materialization that dbt would run.
fn materialized(node: &Node) -> &str {
    match &node.materialization {
        Materialization::View => "view",
        Materialization::Table => "table",
        Materialization::Incremental(_) | Materialization::Microbatch(_) => "incremental",
        Materialization::Seed => "seed",
        Materialization::Snapshot => "snapshot",
        Materialization::MaterializedView => "materialized_view",
        Materialization::Ephemeral | Materialization::External | Materialization::Other(_) => "",
    }
}

/// The materializations that the project defines for this adapter or for all adapters.
fn materializations(project: &Project) -> Vec<(String, Location)> {
    let adapter = &project.target.dialect;
    let mut definitions = Vec::new();
    for file in project.packages.iter().take(1).flat_map(|package| &package.macros) {
        for block in BLOCK.captures_iter(&file.text) {
            let adapters = block.name("adapter").map_or("default", |name| name.as_str());
            if let Some(name) =
                block.name("name").filter(|_| adapters == "default" || adapters == adapter)
            {
                definitions.push((name.as_str().to_string(), file.at(name.range())));
            }
        }
    }
    definitions
}

static BLOCK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"\{%[-+]?\s*materialization\s+(?<name>\w+)\s*",
        r#"(?:,\s*(?:default|adapter\s*=\s*['"](?<adapter>\w+)['"]))?"#,
    ))
    .expect("the pattern is valid")
});
