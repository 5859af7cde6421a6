//! The parse pass: renders each model for the first time. Takes a model's text; returns its
//! `config()` calls with locations, and its refs and sources. Every `ref()` resolves to the model's
//! own relation, as in dbt's parser. A Python model is not run: its refs and sources are matched in
//! its text.

use std::sync::{Arc, LazyLock};

use indexmap::IndexMap;
use regex::Regex;
use serde_json::{Map, Value, json};

use crate::diagnostics::{Diagnostic, Diagnostics, Location, SourceFile};
use crate::jinja::{
    Batch, Jinja, Lookup, RefCall, Referent, Relation, TemplateScope, hook_key, lazy,
};

use super::Setting;
use super::values::has_jinja;

/// The configuration and references that a model sets, found by rendering it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ParsedModel {
    pub refs: Vec<RefCall>,
    pub sources: Vec<(String, String)>,
    /// One for each `config()` call.
    pub config: Vec<IndexMap<String, Setting>>,
    pub warnings: Vec<Diagnostic>,
}

/// Renders the model `name` of `package`.
pub fn parse_model(
    jinja: &Jinja,
    package: &str,
    name: &str,
    file: &SourceFile,
    this: &Relation,
) -> Result<ParsedModel, Diagnostics> {
    if file.path.ends_with(".py") {
        return Ok(of_python(&file.text));
    }
    if !has_jinja(&file.text) {
        return Ok(ParsedModel::default());
    }
    let scope = TemplateScope {
        package: package.to_string(),
        execute: false,
        model: lazy(model(package, name, file, this)),
        config: Map::new(),
        this: Some(this.clone()),
        // A batch without bounds: the model may use its attributes in expressions.
        batch: Some(Batch {
            id: String::new(),
            start: Default::default(),
            end: Default::default(),
        }),
        incremental: false,
        lookup: Arc::new(SelfLookup(this.clone())),
    };
    let rendered = jinja.render(file, &scope)?;
    let config = rendered
        .config
        .into_iter()
        .enumerate()
        .map(|(nth, call)| with_locations(call, file, nth))
        .collect();
    Ok(ParsedModel {
        refs: rendered.refs,
        sources: rendered.sources,
        config,
        warnings: rendered.warnings,
    })
}

/// The part of dbt's `model` that is known in the parse pass.
fn model(
    package: &str,
    name: &str,
    file: &SourceFile,
    this: &Relation,
) -> impl FnOnce() -> Value + Send + use<> {
    let (package, name, path, this) =
        (package.to_string(), name.to_string(), file.path.clone(), this.clone());
    move || {
        json!({
            "name": name, "alias": name, "package_name": package, "resource_type": "model",
            "original_file_path": &*path, "path": &*path,
            "unique_id": format!("model.{package}.{name}"), "database": this.database,
            "schema": this.schema, "config": {}, "tags": [], "columns": {}, "refs": [],
            "sources": [], "fqn": [package, name], "meta": {}, "version": null,
        })
    }
}

/// Resolves every reference to one relation, the model's own.
pub struct SelfLookup(pub Relation);

impl Lookup for SelfLookup {
    fn reference(
        &self,
        _package: Option<&str>,
        name: &str,
        _version: Option<&str>,
    ) -> Result<Referent, Diagnostic> {
        Ok(Referent::Relation { unique_id: name.to_string(), relation: self.0.clone() })
    }

    fn source(&self, source: &str, table: &str) -> Result<Referent, Diagnostic> {
        Ok(Referent::Relation { unique_id: format!("{source}.{table}"), relation: self.0.clone() })
    }
}

