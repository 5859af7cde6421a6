//! Builds the tree from libyaml's events: anchors, merge keys, tags, and the locations of values.

use std::collections::BTreeMap;
use std::io::{Chain, Read};
use std::ops::Range;

use indexmap::IndexMap;
use libyaml_safer::{Event, EventData, Mark, Parser, ScalarStyle};
use serde_json::Value;

use super::scalars::{self, Scalar};
use super::{Data, Yaml, error};
use crate::diagnostics::{Diagnostic, SourceFile};

/// The tree of a file with one document.
pub fn compose(file: &SourceFile) -> Result<(Yaml, Vec<Diagnostic>), Diagnostic> {
    let mut parser = Parser::new();
    // A byte order mark disables libyaml's guess of the encoding. The parser panics if the last
    // line of a block scalar has no line break.
    let last_break = if file.text.ends_with('\n') { "" } else { "\n" };
    let text = "\u{feff}".as_bytes().chain(file.text.as_bytes());
    parser.set_input(text.chain(last_break.as_bytes()));
    let mut composer = Composer {
        file,
        parser,
        anchors: BTreeMap::new(),
        warnings: Vec::new(),
        depth: 0,
        copied: 0,
    };
    let tree = composer.document()?;
    Ok((tree, composer.warnings))
}

/// A value with its span and kind.
#[derive(Clone)]
struct Node {
    yaml: Yaml,
    /// The span of the value itself.
    span: Range<usize>,
    kind: NodeKind,
}

#[derive(Clone, Copy, PartialEq)]
enum NodeKind {
    Scalar,
    /// An unquoted `<<`: as a key it merges other dicts.
    Merge,
    /// An unquoted `=`, which is a text as a key.
    Equals,
    Collection,
}

/// The maximum nesting.
const MAX_DEPTH: usize = 200;
/// The maximum number of values that the aliases of a file may copy.
const MAX_ALIAS_COPIES: usize = 1_000_000;
/// The prefix of YAML's own tags.
const YAML_TAG: &str = "tag:yaml.org,2002:";

/// A byte order mark, the bytes of a file, and a line break if its last line lacks one.
type Input<'a> = Chain<Chain<&'a [u8], &'a [u8]>, &'a [u8]>;

struct Composer<'a> {
    file: &'a SourceFile,
    parser: Parser<Input<'a>>,
    /// The values of anchors; `None` while a value is being read.
    anchors: BTreeMap<String, Option<Node>>,
    warnings: Vec<Diagnostic>,
    depth: usize,
    copied: usize,
}

