//! Jinja's filters for HTML: `escape`, `striptags`, `urlize`, `xmlattr`, `urlencode`.

use std::sync::LazyLock;

use minijinja::value::Value;
use minijinja::{Environment, Error};
use regex::Regex;

use super::call::Call;
use super::text::text;
use super::types::{self, Type};
use super::{Args, collections, error, items, values};

pub(in crate::jinja) fn register(environment: &mut Environment) {
    for name in ["escape", "e"] {
        environment.add_filter(name, |value: Value| {
            if value.is_safe() { value } else { Value::from_safe_string(escaped(&text(&value))) }
        });
    }
    environment.add_filter("forceescape", |value: Value| match value.is_safe() {
        true => Value::from_safe_string(text(&value)),
        false => Value::from_safe_string(escaped(&text(&value))),
    });
    environment.add_filter("striptags", |value: Value| without_tags(&text(&value)));
    environment.add_filter("urlencode", urlencode);
    environment.add_filter("urlize", urlize);
    environment.add_filter("xmlattr", xmlattr);
}

/// The five special characters of HTML, escaped as by MarkupSafe.
pub(in crate::jinja) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\'' => out.push_str("&#39;"),
            '"' => out.push_str("&#34;"),
            c => out.push(c),
        }
    }
    out
}

fn unescaped(text: &str) -> String {
    static ENTITY: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"&(#[0-9]+|#[xX][0-9a-fA-F]+|[a-z]+);").ok());
    let Some(entity) = &*ENTITY else { return text.to_string() };
    let replaced = entity.replace_all(text, |captures: &regex::Captures| {
        let code = match &captures[1] {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            "nbsp" => Some('\u{a0}'),
            other => match (
                other.strip_prefix("#x").or(other.strip_prefix("#X")),
                other.strip_prefix('#'),
            ) {
                (Some(hex), _) => u32::from_str_radix(hex, 16).ok().and_then(char::from_u32),
                (None, Some(decimal)) => decimal.parse().ok().and_then(char::from_u32),
                _ => None,
            },
        };
        code.map_or_else(|| captures[0].to_string(), String::from)
    });
    replaced.into_owned()
}

fn without_tags(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        let (skipped, sign) =
            if rest[start..].starts_with("<!--") { (start + 4, "-->") } else { (start, ">") };
        let Some(end) = rest.get(skipped..).and_then(|inner| inner.find(sign)) else { break };
        out.push_str(&rest[..start]);
        rest = &rest[skipped + end + sign.len()..];
    }
    out.push_str(rest);
    unescaped(&out.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn quoted(value: &Value, query: bool) -> String {
    let mut out = String::new();
    for byte in text(value).bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte))
            }
            b'/' if !query => out.push('/'),
            b' ' if query => out.push('+'),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

fn urlencode(value: Value) -> Result<String, Error> {
    match types::of(&value) {
        Type::List
        | Type::Tuple
        | Type::Dict
        | Type::Set
        | Type::View
        | Type::Range
        | Type::Iterator
        | Type::Mapping => {
            let mut parts = Vec::new();
            let pairs = match types::of(&value) {
                Type::Dict | Type::Mapping => collections::pairs_of(&value)?,
                _ => {
                    let mut pairs = Vec::new();
                    for item in items(&value)? {
                        match &items(&item)?[..] {
                            [key, item] => pairs.push((key.clone(), item.clone())),
                            other => {
                                return Err(error(format!(
                                    "expected two values for each part of a URL, but got {}",
                                    other.len()
                                )));
                            }
                        }
                    }
                    pairs
                }
            };
            for (key, item) in pairs {
                parts.push(format!("{}={}", quoted(&key, true), quoted(&item, true)));
            }
            Ok(parts.join("&"))
        }
        Type::Relation => Err(error("a relation is not a dict and has no items")),
        _ => Ok(quoted(&value, false)),
    }
}

fn xmlattr(value: Value, rest: Args) -> Result<String, Error> {
    if !matches!(types::of(&value), Type::Dict | Type::Mapping) {
        return Err(error(format!("'{} object' has no attribute 'items'", types::name(&value))));
    }
    let mut parts = Vec::new();
    for (key, item) in collections::pairs_of(&value)? {
        if item.is_none() || item.is_undefined() {
            continue;
        }
        let Some(name) = key.as_str() else {
            return Err(error("expected string or bytes-like object"));
        };
        if name.contains(|c: char| c.is_ascii_whitespace() || ['/', '>', '='].contains(&c)) {
            return Err(error(format!("Invalid character in attribute name: '{name}'")));
        }
        let item = if item.is_safe() { text(&item) } else { escaped(&text(&item)) };
        parts.push(format!("{}=\"{item}\"", escaped(name)));
    }
    let joined = parts.join(" ");
    let rest = values(rest);
    let call = Call::of("", "xmlattr", &rest);
    let space = call.get(0, "autospace").is_none_or(|space| space.is_true());
    Ok(if space && !joined.is_empty() { format!(" {joined}") } else { joined })
}

