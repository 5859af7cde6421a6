//! The audit settings of a model, `meta: {batchwright: {audit: {ignore: […], allow: […]}}}`. Takes
//! the merged configuration; returns columns, verdicts and a threshold. Rejects other keys, and a
//! verdict that no audit returns.

use indexmap::IndexMap;
use serde_json::Value;

use super::layers::{batchwright_setting, kind, texts};
use crate::diagnostics::{Diagnostic, Location, nearest};
use crate::project::Setting;

/// The verdicts of an audit on a batch, except `ok`, each with its meaning.
pub const VERDICTS: [(&str, &str); 15] = [
    ("empty", "the table has no rows of the batch, but the query yields some"),
    ("missing rows", "the query yields rows that the table lacks"),
    ("extra rows", "the table has rows that the query does not yield"),
    ("doubled rows", "the table has rows more often than the query yields them"),
    ("differs", "the table lacks rows that the query yields, and has others"),
    ("duplicate keys", "rows of the table share a `unique_key`"),
    (
        "outside",
        "the query of the batch yields rows outside of its window, or the table has rows before \
         `begin`",
    ),
    ("edge", "the query yields other rows for the batch alone than for all batches at once"),
    ("no event time", "rows have no event time, so that they belong to no batch"),
    ("fewer rows", "a staged batch has fewer rows than it replaces, by more than `max_change`"),
    ("more rows", "a staged batch has more rows than it replaces, by more than `max_change`"),
    (
        "vanished keys",
        "keys of the replaced rows are not among the staged ones, more than `max_change`",
    ),
    (
        "ok (declared columns)",
        "only the declared columns of the rows were compared, without a difference: pass dbt's \
         catalog (`--catalog`), or name the columns instead of `*`",
    ),
    (
        "ok (counts)",
        "only the numbers of rows were compared, without a difference: pass dbt's catalog \
         (`--catalog`), or name the columns instead of `*`",
    ),
    ("not compared", "the rows of the query were not compared with those of the table"),
];

/// The settings for comparing a model's table with its query.
#[derive(Clone, Debug, PartialEq)]
pub struct Audit {
    /// Columns that are not compared, since the query returns new values each time, such as the
    /// time of loading.
    pub ignore: Vec<String>,
    /// Verdicts that do not fail the audit.
    pub allow: Vec<String>,
    /// The maximum share of its rows, or of their keys, by which a staged batch may differ from the
    /// rows that it replaces.
    pub max_change: f64,
}

/// 5 %: a filter that drops 10 % of the rows fails the audit.
const MAX_CHANGE: f64 = 0.05;

impl Default for Audit {
    fn default() -> Audit {
        Audit { ignore: Vec::new(), allow: Vec::new(), max_change: MAX_CHANGE }
    }
}

/// The settings of a model's audit.
pub fn audit(model: &str, config: &IndexMap<String, Setting>) -> Result<Audit, Diagnostic> {
    let Some((value, at)) = batchwright_setting(config, "audit") else {
        return Ok(Audit::default());
    };
    let Some(dict) = value.as_object() else {
        let error = format!("`audit` of model `{model}` must be a dict, but is {}", kind(value));
        return Err(Diagnostic::error(error)
            .at(at)
            .hint("write `audit: {ignore: [loaded_at]}`: columns that are not compared"));
    };
    if let Some(key) =
        dict.keys().find(|key| !["ignore", "allow", "max_change"].contains(&key.as_str()))
    {
        let error =
            Diagnostic::error(format!("unknown setting `{key}` in `audit` of model `{model}`"))
                .at(at);
        return Err(error.hint(
            "the settings are `ignore`, a list of columns, `allow`, a list of verdicts, and \
                 `max_change`, a number",
        ));
    }
    let of = |key: &str| list(model, key, dict.get(key).unwrap_or(&Value::Null), &at);
    let (ignore, allow) = (of("ignore")?, of("allow")?);
    if let Some((other, hint)) = unknown_verdict(&allow) {
        let error =
            format!("unknown verdict `{other}` in `allow` of the `audit` of model `{model}`");
        return Err(Diagnostic::error(error).at(at).hint(hint));
    }
    let max_change = max_change(model, dict.get("max_change").unwrap_or(&Value::Null), &at)?;
    Ok(Audit { ignore, allow, max_change })
}

/// The first text that is not a verdict, and a hint.
pub fn unknown_verdict(allow: &[String]) -> Option<(&str, String)> {
    let verdicts = || VERDICTS.iter().map(|(verdict, _)| *verdict);
    let unknown = allow.iter().find(|allowed| !verdicts().any(|verdict| verdict == *allowed))?;
    let hint = match nearest(unknown, verdicts()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the verdicts are `{}`", verdicts().collect::<Vec<_>>().join("`, `")),
    };
    Some((unknown, hint))
}

fn max_change(model: &str, value: &Value, at: &Location) -> Result<f64, Diagnostic> {
    match value {
        Value::Null => return Ok(MAX_CHANGE),
        Value::Number(number) => {
            if let Some(share) = number.as_f64().filter(|share| *share >= 0.0) {
                return Ok(share);
            }
        }
        _ => {}
    }
    let error = format!(
        "`max_change` of the `audit` of model `{model}` must be a number of at least 0, but is \
         {value}"
    );
    Err(Diagnostic::error(error)
        .at(at.clone())
        .hint("write the share of rows that may differ: `audit: {max_change: 0.05}`"))
}

fn list(model: &str, key: &str, value: &Value, at: &Location) -> Result<Vec<String>, Diagnostic> {
    let is_list = matches!(value, Value::Null | Value::String(_))
        || value.as_array().is_some_and(|list| list.iter().all(Value::is_string));
    if is_list {
        return Ok(texts(Some(value)));
    }
    let error = format!(
        "`{key}` of the `audit` of model `{model}` must be a list of texts, but is {}",
        kind(value)
    );
    Err(Diagnostic::error(error).at(at.clone()).hint(format!("write `audit: {{{key}: […]}}`")))
}
