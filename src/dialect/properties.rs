//! The typed properties of a dialect, by topic. A field is the property of the same name in a
//! dialect file, and `ansi.sql` describes each of them. They are read once, when a dialect is
//! loaded: an unknown property, a missing one and a value of another type are errors then.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::client_commands::ClientSyntax;
use super::name::Case;

/// Statements and literals.
#[derive(Deserialize)]
pub struct SyntaxProperties {
    /// The name of a parser: see `inject::parser`.
    pub parser: String,
    /// Whether a subquery may have a `with` clause.
    pub nested_with: bool,
    /// Whether a subquery may end with `order by`, without a limit.
    pub ordered_subqueries: bool,
    /// Whether a backslash in a string is an escape.
    pub backslash_escapes: bool,
    /// The texts before, between and after the parts of a concatenation.
    pub concatenation: [String; 3],
    /// The literals for true and false.
    pub truths: [String; 2],
    /// Columns that `*` does not include, in lower case; `x*`: all that begin with `x`.
    pub hidden_columns: Vec<String>,
    /// Whether user columns cannot have these names.
    pub hidden_reserved: bool,
    /// Whether a row can be used as one value.
    pub row_as_value: bool,
}

/// Names of columns and relations.
#[derive(Deserialize)]
pub struct NameProperties {
    pub quote: char,
    /// Whether dbt quotes the database, the schema and the identifier.
    pub quoted: [bool; 3],
    /// Which of them a name has.
    pub included: [bool; 3],
    /// The quote character of `adapter.quote`, where it differs from that of relations.
    pub column_quote: Option<char>,
    pub seed_columns_quoted: bool,
    pub columns_quoted_once: bool,
    pub quoted_backslash_escapes: bool,
    pub case: Case,
    /// Maximum length of generated names, in bytes.
    pub longest_name: usize,
    /// Maximum length of names of relations, where it is larger.
    pub longest_relation: Option<usize>,
    /// The quote character in statements that create and drop tables, where it differs.
    pub ticks: Option<char>,
    /// Words that must be quoted as column names, in lower case.
    pub reserved: BTreeSet<String>,
}

/// The profile's target.
#[derive(Deserialize)]
pub struct TargetProperties {
    pub default_schema: String,
    /// The keys of a target that `target` shows to Jinja.
    pub target_keys: Vec<String>,
    /// The values of those that a profile lacks; the others are null. `None` if they are unknown.
    pub target_defaults: Option<Map<String, Value>>,
    /// Further names of keys that only a target has, besides `key_aliases`.
    pub target_aliases: Vec<[String; 2]>,
    /// The database of a profile without one.
    pub default_database: Option<String>,
    /// Other names of config keys, each with the key that it means.
    pub key_aliases: Vec<[String; 2]>,
    /// Whether a source may be a file.
    pub files_as_sources: bool,
    pub source_database: SourceDatabase,
}

/// The meaning of the key `database` of a source.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum SourceDatabase {
    /// A part of the name, where names have a database.
    Part,
    /// The schema of a source whose schema is the default one.
    Schema,
    /// The adapter accepts only the name of the schema.
    SameAsSchema,
}

/// Data types. All names are in lower case, without arguments.
#[derive(Deserialize)]
pub struct TypeProperties {
    pub date_types: Vec<String>,
    pub naive_types: Vec<String>,
    pub zoned_types: Vec<String>,
    /// Types that cannot store a time.
    pub other_types: Vec<String>,
    pub text_types: Vec<String>,
    pub numeric_types: Vec<String>,
    /// Types whose values cannot be compared, so that rows are compared as one value.
    pub ungrouped_types: Vec<String>,
    /// The engine's names of types (dbt's `TYPE_LABELS`), by a name in upper case.
    pub type_labels: BTreeMap<String, String>,
    /// Whether dbt writes names of types in lower case.
    pub lower_types: bool,
    /// Whether a part of a type's name decides how values are stored, as in SQLite.
    pub type_affinity: bool,
    /// Types that wrap another type: `nullable`.
    pub type_wrappers: Vec<String>,
    /// For each type, those that can store all of its values.
    pub wider_types: BTreeMap<String, Vec<String>>,
    /// The type of a seed's column, for each inferred type of values.
    pub seed_types: BTreeMap<String, String>,
    /// The hint for a model whose event time has no declared type.
    pub undeclared_hint: Option<String>,
    /// Whether `at time zone` only changes the displayed zone of an instant.
    pub time_zone_shows: bool,
    /// Whether a difference between two times counts elapsed time.
    pub difference_elapses: bool,
    /// Whether a cast to an integer or to a time of fewer digits truncates.
    pub casts_truncate: bool,
    /// Whether a cast to a text type cuts the text to the type's length.
    pub casts_cut_text: bool,
    /// Whether times are texts, which arithmetic reads as numbers.
    pub times_are_text: bool,
    /// Whether `/` of two integers is an integer.
    pub divides_integers: bool,
}

