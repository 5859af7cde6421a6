//! Data tests that properties files declare on models, seeds, snapshots and sources. Takes a file's
//! tree; returns each test with dbt's name, which consists of the test, the tested node and the
//! arguments.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use crate::diagnostics::Location;
use crate::jinja::{ColumnStyle, RefCall, RefVersion, md5};
use crate::yaml::Yaml;

use super::resource::{GenericTest, Resource, ResourceKind, items, tags, text};
use super::values::truth;

/// The node on which a test is declared.
struct Tested {
    /// Its part of the test's name.
    name: String,
    /// The location of its entry.
    at: Location,
    is_source: bool,
    reference: Option<RefCall>,
    source: Option<(String, String)>,
    file_key_name: String,
    /// Whether names of columns are quoted unless a column says otherwise.
    quote_columns: bool,
    /// The tags that its tests have, too.
    tags: Vec<String>,
}

impl Tested {
    /// The argument `model` of the tests.
    fn model(&self) -> String {
        let relation = match (&self.reference, &self.source) {
            (Some(RefCall { name, version: Some(version), .. }), _) => {
                format!("ref('{name}', version='{}')", version.text)
            }
            (Some(RefCall { name, .. }), _) => format!("ref('{name}')"),
            (None, Some((source, table))) => format!("source('{source}', '{table}')"),
            (None, None) => String::new(),
        };
        format!("{{{{ get_where_subquery({relation}) }}}}")
    }
}

/// The tests of a file; `style` quotes names of columns.
pub fn generic_tests(tree: &Yaml, style: &ColumnStyle) -> Vec<Resource> {
    let mut tests = Vec::new();
    let entries_of = |key| items(tree, key).iter().map(move |entry| (key, entry));
    for (key, entry) in ["models", "seeds", "snapshots"].into_iter().flat_map(entries_of) {
        let at = &entry.at;
        let entry = entry.json();
        let Some(name) = text(&entry, "name") else { continue };
        let reference =
            |version: Option<RefVersion>| RefCall { package: None, name: name.clone(), version };
        let versions = entries(&entry, "versions");
        if versions.is_empty() {
            let tested = Tested {
                name: name.clone(),
                at: at.clone(),
                is_source: false,
                reference: Some(reference(None)),
                source: None,
                file_key_name: format!("{key}.{name}"),
                quote_columns: is_true(&entry, "quote_columns"),
                tags: Vec::new(),
            };
            add_tests(&tested, &declared(&entry), &entries(&entry, "columns"), style, &mut tests);
        }
        for version in versions {
            let Some(v) = text(&version, "v") else { continue };
            let is_number = version.get("v").is_some_and(Value::is_number);
            let tested = Tested {
                name: format!("{name}_v{v}"),
                at: at.clone(),
                is_source: false,
                reference: Some(reference(Some(RefVersion { text: v, is_number }))),
                source: None,
                file_key_name: format!("{key}.{name}"),
                quote_columns: is_true(&entry, "quote_columns"),
                tags: Vec::new(),
            };
            let has_tests = ["data_tests", "tests"].iter().any(|key| version.get(key).is_some());
            let declared = if has_tests { declared(&version) } else { declared(&entry) };
            add_tests(&tested, &declared, &version_columns(&entry, &version), style, &mut tests);
        }
    }
    for source in items(tree, "sources") {
        let at = &source.at;
        let source = source.json();
        let Some(of) = text(&source, "name") else { continue };
        for table in entries(&source, "tables") {
            let Some(name) = text(&table, "name") else { continue };
            let quoting = [&table, &source]
                .into_iter()
                .filter_map(|of| of.get("quoting"))
                .find(|quoting| quoting.get("column").is_some_and(|column| !column.is_null()));
            let tested = Tested {
                name: format!("{of}_{name}"),
                at: at.clone(),
                is_source: true,
                reference: None,
                source: Some((of.clone(), name)),
                file_key_name: format!("sources.{of}"),
                quote_columns: quoting.is_some_and(|quoting| is_true(quoting, "column")),
                tags: tags(&source).into_iter().chain(tags(&table)).collect(),
            };
            add_tests(&tested, &declared(&table), &entries(&table, "columns"), style, &mut tests);
        }
    }
    tests
}