static CALL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\bconfig\s*\(").expect("the pattern is well formed"));

/// The keys of a `config()` call with their locations. `nth` is the position of the call in the
/// order of execution, which differs from the order in the text only under an `if`: a key that is
/// not in the n-th call is searched in all calls.
fn with_locations(
    call: Map<String, Value>,
    file: &SourceFile,
    nth: usize,
) -> IndexMap<String, Setting> {
    let starts: Vec<usize> = CALL.find_iter(&file.text).map(|call| call.start()).collect();
    let here = starts.get(nth).or(starts.first()).copied();
    let next = starts.get(nth + 1).copied().unwrap_or(file.text.len());
    let mut keys = IndexMap::new();
    for (key, value) in call {
        let dashed = hook_key(&key).map(|name| name.replace('_', "-"));
        let search = |range: std::ops::Range<usize>| {
            let dashed = || keyword(file, dashed.as_deref()?, range.clone());
            keyword(file, &key, range.clone()).or_else(dashed)
        };
        let first = starts.first().copied().unwrap_or(file.text.len());
        let at =
            here.and_then(|here| search(here..next)).or_else(|| search(first..file.text.len()));
        let at = at.unwrap_or_else(|| {
            here.map_or_else(|| file.line(1), |here| file.at(here..here + "config".len()))
        });
        keys.insert(key, Setting { value, at });
    }
    keys
}

/// The location of `key=value` (or `'key': value`) in a range of the text; it includes the value if
/// that is a literal or a word.
fn keyword(file: &SourceFile, key: &str, range: std::ops::Range<usize>) -> Option<Location> {
    let text = &file.text[range.clone()];
    text.match_indices(key).find_map(|(at, _)| {
        let before = text[..at].chars().next_back();
        let quoted = matches!(before, Some('\'' | '"'));
        if before.is_some_and(|before| before.is_alphanumeric() || before == '_') {
            return None;
        }
        let rest = &text[at + key.len()..];
        let rest = if quoted { rest.strip_prefix(['\'', '"'])? } else { rest };
        let value = rest
            .trim_start()
            .strip_prefix(if quoted { ':' } else { '=' })
            .filter(|value| !value.starts_with('='))?
            .trim_start();
        let start = range.start + at;
        let value_start = range.end - value.len();
        Some(file.at(start..value_start + literal_length(value)))
    })
}

/// The length of a quoted text, a number or a word at the start of `value`; 0 for anything else.
fn literal_length(value: &str) -> usize {
    match value.chars().next() {
        Some(quote @ ('\'' | '"')) => value[1..]
            .split_once(quote)
            .filter(|(text, _)| !text.contains('\n'))
            .map_or(0, |(text, _)| text.len() + 2),
        _ => value
            .find(|character: char| !character.is_alphanumeric() && !"_.-".contains(character))
            .unwrap_or(value.len()),
    }
}

fn of_python(text: &str) -> ParsedModel {
    let patterns = [
        r#"\bdbt\.ref\(\s*["']([^"']+)["'](?:\s*,\s*["']([^"']+)["'])?"#,
        r#"\bdbt\.source\(\s*["']([^"']+)["']\s*,\s*["']([^"']+)["']"#,
    ];
    let [refs, sources] =
        patterns.map(|pattern| Regex::new(pattern).expect("the pattern is well formed"));
    let word = |call: &regex::Captures, nth| {
        call.get(nth).map(|word: regex::Match| word.as_str().to_string())
    };
    ParsedModel {
        refs: refs
            .captures_iter(text)
            .filter_map(|call| match (word(&call, 1)?, word(&call, 2)) {
                (package, Some(name)) => {
                    Some(RefCall { package: Some(package), name, version: None })
                }
                (name, None) => Some(RefCall { package: None, name, version: None }),
            })
            .collect(),
        sources: sources
            .captures_iter(text)
            .filter_map(|call| Some((word(&call, 1)?, word(&call, 2)?)))
            .collect(),
        ..ParsedModel::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_config_calls_have_locations() {
        let text = "{{ config(\n  materialized='table',\n  lookback = 3,\n  tags=['a'],\n  \
            meta={'begin': 1}, begin='2024-01-01') }}\n{{ config(lookback=5) }}";
        let file = SourceFile::new("models/a.sql", text);
        let call = |value: Value| value.as_object().unwrap().clone();
        let first = with_locations(
            call(json!({"materialized": "table", "lookback": 3, "tags": ["a"], "project": "p"})),
            &file,
            0,
        );
        let text_at = |at: &Location| (text[at.span.clone()].to_string(), at.line());
        assert_eq!(text_at(&first["materialized"].at), ("materialized='table'".to_string(), 2));
        assert_eq!(text_at(&first["lookback"].at), ("lookback = 3".to_string(), 3));
        assert_eq!(text_at(&first["tags"].at), ("tags=".to_string(), 4));
        assert_eq!(text_at(&first["project"].at), ("config".to_string(), 1));
        let second = with_locations(call(json!({"lookback": 5})), &file, 1);
        assert_eq!(text_at(&second["lookback"].at), ("lookback=5".to_string(), 6));
    }

    #[test]
    fn a_python_model_is_matched_as_text() {
        let declared = of_python(
            "def model(dbt, session):\n  a = dbt.ref('a')\n  b = dbt.ref(\"p\", \"b\")\n  return \
             dbt.source('raw', 'c')\n",
        );
        assert_eq!(
            declared
                .refs
                .iter()
                .map(|call| (call.package.as_deref(), &*call.name))
                .collect::<Vec<_>>(),
            [(None, "a"), (Some("p"), "b")]
        );
        assert_eq!(declared.sources, [("raw".to_string(), "c".to_string())]);
    }
}