/// A way to write a batch.
#[derive(Deserialize)]
pub struct StrategyProperties {
    /// The description in the manifest and in headers of files.
    pub strategy: String,
    pub atomic: bool,
    /// Why it is not atomic, if it is not.
    pub not_atomic: String,
    /// The supported values of `outside_window`.
    pub modes: Vec<OutsideWindow>,
    /// Whether windows must be whole partitions.
    pub by_partitions: bool,
    /// Whether there is no other way for windows that are not.
    pub needs_partitions: bool,
}

/// The policy for rows whose event time is outside of the window, or null.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutsideWindow {
    /// The statement fails and changes nothing.
    Error,
    Drop,
    Keep,
}

impl OutsideWindow {
    /// The value in `meta.batchwright.outside_window` and in the property `modes`.
    pub fn as_str(self) -> &'static str {
        match self {
            OutsideWindow::Error => "error",
            OutsideWindow::Drop => "drop",
            OutsideWindow::Keep => "keep",
        }
    }
}

/// What batches have in common, and what chooses the variant of their statement.
#[derive(Deserialize)]
pub struct BatchProperties {
    /// The key with the table's format, and the variant for each format; `""`: any other format.
    pub format_key: Option<String>,
    pub formats: BTreeMap<String, String>,
    /// The variant for windows that are whole partitions.
    pub aligned: Option<String>,
    pub partition_key: Option<String>,
    /// Whether a partition is the value of an expression rather than of columns.
    pub partition_is_expression: bool,
    /// The expressions of a time that determine a partition.
    pub partitions: Vec<PartitionForm>,
    /// Further ones for times in UTC.
    pub partitions_of_utc: Vec<PartitionForm>,
    /// Whether the name of a staged table has a schema.
    pub stage_in_schema: bool,
    pub stage_prefix: String,
    /// The key with the location of a table's files that the staged table needs too.
    pub location_key: Option<String>,
    /// Whether columns can be inserted by name where they are unknown.
    pub by_name: bool,
}

/// An expression with `{}` for the time, the grain, and the macro for the partition's value.
pub type PartitionForm = (String, String, String);

/// Configuration keys of dbt's adapter.
#[derive(Deserialize)]
pub struct KeyProperties {
    /// Keys with an effect on the create statement.
    pub clauses: Vec<String>,
    /// Keys with an effect on a statement that replaces a table.
    pub replace_clauses: Vec<String>,
    /// Keys with statements after the create statement.
    pub index_keys: Vec<String>,
    /// Whether the table of a full refresh gets the indexes of the key `indexes` in `swap`.
    pub indexes_after_swap: bool,
    /// The keys of an entry of `indexes`, where the adapter rejects others.
    pub index_entry_keys: Vec<String>,
    /// Whether a materialized view has the indexes of the key `indexes`.
    pub indexes_views: bool,
    /// Keys with settings of a session.
    pub header_keys: Vec<String>,
    /// Keys whose value chooses the macro of a view.
    pub view_keys: Vec<String>,
    /// Keys of every adapter that have no effect on the create statement or that other steps use.
    pub known_keys: Vec<String>,
    /// Keys that configure dbt and not the table.
    pub idle_keys: Vec<String>,
    /// Keys of models without batches.
    pub build_keys: Vec<String>,
    /// Keys that dbt supports and a plan does not, with the reason.
    pub undone_keys: BTreeMap<String, String>,
    /// Keys that would change the result and that a plan does not support, with their effect.
    pub refused_keys: BTreeMap<String, String>,
    /// Keys that the engine needs to create the table, with the reason.
    pub wanted_keys: BTreeMap<String, String>,
    /// By key, values with which no window of a table can be overwritten: the reason and the hint.
    pub refused: BTreeMap<String, BTreeMap<String, [String; 2]>>,
    /// The clauses that are options in one pair of parentheses.
    pub options: Vec<String>,
    pub defaults: Map<String, Value>,
    /// By key, the macros for single values.
    pub clause_words: BTreeMap<String, BTreeMap<String, String>>,
    /// Keys whose macro is chosen by another key.
    pub clause_kinds: BTreeMap<String, String>,
    /// The key that makes a table special: transient, unlogged.
    pub kind_key: Option<String>,
    /// Keys with the location of the table's files.
    pub location_keys: Vec<String>,
    /// The syntax of settings that are written into statements verbatim.
    pub fragments: BTreeMap<String, SettingSyntax>,
    /// The syntax of a grantee.
    pub grantees: SettingSyntax,
    /// Why one transaction cannot delete and insert the same key of a unique index.
    pub unique_index_hint: Option<String>,
}

