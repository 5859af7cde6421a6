//! The shape of `dbt_project.yml` and of the entries of a properties file. Reports what dbt
//! rejects: a value of an invalid type, an unknown key where dbt allows only its own, a missing
//! required key. Takes the file's tree; adds errors.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::diagnostics::{Diagnostic, Diagnostics, nearest};
use crate::jinja::YamlScope;
use crate::yaml::{Data, Yaml};

use super::entry_shapes::{
    COLUMN, DISPATCH, DOCS, EXPECT, EXPOSURE, EntryShape, GIVEN, GROUP, NODE, PROJECT,
    PROJECT_QUOTING, SOURCE, TABLE, UNIT_TEST, UNIT_TEST_CONFIG, UNIT_TEST_OVERRIDES,
    UNIT_TEST_VERSIONS, VERSION, ValueType,
};
use super::test_shapes;
use super::values::{has_jinja, rendered};
use ValueType::{
    Any, Boolean, Dict, Dicts, List, OptionalBoolean, OptionalDict, OptionalDicts, OptionalList,
    OptionalText, OptionalTexts, Statements, Tests, Text, Texts,
};

/// Lists of named entries other than patches and sources.
pub const OTHER_LISTS: [&str; 9] = [
    "exposures",
    "groups",
    "metrics",
    "semantic_models",
    "saved_queries",
    "unit_tests",
    "macros",
    "analyses",
    "functions",
];

/// dbt's pattern of the version of a project.
static VERSION_OF_PROJECT: LazyLock<Regex> = LazyLock::new(|| {
    let pattern =
        r"^(0|[1-9]\d*)\.(0|[1-9]\d*)(\.(0|[1-9]\d*)(-[0-9a-zA-Z.-]+)?(\+[0-9a-zA-Z.-]+)?)?$";
    Regex::new(pattern).expect("the pattern is well formed")
});

/// dbt's pattern of a requirement in `require-dbt-version`.
static REQUIREMENT: LazyLock<Regex> = LazyLock::new(|| {
    let number = r"(0|[1-9]\d*)";
    let part = r"(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)";
    let pattern = format!(
        r"^(>=|>|<|<=|=)?{number}\.{number}\.{number}(-?{part}(\.{part})*)?(\+[0-9A-Za-z.-]*)?$"
    );
    Regex::new(&pattern).expect("the pattern is well formed")
});

/// Pairs of keys of `dbt_project.yml` that exclude each other: an older name, and today's.
const EXCLUSIVE: [(&str, &str); 3] =
    [("source-paths", "model-paths"), ("data-paths", "seed-paths"), ("tests", "data_tests")];

/// The lists of nodes in a properties file.
const NODE_LISTS: [&str; 4] = ["models", "seeds", "snapshots", "sources"];

/// Keys with a fixed set of values in dbt.
const ALLOWED_VALUES: [(&str, &[&str]); 2] = [
    ("type", &["dashboard", "notebook", "analysis", "ml", "application"]),
    ("maturity", &["low", "medium", "high"]),
];

fn is_list(key: &str) -> bool {
    NODE_LISTS.contains(&key) || OTHER_LISTS.contains(&key)
}

/// Checks the entries of a properties file.
pub fn check(tree: &Yaml, scope: &YamlScope, errors: &mut Diagnostics) {
    let mut check = Check { scope, errors };
    let lists = tree.dict().into_iter().flatten().filter(|(key, _)| is_list(key));
    lists.for_each(|(key, value)| check.value(key, value, List));
    let all =
        |of: &'_ Yaml, key: &str| of.get(key).map(|list| list.items().to_vec()).unwrap_or_default();
    for (key, entry) in [
        ("models", &NODE),
        ("seeds", &NODE),
        ("snapshots", &NODE),
        ("sources", &SOURCE),
        ("exposures", &EXPOSURE),
        ("groups", &GROUP),
        ("unit_tests", &UNIT_TEST),
    ] {
        for yaml in all(tree, key) {
            check.entry(&yaml, entry);
            yaml.get("docs").into_iter().for_each(|docs| check.entry(docs, &DOCS));
            check.tests(&yaml);
            test_shapes::check(&yaml, check.errors);
            for column in all(&yaml, "columns") {
                check.entry(&column, &COLUMN);
            }
            for version in all(&yaml, "versions").iter().filter(|_| key == "models") {
                check.entry(version, &VERSION);
                for column in all(version, "columns") {
                    check.entry(&column, &COLUMN);
                }
            }
            for table in all(&yaml, "tables").iter().filter(|_| key == "sources") {
                check.entry(table, &TABLE);
                for column in all(table, "columns") {
                    check.entry(&column, &COLUMN);
                }
            }
            if key == "exposures" {
                ALLOWED_VALUES
                    .iter()
                    .for_each(|(key, allowed)| check.allowed_value(&yaml, key, allowed));
            }
            if key == "unit_tests" {
                check.unit_test(&yaml);
            }
        }
    }
}

