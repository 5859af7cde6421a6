//! How far each part of an expression reaches. Takes the tokens of a tag; notes the edits that give minijinja Python's meaning:
//! lists and dicts that can change, and `+`, `-`, `%` that know lists, dates and formats. Refuses what it does not understand:
//! then the tag stays as it is and minijinja judges it.

use std::collections::BTreeSet;
use std::ops::Range;

use super::edits::Edits;
use super::lexer::{Kind, Token};

/// The expression could not be followed.
pub(super) struct Puzzled;

type Found<T> = Result<T, Puzzled>;

/// What an expression is at its surface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Number,
    Text,
    /// A list or dict that was written out, so it can change already.
    Changeable,
    Tuple,
    Other,
}

pub(super) struct Part {
    pub span: Range<usize>,
    pub shape: Shape,
}

pub(super) struct Reader<'a> {
    pub source: &'a str,
    pub tokens: &'a [Token],
    pub at: usize,
    pub edits: &'a mut Edits,
    /// Names that are called as functions.
    pub calls: &'a mut BTreeSet<String>,
    pub depth: usize,
}

impl Reader<'_> {
    pub fn word(&self) -> &str {
        self.ahead(0)
    }

    pub fn ahead(&self, by: usize) -> &str {
        self.tokens.get(self.at + by).map_or("", |token| &self.source[token.span.clone()])
    }

    pub fn kind(&self) -> Option<Kind> {
        self.tokens.get(self.at).map(|token| token.kind)
    }

    pub fn is(&self, word: &str) -> bool {
        self.word() == word && self.kind() != Some(Kind::Text)
    }

    pub fn take(&mut self) -> Found<Range<usize>> {
        let token = self.tokens.get(self.at).ok_or(Puzzled)?;
        self.at += 1;
        Ok(token.span.clone())
    }

    pub fn skip(&mut self, word: &str) -> bool {
        let found = self.is(word);
        self.at += usize::from(found);
        found
    }

    pub fn expect(&mut self, word: &str) -> Found<Range<usize>> {
        if self.is(word) { self.take() } else { Err(Puzzled) }
    }

    pub fn done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// Expressions with commas between them; more than one are a tuple.
    pub fn list(&mut self) -> Found<Part> {
        let first = self.expression()?;
        let mut part = Part { span: first.span, shape: first.shape };
        while self.skip(",") {
            part.shape = Shape::Tuple;
            if self.done() || self.is(")") || self.is("=") {
                break;
            }
            part.span.end = self.expression()?.span.end;
        }
        Ok(part)
    }

    pub fn expression(&mut self) -> Found<Part> {
        self.depth += 1;
        if self.depth > 100 {
            return Err(Puzzled);
        }
        let mut part = self.either()?;
        while self.skip("if") {
            let mut end = self.either()?.span.end;
            if self.skip("else") {
                end = self.expression()?.span.end;
            }
            part = Part { span: part.span.start..end, shape: Shape::Other };
        }
        self.depth -= 1;
        Ok(part)
    }

    /// An expression without `… if …` around it.
    pub fn either(&mut self) -> Found<Part> {
        self.joined(&["or"], |this| this.joined(&["and"], Self::negated))
    }

    fn joined(&mut self, words: &[&str], mut operand: impl FnMut(&mut Self) -> Found<Part>) -> Found<Part> {
        let mut left = operand(self)?;
        while words.iter().any(|word| self.is(word)) {
            self.take()?;
            let right = operand(self)?;
            left = Part { span: left.span.start..right.span.end, shape: Shape::Other };
        }
        Ok(left)
    }

    fn negated(&mut self) -> Found<Part> {
        if !self.is("not") {
            return self.compared();
        }
        let start = self.take()?.start;
        let operand = self.negated()?;
        Ok(Part { span: start..operand.span.end, shape: Shape::Other })
    }

    fn compared(&mut self) -> Found<Part> {
        let mut left = self.sum()?;
        loop {
            if self.is("not") && self.ahead(1) == "in" {
                self.at += 2;
            } else if ["==", "!=", "<", "<=", ">", ">=", "in"].iter().any(|word| self.is(word)) {
                self.at += 1;
            } else {
                return Ok(left);
            }
            let right = self.sum()?;
            left = Part { span: left.span.start..right.span.end, shape: Shape::Other };
        }
    }

    fn sum(&mut self) -> Found<Part> {
        let mut left = self.concatenation()?;
        while self.is("+") || self.is("-") {
            let function = if self.is("+") { "__add(" } else { "__sub(" };
            let sign = self.take()?;
            let right = self.concatenation()?;
            let plain = |shape| matches!(shape, Shape::Number | Shape::Text);
            left = self.operation(left, sign, right, function, |left, right| !plain(left) && !plain(right));
        }
        Ok(left)
    }

    fn concatenation(&mut self) -> Found<Part> {
        self.joined(&["~"], Self::product)
    }

    fn product(&mut self) -> Found<Part> {
        let mut left = self.power()?;
        while ["*", "/", "//", "%"].iter().any(|word| self.is(word)) {
            let remainder = self.is("%");
            let sign = self.take()?;
            let right = self.power()?;
            left = self.operation(left, sign, right, "__mod(", |left, right| {
                remainder && (left == Shape::Text || (left != Shape::Number && right != Shape::Number))
            });
        }
        Ok(left)
    }

    /// `left sign right`, as a call of `function` where minijinja's own operation knows too little.
    fn operation(
        &mut self,
        left: Part,
        sign: Range<usize>,
        right: Part,
        function: &'static str,
        ours: impl Fn(Shape, Shape) -> bool,
    ) -> Part {
        let span = left.span.start..right.span.end;
        if ours(left.shape, right.shape) {
            self.edits.open(span.start, function);
            self.edits.replace(sign, ",");
            self.edits.close(span.end, ")");
        }
        let shape = if left.shape == right.shape && left.shape == Shape::Number { Shape::Number } else { Shape::Other };
        Part { span, shape }
    }

    fn power(&mut self) -> Found<Part> {
        self.joined(&["**"], Self::unary)
    }

    fn unary(&mut self) -> Found<Part> {
        let signed = self.signed()?;
        self.filtered(signed)
    }

    fn signed(&mut self) -> Found<Part> {
        if self.is("-") {
            let start = self.take()?.start;
            let operand = self.signed()?;
            return Ok(Part { span: start..operand.span.end, shape: operand.shape });
        }
        if self.is("+") {
            let sign = self.take()?;
            self.edits.replace(sign, "");
            return self.signed();
        }
        let primary = self.primary()?;
        self.postfixed(primary)
    }

    fn primary(&mut self) -> Found<Part> {
        let shape = match (self.kind().ok_or(Puzzled)?, self.word()) {
            (Kind::Number, _) => Shape::Number,
            (Kind::Text, _) => {
                let mut span = self.take()?;
                while self.kind() == Some(Kind::Text) {
                    span.end = self.take()?.end;
                }
                return Ok(Part { span, shape: Shape::Text });
            }
            (Kind::Name, "and" | "or" | "in" | "is" | "if" | "else") => return Err(Puzzled),
            (Kind::Name, name) => {
                if self.ahead(1) == "(" {
                    let name = name.to_string();
                    self.calls.insert(name);
                }
                Shape::Other
            }
            (Kind::Sign, "(") => return self.parenthesis(),
            (Kind::Sign, "[") => {
                let start = self.take()?.start;
                let end = self.items("]", |this| this.expression().map(drop))?;
                return Ok(self.changeable(start..end, "__l("));
            }
            (Kind::Sign, "{") => {
                let start = self.take()?.start;
                let end = self.items("}", |this| {
                    this.expression()?;
                    this.expect(":")?;
                    this.expression().map(drop)
                })?;
                return Ok(self.changeable(start..end, "__d("));
            }
            _ => return Err(Puzzled),
        };
        Ok(Part { span: self.take()?, shape })
    }

    fn changeable(&mut self, span: Range<usize>, function: &'static str) -> Part {
        self.edits.open(span.start, function);
        self.edits.close(span.end, ")");
        Part { span, shape: Shape::Changeable }
    }

    fn parenthesis(&mut self) -> Found<Part> {
        let start = self.take()?.start;
        if self.is(")") {
            return Ok(Part { span: start..self.take()?.end, shape: Shape::Tuple });
        }
        let inner = self.list()?;
        let end = self.expect(")")?.end;
        Ok(Part { span: start..end, shape: inner.shape })
    }

    /// What stands between brackets, up to and with `end`.
    fn items(&mut self, end: &str, mut item: impl FnMut(&mut Self) -> Found<()>) -> Found<usize> {
        loop {
            if self.is(end) {
                return Ok(self.take()?.end);
            }
            item(self)?;
            if !self.skip(",") && !self.is(end) {
                return Err(Puzzled);
            }
        }
    }

    fn postfixed(&mut self, mut part: Part) -> Found<Part> {
        loop {
            let end = if self.is(".") {
                self.take()?;
                self.take()?.end
            } else if self.is("[") {
                self.subscript()?
            } else if self.is("(") {
                self.arguments()?
            } else {
                return Ok(part);
            };
            part = Part { span: part.span.start..end, shape: Shape::Other };
        }
    }

    fn subscript(&mut self) -> Found<usize> {
        let open = self.take()?;
        let mut tuple = false;
        loop {
            if self.is("]") {
                let close = self.take()?;
                if tuple {
                    self.edits.open(open.end, "(");
                    self.edits.close(close.start, ")");
                }
                return Ok(close.end);
            }
            if self.skip(":") {
                continue;
            }
            if self.skip(",") {
                tuple = true;
                continue;
            }
            self.expression()?;
        }
    }

    pub fn arguments(&mut self) -> Found<usize> {
        self.expect("(")?;
        self.items(")", |this| {
            if !this.skip("*") && !this.skip("**") && this.kind() == Some(Kind::Name) && this.ahead(1) == "=" {
                this.at += 2;
            }
            this.expression().map(drop)
        })
    }

    fn filtered(&mut self, mut part: Part) -> Found<Part> {
        loop {
            let mut end = if self.skip("|") {
                self.dotted()?
            } else if self.is("is") {
                self.at += 1;
                self.skip("not");
                self.dotted()?
            } else if self.is("(") {
                self.arguments()?
            } else {
                return Ok(part);
            };
            if self.is("(") {
                end = self.arguments()?;
            } else if self.starts_operand() {
                let primary = self.primary()?;
                end = self.postfixed(primary)?.span.end;
            }
            part = Part { span: part.span.start..end, shape: Shape::Other };
        }
    }

    fn dotted(&mut self) -> Found<usize> {
        let mut end = self.take()?.end;
        while self.is(".") {
            self.take()?;
            end = self.take()?.end;
        }
        Ok(end)
    }

    /// Whether a test's argument follows without parentheses.
    fn starts_operand(&self) -> bool {
        match self.kind() {
            Some(Kind::Name) => !["else", "or", "and", "is", "if", "not", "in", "recursive"].contains(&self.word()),
            Some(Kind::Text | Kind::Number) => true,
            Some(Kind::Sign) => matches!(self.word(), "[" | "{"),
            None => false,
        }
    }
}
