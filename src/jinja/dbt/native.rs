//! dbt's native Jinja: the value of a text of YAML. A single expression keeps its type, unless it
//! is a constant; other texts become text. The filters `as_bool`, `as_number`, `as_native` and
//! `as_text` return text, and have an effect only if such a text is the result: `a == 'x' |
//! as_bool` compares `a` with the text `x`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use minijinja::value::Value;
use minijinja::{Environment, Error};
use serde_json::Value as Json;

use super::{environment, json};
use crate::diagnostics::Diagnostic;
use crate::jinja::errors;
use crate::jinja::syntax::lexer::{self, Tag, Token, TokenKind};
use crate::jinja::syntax::transpile;

/// A part of a rendered text.
#[derive(Clone)]
enum Node {
    Text(String),
    Value(Value),
}

thread_local! {
    /// The values that the current template has written so far.
    static WRITTEN: RefCell<Vec<Value>> = const { RefCell::new(Vec::new()) };
    /// The texts that filters returned, with the filter.
    static MARKED: RefCell<BTreeMap<String, &'static str>> =
        const { RefCell::new(BTreeMap::new()) };
}

/// The placeholder of a value in the rendered text: the value's number between private characters.
const OPEN: char = '\u{f0001}';
const CLOSE: char = '\u{f0002}';

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = environment::base();
    for kind in ["as_bool", "as_number", "as_native", "as_text"] {
        environment.add_filter(kind, move |value: Value| {
            let text = text(&value)?;
            MARKED.with_borrow_mut(|marked| marked.insert(text.clone(), kind));
            // The mark is part of the string object, which is equal to other strings with the same
            // text.
            Ok::<_, Error>(Value::from_safe_string(text))
        });
    }
    environment.set_formatter(|out, _, value| {
        errors::check_limits()?;
        let number = WRITTEN.with_borrow_mut(|written| {
            written.push(value.clone());
            written.len() - 1
        });
        std::fmt::Write::write_fmt(out, format_args!("{OPEN}{number}{CLOSE}")).map_err(Error::from)
    });
    environment
});

/// Writes values as a template does.
static PLAIN: LazyLock<Environment<'static>> = LazyLock::new(environment::base);

/// The value of a transpiled text, with the available names. `source` is the original text.
pub fn render(source: &str, ready: &str, names: Value) -> Result<Result<Json, Diagnostic>, Error> {
    WRITTEN.take();
    MARKED.take();
    let text = ENVIRONMENT.render_named_str("yaml", ready, names)?;
    let nodes = nodes(&text);
    let is_constant = matches!(&lexer::tags(source)[..], [tag] if is_constant(source, tag));
    Ok(match &nodes[..] {
        [Node::Value(value)] => match value.as_str().filter(|_| value.is_safe()) {
            Some(text) => marked(text),
            None if is_constant => Ok(Json::String(super::native::text(value)?)),
            None => Ok(json::json(value)),
        },
        nodes => Ok(Json::String(joined(nodes)?)),
    })
}

/// The parts of a rendered text, without empty texts.
fn nodes(text: &str) -> Vec<Node> {
    let mut nodes = Vec::new();
    for (nth, piece) in text.split(OPEN).enumerate() {
        let value = piece.split_once(CLOSE).filter(|_| nth > 0);
        let value = value.and_then(|(number, rest)| Some((number.parse::<usize>().ok()?, rest)));
        let rest = match value.and_then(|(number, rest)| {
            Some((WRITTEN.with_borrow(|written| written.get(number).cloned())?, rest))
        }) {
            Some((value, rest)) => {
                nodes.push(Node::Value(value));
                rest
            }
            None => piece,
        };
        if !rest.is_empty() {
            nodes.push(Node::Text(rest.to_string()));
        }
    }
    nodes
}

fn joined(nodes: &[Node]) -> Result<String, Error> {
    let mut joined = String::new();
    for node in nodes {
        match node {
            Node::Text(text) => joined.push_str(text),
            Node::Value(value) => joined.push_str(&text(value)?),
        }
    }
    Ok(joined)
}

