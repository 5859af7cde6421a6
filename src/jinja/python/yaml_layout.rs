//! The layout of a YAML document by the rules of PyYAML's emitter: line breaks, quotes, and folding
//! of text.

use crate::yaml::scalars;

use crate::jinja::marks::is_mark;

/// A text is folded at the first space after this column.
const WIDTH: usize = 80;
/// A key of at least this length, with its tag, is written on a separate line.
const LONG_KEY: usize = 128;

pub struct LayoutNode {
    /// The number of an object that may be repeated.
    pub id: Option<usize>,
    pub content: LayoutContent,
}

pub enum LayoutContent {
    /// A reference to the object with this number.
    Alias,
    Scalar {
        tag: &'static str,
        text: String,
    },
    List(Vec<LayoutNode>),
    Mapping {
        tag: &'static str,
        pairs: Vec<(LayoutNode, LayoutNode)>,
    },
}

pub struct Layout {
    out: String,
    repeated: Vec<usize>,
    column: usize,
    indent: Option<usize>,
    /// Whether the last character is a space, or a line begins.
    blank: bool,
    /// Whether the line has only indentation and indicators so far.
    indentation: bool,
    /// Whether the document needs an end marker.
    open: bool,
}

/// The position of a node.
#[derive(Clone, Copy, PartialEq)]
enum Position {
    Root,
    Item,
    Key,
    Value,
}

#[derive(PartialEq)]
enum Style {
    Plain,
    Single,
    Double,
}

impl Layout {
    pub fn document(root: &LayoutNode, repeated: Vec<usize>) -> String {
        let mut layout = Layout {
            out: String::new(),
            repeated,
            column: 0,
            indent: None,
            blank: true,
            indentation: true,
            open: false,
        };
        layout.node(root, Position::Root);
        layout.line();
        if layout.open {
            layout.indicator("...", true, false, false);
            layout.line();
        }
        layout.out
    }

    fn node(&mut self, node: &LayoutNode, position: Position) {
        if let Some(nth) =
            node.id.and_then(|id| self.repeated.iter().position(|repeated| *repeated == id))
        {
            let sign = if matches!(node.content, LayoutContent::Alias) { '*' } else { '&' };
            self.indicator(&format!("{sign}id{:03}", nth + 1), true, false, false);
        }
        let outer = self.indent;
        match &node.content {
            LayoutContent::Alias => {}
            LayoutContent::Scalar { tag, text } => {
                self.indent = Some(outer.map_or(2, |indent| indent + 2));
                self.scalar(tag, text, position);
            }
            LayoutContent::List(all) if all.is_empty() => self.empty("[", "]"),
            LayoutContent::List(all) => {
                // A list begins in the column of the key before it.
                let inside =
                    matches!(position, Position::Key | Position::Value) && !self.indentation;
                self.indent =
                    Some(outer.map_or(0, |indent| if inside { indent } else { indent + 2 }));
                for item in all {
                    self.line();
                    self.indicator("-", true, false, true);
                    self.node(item, Position::Item);
                }
            }
            LayoutContent::Mapping { tag, pairs } => {
                if *tag != "map" {
                    self.indicator(&format!("!!{tag}"), true, false, false);
                }
                if pairs.is_empty() {
                    self.empty("{", "}");
                } else {
                    self.indent = Some(outer.map_or(0, |indent| indent + 2));
                    for (key, value) in pairs {
                        self.pair(key, value);
                    }
                }
            }
        }
        self.indent = outer;
    }

    fn pair(&mut self, key: &LayoutNode, value: &LayoutNode) {
        self.line();
        if self.is_simple(key) {
            self.node(key, Position::Key);
            self.indicator(":", false, false, false);
        } else {
            self.indicator("?", true, false, true);
            self.node(key, Position::Value);
            self.line();
            self.indicator(":", true, false, true);
        }
        self.node(value, Position::Value);
    }

    /// Whether a key is on the line of its value.
    fn is_simple(&self, key: &LayoutNode) -> bool {
        let name = match key.id {
            Some(id) if self.repeated.contains(&id) => "id001".len(),
            _ => 0,
        };
        match &key.content {
            LayoutContent::Alias => true,
            LayoutContent::Scalar { tag, text } => {
                !text.is_empty()
                    && !text.contains(is_break)
                    && name + 2 + tag.len() + width(text) < LONG_KEY
            }
            LayoutContent::List(items) => items.is_empty(),
            LayoutContent::Mapping { pairs, .. } => pairs.is_empty(),
        }
    }

    fn empty(&mut self, open: &str, close: &str) {
        self.indicator(open, true, true, false);
        self.indicator(close, false, false, false);
    }

    fn indicator(&mut self, sign: &str, needs_blank: bool, blank: bool, indentation: bool) {
        if needs_blank && !self.blank {
            self.write(" ");
        }
        self.write(sign);
        self.blank = blank;
        self.indentation &= indentation;
        self.open = false;
    }

    fn write(&mut self, text: &str) {
        self.column += width(text);
        self.out.push_str(text);
    }

    fn line_break(&mut self) {
        self.out.push('\n');
        (self.column, self.blank, self.indentation) = (0, true, true);
    }

    /// Moves to the column of the indentation, on a new line if needed.
    fn line(&mut self) {
        let indent = self.indent.unwrap_or(0);
        if !self.indentation || self.column > indent || self.column == indent && !self.blank {
            self.line_break();
        }
        if self.column < indent {
            self.blank = true;
            self.write(&" ".repeat(indent - self.column));
        }
    }