/// Checks the keys of `dbt_project.yml`.
pub fn check_project(tree: &Yaml, scope: &YamlScope, errors: &mut Diagnostics) {
    let mut check = Check { scope, errors };
    let Some(dict) = tree.dict() else { return };
    for (key, value) in dict.iter().filter(|(key, _)| PROJECT.knows(key)) {
        check.value(key, value, PROJECT.of(key));
    }
    for (key, value) in dict.iter().filter(|(key, _)| !PROJECT.knows(key)) {
        let error = Diagnostic::error(format!("unknown key `{key}`")).at(value.at.clone());
        let known = PROJECT.keys.iter().map(|(key, _)| *key);
        check.errors.0.push(match nearest(&key.replace('_', "-"), known) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint("remove it; settings of models belong below `models:`"),
        });
    }
    for (old, new) in EXCLUSIVE {
        if let (Some(value), Some(_)) = (dict.get(old), dict.get(new)) {
            let error = Diagnostic::error(format!("both `{old}` and `{new}` are set"));
            let hint = format!("move its entries to `{new}`, its newer name");
            check.errors.0.push(error.at(value.at.clone()).hint(hint));
        }
    }
    if let Some(value) = dict.get("config-version")
        && !matches!(value.json(), Value::Null | Value::String(_))
        && value.json() != 2
    {
        let error = Diagnostic::error("`config-version` must be 2").at(value.at.clone());
        check.errors.0.push(error.hint("remove it: it has no other value in today's dbt"));
    }
    if let Some(value) = dict.get("version") {
        let is_valid = match value.json() {
            Value::Null => true,
            Value::Number(number) => number.is_f64(),
            Value::String(text) => has_jinja(&text) || VERSION_OF_PROJECT.is_match(&text),
            _ => false,
        };
        if !is_valid {
            let error = Diagnostic::error("invalid `version` of the project").at(value.at.clone());
            check.errors.0.push(error.hint("write it as `version: 1.0.0`, or remove it"));
        }
    }
    let required = dict.get("require-dbt-version");
    if let Some(value) = required.filter(|value| !is_requirement(&value.json())) {
        let error = Diagnostic::error("invalid `require-dbt-version`").at(value.at.clone());
        check.errors.0.push(error.hint(
            "write it as `\">=1.9.0\"` or `[\">=1.9.0\", \"<2.0.0\"]`: each version has three \
             numbers",
        ));
    }
    dict.get("quoting").into_iter().for_each(|quoting| check.entry(quoting, &PROJECT_QUOTING));
    for entry in dict.get("dispatch").map(Yaml::items).unwrap_or_default() {
        check.entry(entry, &DISPATCH);
    }
}

/// Whether dbt reads the value as requirements of a version: a list, or a text with commas between
/// them and without spaces.
fn is_requirement(value: &Value) -> bool {
    let matches = |text: &str| has_jinja(text) || REQUIREMENT.is_match(text);
    match value {
        Value::Null => true,
        Value::String(text) => has_jinja(text) || text.split(',').all(matches),
        Value::Array(items) => items.iter().all(|item| item.as_str().is_some_and(matches)),
        _ => false,
    }
}

struct Check<'a> {
    scope: &'a YamlScope<'a>,
    errors: &'a mut Diagnostics,
}

