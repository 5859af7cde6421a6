//! The place of a source that is a file: `external_location`, with the names in it filled in as
//! `formatter` says. Takes the settings of the source; gives the text. Refuses a name that the
//! source does not have, and a form that is not one of Python's three.

use serde_json::{Map, Value};

use crate::diagnostics::Diagnostic;

use super::layers::text;

/// Fills the names of `location` in.
pub fn filled(
    location: &str,
    formatter: &str,
    known: &Map<String, Value>,
) -> Result<String, Diagnostic> {
    match formatter {
        "newstyle" => braces(location, known),
        "oldstyle" => percents(location, known),
        "template" => dollars(location, known),
        other => Err(Diagnostic::error(format!(
            "`formatter` must be `newstyle`, `oldstyle` or `template`, and is `{other}`"
        ))
        .hint("leave it out for `newstyle`: `data/{name}.csv`")),
    }
}

/// `{name}`, and `{{` for a brace.
fn braces(location: &str, known: &Map<String, Value>) -> Result<String, Diagnostic> {
    let mut filled = String::new();
    let mut rest = location;
    while let Some(at) = rest.find(['{', '}']) {
        filled.push_str(&rest[..at]);
        let brace = &rest[at..at + 1];
        rest = &rest[at + 1..];
        if let Some(behind) = rest.strip_prefix(brace) {
            filled.push_str(brace);
            rest = behind;
            continue;
        }
        let Some((name, behind)) = rest.split_once('}').filter(|_| brace == "{") else {
            return Err(unreadable(location, brace));
        };
        if name.is_empty() || name.contains(['{', ':', '!', '.', '[']) {
            return Err(unreadable(location, &format!("{{{name}}}")));
        }
        filled.push_str(&value(name, known)?);
        rest = behind;
    }
    Ok(filled + rest)
}

/// `%(name)s`, and `%%` for a percent sign.
fn percents(location: &str, known: &Map<String, Value>) -> Result<String, Diagnostic> {
    let mut filled = String::new();
    let mut rest = location;
    while let Some((before, behind)) = rest.split_once('%') {
        filled.push_str(before);
        if let Some(behind) = behind.strip_prefix('%') {
            filled.push('%');
            rest = behind;
            continue;
        }
        let named = behind.strip_prefix('(').and_then(|behind| behind.split_once(")s"));
        let Some((name, behind)) = named.filter(|(name, _)| !name.contains(')')) else {
            return Err(unreadable(location, "%"));
        };
        filled.push_str(&value(name, known)?);
        rest = behind;
    }
    Ok(filled + rest)
}

/// `$name`, `${name}`, and `$$` for a dollar sign.
fn dollars(location: &str, known: &Map<String, Value>) -> Result<String, Diagnostic> {
    let mut filled = String::new();
    let mut rest = location;
    while let Some((before, behind)) = rest.split_once('$') {
        filled.push_str(before);
        if let Some(behind) = behind.strip_prefix('$') {
            filled.push('$');
            rest = behind;
            continue;
        }
        let (name, behind) = match behind.strip_prefix('{') {
            Some(inner) => inner.split_once('}').ok_or_else(|| unreadable(location, "${"))?,
            None => behind.split_at(
                behind
                    .find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
                    .unwrap_or(behind.len()),
            ),
        };
        if name.is_empty() || name.starts_with(|letter: char| letter.is_ascii_digit()) {
            return Err(unreadable(location, "$"));
        }
        filled.push_str(&value(name, known)?);
        rest = behind;
    }
    Ok(filled + rest)
}

/// The value of a name as Python writes it.
fn value(name: &str, known: &Map<String, Value>) -> Result<String, Diagnostic> {
    Ok(match known.get(name) {
        Some(Value::Null) => "None".to_string(),
        Some(Value::Bool(true)) => "True".to_string(),
        Some(Value::Bool(false)) => "False".to_string(),
        Some(value) => text(value),
        None => {
            let names: Vec<&str> = known.keys().map(String::as_str).collect();
            return Err(Diagnostic::error(format!(
                "`external_location` names `{name}`, which the source does not have"
            ))
            .hint(format!("it has `{}`", names.join("`, `"))));
        }
    })
}

fn unreadable(location: &str, part: &str) -> Diagnostic {
    Diagnostic::error(format!(
        "`{part}` in `external_location` is not a name to fill in: `{location}`"
    ))
    .hint("write a sign twice that means itself; a plan knows no formats of values")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(location: &str, formatter: &str) -> String {
        let known = json!({"name": "orders", "day": 3, "zipped": true});
        filled(location, formatter, known.as_object().unwrap())
            .unwrap_or_else(|error| error.message)
    }

    #[test]
    fn names_are_filled_in() {
        assert_eq!(of("data/{name}/{day}_{zipped}.csv", "newstyle"), "data/orders/3_True.csv");
        assert_eq!(of("data/%(name)s/%(day)s.csv", "oldstyle"), "data/orders/3.csv");
        assert_eq!(of("data/$name/${name}s_$day.csv", "template"), "data/orders/orderss_3.csv");
    }

    #[test]
    fn a_sign_is_written_twice() {
        assert_eq!(of("{{{name}}}", "newstyle"), "{orders}");
        assert_eq!(of("100%% {name}", "oldstyle"), "100% {name}");
        assert_eq!(of("$$name", "template"), "$name");
    }

    #[test]
    fn what_is_not_known_is_refused() {
        assert_eq!(
            of("{other}", "newstyle"),
            "`external_location` names `other`, which the source does not have"
        );
        assert_eq!(
            of("{day:03}", "newstyle"),
            "`{day:03}` in `external_location` is not a name to fill in: `{day:03}`"
        );
        assert_eq!(
            of("a}", "newstyle"),
            "`}` in `external_location` is not a name to fill in: `a}`"
        );
        assert_eq!(
            of("%d", "oldstyle"),
            "`%` in `external_location` is not a name to fill in: `%d`"
        );
        assert_eq!(
            of("$1", "template"),
            "`$` in `external_location` is not a name to fill in: `$1`"
        );
        assert_eq!(
            of("x", "other"),
            "`formatter` must be `newstyle`, `oldstyle` or `template`, and is `other`"
        );
    }
}
