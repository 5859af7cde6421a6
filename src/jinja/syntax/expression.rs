//! Parses the expressions of a tag, and records edits that give them Python's meaning in minijinja:
//! mutable lists and dicts, and operators for lists, dates and formats. An unsupported expression
//! leaves the tag unchanged, and minijinja reports errors.

use std::collections::BTreeSet;
use std::ops::Range;

use super::lexer::{Token, TokenKind};
use super::source_map::SourceEdits;

/// The expression is not supported.
pub struct Unsupported;

pub type ReadResult<T> = Result<T, Unsupported>;

/// The syntactic kind of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Number,
    Text,
    /// A list literal, which is mutable already.
    List,
    Dict,
    Tuple,
    Other,
}

pub struct ExprPart {
    pub span: Range<usize>,
    pub shape: Shape,
    /// From the dot to the end of the name, if the part is `object.name`.
    pub attribute: Option<Range<usize>>,
}

impl ExprPart {
    pub fn new(span: Range<usize>, shape: Shape) -> ExprPart {
        ExprPart { span, shape, attribute: None }
    }
}

pub struct TokenReader<'a> {
    pub source: &'a str,
    pub tokens: &'a [Token],
    pub at: usize,
    pub edits: &'a mut SourceEdits,
    /// Names that are called as functions.
    pub calls: &'a mut BTreeSet<String>,
    pub depth: usize,
}