fn is_true(of: &Value, key: &str) -> bool {
    of.get(key).and_then(truth).unwrap_or_default()
}

fn add_tests(
    tested: &Tested,
    declared: &[Value],
    columns: &[Value],
    style: &ColumnStyle,
    tests: &mut Vec<Resource>,
) {
    let start = tests.len();
    for column in columns {
        let Some(name) = text(column, "name") else { continue };
        let quote = column.get("quote").and_then(truth).unwrap_or(tested.quote_columns);
        let name = if quote { style.quoted(&name) } else { name };
        let of_column = self::declared(column).into_iter().filter_map(|test| {
            let mut test = generic_test(tested, &test, Some(&name))?;
            test.tags.extend(tags(column));
            test.tags.extend(column.get("config").map(tags).unwrap_or_default());
            Some(test)
        });
        tests.extend(of_column);
    }
    tests.extend(declared.iter().filter_map(|test| generic_test(tested, test, None)));
    tests[start..].iter_mut().for_each(|test| test.tags.extend(tested.tags.iter().cloned()));
}

fn entries(of: &Value, key: &str) -> Vec<Value> {
    of.get(key).and_then(Value::as_array).cloned().unwrap_or_default()
}

fn declared(of: &Value) -> Vec<Value> {
    let tests = entries(of, "data_tests");
    if tests.is_empty() { entries(of, "tests") } else { tests }
}

/// The columns of a version whose tests it has: the columns of the model that it includes, and its
/// own ones, also of the same name.
fn version_columns(model: &Value, version: &Value) -> Vec<Value> {
    let of_version = entries(version, "columns");
    let rule = of_version
        .iter()
        .find(|column| column.get("include").is_some() || column.get("exclude").is_some());
    let names = |key: &str| -> Option<Vec<String>> {
        match rule?.get(key)? {
            Value::Array(names) => {
                Some(names.iter().filter_map(Value::as_str).map(String::from).collect())
            }
            Value::String(name) => Some(vec![name.clone()]),
            _ => None,
        }
    };
    let (include, exclude) = (names("include"), names("exclude").unwrap_or_default());
    let is_taken = |column: &Value| {
        let Some(name) = text(column, "name") else { return false };
        let included = rule.is_none()
            || include.as_ref().is_some_and(|names| {
                names.iter().any(|of| *of == name || of == "*" || of == "all")
            });
        included && !exclude.contains(&name)
    };
    let taken: Vec<Value> = entries(model, "columns").into_iter().filter(is_taken).collect();
    taken
        .into_iter()
        .chain(of_version.iter().filter(|column| column.get("name").is_some()).cloned())
        .collect()
}

/// Keys of a test that configure it and are not arguments of its macro.
pub const CONFIG: [&str; 14] = [
    "severity",
    "tags",
    "enabled",
    "where",
    "limit",
    "warn_if",
    "error_if",
    "fail_calc",
    "store_failures",
    "store_failures_as",
    "meta",
    "database",
    "schema",
    "alias",
];

