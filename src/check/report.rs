//! Machine-readable findings: JSON, SARIF 2.1.0, and GitHub workflow commands. Paths begin with
//! `folder`, the project's folder in the command line.

use serde_json::{Value, json};

use super::{Finding, RULES, Rule};
use crate::diagnostics::{Level, Location};

/// An array of findings, including the allowed ones with their reasons.
pub fn json(findings: &[Finding], folder: &str) -> String {
    let each = findings.iter().map(|finding| {
        let diagnostic = &finding.diagnostic;
        let mut object = json!({
            "code": finding.rule.code,
            "level": finding.level(),
            "only_costs": finding.rule.only_costs,
            "message": diagnostic.message,
            "model": finding.model,
        });
        if let Some(at) = &diagnostic.at {
            let ((line, column), (end_line, end_column)) = (at.begins(), at.ends());
            object["path"] = path(folder, at).into();
            object["line"] = line.into();
            object["column"] = column.into();
            object["end_line"] = end_line.into();
            object["end_column"] = end_column.into();
        }
        object["notes"] = diagnostic.notes.clone().into();
        object["hints"] = diagnostic.hints.clone().into();
        object["allowed"] = finding.allowed.clone().into();
        object
    });
    pretty(&each.collect())
}

/// A SARIF log with one run.
pub fn sarif(findings: &[Finding], folder: &str) -> String {
    let broken: Vec<&Rule> =
        RULES.iter().filter(|rule| findings.iter().any(|finding| finding.rule == **rule)).collect();
    let rules = broken.iter().map(|rule| {
        json!({
            "id": rule.code,
            "shortDescription": {"text": rule.title},
            "help": {"text": rule.title, "markdown": rule.page},
            "defaultConfiguration": {"level": word(rule.level)},
        })
    });
    let results = findings.iter().map(|finding| {
        let diagnostic = &finding.diagnostic;
        let mut text = diagnostic.message.clone();
        for line in diagnostic.notes.iter().chain(&diagnostic.hints) {
            text.push('\n');
            text.push_str(line);
        }
        let mut result = json!({
            "ruleId": finding.rule.code,
            "ruleIndex": broken.iter().position(|rule| **rule == finding.rule),
            "level": word(diagnostic.level),
            "message": {"text": text},
        });
        if let Some(at) = &diagnostic.at {
            let ((line, column), (end_line, end_column)) = (at.begins(), at.ends());
            let region = json!({
                "startLine": line,
                "startColumn": column,
                "endLine": end_line,
                "endColumn": end_column,
            });
            let artifact = json!({"uri": uri(&path(folder, at))});
            result["locations"] = json!([{
                "physicalLocation": {"artifactLocation": artifact, "region": region},
                "logicalLocations": [{"fullyQualifiedName": finding.model}],
            }]);
        }
        if let Some(reason) = &finding.allowed {
            result["suppressions"] = json!([{"kind": "inSource", "justification": reason}]);
        }
        result
    });
    let version = env!("CARGO_PKG_VERSION");
    pretty(&json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "batchwright",
                    "version": version,
                    "rules": rules.collect::<Value>(),
                },
            },
            "columnKind": "unicodeCodePoints",
            "results": results.collect::<Value>(),
        }],
    }))
}

/// One GitHub workflow command per finding that is not allowed, shown next to the changed lines.
pub fn github(findings: &[Finding], folder: &str) -> String {
    let shown = findings.iter().filter(|finding| finding.allowed.is_none());
    let lines = shown.map(|finding| {
        let diagnostic = &finding.diagnostic;
        let command =
            if diagnostic.level == Level::Note { "notice" } else { word(diagnostic.level) };
        let mut position = String::new();
        if let Some(at) = &diagnostic.at {
            let ((line, column), (end_line, end_column)) = (at.begins(), at.ends());
            position =
                format!("file={},line={line},endLine={end_line},", property(&path(folder, at)));
            // Columns are valid within one line only.
            if line == end_line {
                position.push_str(&format!("col={column},endColumn={end_column},"));
            }
        }
        let text: Vec<&str> = [&diagnostic.message]
            .into_iter()
            .chain(&diagnostic.notes)
            .chain(&diagnostic.hints)
            .map(String::as_str)
            .collect();
        format!(
            "::{command} {position}title={}::{}\n",
            property(&format!("{} {}", finding.rule.code, finding.rule.title)),
            data(&text.join("\n"))
        )
    });
    lines.collect()
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    }
}

fn path(folder: &str, at: &Location) -> String {
    if folder.is_empty() { at.file.path.to_string() } else { format!("{folder}/{}", at.file.path) }
}

/// A path as a relative URI.
fn uri(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    path.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_cannot_end_a_command() {
        assert_eq!(property("a,b: 5%\n"), "a%2Cb%3A 5%25%0A");
        assert_eq!(uri("models/größe 1.sql"), "models/gr%C3%B6%C3%9Fe%201.sql");
    }
}