    fn scalar(&mut self, tag: &str, text: &str, position: Position) {
        let splits = position != Position::Key;
        let meaning = scalars::tag(text);
        match style(text, tag == meaning, position == Position::Key) {
            Style::Plain => {
                self.open = position == Position::Root;
                if !self.blank {
                    self.write(" ");
                }
                (self.blank, self.indentation) = (false, false);
                self.folded(text, splits, true);
            }
            quotes => {
                if tag != "str" {
                    self.indicator(&format!("!!{tag}"), true, false, false);
                }
                if quotes == Style::Single {
                    self.indicator("'", true, false, false);
                    self.folded(&text.replace('\'', "''"), splits, false);
                    self.indicator("'", false, false, false);
                } else {
                    self.indicator("\"", true, false, false);
                    self.escaped(text, splits);
                    self.indicator("\"", false, false, false);
                }
            }
        }
    }

    /// Writes words; folds a long line at a single space. A line break is written twice.
    fn folded(&mut self, text: &str, splits: bool, plain: bool) {
        let mut rest = text;
        while !rest.is_empty() {
            let (blanks, lines) = (
                rest.len() - rest.trim_start_matches(' ').len(),
                rest.len() - rest.trim_start_matches('\n').len(),
            );
            let length = if blanks > 0 {
                let edge = rest.len() == text.len() || rest.len() == blanks;
                if blanks == 1 && splits && self.column > WIDTH && !edge {
                    self.line();
                    if plain {
                        (self.blank, self.indentation) = (false, false);
                    }
                } else {
                    self.write(&rest[..blanks]);
                }
                blanks
            } else if lines > 0 {
                for _ in 0..=lines {
                    self.line_break();
                }
                self.line();
                lines
            } else {
                let length = rest.find([' ', '\n']).unwrap_or(rest.len());
                self.write(&rest[..length]);
                length
            };
            rest = &rest[length..];
        }
    }

    fn escaped(&mut self, text: &str, splits: bool) {
        let signs: Vec<char> = text.chars().collect();
        let mut start = 0;
        for end in 0..=signs.len() {
            let sign = signs.get(end).copied();
            let escape = sign.and_then(escape);
            if sign.is_none() || escape.is_some() {
                self.write(&signs[start.min(end)..end].iter().collect::<String>());
                start = start.max(end);
            }
            if let Some(escape) = escape {
                self.write(&escape);
                start = end + 1;
            }
            let inner = end > 0 && end + 1 < signs.len();
            if inner
                && (sign == Some(' ') || start >= end)
                && self.column + end.saturating_sub(start) > WIDTH + start.saturating_sub(end)
                && splits
            {
                self.write(&signs[start.min(end)..end].iter().collect::<String>());
                self.write("\\");
                start = start.max(end);
                self.line();
                (self.blank, self.indentation) = (false, false);
                if signs.get(start) == Some(&' ') {
                    self.write("\\");
                }
            }
        }
    }
}

/// The number of visible characters: the mark of a relation does not count.
fn width(text: &str) -> usize {
    text.chars().filter(|c| !is_mark(*c)).count()
}

fn is_break(c: char) -> bool {
    ['\n', '\u{85}', '\u{2028}', '\u{2029}'].contains(&c)
}

fn escape(c: char) -> Option<String> {
    let short = match c {
        c if is_mark(c) => return None,
        '"' | '\\' => c,
        '\0' => '0',
        '\x07' => 'a',
        '\x08' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\x0b' => 'v',
        '\x0c' => 'f',
        '\r' => 'r',
        '\x1b' => 'e',
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        ' '..='~' => return None,
        c if c <= '\u{ff}' => return Some(format!("\\x{:02X}", u32::from(c))),
        c if c <= '\u{ffff}' => return Some(format!("\\u{:04X}", u32::from(c))),
        c => return Some(format!("\\U{:08X}", u32::from(c))),
    };
    Some(format!("\\{short}"))
}

/// The simplest style that preserves a text. `implicit`: whether it has the same meaning without
/// quotes.
fn style(text: &str, implicit: bool, key: bool) -> Style {
    let signs: Vec<char> = text.chars().filter(|c| !is_mark(*c)).collect();
    let special = signs.iter().any(|c| *c != '\n' && !(' '..='~').contains(c));
    let blank_and_break = signs.windows(2).any(|pair| matches!(pair, [' ', '\n'] | ['\n', ' ']));
    let lines = signs.contains(&'\n');
    let blank = |c: Option<&char>| matches!(c, Some(' ' | '\n'));
    let edge = blank(signs.first()) || blank(signs.last());
    if special || blank_and_break || key && lines {
        Style::Double
    } else if implicit && !lines && !edge && is_plain(&signs) {
        Style::Plain
    } else {
        Style::Single
    }
}

/// Whether no character of a text is special in YAML.
fn is_plain(signs: &[char]) -> bool {
    let blank = |at: usize| signs.get(at).is_none_or(|c| *c == ' ');
    if signs.starts_with(&['-', '-', '-']) || signs.starts_with(&['.', '.', '.']) {
        return false;
    }
    signs.iter().enumerate().all(|(at, c)| match c {
        '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%'
        | '@' | '`'
            if at == 0 =>
        {
            false
        }
        '?' | '-' if at == 0 => !blank(at + 1),
        ':' => !blank(at + 1),
        '#' => signs[at - 1] != ' ',
        _ => true,
    })
}