impl TokenReader<'_> {
    pub fn word(&self) -> &str {
        self.peek(0)
    }

    pub fn peek(&self, by: usize) -> &str {
        self.tokens.get(self.at + by).map_or("", |token| &self.source[token.span.clone()])
    }

    pub fn kind(&self) -> Option<TokenKind> {
        self.tokens.get(self.at).map(|token| token.kind)
    }

    pub fn is(&self, word: &str) -> bool {
        self.word() == word && self.kind() != Some(TokenKind::Text)
    }

    pub fn take(&mut self) -> ReadResult<Range<usize>> {
        let token = self.tokens.get(self.at).ok_or(Unsupported)?;
        self.at += 1;
        Ok(token.span.clone())
    }

    pub fn skip(&mut self, word: &str) -> bool {
        let matches = self.is(word);
        self.at += usize::from(matches);
        matches
    }

    pub fn expect(&mut self, word: &str) -> ReadResult<Range<usize>> {
        if self.is(word) { self.take() } else { Err(Unsupported) }
    }

    pub fn done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// Expressions separated by commas; more than one are a tuple.
    pub fn list(&mut self) -> ReadResult<ExprPart> {
        let first = self.expression()?;
        let mut part = ExprPart::new(first.span, first.shape);
        while self.skip(",") {
            part.shape = Shape::Tuple;
            if self.done() || self.is(")") || self.is("=") {
                break;
            }
            part.span.end = self.expression()?.span.end;
        }
        Ok(part)
    }

    pub fn expression(&mut self) -> ReadResult<ExprPart> {
        self.depth += 1;
        if self.depth > 100 {
            return Err(Unsupported);
        }
        let mut part = self.either()?;
        while self.skip("if") {
            let mut end = self.either()?.span.end;
            if self.skip("else") {
                end = self.expression()?.span.end;
            }
            part = ExprPart::new(part.span.start..end, Shape::Other);
        }
        self.depth -= 1;
        Ok(part)
    }

    /// An expression without `… if …` around it.
    pub fn either(&mut self) -> ReadResult<ExprPart> {
        self.joined(&["or"], |this| this.joined(&["and"], Self::negated))
    }

    fn joined(
        &mut self,
        words: &[&str],
        mut operand: impl FnMut(&mut Self) -> ReadResult<ExprPart>,
    ) -> ReadResult<ExprPart> {
        let mut left = operand(self)?;
        while words.iter().any(|word| self.is(word)) {
            self.take()?;
            let right = operand(self)?;
            left = ExprPart::new(left.span.start..right.span.end, Shape::Other);
        }
        Ok(left)
    }

    fn negated(&mut self) -> ReadResult<ExprPart> {
        if !self.is("not") {
            return self.compared();
        }
        let start = self.take()?.start;
        let operand = self.negated()?;
        Ok(ExprPart::new(start..operand.span.end, Shape::Other))
    }

    /// A comparison or a chain of them, as a call of a function if Python's types matter.
    fn compared(&mut self) -> ReadResult<ExprPart> {
        let first = self.sum()?;
        let mut shapes = vec![first.shape];
        let mut signs: Vec<(&'static str, Range<usize>)> = Vec::new();
        let mut span = first.span.clone();
        loop {
            let sign = if self.is("not") && self.peek(1) == "in" {
                let start = self.take()?.start;
                ("not in", start..self.take()?.end)
            } else if let Some(sign) =
                ["==", "!=", "<", "<=", ">", ">=", "in"].into_iter().find(|word| self.is(word))
            {
                (sign, self.take()?)
            } else {
                break;
            };
            signs.push(sign);
            let right = self.sum()?;
            shapes.push(right.shape);
            span.end = right.span.end;
        }
        match &signs[..] {
            [] => return Ok(first),
            // Values of any types can be compared for equality.
            [("==" | "!=", _)] => {}
            [(sign @ ("in" | "not in"), at)] => {
                if !matches!(shapes[1], Shape::List | Shape::Tuple) {
                    self.edits.open(span.start, if *sign == "in" { "__in(" } else { "__not_in(" });
                    self.edits.replace(at.clone(), ",");
                    self.edits.close(span.end, ")");
                }
            }
            _ if shapes.iter().all(|shape| *shape == Shape::Number) => {}
            _ => {
                self.edits.open(span.start, "__compare(");
                for (sign, at) in signs {
                    self.edits.replace(at, format!(",'{sign}',"));
                }
                self.edits.close(span.end, ")");
            }
        }
        Ok(ExprPart::new(span, Shape::Other))
    }

    fn sum(&mut self) -> ReadResult<ExprPart> {
        let mut left = self.concatenation()?;
        while self.is("+") || self.is("-") {
            let function = if self.is("+") { "__add(" } else { "__sub(" };
            let sign = self.take()?;
            let right = self.concatenation()?;
            let plain = |shape| matches!(shape, Shape::Number | Shape::Text);
            left = self.operation(left, sign, right, function, |left, right| {
                left != right || !plain(left)
            });
        }
        Ok(left)
    }

    fn concatenation(&mut self) -> ReadResult<ExprPart> {
        let first = self.product()?;
        let mut span = first.span.clone();
        let mut signs = Vec::new();
        while self.is("~") {
            signs.push(self.take()?);
            span.end = self.product()?.span.end;
        }
        if signs.is_empty() {
            return Ok(first);
        }
        self.edits.open(span.start, "__cat(");
        for sign in signs {
            self.edits.replace(sign, ",");
        }
        self.edits.close(span.end, ")");
        Ok(ExprPart::new(span, Shape::Other))
    }

    fn product(&mut self) -> ReadResult<ExprPart> {
        let mut left = self.power()?;
        while let Some((_, function)) =
            [("*", "__mul("), ("/", "__div("), ("//", "__floor("), ("%", "__mod(")]
                .into_iter()
                .find(|(word, _)| self.is(word))
        {
            let sign = self.take()?;
            let right = self.power()?;
            left = self.operation(left, sign, right, function, |left, right| {
                !matches!(function, "__mul(") || left != Shape::Number || right != Shape::Number
            });
        }
        Ok(left)
    }

    /// `left sign right`, as a call of `function` if minijinja's operator is not sufficient.
    fn operation(
        &mut self,
        left: ExprPart,
        sign: Range<usize>,
        right: ExprPart,
        function: &'static str,
        ours: impl Fn(Shape, Shape) -> bool,
    ) -> ExprPart {
        let span = left.span.start..right.span.end;
        if ours(left.shape, right.shape) {
            self.edits.open(span.start, function);
            self.edits.replace(sign, ",");
            self.edits.close(span.end, ")");
        }
        let shape = if left.shape == right.shape && left.shape == Shape::Number {
            Shape::Number
        } else {
            Shape::Other
        };
        ExprPart::new(span, shape)
    }

    fn power(&mut self) -> ReadResult<ExprPart> {
        let mut left = self.unary()?;
        while self.is("**") {
            let sign = self.take()?;
            let right = self.unary()?;
            left = self.operation(left, sign, right, "__pow(", |_, _| true);
        }
        Ok(left)
    }

    fn unary(&mut self) -> ReadResult<ExprPart> {
        let signed = self.signed()?;
        self.filtered(signed)
    }

    fn signed(&mut self) -> ReadResult<ExprPart> {
        let function = match self.word() {
            "-" if self.is("-") => "__neg(",
            "+" if self.is("+") => "__pos(",
            _ => {
                let primary = self.primary()?;
                return self.postfixed(primary);
            }
        };
        let sign = self.take()?;
        let operand = self.signed()?;
        let span = sign.start..operand.span.end;
        // A number keeps its minus. minijinja has no unary plus.
        if operand.shape != Shape::Number {
            self.edits.open(span.start, function);
            self.edits.close(span.end, ")");
        }
        if operand.shape != Shape::Number || function == "__pos(" {
            self.edits.replace(sign, "");
        }
        Ok(ExprPart::new(span, operand.shape))
    }
}