/// The syntax of a setting that is written into statements verbatim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SettingSyntax {
    /// Any text: it is written as a string, or chooses a macro.
    Text,
    Expression,
    Expressions,
    Name,
    Type,
    Clause,
    /// A dict of names and expressions.
    Pairs,
    /// A dict of columns and their types.
    Types,
    /// A dict of privileges and grantees.
    Grants,
    /// A dict with the parts of an index or a projection.
    Index,
    /// Expressions, or a dict with the parts of a partition.
    Partition,
    /// A dict with the parts of a constraint.
    Constraint,
    /// Text in parentheses: anything that closes what it opens.
    Enclosed,
}

impl KeyProperties {
    /// The keys with an effect on files, except `kind_key`.
    pub fn effective(&self) -> impl Iterator<Item = &String> {
        let lists = [
            &self.clauses,
            &self.replace_clauses,
            &self.index_keys,
            &self.header_keys,
            &self.view_keys,
        ];
        lists.into_iter().flatten()
    }

    /// All keys that a plan uses or that need no attention.
    pub fn handled(&self) -> impl Iterator<Item = &String> {
        let further = [&self.known_keys, &self.idle_keys, &self.build_keys].into_iter().flatten();
        self.kind_key.iter().chain(self.effective()).chain(further)
    }
}

/// Tables, views and seeds as a whole, and incremental models without batches.
#[derive(Deserialize)]
pub struct BuildProperties {
    /// dbt's names of the supported incremental strategies.
    pub strategies: Vec<String>,
    /// The strategy without a unique key.
    pub strategy_unkeyed: String,
    /// The strategy with a unique key.
    pub strategy_keyed: String,
    /// The table formats that support a merge.
    pub merge_formats: Vec<String>,
    pub merge_alias: bool,
    /// Whether a statement of an incremental model knows that the file has created its table.
    pub knows_first_run: bool,
    /// The keys with conditions and expressions of a merge.
    pub merge_condition_keys: Option<MergeConditionKeys>,
    pub materialized_views: bool,
    /// What a plan does with the changed settings of a materialized view or a dynamic table.
    pub view_changes: ViewChanges,
    /// Whether macros of the project that replace dbt's strategy are supported.
    pub runs_strategy_macros: bool,
    pub seeds: bool,
    /// Whether `null` in a column of texts of a seed is a null.
    pub seed_null_word: bool,
    /// Whether a blank line of a seed is a row of nulls.
    pub seed_blank_lines: bool,
    /// The maximum length of a statement in bytes, if the engine has one that a seed may reach.
    pub longest_statement: Option<usize>,
    /// The same for a file, where the client sends it as a whole.
    pub longest_script: Option<usize>,
    /// Whether one transaction creates a table by its columns and fills it.
    pub fills_at_once: bool,
    /// Whether a relation is built under another name and then replaces the old one.
    pub replaces: bool,
    /// Whether a view that has the table's name is dropped first.
    pub makes_way: bool,
    /// What happens to dependent views when their relation is replaced.
    pub readers: Option<String>,
    /// Whether they are always lost.
    pub drops_readers: bool,
}

/// What a plan does with the changed settings of a materialized view that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ViewChanges {
    /// The file compares them, for each value of `on_configuration_change`.
    Compared,
    /// Each run creates the view again.
    Applied,
    /// Only a full refresh creates the view again.
    Kept,
}

/// How dbt's adapter runs hooks. Materializations have dbt's names.
#[derive(Deserialize)]
pub struct HookProperties {
    /// Whether a model's statements and its hooks are one transaction.
    pub in_transaction: bool,
    /// The materializations that never run a hook with `transaction: false`.
    pub outside_hooks_ignored: Vec<String>,
    /// The materializations whose post-hooks run before grants and comments.
    pub hooks_before_grants: Vec<String>,
}