/// A value as a template writes it. A captured block (`{% set x %}…{% endset %}`) may contain
/// values.
fn text(value: &Value) -> Result<String, Error> {
    match value.as_str() {
        Some(text) if text.contains(OPEN) => joined(&nodes(text)),
        Some(text) => Ok(text.to_string()),
        None => PLAIN.render_str("{{ value }}", minijinja::context! { value => value }),
    }
}

/// The value of a text that one of the filters marked.
fn marked(text: &str) -> Result<Json, Diagnostic> {
    let kind = MARKED.with_borrow(|marked| marked.get(text).copied()).unwrap_or("as_text");
    let value = if kind == "as_text" { None } else { literal(text) };
    match (kind, value) {
        ("as_bool", Some(value @ Json::Bool(_)))
        | ("as_number", Some(value @ Json::Number(_)))
        | ("as_native", Some(value)) => Ok(value),
        ("as_bool", _) => Err(Diagnostic::error(format!("`{text}` is not a boolean"))
            .hint("`as_bool` accepts the texts `True` and `False`")),
        ("as_number", _) => Err(Diagnostic::error(format!("`{text}` is not a number"))),
        _ => Ok(Json::String(text.to_string())),
    }
}

/// The value of a literal of Python: a number, a text, a list, a dict, `True`, `False`, `None`.
fn literal(text: &str) -> Option<Json> {
    let source = format!("{{{{ {} }}}}", text.trim_start_matches([' ', '\t']));
    let tags = lexer::tags(&source);
    let [tag] = &tags[..] else { return None };
    let word = |token: &Token| &source[token.span.clone()];
    let is_literal = |token: &Token| match token.kind {
        TokenKind::Text => true,
        TokenKind::Number => !has_leading_zero(word(token)),
        TokenKind::Name => ["True", "False", "None"].contains(&word(token)),
        TokenKind::Sign => {
            ["[", "]", "(", ")", "{", "}", ":", ",", "-", "+"].contains(&word(token))
        }
    };
    // A sign after a value is an operator.
    let operator = |pair: &[Token]| {
        ["-", "+"].contains(&word(&pair[1])) && !["[", "(", "{", ":", ","].contains(&word(&pair[0]))
    };
    let fits = tag.open.start == 0
        && tag.close.end == source.len()
        && !tag.tokens.is_empty()
        && tag.tokens.iter().all(is_literal);
    if !fits || tag.tokens.windows(2).any(operator) {
        return None;
    }
    let ready = transpile::template(&source, "").edited.text;
    let expression = ready.strip_prefix("{{")?.strip_suffix("}}")?.trim();
    let value = PLAIN.compile_expression(expression).ok()?.eval(()).ok()?;
    Some(json::json(&value))
}

/// Whether Python rejects a number: `007`. `0`, `00` and `00.5` are numbers.
fn has_leading_zero(number: &str) -> bool {
    number.starts_with('0')
        && number.chars().all(|char| char.is_ascii_digit() || char == '_')
        && number.chars().any(|char| ('1'..='9').contains(&char))
}

/// Whether Python's Jinja evaluates the expression as a constant: it contains no name of the
/// context.
fn is_constant(source: &str, tag: &Tag) -> bool {
    const WORDS: [&str; 13] = [
        "true", "True", "false", "False", "none", "None", "and", "or", "not", "in", "is", "if",
        "else",
    ];
    let word = |nth: usize| tag.tokens.get(nth).map_or("", |token| &source[token.span.clone()]);
    let known = |(nth, token): (usize, &Token)| {
        let before = nth.checked_sub(1).map_or("", word);
        token.kind != TokenKind::Name
            || WORDS.contains(&word(nth))
            || ["|", ".", "is"].contains(&before)
            || (before == "not" && nth > 1 && word(nth - 2) == "is")
    };
    let calls_method =
        |pair: &[Token]| pair[0].kind == TokenKind::Name && &source[pair[1].span.clone()] == "(";
    let is_filter = |nth: usize| nth > 0 && ["|", "is", "not"].contains(&word(nth - 1));
    let calls =
        tag.tokens.windows(2).enumerate().any(|(nth, pair)| {
            calls_method(pair) && !is_filter(nth) && !WORDS.contains(&word(nth))
        });
    !tag.statement && tag.tokens.iter().enumerate().all(known) && !calls
}
