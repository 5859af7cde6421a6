//! The operands of expressions: literals, calls, attributes, items, slices, filters and tests.
//! Continues expression.rs.

use std::ops::Range;

use super::expression::{ExprPart, ReadResult, Shape, TokenReader, Unsupported};
use super::lexer::TokenKind;
use super::literals;

impl TokenReader<'_> {
    pub fn primary(&mut self) -> ReadResult<ExprPart> {
        let shape = match (self.kind().ok_or(Unsupported)?, self.word()) {
            (TokenKind::Number, _) => Shape::Number,
            (TokenKind::Text, _) => {
                let mut span = self.text()?;
                while self.kind() == Some(TokenKind::Text) {
                    span.end = self.text()?.end;
                }
                return Ok(ExprPart::new(span, Shape::Text));
            }
            (TokenKind::Name, "and" | "or" | "in" | "is" | "if" | "else") => {
                return Err(Unsupported);
            }
            (TokenKind::Name, name) => {
                if self.peek(1) == "(" {
                    let name = name.to_string();
                    self.calls.insert(name);
                }
                Shape::Other
            }
            (TokenKind::Sign, "(") => return self.parenthesis(),
            (TokenKind::Sign, "[") => {
                let start = self.take()?.start;
                let end = self.items("]", |this| this.expression().map(drop))?;
                return Ok(self.changeable(start..end, "__l(", Shape::List));
            }
            (TokenKind::Sign, "{") => {
                let start = self.take()?.start;
                let end = self.items("}", |this| {
                    this.expression()?;
                    this.expect(":")?;
                    this.expression().map(drop)
                })?;
                return Ok(self.changeable(start..end, "__d(", Shape::Dict));
            }
            _ => return Err(Unsupported),
        };
        Ok(ExprPart::new(self.take()?, shape))
    }

    /// A quoted text, with Python's escapes.
    fn text(&mut self) -> ReadResult<Range<usize>> {
        let span = self.take()?;
        if let Some(rewritten) = literals::rewritten(&self.source[span.clone()]) {
            self.edits.replace(span.clone(), rewritten);
        }
        Ok(span)
    }

    fn changeable(&mut self, span: Range<usize>, function: &'static str, shape: Shape) -> ExprPart {
        self.edits.open(span.start, function);
        self.edits.close(span.end, ")");
        ExprPart::new(span, shape)
    }

    fn parenthesis(&mut self) -> ReadResult<ExprPart> {
        let start = self.take()?.start;
        if self.is(")") {
            return Ok(ExprPart::new(start..self.take()?.end, Shape::Tuple));
        }
        let inner = self.list()?;
        let end = self.expect(")")?.end;
        Ok(ExprPart::new(start..end, inner.shape))
    }

    /// The items between brackets, including the closing `end`.
    fn items(
        &mut self,
        end: &str,
        mut item: impl FnMut(&mut Self) -> ReadResult<()>,
    ) -> ReadResult<usize> {
        loop {
            if self.is(end) {
                return Ok(self.take()?.end);
            }
            item(self)?;
            if !self.skip(",") && !self.is(end) {
                return Err(Unsupported);
            }
        }
    }

    pub fn postfixed(&mut self, mut part: ExprPart) -> ReadResult<ExprPart> {
        loop {
            if self.is(".") {
                let start = self.take()?.start;
                let end = self.take()?.end;
                part = ExprPart {
                    span: part.span.start..end,
                    shape: Shape::Other,
                    attribute: Some(start..end),
                };
                continue;
            }
            let end = if self.is("[") {
                self.subscript(part.span.start)?
            } else if self.is("(") {
                self.arguments()?
            } else {
                return Ok(part);
            };
            part = ExprPart::new(part.span.start..end, Shape::Other);
        }
    }

    /// The brackets after the part that begins at `start`: an item, or a slice, which becomes a
    /// call of `__slice`.
    fn subscript(&mut self, start: usize) -> ReadResult<usize> {
        let open = self.take()?;
        let (mut tuple, mut has_bound) = (false, false);
        let mut colons = Vec::new();
        loop {
            if self.is("]") {
                let close = self.take()?;
                if tuple {
                    self.edits.open(open.end, "(");
                    self.edits.close(close.start, ")");
                } else if let [.., last] = &colons[..] {
                    self.edits.open(start, "__slice(");
                    self.edits.replace(open, ",");
                    for colon in &colons {
                        let colon: &(Range<usize>, bool) = colon;
                        let missing = if colon.1 { "," } else { "none," };
                        let end = if colon.0 == last.0 && !has_bound { "none" } else { "" };
                        self.edits.replace(colon.0.clone(), format!("{missing}{end}"));
                    }
                    self.edits.replace(close.clone(), ")");
                }
                return Ok(close.end);
            }
            if self.is(":") {
                colons.push((self.take()?, has_bound));
                has_bound = false;
                continue;
            }
            if self.skip(",") {
                tuple = true;
                continue;
            }
            self.expression()?;
            has_bound = true;
        }
    }

    pub fn arguments(&mut self) -> ReadResult<usize> {
        self.expect("(")?;
        self.items(")", |this| {
            if !this.skip("*")
                && !this.skip("**")
                && this.kind() == Some(TokenKind::Name)
                && this.peek(1) == "="
            {
                this.at += 2;
            }
            this.expression().map(drop)
        })
    }

    pub fn filtered(&mut self, mut part: ExprPart) -> ReadResult<ExprPart> {
        loop {
            let mut end = if self.skip("|") {
                self.dotted()?
            } else if self.is("is") {
                self.at += 1;
                if let Some(attribute) = part.attribute.take() {
                    self.method(&part.span, attribute);
                }
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
            part = ExprPart::new(part.span.start..end, Shape::Other);
        }
    }

    /// `object.name` before a test. The name can be a method, which is not a value in minijinja.
    fn method(&mut self, span: &Range<usize>, attribute: Range<usize>) {
        let name = self.source[attribute.start + 1..attribute.end].trim();
        self.edits.open(span.start, "__attr(");
        self.edits.replace(attribute.clone(), format!(",'{name}'"));
        self.edits.close(span.end, ")");
    }

    fn dotted(&mut self) -> ReadResult<usize> {
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
            Some(TokenKind::Name) => {
                !["else", "or", "and", "is", "if", "not", "in", "recursive"].contains(&self.word())
            }
            Some(TokenKind::Text | TokenKind::Number) => true,
            Some(TokenKind::Sign) => matches!(self.word(), "[" | "{"),
            None => false,
        }
    }
}
