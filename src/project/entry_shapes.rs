//! The keys of `dbt_project.yml` and of the entries of a properties file, with the types of their
//! values, as dbt's contracts declare them.

/// The type of a value, as dbt's contracts declare it.
#[derive(Clone, Copy)]
pub(super) enum ValueType {
    Any,
    Text,
    OptionalText,
    Boolean,
    OptionalBoolean,
    Dict,
    OptionalDict,
    List,
    OptionalList,
    Texts,
    OptionalTexts,
    Dicts,
    OptionalDicts,
    /// A statement, or a list of statements. Its Jinja is rendered when it runs.
    Statements,
    /// Data tests: each is a name or a dict. dbt does not render them here.
    Tests,
}

use ValueType::{
    Any, Boolean, Dict, Dicts, List, OptionalBoolean, OptionalDict, OptionalDicts, OptionalList,
    OptionalText, OptionalTexts, Statements, Tests, Text, Texts,
};

/// The keys of a kind of entry.
pub(super) struct EntryShape {
    pub keys: &'static [(&'static str, ValueType)],
    pub required: &'static [&'static str],
    /// Whether dbt rejects a key that is not in `keys`.
    pub is_closed: bool,
}

pub(super) const NODE: EntryShape = EntryShape {
    keys: &[
        ("description", Text),
        ("meta", Dict),
        ("constraints", Dicts),
        ("docs", Dict),
        ("config", Dict),
        ("data_tests", Tests),
        ("tests", Tests),
        ("columns", Dicts),
        ("quote_columns", OptionalBoolean),
        ("versions", List),
    ],
    required: &[],
    is_closed: false,
};

pub(super) const DOCS: EntryShape = EntryShape {
    keys: &[("show", Boolean), ("node_color", OptionalText)],
    required: &[],
    is_closed: true,
};

pub(super) const COLUMN: EntryShape = EntryShape {
    keys: &[
        ("description", Text),
        ("meta", Dict),
        ("data_type", OptionalText),
        ("constraints", Dicts),
        ("docs", Dict),
        ("config", Dict),
        ("data_tests", Tests),
        ("tests", Tests),
        ("quote", OptionalBoolean),
        ("tags", Texts),
        ("granularity", OptionalText),
    ],
    required: &[],
    is_closed: false,
};

pub(super) const VERSION: EntryShape = EntryShape {
    keys: &[
        ("v", OptionalText),
        ("defined_in", OptionalText),
        ("description", Text),
        ("access", OptionalText),
        ("config", Dict),
        ("constraints", Dicts),
        ("docs", Dict),
        ("data_tests", OptionalList),
        ("tests", OptionalList),
        ("columns", Dicts),
        ("deprecation_date", OptionalText),
    ],
    required: &[],
    is_closed: true,
};

pub(super) const SOURCE: EntryShape = EntryShape {
    keys: &[
        ("name", Text),
        ("description", Text),
        ("meta", Dict),
        ("database", OptionalText),
        ("schema", OptionalText),
        ("loader", Text),
        ("quoting", Dict),
        ("freshness", OptionalDict),
        ("loaded_at_field", OptionalText),
        ("loaded_at_query", OptionalText),
        ("tables", OptionalList),
        ("tags", Texts),
        ("config", Dict),
        ("overrides", Text),
    ],
    required: &[],
    is_closed: true,
};

pub(super) const TABLE: EntryShape = EntryShape {
    keys: &[
        ("description", Text),
        ("meta", Dict),
        ("constraints", Dicts),
        ("docs", Dict),
        ("config", Dict),
        ("data_tests", Tests),
        ("tests", Tests),
        ("columns", Dicts),
        ("loaded_at_field", OptionalText),
        ("loaded_at_query", OptionalText),
        ("identifier", OptionalText),
        ("quoting", Dict),
        ("freshness", OptionalDict),
        ("external", OptionalDict),
        ("tags", Texts),
    ],
    required: &[],
    is_closed: false,
};

pub(super) const EXPOSURE: EntryShape = EntryShape {
    keys: &[
        ("name", Text),
        ("type", Text),
        ("owner", Dict),
        ("description", Text),
        ("label", OptionalText),
        ("maturity", OptionalText),
        ("meta", Dict),
        ("tags", Texts),
        ("url", OptionalText),
        ("depends_on", Texts),
        ("config", Dict),
    ],
    required: &["type", "owner"],
    is_closed: true,
};

