//! The location of a source that is a file: `external_location`, with its placeholders filled in as
//! `formatter` defines. Takes the settings of the source; returns the text. Rejects an unknown
//! name, and a syntax that is not one of Python's three.

use serde_json::{Map, Value};

use crate::diagnostics::Diagnostic;

use super::layers::text;

/// Fills in the placeholders of `location`.
pub fn fill_in(
    location: &str,
    formatter: &str,
    values: &Map<String, Value>,
) -> Result<String, Diagnostic> {
    match formatter {
        "newstyle" => braces(location, values),
        "oldstyle" => percents(location, values),
        "template" => dollars(location, values),
        other => Err(Diagnostic::error(format!(
            "`formatter` must be `newstyle`, `oldstyle` or `template`, but is `{other}`"
        ))
        .hint("omit it for `newstyle`: `data/{name}.csv`")),
    }
}

/// `{name}`, and `{{` for a brace.
fn braces(location: &str, values: &Map<String, Value>) -> Result<String, Diagnostic> {
    let mut result = String::new();
    let mut rest = location;
    while let Some(at) = rest.find(['{', '}']) {
        result.push_str(&rest[..at]);
        let brace = &rest[at..at + 1];
        rest = &rest[at + 1..];
        if let Some(tail) = rest.strip_prefix(brace) {
            result.push_str(brace);
            rest = tail;
            continue;
        }
        let Some((name, tail)) = rest.split_once('}').filter(|_| brace == "{") else {
            return Err(invalid_placeholder(location, brace));
        };
        if name.is_empty() || name.contains(['{', ':', '!', '.', '[']) {
            return Err(invalid_placeholder(location, &format!("{{{name}}}")));
        }
        result.push_str(&value(name, values)?);
        rest = tail;
    }
    Ok(result + rest)
}

/// `%(name)s`, and `%%` for a percent sign.
fn percents(location: &str, values: &Map<String, Value>) -> Result<String, Diagnostic> {
    let mut result = String::new();
    let mut rest = location;
    while let Some((before, tail)) = rest.split_once('%') {
        result.push_str(before);
        if let Some(tail) = tail.strip_prefix('%') {
            result.push('%');
            rest = tail;
            continue;
        }
        let named = tail.strip_prefix('(').and_then(|tail| tail.split_once(")s"));
        let Some((name, tail)) = named.filter(|(name, _)| !name.contains(')')) else {
            return Err(invalid_placeholder(location, "%"));
        };
        result.push_str(&value(name, values)?);
        rest = tail;
    }
    Ok(result + rest)
}

/// `$name`, `${name}`, and `$$` for a dollar sign.
fn dollars(location: &str, values: &Map<String, Value>) -> Result<String, Diagnostic> {
    let mut result = String::new();
    let mut rest = location;
    while let Some((before, tail)) = rest.split_once('$') {
        result.push_str(before);
        if let Some(tail) = tail.strip_prefix('$') {
            result.push('$');
            rest = tail;
            continue;
        }
        let (name, tail) = match tail.strip_prefix('{') {
            Some(inner) => {
                inner.split_once('}').ok_or_else(|| invalid_placeholder(location, "${"))?
            }
            None => tail.split_at(
                tail.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
                    .unwrap_or(tail.len()),
            ),
        };
        if name.is_empty() || name.starts_with(|letter: char| letter.is_ascii_digit()) {
            return Err(invalid_placeholder(location, "$"));
        }
        result.push_str(&value(name, values)?);
        rest = tail;
    }
    Ok(result + rest)
}

/// The value of a name in Python's notation.
fn value(name: &str, values: &Map<String, Value>) -> Result<String, Diagnostic> {
    Ok(match values.get(name) {
        Some(Value::Null) => "None".to_string(),
        Some(Value::Bool(true)) => "True".to_string(),
        Some(Value::Bool(false)) => "False".to_string(),
        Some(value) => text(value),
        None => {
            let names: Vec<&str> = values.keys().map(String::as_str).collect();
            return Err(Diagnostic::error(format!("unknown name `{name}` in `external_location`"))
                .hint(format!("the names are `{}`", names.join("`, `"))));
        }
    })
}

fn invalid_placeholder(location: &str, part: &str) -> Diagnostic {
    Diagnostic::error(format!("invalid placeholder `{part}` in `external_location`: `{location}`"))
        .hint("double a literal sign; formats of values are not supported")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(location: &str, formatter: &str) -> String {
        let values = json!({"name": "orders", "day": 3, "zipped": true});
        fill_in(location, formatter, values.as_object().unwrap())
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
    fn unknown_names_are_rejected() {
        assert_eq!(of("{other}", "newstyle"), "unknown name `other` in `external_location`");
        assert_eq!(
            of("{day:03}", "newstyle"),
            "invalid placeholder `{day:03}` in `external_location`: `{day:03}`"
        );
        assert_eq!(of("a}", "newstyle"), "invalid placeholder `}` in `external_location`: `a}`");
        assert_eq!(of("%d", "oldstyle"), "invalid placeholder `%` in `external_location`: `%d`");
        assert_eq!(of("$1", "template"), "invalid placeholder `$` in `external_location`: `$1`");
        assert_eq!(
            of("x", "other"),
            "`formatter` must be `newstyle`, `oldstyle` or `template`, but is `other`"
        );
    }
}