impl Check<'_> {
    fn entry(&mut self, yaml: &Yaml, entry: &EntryShape) {
        let Some(dict) = yaml.dict() else { return };
        for (key, value) in dict {
            match entry.keys.iter().find(|(known, _)| known == key) {
                Some((_, of)) => self.value(key, value, *of),
                None if entry.is_closed => self.unknown(key, value, entry),
                None => {}
            }
        }
        for key in entry.required.iter().filter(|key| !dict.contains_key(**key)) {
            let error = Diagnostic::error(format!("an entry has no `{key}`")).at(yaml.at.clone());
            self.errors.0.push(error.hint(format!("add `{key}`, which dbt requires")));
        }
    }

    /// Rejects tests under both names, of an entry with its versions, tables and columns. As in
    /// dbt, an empty list under the old name is ignored.
    fn tests(&mut self, yaml: &Yaml) {
        if let (Some(tests), true) =
            (yaml.get("tests"), yaml.dict().is_some_and(|dict| dict.contains_key("data_tests")))
            && !tests.items().is_empty()
        {
            let error = Diagnostic::error("both `tests` and `data_tests` are set");
            let hint = "move its entries to `data_tests`, its newer name";
            self.errors.0.push(error.at(tests.at.clone()).hint(hint));
        }
        for key in ["versions", "tables", "columns"] {
            yaml.get(key).into_iter().flat_map(Yaml::items).for_each(|part| self.tests(part));
        }
    }

    fn unknown(&mut self, key: &str, value: &Yaml, entry: &EntryShape) {
        let keys: Vec<String> = entry.keys.iter().map(|(key, _)| format!("`{key}`")).collect();
        let error = Diagnostic::error(format!("unknown key `{key}`")).at(value.at.clone());
        self.errors.0.push(
            error.hint(format!(
                "the keys are {}; set others below `config: meta:`",
                keys.join(", ")
            )),
        );
    }

    fn value(&mut self, key: &str, yaml: &Yaml, of: ValueType) {
        // The type of a text with Jinja is known only after rendering.
        let value = match (&yaml.data, of) {
            (_, Any) => return,
            (Data::Text(text), Text | OptionalText | Tests | Statements) if has_jinja(text) => {
                return;
            }
            (Data::Text(text), _) if has_jinja(text) => match rendered(yaml, self.scope) {
                Ok(value) => value,
                Err(_) => return,
            },
            _ => yaml.json(),
        };
        let is_each = |is: fn(&Value) -> bool| {
            value.as_array().is_some_and(|items| {
                items.iter().all(|item| is(item) || item.as_str().is_some_and(has_jinja))
            })
        };
        let (is_valid, expected) = match of {
            // Values of another type than text are reported where they are read.
            Text => (!value.is_null() || ["name", "description"].contains(&key), "a text"),
            Any | OptionalText => (true, "a text"),
            Boolean => (value.is_boolean(), "true or false"),
            OptionalBoolean => (value.is_null() || value.is_boolean(), "true or false"),
            Dict => (value.is_object(), "a dict"),
            OptionalDict => (value.is_null() || value.is_object(), "a dict"),
            List => (value.is_array(), "a list"),
            OptionalList => (value.is_null() || value.is_array(), "a list"),
            Texts => (is_each(Value::is_string), "a list of texts"),
            OptionalTexts => (value.is_null() || is_each(Value::is_string), "a list of texts"),
            Dicts => (is_each(Value::is_object), "a list of dicts"),
            OptionalDicts => (value.is_null() || is_each(Value::is_object), "a list of dicts"),
            Statements => (
                value.is_null() || value.is_string() || is_each(Value::is_string),
                "a statement or a list of statements",
            ),
            Tests => (is_each(|item| item.is_string() || item.is_object()), "a list of tests"),
        };
        if is_valid {
            return;
        }
        let is = match &value {
            Value::Null => "has no value",
            Value::Bool(_) => "is true or false",
            Value::Number(_) => "is a number",
            Value::String(_) => "is a text",
            Value::Array(_)
                if matches!(
                    of,
                    Texts | OptionalTexts | Dicts | OptionalDicts | Tests | Statements
                ) =>
            {
                "has an item of another type"
            }
            Value::Array(_) => "is a list",
            Value::Object(_) => "is a dict",
        };
        let hint = match of {
            _ if value.is_null() => "write a value, or remove the key",
            OptionalDicts | OptionalList => "begin each entry with `- `",
            List | Dicts => "begin each entry with `- name: …`",
            Texts | OptionalTexts | Tests | Statements => "begin each item with `- `",
            Dict | OptionalDict => "write one `key: value` per line below it",
            Any | Text | OptionalText => "write one value without a dash",
            Boolean | OptionalBoolean => "write `true` or `false`",
        };
        let message = format!("`{key}` must be {expected}, but {is}");
        self.errors.0.push(Diagnostic::error(message).at(yaml.at.clone()).hint(hint));
    }

    /// What dbt rejects in a unit test, whose rows have a format.
    fn unit_test(&mut self, yaml: &Yaml) {
        let parts = [
            ("expect", &EXPECT),
            ("overrides", &UNIT_TEST_OVERRIDES),
            ("versions", &UNIT_TEST_VERSIONS),
            ("config", &UNIT_TEST_CONFIG),
        ];
        for (key, entry) in parts {
            yaml.get(key).into_iter().for_each(|part| self.entry(part, entry));
        }
        let inputs = yaml.get("given").map(Yaml::items).unwrap_or_default();
        inputs.iter().for_each(|input| self.entry(input, &GIVEN));
        for rows in inputs.iter().chain(yaml.get("expect")) {
            self.rows(rows);
        }
        if let Some(versions) = yaml.get("versions") {
            let is_listed =
                |key: &str| versions.get(key).is_some_and(|list| !list.items().is_empty());
            if is_listed("include") && is_listed("exclude") {
                let error = Diagnostic::error("both `include` and `exclude` are set");
                let hint = "keep one of them: the other versions follow from it";
                self.errors.0.push(error.at(versions.at.clone()).hint(hint));
            }
        }
    }

    /// The rows of a unit test: a list of dicts, unless `format` says otherwise.
    fn rows(&mut self, of: &Yaml) {
        let format = of.get("format").and_then(Yaml::text).unwrap_or_else(|| "dict".to_string());
        if has_jinja(&format) || of.dict().is_none() {
            return;
        }
        let is_set = |key: &str| of.get(key).is_some_and(|value| !value.json().is_null());
        let rows = of.get("rows").map(Yaml::json).unwrap_or_default();
        let at = of.get("rows").or(of.get("format")).unwrap_or(of).at.clone();
        let (is_valid, expected, hint) = match &*format {
            // Without rows, the rows are those of a seed.
            "dict" => (
                rows.is_array()
                    || (rows.is_null() && !is_set("fixture") && of.get("input").is_some()),
                "a list of dicts",
                "write the rows as a list, or set `format:` to `csv` or `sql`",
            ),
            "csv" | "sql" => (
                rows.is_string() || is_set("fixture"),
                "a text",
                "write the rows as a text, name a `fixture`, or remove `format:` for a list",
            ),
            _ => {
                let error = Diagnostic::error(format!("invalid format `{format}` of rows"));
                self.errors.0.push(error.at(at).hint("use one of `dict`, `csv`, `sql`"));
                return;
            }
        };
        if !is_valid {
            let message = format!("rows of the format `{format}` must be {expected}");
            self.errors.0.push(Diagnostic::error(message).at(at).hint(hint));
        }
    }

    fn allowed_value(&mut self, of: &Yaml, key: &str, allowed: &[&str]) {
        let Some(yaml) = of.get(key) else { return };
        let Data::Text(text) = &yaml.data else { return };
        if !has_jinja(text) && !allowed.contains(&text.as_str()) {
            let error = Diagnostic::error(format!("invalid {key} `{text}` of an exposure"));
            let allowed: Vec<String> =
                allowed.iter().map(|allowed_value| format!("`{allowed_value}`")).collect();
            let hint = format!("use one of {}", allowed.join(", "));
            self.errors.0.push(error.at(yaml.at.clone()).hint(hint));
        }
    }
}