pub(super) const GROUP: EntryShape = EntryShape {
    keys: &[("name", Text), ("owner", Dict), ("description", OptionalText), ("config", Dict)],
    required: &["owner"],
    is_closed: true,
};

pub(super) const UNIT_TEST: EntryShape = EntryShape {
    keys: &[
        ("name", Text),
        ("model", Text),
        ("given", Dicts),
        ("expect", Dict),
        ("description", Text),
        ("overrides", OptionalDict),
        ("config", Dict),
        ("versions", OptionalDict),
    ],
    required: &["model", "given", "expect"],
    is_closed: true,
};

pub(super) const GIVEN: EntryShape = EntryShape {
    keys: &[("input", Text), ("rows", Any), ("format", OptionalText), ("fixture", OptionalText)],
    required: &["input"],
    is_closed: true,
};

pub(super) const EXPECT: EntryShape = EntryShape {
    keys: &[("rows", Any), ("format", OptionalText), ("fixture", OptionalText)],
    required: &[],
    is_closed: true,
};

pub(super) const UNIT_TEST_OVERRIDES: EntryShape = EntryShape {
    keys: &[("macros", Dict), ("vars", Dict), ("env_vars", Dict)],
    required: &[],
    is_closed: true,
};

pub(super) const UNIT_TEST_VERSIONS: EntryShape = EntryShape {
    keys: &[("include", OptionalList), ("exclude", OptionalList)],
    required: &[],
    is_closed: true,
};

pub(super) const UNIT_TEST_CONFIG: EntryShape =
    EntryShape { keys: &[("enabled", Boolean), ("meta", Dict)], required: &[], is_closed: false };

/// The keys of `dbt_project.yml`, with those of later versions of dbt. The trees of settings are
/// checked where they are read.
pub(super) const PROJECT: EntryShape = EntryShape {
    keys: &[
        ("name", Any),
        ("version", Any),
        ("config-version", Any),
        ("project-root", OptionalText),
        ("profile", OptionalText),
        ("model-paths", OptionalTexts),
        ("source-paths", OptionalTexts),
        ("macro-paths", OptionalTexts),
        ("seed-paths", OptionalTexts),
        ("data-paths", OptionalTexts),
        ("test-paths", OptionalTexts),
        ("analysis-paths", OptionalTexts),
        ("docs-paths", OptionalTexts),
        ("asset-paths", OptionalTexts),
        ("function-paths", OptionalTexts),
        ("osi-paths", OptionalTexts),
        ("snapshot-paths", OptionalTexts),
        ("clean-targets", OptionalTexts),
        ("target-path", OptionalText),
        ("log-path", OptionalText),
        ("packages-install-path", OptionalText),
        ("quoting", OptionalDict),
        ("on-run-start", Statements),
        ("on-run-end", Statements),
        ("require-dbt-version", Any),
        ("dispatch", OptionalDicts),
        ("models", Any),
        ("seeds", Any),
        ("snapshots", Any),
        ("analyses", Any),
        ("sources", Any),
        ("tests", Any),
        ("data_tests", Any),
        ("unit_tests", Any),
        ("metrics", Any),
        ("semantic-models", Any),
        ("saved-queries", Any),
        ("exposures", Any),
        ("functions", Any),
        ("vars", OptionalDict),
        ("packages", Any),
        ("query-comment", Any),
        ("restrict-access", Boolean),
        ("dbt-cloud", OptionalDict),
        ("flags", OptionalDict),
        ("sync", Any),
    ],
    required: &[],
    is_closed: true,
};

pub(super) const PROJECT_QUOTING: EntryShape = EntryShape {
    keys: &[
        ("database", OptionalBoolean),
        ("project", OptionalBoolean),
        ("schema", OptionalBoolean),
        ("identifier", OptionalBoolean),
        ("column", OptionalBoolean),
        ("snowflake_ignore_case", OptionalBoolean),
    ],
    required: &[],
    is_closed: true,
};

pub(super) const DISPATCH: EntryShape = EntryShape {
    keys: &[("macro_namespace", Any), ("search_order", List)],
    required: &["macro_namespace", "search_order"],
    is_closed: false,
};

impl EntryShape {
    pub fn knows(&self, key: &str) -> bool {
        self.keys.iter().any(|(known, _)| *known == key)
    }

    pub fn of(&self, key: &str) -> ValueType {
        self.keys.iter().find(|(known, _)| *known == key).map_or(Any, |(_, of)| *of)
    }
}
