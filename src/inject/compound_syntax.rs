//! Unsupported syntax of several parts: one part remains as a replacement that sqlparser
//! understands, and the others are masked.

use sqlparser::dialect::{Dialect as Parser, DuckDbDialect};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token;

use super::masks::{MaskKind, MaskedSpan};
use super::tokens::TokenStream;

/// The masks of the syntax that begins at a token.
pub fn unsupported_syntax(
    text: &TokenStream,
    token: usize,
    parser: &dyn Parser,
) -> Vec<MaskedSpan> {
    let syntax = CompoundSyntax { text };
    let is_duckdb = parser.is::<DuckDbDialect>();
    let masks = match text.keyword(token) {
        Keyword::WITH => syntax.scalars(token),
        Keyword::FROM => {
            let list = syntax.table_list(token);
            if list.is_none() && is_duckdb { syntax.lone_from(token) } else { list }
        }
        Keyword::ROWS => syntax.rows_from(token),
        Keyword::VALUES => syntax.bare_values(token),
        Keyword::PIVOT | Keyword::UNPIVOT if is_duckdb => syntax.pivot_statement(token),
        _ => None,
    };
    masks.unwrap_or_default()
}

struct CompoundSyntax<'a> {
    text: &'a TokenStream<'a>,
}

impl CompoundSyntax<'_> {
    fn mask(&self, first: usize, last: usize, kind: MaskKind) -> MaskedSpan {
        MaskedSpan::new(self.text.spans[first].start..self.text.spans[last].end, kind)
    }

    fn is_query(&self, token: usize) -> bool {
        use Keyword::{FROM, PIVOT, SELECT, UNPIVOT, VALUES, WITH};
        matches!(self.text.keyword(token), SELECT | WITH | FROM | VALUES | PIVOT | UNPIVOT)
    }

    /// Whether a query can begin at a token.
    fn begins_query(&self, token: usize) -> bool {
        use Keyword::{ALL, DISTINCT, EXCEPT, INTERSECT, NAME, UNION};
        let text = self.text;
        text.previous(token).is_none_or(|before| {
            text.is(before, &Token::LParen)
                || matches!(
                    text.keyword(before),
                    UNION | EXCEPT | INTERSECT | ALL | DISTINCT | NAME
                )
        })
    }

    /// The tokens from `token` to the end of its query, without those in nested parentheses.
    fn level(&self, token: usize) -> Vec<usize> {
        let text = self.text;
        let mut tokens = Vec::new();
        let mut next = Some(token);
        while let Some(at) = next {
            if matches!(text.tokens[at].token, Token::RParen | Token::SemiColon | Token::EOF) {
                break;
            }
            tokens.push(at);
            let end = if text.is(at, &Token::LParen) { text.closing(at) } else { Some(at) };
            next = end.and_then(|end| text.next(end + 1));
        }
        tokens
    }

    /// The last token before the end of a level, or before a clause or set operator that follows a
    /// query.
    fn end(&self, token: usize) -> Option<usize> {
        use Keyword::{EXCEPT, INTERSECT, LIMIT, OFFSET, ORDER, UNION};
        let text = self.text;
        let level = self.level(token);
        let stop = level.iter().position(|at| {
            matches!(text.keyword(*at), ORDER | LIMIT | OFFSET | UNION | EXCEPT | INTERSECT)
        });
        let last = *level[..stop.unwrap_or(level.len())].last()?;
        if text.is(last, &Token::LParen) { text.closing(last) } else { Some(last) }
    }

    fn contains_query(&self, first: usize, last: usize) -> bool {
        (first..=last).any(|at| {
            matches!(self.text.keyword(at), Keyword::SELECT | Keyword::FROM | Keyword::TABLE)
        })
    }

    /// `from t where …` without a `select`.
    fn lone_from(&self, token: usize) -> Option<Vec<MaskedSpan>> {
        use Keyword::{GROUP, HAVING, QUALIFY, SELECT, WHERE};
        let text = self.text;
        let level = self.level(token);
        let end = self.end(token)?;
        let first = *level
            .iter()
            .find(|at| matches!(text.keyword(**at), WHERE | GROUP | HAVING | QUALIFY))?;
        let selects = level.iter().any(|at| *at < end && text.keyword(*at) == SELECT);
        if !self.begins_query(token) || selects || first > end || self.contains_query(first, end) {
            return None;
        }
        Some(vec![self.mask(first, end, MaskKind::Expression)])
    }

    /// `pivot t on name using sum(id) group by at` as a statement: becomes `from t`, with unknown
    /// columns.
    fn pivot_statement(&self, token: usize) -> Option<Vec<MaskedSpan>> {
        let text = self.text;
        let end = self.end(token)?;
        let level = self.level(token);
        let clause =
            *level.iter().find(|at| matches!(text.keyword(**at), Keyword::ON | Keyword::USING))?;
        if !self.begins_query(token) || clause > end || self.contains_query(clause, end) {
            return None;
        }
        let from = MaskedSpan { replacement: "from", ..self.mask(token, token, MaskKind::Shape) };
        Some(vec![from, self.mask(clause, end, MaskKind::Shape)])
    }

    /// `values 1, 2`: rows of one column, without parentheses.
    fn bare_values(&self, token: usize) -> Option<Vec<MaskedSpan>> {
        let text = self.text;
        let first = text.next(token + 1)?;
        let end = self.end(token).filter(|end| *end >= first)?;
        let is_row = text.is(first, &Token::LParen) || text.is_word(first, &["row"]);
        if is_row || !self.begins_query(token) || self.contains_query(first, end) {
            return None;
        }
        let replacement = "select 0";
        Some(vec![MaskedSpan { replacement, ..self.mask(token, end, MaskKind::Expression) }])
    }

    /// `rows from (f(x), g(y)) as r(a, b)`: keeps the first function.
    fn rows_from(&self, token: usize) -> Option<Vec<MaskedSpan>> {
        let text = self.text;
        let from = text.next(token + 1).filter(|from| text.keyword(*from) == Keyword::FROM)?;
        let open = text.next(from + 1).filter(|open| text.is(*open, &Token::LParen))?;
        let close = text.closing(open)?;
        let comma = self
            .level(text.next(open + 1)?)
            .into_iter()
            .find(|at| text.is(*at, &Token::Comma))
            .unwrap_or(close);
        Some(vec![self.mask(token, open, MaskKind::Other), self.mask(comma, close, MaskKind::Join)])
    }

    /// `from (a, b)`.
    fn table_list(&self, token: usize) -> Option<Vec<MaskedSpan>> {
        let text = self.text;
        let open = text.next(token + 1).filter(|open| text.is(*open, &Token::LParen))?;
        let first = text.next(open + 1)?;
        let close = text.closing(open)?;
        let is_list = self.level(first).into_iter().any(|at| text.is(at, &Token::Comma));
        let is_named = text.next(close + 1).is_some_and(|next| {
            let is_plain_word = match &text.tokens[next].token {
                Token::Word(word) => word.keyword == Keyword::NoKeyword,
                _ => false,
            };
            text.keyword(next) == Keyword::AS || is_plain_word
        });
        let is_tables = matches!(text.tokens[first].token, Token::Word(_)) && !self.is_query(first);
        (is_list && is_tables && !is_named).then(|| {
            vec![self.mask(open, open, MaskKind::Other), self.mask(close, close, MaskKind::Other)]
        })
    }

    /// `with (select …) as m, 3 as n`: values before the first CTE. The queries are parsed
    /// separately.
    fn scalars(&self, token: usize) -> Option<Vec<MaskedSpan>> {
        let text = self.text;
        let mut masks = Vec::new();
        let mut start = text.next(token + 1)?;
        loop {
            let is_cte = text.next(start + 1).is_some_and(|as_| {
                text.keyword(as_) == Keyword::AS
                    && text.next(as_ + 1).is_some_and(|open| text.is(open, &Token::LParen))
            });
            if is_cte {
                break;
            }
            let level = self.level(start);
            let as_ = *level.iter().find(|at| text.keyword(**at) == Keyword::AS)?;
            let name = text
                .next(as_ + 1)
                .filter(|name| matches!(text.tokens[*name].token, Token::Word(_)))?;
            let open = text.is(start, &Token::LParen).then_some(start);
            let close = open
                .and_then(|open| text.closing(open))
                .filter(|close| text.next(close + 1) == Some(as_));
            match close.filter(|_| text.next(start + 1).is_some_and(|first| self.is_query(first))) {
                Some(close) => masks.push(self.mask(start, close, MaskKind::Query)),
                None if self.contains_query(start, as_) => return None,
                None => masks.push(self.mask(start, text.previous(as_)?, MaskKind::Other)),
            }
            let next = text.next(name + 1)?;
            if text.is(next, &Token::Comma) {
                masks.push(self.mask(as_, next, MaskKind::Other));
                start = text.next(next + 1)?;
            } else if text.keyword(next) == Keyword::SELECT {
                masks.push(self.mask(as_, name, MaskKind::Other));
                masks.insert(0, self.mask(token, token, MaskKind::Other));
                break;
            } else {
                return None;
            }
        }
        masks.iter().any(|mask| mask.kind == MaskKind::Query).then_some(masks)
    }
}
