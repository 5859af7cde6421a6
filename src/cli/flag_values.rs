//! The values of flags: from the command line, or from environment variables.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, PossibleValue, StringValueParser, TypedValueParser};

/// The environment as templates see it: without dbt's private variables.
pub(super) fn environment() -> BTreeMap<String, String> {
    let all = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    all.filter(|(name, _)| !name.starts_with("DBT_ENV_PRIVATE")).collect()
}

/// The value of a flag that was not given: of dbt's variable of that name. An empty variable is as
/// good as none, as in dbt.
pub(super) fn variable(name: &str) -> Option<String> {
    ["DBT_ENGINE_", "DBT_"].iter().find_map(|prefix| {
        std::env::var(format!("{prefix}{name}")).ok().filter(|value| !value.is_empty())
    })
}

/// The value of an option of the command line, else of its environment variable; an empty one
/// counts as unset.
pub(super) fn option_or_variable(text: Option<String>, name: &str) -> Option<String> {
    text.filter(|text| !text.is_empty()).or_else(|| variable(name))
}

/// The same for a path.
pub(super) fn path_option(path: Option<PathBuf>, name: &str) -> Option<PathBuf> {
    path.filter(|path| !path.as_os_str().is_empty()).or_else(|| variable(name).map(PathBuf::from))
}

/// Whether a flag is given, or set by dbt's variable of that name.
pub fn flag_or_variable(is_given: bool, name: &str) -> bool {
    is_given || variable(name).is_some_and(|text| truth(&text) == Ok(true))
}

/// Adds a flag, unless its value comes from the environment variable.
pub fn push_flag(flags: &mut Vec<String>, name: &str, value: Option<String>, variable: &str) {
    let Some(value) = value.filter(|value| !value.is_empty()) else { return };
    let is_from_environment =
        !variable.is_empty() && std::env::var(variable).is_ok_and(|set| set == value);
    if !is_from_environment {
        flags.extend([name.to_string(), value]);
    }
}

/// Parses a path, which may be empty if it comes from a variable.
pub fn path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

/// Parses a flag with an optional value.
pub(super) fn truth(text: &str) -> Result<bool, String> {
    match text.to_lowercase().as_str() {
        "" => Ok(variable("FULL_REFRESH").is_some_and(|text| truth(&text) == Ok(true))),
        "true" | "t" | "yes" | "y" | "on" | "1" => Ok(true),
        "false" | "f" | "no" | "n" | "off" | "0" => Ok(false),
        _ => Err("it is `true` or `false`".to_string()),
    }
}

/// A text with values for completions; the command itself reports an invalid one.
#[derive(Clone)]
pub(super) struct Suggested(pub fn() -> Vec<&'static str>);

impl TypedValueParser for Suggested {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new((self.0)().into_iter().map(PossibleValue::new)))
    }
}