impl Composer<'_> {
    fn document(&mut self) -> Result<Yaml, Diagnostic> {
        let mut tree: Option<Yaml> = None;
        loop {
            let event = self.next()?;
            match event.data {
                EventData::StreamEnd => {
                    return Ok(
                        tree.unwrap_or_else(|| Yaml { data: Data::Null, at: self.file.at(0..0) })
                    );
                }
                EventData::StreamStart { .. } | EventData::DocumentEnd { .. } => {}
                EventData::DocumentStart { .. } if tree.is_some() => {
                    return Err(error::at(
                        self.file,
                        "more than one document",
                        byte(event.start_mark),
                    ));
                }
                EventData::DocumentStart { .. } => {}
                _ => {
                    let node = self.node(event)?;
                    tree = Some(self.value(node)?.yaml);
                }
            }
        }
    }

    fn next(&mut self) -> Result<Event, Diagnostic> {
        self.parser.parse().map_err(|error| error::of_parser(self.file, &error))
    }

    fn node(&mut self, event: Event) -> Result<Node, Diagnostic> {
        let length = self.file.text.len();
        let start = byte(event.start_mark).min(length);
        let span = start..byte(event.end_mark).clamp(start, length);
        let has_added_break = byte(event.end_mark) > length;
        let anchor = match &event.data {
            EventData::Alias { anchor } => return self.alias(anchor, span),
            EventData::Scalar { anchor, .. }
            | EventData::SequenceStart { anchor, .. }
            | EventData::MappingStart { anchor, .. } => anchor.clone(),
            _ => None,
        };
        if let Some(anchor) = &anchor
            && self.anchors.insert(anchor.clone(), None).is_some()
        {
            return Err(error::at(
                self.file,
                &format!("the anchor `{anchor}` is set twice"),
                start,
            )
            .hint("rename one of the two"));
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(error::at(self.file, "too many levels", start));
        }
        let node = match event.data {
            EventData::Scalar { mut value, tag, plain_implicit, style, .. } => {
                let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                if is_block && has_added_break && ends_with_added_break(&value, &self.file.text) {
                    value.pop();
                }
                self.scalar(value, tag.as_deref(), plain_implicit, span)
            }
            EventData::SequenceStart { tag, .. } => self.list(tag.as_deref(), start),
            EventData::MappingStart { tag, .. } => self.dict(tag.as_deref(), start),
            _ => Err(error::at(self.file, "a value is missing", start)),
        }?;
        self.depth -= 1;
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, Some(node.clone()));
        }
        Ok(node)
    }

    fn alias(&mut self, anchor: &str, span: Range<usize>) -> Result<Node, Diagnostic> {
        let node = match self.anchors.get(anchor) {
            Some(Some(node)) => node.clone(),
            Some(None) => {
                return Err(error::at(
                    self.file,
                    &format!("`*{anchor}` is inside of its own value"),
                    span.start,
                ));
            }
            None => {
                let error = error::at(
                    self.file,
                    &format!("the anchor of `*{anchor}` is missing"),
                    span.start,
                );
                return Err(error.hint(format!("mark a value before it with `&{anchor}`")));
            }
        };
        let mut yaml = node.yaml;
        move_to(&mut yaml, &self.file.at(span.clone()), &mut self.copied);
        if self.copied > MAX_ALIAS_COPIES {
            return Err(error::at(
                self.file,
                "the aliases of this file make more than a million values",
                span.start,
            ));
        }
        Ok(Node { yaml, span, kind: node.kind })
    }

    /// `is_plain`: resolved as an unquoted scalar; so is a quoted one with the tag `!`.
    fn scalar(
        &self,
        text: String,
        tag: Option<&str>,
        is_plain: bool,
        span: Range<usize>,
    ) -> Result<Node, Diagnostic> {
        let mut kind = NodeKind::Scalar;
        let scalar = match tag {
            None | Some("!") if is_plain => match &*text {
                "<<" => {
                    kind = NodeKind::Merge;
                    Ok(Scalar::Text(text))
                }
                "=" => {
                    kind = NodeKind::Equals;
                    Ok(Scalar::Text(text))
                }
                _ => scalars::plain(&text),
            },
            None | Some("!") => Ok(Scalar::Text(text)),
            Some(tag) => match tag.strip_prefix(YAML_TAG) {
                Some(name) => scalars::tagged(name, &text),
                None => Err(scalars::Invalid {
                    problem: format!("the tag `{tag}` is unknown"),
                    hint: "remove the tag",
                }),
            },
        };
        let scalar = scalar.map_err(|invalid| {
            error::of_value(self.file, span.clone(), format!("not valid YAML: {}", invalid.problem))
                .hint(invalid.hint)
        })?;
        Ok(Node { yaml: Yaml { data: data(scalar), at: self.file.at(span.clone()) }, span, kind })
    }

    fn list(&mut self, tag: Option<&str>, start: usize) -> Result<Node, Diagnostic> {
        self.check_tag(tag, "seq", start)?;
        let mut items = Vec::new();
        loop {
            let event = self.next()?;
            if event.data == EventData::SequenceEnd {
                break;
            }
            let item = self.node(event)?;
            items.push(self.value(item)?.yaml);
        }
        let span = items.first().map_or(start..start, |first: &Yaml| first.at.span.clone());
        Ok(self.collection(Data::List(items), span))
    }

    fn dict(&mut self, tag: Option<&str>, start: usize) -> Result<Node, Diagnostic> {
        self.check_tag(tag, "map", start)?;
        let mut entries: Vec<(String, Yaml)> = Vec::new();
        let mut merged: Vec<(String, Yaml)> = Vec::new();
        let mut first = None;
        loop {
            let event = self.next()?;
            if event.data == EventData::MappingEnd {
                break;
            }
            let key = self.node(event)?;
            let event = self.next()?;
            let value = self.node(event)?;
            let span = self.entry(&key, &value);
            first.get_or_insert_with(|| span.clone());
            if key.kind == NodeKind::Merge {
                merged.extend(self.merge(value)?);
                continue;
            }
            let mut value = self.value(value)?.yaml;
            value.at = self.file.at(span);
            let key = self.key(key)?;
            if let Some((_, before)) =
                entries.iter().find(|(known, _)| scalars::is_same_key(known, &key))
            {
                let message = format!(
                    "`{}` is set twice; the last value is used",
                    scalars::without_prefix(&key)
                );
                let note = format!("the first one is on line {}", before.at.line());
                self.warnings.push(Diagnostic::warning(message).at(value.at.clone()).note(note));
            }
            entries.push((key, value));
        }
        let mut dict: IndexMap<String, Yaml> = IndexMap::with_capacity(entries.len());
        for (key, value) in merged.into_iter().chain(entries) {
            insert(&mut dict, key, value);
        }
        let span = first.unwrap_or(start..start);
        Ok(self.collection(Data::Dict(dict), span))
    }

    fn collection(&self, data: Data, span: Range<usize>) -> Node {
        Node {
            yaml: Yaml { data, at: self.file.at(span.clone()) },
            span,
            kind: NodeKind::Collection,
        }
    }

    /// The entries that `<<: value` merges; of several dicts the first one has priority.
    fn merge(&self, value: Node) -> Result<Vec<(String, Yaml)>, Diagnostic> {
        let merge_error = || {
            let error = error::of_value(
                self.file,
                value.span.clone(),
                "not valid YAML: `<<` merges dicts".to_string(),
            );
            error.hint("use a dict, or a list of dicts")
        };
        match value.yaml.data {
            Data::Dict(dict) => Ok(dict.into_iter().collect()),
            Data::List(items) => {
                let mut entries = Vec::new();
                for item in items.into_iter().rev() {
                    let Data::Dict(dict) = item.data else { return Err(merge_error()) };
                    entries.extend(dict);
                }
                Ok(entries)
            }
            _ => Err(merge_error()),
        }
    }

    /// A node in the position of a value.
    fn value(&self, node: Node) -> Result<Node, Diagnostic> {
        let text = match node.kind {
            NodeKind::Merge => "<<",
            NodeKind::Equals => "=",
            NodeKind::Scalar | NodeKind::Collection => return Ok(node),
        };
        let error = error::of_value(
            self.file,
            node.span,
            format!("not valid YAML: `{text}` without quotes is not a value"),
        );
        Err(error.hint(format!("put it in quotes: `\"{text}\"`")))
    }

    fn key(&self, node: Node) -> Result<String, Diagnostic> {
        let scalar = match node.yaml.data {
            Data::Text(text) => return Ok(text),
            Data::Null => Scalar::Null,
            Data::Bool(truth) => Scalar::Bool(truth),
            Data::Number(number) => match number.as_i128() {
                Some(whole) => Scalar::Int(whole),
                None => Scalar::Float(number.as_f64().unwrap_or_default()),
            },
            Data::Other(scalar) => scalar,
            Data::List(_) | Data::Dict(_) => {
                return Err(error::of_value(
                    self.file,
                    node.span,
                    "not valid YAML: a key must be a text or a number".to_string(),
                ));
            }
        };
        Ok(scalar.key())
    }

    fn check_tag(&self, tag: Option<&str>, expected: &str, start: usize) -> Result<(), Diagnostic> {
        match tag {
            None | Some("!") => Ok(()),
            Some(tag) if tag.strip_prefix(YAML_TAG) == Some(expected) => Ok(()),
            Some(tag) => {
                let shown = tag
                    .strip_prefix(YAML_TAG)
                    .map_or_else(|| tag.to_string(), |name| format!("!!{name}"));
                Err(error::at(
                    self.file,
                    &format!("the tag `{shown}` is not supported here"),
                    start,
                )
                .hint("remove the tag"))
            }
        }
    }

    /// The span of an entry: the key with its value, if that is a scalar on the same line.
    fn entry(&self, key: &Node, value: &Node) -> Range<usize> {
        let (key, end) = (&key.span, value.span.end);
        let is_on_one_line = value.kind != NodeKind::Collection
            && !value.span.is_empty()
            && key.end <= end
            && !self.file.text[key.end..end].contains('\n');
        key.start..if is_on_one_line { end } else { key.end }
    }
}

