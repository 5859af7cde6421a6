//! The settings of a model for `check`, under `meta: {batchwright: {…}}`: `check: {BW004: note}`,
//! `allow: {BW004: 'a reason'}`, and `late_by: 3 days`, how late rows arrive. Takes the merged
//! configuration; returns them with their locations. Rejects other shapes; whether a code exists is
//! checked by `check`.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::layers::{batchwright_setting, kind, text};
use crate::calendar::Grain;
use crate::diagnostics::{Diagnostic, Level, Location, nearest};
use crate::project::Setting;

/// The settings of a model for `check`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Check {
    /// The configured level of rules, by code; `None` for `off`.
    pub levels: Vec<(String, Option<Level>, Location)>,
    pub allow: Vec<Allow>,
    pub late_by: Option<LateBy>,
}

/// A finding that the model's owner accepts.
#[derive(Clone, Debug, PartialEq)]
pub struct Allow {
    pub code: String,
    pub reason: String,
    pub at: Location,
}

/// The maximum delay of late rows: `3 days`.
#[derive(Clone, Debug, PartialEq)]
pub struct LateBy {
    pub count: u32,
    pub grain: Grain,
    pub at: Location,
}

/// The settings of the model for `check`.
pub fn check(model: &str, config: &IndexMap<String, Setting>) -> Result<Check, Diagnostic> {
    let mut check = Check::default();
    for (code, value, at) in dict(model, config, "check")? {
        let level = match value {
            // YAML parses `off` as false.
            Value::Bool(false) => None,
            value => match value.as_str() {
                Some("error") => Some(Level::Error),
                Some("warning") => Some(Level::Warning),
                Some("note") => Some(Level::Note),
                Some("off") => None,
                _ => return Err(invalid_level(model, &code, value, at)),
            },
        };
        check.levels.push((code, level, at));
    }
    for (code, reason, at) in dict(model, config, "allow")? {
        let Some(reason) = reason.as_str().filter(|reason| !reason.trim().is_empty()) else {
            let error = format!("model `{model}` allows `{code}` without a reason");
            return Err(Diagnostic::error(error)
                .at(at)
                .hint(format!("add one: `allow: {{{code}: 'why the finding is accepted'}}`")));
        };
        check.allow.push(Allow { code, reason: reason.trim().to_string(), at });
    }
    if let Some((value, at)) = batchwright_setting(config, "late_by") {
        let late_by = late_by(&text(value));
        let Some((count, grain)) = late_by else {
            let error = format!(
                "`late_by` of model `{model}` must be a number and a unit, but is `{}`",
                text(value)
            );
            return Err(Diagnostic::error(error).at(at).hint(
                "write `late_by: 3 days`; the units are `hours`, `days`, `months`, `years`",
            ));
        };
        check.late_by = Some(LateBy { count, grain, at });
    }
    Ok(check)
}

/// The entries of a setting that is a dict, with their locations.
fn dict<'a>(
    model: &str,
    config: &'a IndexMap<String, Setting>,
    key: &str,
) -> Result<Vec<(String, &'a Value, Location)>, Diagnostic> {
    let Some((value, at)) = batchwright_setting(config, key) else { return Ok(Vec::new()) };
    let Some(dict): Option<&Map<String, Value>> = value.as_object() else {
        let error = format!("`{key}` of model `{model}` must be a dict, but is {}", kind(value));
        let example =
            if key == "allow" { "allow: {BW004: 'a reason'}" } else { "check: {BW004: note}" };
        return Err(Diagnostic::error(error).at(at).hint(format!("write `{example}`")));
    };
    let location = |code: &str| {
        let text = &at.file.text[at.span.end.min(at.file.text.len())..];
        let offset = text.find(code).map(|offset| at.span.end + offset);
        offset.map_or_else(|| at.clone(), |start| at.file.at(start..start + code.len()))
    };
    Ok(dict
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(code, value)| (code.clone(), value, location(code)))
        .collect())
}

fn invalid_level(model: &str, code: &str, value: &Value, at: Location) -> Diagnostic {
    let actual = text(value);
    let error = format!(
        "the level of `{code}` for model `{model}` must be `error`, `warning`, `note` or `off`, \
         and is `{actual}`"
    );
    let error = Diagnostic::error(error).at(at);
    match nearest(&actual, ["error", "warning", "note", "off"]) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint("`off` disables a rule"),
    }
}

fn late_by(text: &str) -> Option<(u32, Grain)> {
    let (count, unit) = text.trim().split_once(char::is_whitespace)?;
    let unit = unit.trim().to_lowercase();
    Some((count.parse().ok()?, Grain::parse(unit.strip_suffix('s').unwrap_or(&unit))?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::diagnostics::SourceFile;

    fn read(settings: Value) -> Result<Check, Diagnostic> {
        let at = SourceFile::new("a.yml", "").at(0..0);
        let config =
            [("meta".to_string(), Setting { value: json!({"batchwright": settings}), at })];
        check("orders", &config.into_iter().collect())
    }

    #[test]
    fn settings_are_read() {
        let settings = json!({"check": {"BW001": false, "BW002": "note"}, "allow": {"BW003": " it \
            is "}, "late_by": "36 hours"});
        let check = read(settings).unwrap();
        assert_eq!(
            check.levels.iter().map(|(code, level, _)| (code.as_str(), *level)).collect::<Vec<_>>(),
            [("BW001", None), ("BW002", Some(Level::Note))]
        );
        assert_eq!(
            (check.allow[0].code.as_str(), check.allow[0].reason.as_str()),
            ("BW003", "it is")
        );
        assert_eq!(check.late_by.map(|late| (late.count, late.grain)), Some((36, Grain::Hour)));
    }

    #[test]
    fn other_shapes_are_rejected() {
        let says = |settings: Value| read(settings).unwrap_err().message;
        assert_eq!(
            says(json!({"check": "off"})),
            "`check` of model `orders` must be a dict, but is text"
        );
        assert_eq!(
            says(json!({"allow": {"BW001": ""}})),
            "model `orders` allows `BW001` without a reason"
        );
        assert_eq!(
            says(json!({"late_by": 3})),
            "`late_by` of model `orders` must be a number and a unit, but is `3`"
        );
    }
}