/// The keys of a merge's conditions.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MergeConditionKeys {
    pub update: String,
    pub insert: String,
    pub expressions: String,
}

/// Changed columns of a query.
#[derive(Deserialize)]
pub struct ChangeProperties {
    /// The supported values of `on_schema_change`.
    pub schema_changes: Vec<String>,
    /// What to do if the plan alters no table.
    pub unaltered_hint: String,
    /// The same for variants of formats whose tables are not altered.
    pub unaltered_formats: BTreeMap<String, String>,
    /// Whether a statement may use a column that an earlier statement of the file adds.
    pub alters_within_file: bool,
    /// Whether the file of an incremental model widens the columns of its table for longer texts.
    pub widens_texts: bool,
}

/// Contracts.
#[derive(Deserialize)]
pub struct ContractProperties {
    /// The constraints that a create statement may contain.
    pub constraint_kinds: Vec<String>,
    /// The parts of the name of the table that a foreign key references: 3 with the database, 2
    /// with the schema, 1 for the table alone.
    pub key_table_parts: u8,
    /// The cure for a foreign key to a table whose batches delete and insert rows, if the engine
    /// enforces foreign keys.
    pub foreign_key_hint: Option<String>,
    /// Whether the query's columns are compared with the declared ones first.
    pub contract_checked: bool,
    /// Whether the engine rejects a value of another type.
    pub contract_refused_by_engine: bool,
}

/// Grants and comments.
#[derive(Deserialize)]
pub struct MetadataProperties {
    pub grants: bool,
    /// Whether grants that are not configured are revoked.
    pub grants_revoked: bool,
    /// The supported parts of `persist_docs`, for tables and for views.
    pub docs: Vec<String>,
}

/// Staged backfills.
#[derive(Deserialize)]
pub struct StagingProperties {
    /// Why a table cannot be staged, by the variant of its format; an empty variant: all tables.
    pub not_staged: BTreeMap<String, String>,
    /// Whether readers see all old or all new rows while one is published.
    pub publish_atomic: bool,
    /// Why it is not atomic, if it is not.
    pub publish_not_atomic: String,
    /// Whether a batch withdraws the approval in its own transaction, too, and not only before it.
    pub withdraws_in_transaction: bool,
    /// Whether the old rows are put back by the names of their columns, not by their positions.
    pub undo_by_name: bool,
    pub staged_differences_macro: String,
}

/// The program that runs a plan.
#[derive(Deserialize)]
pub struct ClientProperties {
    /// The default command; empty if no known client runs a file without further arguments.
    pub command: Vec<String>,
    /// A command for messages.
    pub example: String,
    /// The lexical rules of the dialect's clients, and the commands that they execute.
    pub client_syntax: ClientSyntax,
}

/// The query that reads the columns of tables.
#[derive(Deserialize)]
pub struct CatalogProperties {
    /// What a part of the query reads.
    pub columns_by: CatalogScope,
    /// Whether the method of dbt's adapter that reads the columns of a relation calls a macro.
    pub columns_by_macro: bool,
    /// Whether the engine's catalog has every name in lower case.
    pub columns_in_lower_case: bool,
    /// Why no query reads them.
    pub columns_refused: Option<String>,
    /// Why no query reads those of tables without a database.
    pub columns_need_database: Option<String>,
}

/// The tables that one query of an engine's catalog reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CatalogScope {
    /// Those of one schema.
    Schema,
    /// One table.
    Table,
}

/// The table of the ledger.
#[derive(Deserialize)]
pub struct LedgerProperties {
    pub ledger_types: LedgerTypes,
    /// The classes of statements that are put into a transaction with their row.
    pub ledger_wraps: Vec<WrapClass>,
    /// Settings without which the engine cannot create or fill the table, with the reason.
    pub ledger_needs: BTreeMap<String, String>,
    /// The formats of models that the table may have.
    pub ledger_formats: Vec<String>,
}

/// The class of a statement without its own transaction, which determines whether it can be wrapped
/// in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WrapClass {
    /// An insert or a merge.
    Rows,
    /// A create statement.
    Relations,
    Materialized,
    Batches,
    /// Batches that run one after the other.
    Ordered,
}

/// The types of the ledger's columns.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerTypes {
    pub text: String,
    pub time: String,
    /// The time when a row is written.
    pub clock: String,
    pub number: String,
}