/// Whether the final line break of a block scalar was added by `compose`. If the last line has only
/// spaces, the line break before it may belong to the value.
fn ends_with_added_break(value: &str, text: &str) -> bool {
    let is_blank = |line: &str| line.chars().all(|letter| matches!(letter, ' ' | '\t'));
    let is_content = !text.rsplit('\n').next().is_some_and(is_blank);
    value.ends_with('\n')
        && (is_content || ["\n\n", " \n", "\t\n"].iter().any(|end| value.ends_with(end)))
}

fn byte(mark: Mark) -> usize {
    usize::try_from(mark.index).unwrap_or(usize::MAX)
}

/// Sets the value of a key; a key that is equal in Python keeps its first spelling.
fn insert(dict: &mut IndexMap<String, Yaml>, key: String, value: Yaml) {
    let known = if scalars::is_text(&key) {
        None
    } else {
        dict.keys().find(|known| scalars::is_same_key(known, &key)).cloned()
    };
    dict.insert(known.unwrap_or(key), value);
}

fn move_to(yaml: &mut Yaml, at: &crate::diagnostics::Location, copied: &mut usize) {
    *copied += 1;
    yaml.at = at.clone();
    match &mut yaml.data {
        Data::List(items) => items.iter_mut().for_each(|item| move_to(item, at, copied)),
        Data::Dict(dict) => dict.values_mut().for_each(|value| move_to(value, at, copied)),
        _ => {}
    }
}

fn data(scalar: Scalar) -> Data {
    match scalar {
        Scalar::Text(text) => Data::Text(text),
        other => match other.exact() {
            Value::Null => Data::Null,
            Value::Bool(truth) => Data::Bool(truth),
            Value::Number(number) => Data::Number(number),
            _ => Data::Other(other),
        },
    }
}