fn generic_test(tested: &Tested, declared: &Value, column: Option<&str>) -> Option<Resource> {
    let (test, mut arguments): (String, Map<String, Value>) = match declared {
        Value::String(name) => (name.clone(), Map::new()),
        Value::Object(keys) => match text(declared, "test_name") {
            Some(name) => (
                name,
                keys.iter()
                    .filter(|(key, _)| *key != "test_name")
                    .map(|(key, value)| (key.clone(), value.clone()))
                    .collect(),
            ),
            None => {
                let (name, arguments) = keys.iter().next()?;
                (name.clone(), arguments.as_object().cloned().unwrap_or_default())
            }
        },
        _ => return None,
    };
    let (namespace, test) = test
        .split_once('.')
        .map_or((None, test.as_str()), |(namespace, test)| (Some(namespace), test));
    let mut config = Map::new();
    for key in CONFIG {
        config.extend(arguments.remove(key).map(|value| (key.to_string(), value)));
    }
    if let Some(Value::Object(more)) = arguments.remove("config") {
        config.extend(more);
    }
    let description = arguments.remove("description");
    if let Some(Value::Object(more)) = arguments.remove("arguments") {
        arguments.extend(more);
    }
    let custom_name = arguments.remove("name").and_then(|name| name.as_str().map(String::from));
    let mut kwargs = Map::new();
    kwargs.extend(column.map(|column| ("column_name".to_string(), column.into())));
    kwargs.extend(arguments);
    let arguments = kwargs;
    let is_named = custom_name.is_some();
    let name = custom_name.unwrap_or_else(|| {
        let prefix = if tested.is_source { "source_" } else { "" };
        let namespace = namespace.map(|namespace| format!("{namespace}_")).unwrap_or_default();
        format!("{namespace}{prefix}{test}_{}_{}", tested.name, arguments_in_name(&arguments))
    });
    let short_name = if is_named || name.len() < 64 {
        name.clone()
    } else {
        let prefix = if tested.is_source { "source_" } else { "" };
        let start = match namespace {
            Some(namespace) => format!("{namespace}_{prefix}{test}_{}", tested.name),
            None => format!("{prefix}{test}_{}", tested.name),
        };
        let start: String = start.chars().take(30).collect();
        format!("{start}_{}", md5(name.as_bytes()))
    };
    // dbt sets the alias of a test with a long name.
    if short_name != name && !config.contains_key("alias") {
        config.insert("alias".into(), short_name.clone().into());
    }
    let mut resource = Resource::new(ResourceKind::Test, name.clone());
    resource.fqn = vec![name];
    resource.at = Some(tested.at.clone());
    arguments
        .iter()
        .filter(|(key, _)| *key != "column_name")
        .for_each(|(_, value)| add_calls(value, &mut resource));
    // dbt lists the relations of the arguments before the tested one. The version keeps its YAML
    // type only in a test whose arguments dbt does not render.
    let is_rendered = !matches!((namespace, test), (None, "unique" | "not_null"));
    resource.refs.extend(tested.reference.clone().map(|mut call| {
        if let (true, Some(version)) = (is_rendered, &mut call.version) {
            version.is_number = false;
        }
        call
    }));
    resource.sources.extend(tested.source.clone());
    resource.entry.extend(description.map(|text| ("description".to_string(), text)));
    let mut kwargs = arguments;
    kwargs.insert("model".into(), tested.model().into());
    resource.generic_test = Some(GenericTest {
        name: test.to_string(),
        short_name,
        namespace: namespace.map(String::from),
        kwargs,
        column: column.map(String::from),
        file_key_name: tested.file_key_name.clone(),
    });
    resource.tags = tags(&Value::Object(config.clone()));
    resource.config = config;
    Some(resource)
}

/// The values of the arguments, sorted by argument name; characters that a name cannot contain
/// become `_`.
fn arguments_in_name(arguments: &Map<String, Value>) -> String {
    let mut names: Vec<&String> = arguments.keys().filter(|name| *name != "model").collect();
    names.sort();
    let values = names.into_iter().flat_map(|name| match &arguments[name] {
        Value::Object(dict) => dict.values().cloned().collect(),
        Value::Array(items) => items.clone(),
        value => vec![value.clone()],
    });
    let clean = |value: Value| {
        let text = match value {
            Value::String(text) => text,
            Value::Bool(true) => "True".to_string(),
            Value::Bool(false) => "False".to_string(),
            Value::Null => "None".to_string(),
            other => other.to_string(),
        };
        NOT_A_NAME.replace_all(&text, "_").into_owned()
    };
    values.map(clean).collect::<Vec<_>>().join("__")
}

static NOT_A_NAME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("[^0-9a-zA-Z_]+").expect("the pattern is well formed"));
static FUNCTION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*(ref|source)\s*\(.+\)\s*$").expect("the pattern is well formed")
});

/// Adds the relations that an argument references: `ref('customers')`.
fn add_calls(argument: &Value, resource: &mut Resource) {
    match argument {
        Value::String(text) if text.contains("{{") || FUNCTION.is_match(text) => {
            resource.add_calls(text)
        }
        Value::Array(items) => items.iter().for_each(|item| add_calls(item, resource)),
        Value::Object(dict) => dict.values().for_each(|item| add_calls(item, resource)),
        _ => {}
    }
}
