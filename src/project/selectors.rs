//! `selectors.yml`. Takes the file and what its Jinja may ask; gives its data, Jinja rendered. What is wrong with it is an error
//! where a selection reads it, since most runs do not.

use serde_yaml::Value;

use crate::diagnostics::{Diagnostic, SourceFile};
use crate::jinja::{self, YamlScope};

use super::values::has_jinja;
use super::yaml::refuse_deep;

#[derive(Clone, Debug)]
pub struct SelectorsFile {
    pub file: SourceFile,
    pub data: Result<Value, Diagnostic>,
}

impl SelectorsFile {
    pub fn read(file: SourceFile, scope: &YamlScope) -> SelectorsFile {
        let data = parse(&file).and_then(|data| rendered(data, &file, scope));
        SelectorsFile { file, data }
    }
}

fn parse(file: &SourceFile) -> Result<Value, Diagnostic> {
    refuse_deep(file)?;
    let broken = |error: serde_yaml::Error| {
        let line = error.location().map_or(1, |location| location.line());
        // The location follows the message, so the text is cut before its own.
        let text = error.to_string();
        let what = text.split(" at line ").next().unwrap_or_default().to_string();
        Diagnostic::error(format!("`{}` is not YAML: {what}", file.path)).at(file.line(line))
    };
    let mut data: Value = serde_yaml::from_str(&file.text).map_err(broken)?;
    data.apply_merge().map_err(broken)?;
    Ok(data)
}

fn rendered(data: Value, file: &SourceFile, scope: &YamlScope) -> Result<Value, Diagnostic> {
    match data {
        Value::String(text) if has_jinja(&text) => {
            let failed = |error: Diagnostic| match error.at {
                Some(_) => error,
                None => error.at(file.find(&text)),
            };
            let value = jinja::yaml_value(&text, scope).map_err(failed)?;
            serde_yaml::to_value(value).map_err(|error| Diagnostic::error(error.to_string()).at(file.find(&text)))
        }
        Value::Sequence(items) => items.into_iter().map(|item| rendered(item, file, scope)).collect(),
        Value::Mapping(keys) => {
            let keys = keys.into_iter().map(|(key, value)| Ok((key, rendered(value, file, scope)?)));
            Ok(Value::Mapping(keys.collect::<Result<_, Diagnostic>>()?))
        }
        other => Ok(other),
    }
}
