//! The shape of the entries of a properties file. Reports what dbt rejects: a value of an invalid
//! type, an unknown key where dbt allows only its own, a missing required key. Takes the file's
//! tree; adds errors.

use serde_json::Value;

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::jinja::YamlScope;
use crate::yaml::{Data, Yaml};

use super::values::{has_jinja, rendered};

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

/// The type of a value, as dbt's contracts declare it.
#[derive(Clone, Copy)]
enum Type {
    Text,
    OptionalText,
    OptionalBoolean,
    Dict,
    OptionalDict,
    List,
    OptionalList,
    Texts,
    Dicts,
    /// Data tests: each is a name or a dict. dbt does not render them here.
    Tests,
}

use Type::{
    Dict, Dicts, List, OptionalBoolean, OptionalDict, OptionalList, OptionalText, Tests, Text,
    Texts,
};

/// The keys of a kind of entry.
struct Entry {
    keys: &'static [(&'static str, Type)],
    required: &'static [&'static str],
    /// Whether dbt rejects a key that is not in `keys`.
    is_closed: bool,
}

const NODE: Entry = Entry {
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

const COLUMN: Entry = Entry {
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

const VERSION: Entry = Entry {
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

const SOURCE: Entry = Entry {
    keys: &[
        ("name", Text),
        ("description", Text),
        ("meta", Dict),
        ("database", OptionalText),
        ("catalog", OptionalText),
        ("project", OptionalText),
        ("schema", OptionalText),
        ("dataset", OptionalText),
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

const TABLE: Entry = Entry {
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

const EXPOSURE: Entry = Entry {
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

const GROUP: Entry = Entry {
    keys: &[("name", Text), ("owner", Dict), ("description", OptionalText), ("config", Dict)],
    required: &["owner"],
    is_closed: true,
};

const UNIT_TEST: Entry = Entry {
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
        }
    }
}

struct Check<'a> {
    scope: &'a YamlScope<'a>,
    errors: &'a mut Diagnostics,
}

impl Check<'_> {
    fn entry(&mut self, yaml: &Yaml, entry: &Entry) {
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

    fn unknown(&mut self, key: &str, value: &Yaml, entry: &Entry) {
        let keys: Vec<String> = entry.keys.iter().map(|(key, _)| format!("`{key}`")).collect();
        let error = Diagnostic::error(format!("unknown key `{key}`")).at(value.at.clone());
        self.errors.0.push(
            error.hint(format!(
                "the keys are {}; set others below `config: meta:`",
                keys.join(", ")
            )),
        );
    }

    fn value(&mut self, key: &str, yaml: &Yaml, of: Type) {
        // The type of a text with Jinja is known only after rendering.
        let value = match (&yaml.data, of) {
            (Data::Text(text), Text | OptionalText | Tests) if has_jinja(text) => return,
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
            OptionalText => (true, "a text"),
            OptionalBoolean => (value.is_null() || value.is_boolean(), "true or false"),
            Dict => (value.is_object(), "a dict"),
            OptionalDict => (value.is_null() || value.is_object(), "a dict"),
            List => (value.is_array(), "a list"),
            OptionalList => (value.is_null() || value.is_array(), "a list"),
            Texts => (is_each(Value::is_string), "a list of texts"),
            Dicts => (is_each(Value::is_object), "a list of dicts"),
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
            Value::Array(_) if matches!(of, Texts | Dicts | Tests) => "has an item of another type",
            Value::Array(_) => "is a list",
            Value::Object(_) => "is a dict",
        };
        let hint = match of {
            _ if value.is_null() => "write a value, or remove the key",
            List | OptionalList | Dicts => "begin each entry with `- name: …`",
            Texts | Tests => "begin each item with `- `",
            Dict | OptionalDict => "write one `key: value` per line below it",
            Text | OptionalText | OptionalBoolean => "write one value without a dash",
        };
        let message = format!("`{key}` must be {expected}, but {is}");
        self.errors.0.push(Diagnostic::error(message).at(yaml.at.clone()).hint(hint));
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