static URL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let hosts = [
        r"(https?://|www\.)([\w%-]+\.)*([a-z]{2,63}|xn--[\w%]{2,59})",
        r"([\w%-]{2,63}\.)+(com|net|int|edu|gov|org|info|mil)",
        r"https?://(\d{1,3}(\.\d{1,3}){3}|\[([\da-f]{0,4}:){2}([\da-f]{0,4}:?){1,6}\])",
    ];
    Regex::new(&format!(r"^(?i)({})(:\d{{1,5}})?([/?#]\S*)?$", hosts.join("|"))).ok()
});
static EMAIL: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\S+@\w[\w.-]*\.\w+$").ok());

fn matches(pattern: &Option<Regex>, text: &str) -> bool {
    pattern.as_ref().is_some_and(|pattern| pattern.is_match(text))
}

/// The characters at the start or the end of a word that are not part of a URL.
fn edges(word: &str) -> (&str, &str, &str) {
    let mut start = 0;
    while let Some(sign) = ["(", "<", "&lt;"].iter().find(|sign| word[start..].starts_with(**sign))
    {
        start += sign.len();
    }
    let mut end = word.len();
    while let Some(sign) =
        [")", ">", ".", ",", "\n", "&gt;"].iter().find(|sign| word[start..end].ends_with(**sign))
    {
        end -= sign.len();
    }
    (&word[..start], &word[start..end], &word[end..])
}

fn urlize(value: Value, args: Args) -> Result<String, Error> {
    let args = values(args);
    let call = Call::of("", "urlize", &args);
    let limit = call.integer(0, "trim_url_limit")?.and_then(|limit| usize::try_from(limit).ok());
    let mut rel: Vec<String> =
        call.text(3, "rel")?.unwrap_or_default().split_whitespace().map(str::to_string).collect();
    rel.push("noopener".to_string());
    if call.truth(1, "nofollow") {
        rel.push("nofollow".to_string());
    }
    rel.sort();
    rel.dedup();
    let target = call
        .text(2, "target")?
        .map(|target| format!(" target=\"{}\"", escaped(&target)))
        .unwrap_or_default();
    let attributes = format!(" rel=\"{}\"{target}", escaped(&rel.join(" ")));
    let shown = |address: &str| match limit {
        Some(limit) if address.chars().count() > limit => {
            format!("{}...", address.chars().take(limit).collect::<String>())
        }
        _ => address.to_string(),
    };
    let source = if value.is_safe() { text(&value) } else { escaped(&text(&value)) };
    let mut out = String::new();
    for word in source.split_inclusive(char::is_whitespace) {
        let blank = word.len() - word.trim_end().len();
        let (word, space) = word.split_at(word.len() - blank);
        let (head, middle, tail) = edges(word);
        let (mut middle, mut tail) = (middle.to_string(), tail.to_string());
        for (open, close) in [("(", ")"), ("<", ">"), ("&lt;", "&gt;")] {
            let opened = middle.matches(open).count();
            if opened > middle.matches(close).count() {
                for _ in 0..opened.min(tail.matches(close).count()) {
                    let end = tail.find(close).map_or(0, |at| at + close.len());
                    middle.push_str(&tail[..end]);
                    tail = tail[end..].to_string();
                }
            }
        }
        let linked = if matches(&URL, &middle) {
            let scheme = if middle.starts_with("http://") || middle.starts_with("https://") {
                ""
            } else {
                "https://"
            };
            format!("<a href=\"{scheme}{middle}\"{attributes}>{}</a>", shown(&middle))
        } else if let Some(address) =
            middle.strip_prefix("mailto:").filter(|address| matches(&EMAIL, address))
        {
            format!("<a href=\"{middle}\">{address}</a>")
        } else if middle.contains('@')
            && !middle.starts_with("www.")
            && !middle.starts_with('@')
            && !middle.contains(':')
            && matches(&EMAIL, &middle)
        {
            format!("<a href=\"mailto:{middle}\">{middle}</a>")
        } else {
            middle
        };
        out.push_str(&format!("{head}{linked}{tail}{space}"));
    }
    Ok(out)
}
