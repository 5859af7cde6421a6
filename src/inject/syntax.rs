//! Syntax of tables, frames and limits that sqlparser does not support in every dialect. Only masks
//! of kind `Table` determine which rows of a table are read.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token;

use super::masks::{MaskKind, MaskedSpan};
use super::tokens::TokenStream;

/// The first token after `with function …`, whose bodies may contain a `;`.
pub fn after_functions(text: &TokenStream, with: usize) -> Option<usize> {
    let (_, end) = Words { text }.function_clause(with)?;
    text.next(end + 1)
}

/// The syntax that may be masked at a token if the text cannot be parsed.
pub fn unsupported_at(text: &TokenStream, token: usize) -> Option<MaskedSpan> {
    let words = Words { text };
    let before = text.previous(token).map_or(Keyword::NoKeyword, |before| text.keyword(before));
    match text.keyword(token) {
        Keyword::NOT if before == Keyword::AS => {
            words.mask(token, &["not", "materialized"], MaskKind::Other)
        }
        Keyword::MATERIALIZED if before == Keyword::AS => {
            words.mask(token, &["materialized"], MaskKind::Other)
        }
        Keyword::EXCLUDE if words.ends_frame(token) => words.frame(token),
        Keyword::WITH => words
            .mask(token, &["with", "ties"], MaskKind::Other)
            .or_else(|| words.values(token))
            .or_else(|| words.functions(token)),
        Keyword::GROUP => words.pivot_groups(token),
        Keyword::TABLE => words.table_command(token),
        Keyword::SYMMETRIC if before == Keyword::BETWEEN => {
            Some(words.at(token, token, MaskKind::Other))
        }
        Keyword::FOR => words.system_time(token),
        Keyword::HASH | Keyword::MERGE => words.join_kind(token),
        _ if text.is_word(token, &["loop", "remote"]) => words.join_kind(token),
        Keyword::LIMIT => words.share(token),
        Keyword::LOCK => words.mask(token, &["lock", "in", "share", "mode"], MaskKind::Other),
        Keyword::GLOBAL => {
            let next = text.next(token + 1)?;
            matches!(text.keyword(next), Keyword::IN | Keyword::NOT)
                .then(|| words.at(token, token, MaskKind::Other))
        }
        Keyword::USING => words.sample_of_all(token).or_else(|| words.join_alias(token)),
        Keyword::TABLESAMPLE => words.sample(token, token, MaskKind::Table),
        Keyword::LATERAL => words.lateral_view(token),
        Keyword::SEARCH | Keyword::CYCLE => words.recursion(token),
        Keyword::DISTINCT if before == Keyword::BY => Some(words.at(token, token, MaskKind::Other)),
        Keyword::CROSS => words
            .mask(token, &["cross", "join"], MaskKind::Other)
            .map(|_| words.at(token, token, MaskKind::Other)),
        Keyword::FULL | Keyword::LEFT | Keyword::INNER => words.union(token),
        Keyword::NOT if text.follows_table(token) => {
            words.mask(token, &["not", "indexed"], MaskKind::Table)
        }
        _ if text.is_word(token, &["indexed"]) && text.follows_table(token) => {
            let by = text.next(token + 1).filter(|by| text.keyword(*by) == Keyword::BY)?;
            Some(words.at(token, text.next(by + 1)?, MaskKind::Table))
        }
        _ if text.is_word(token, &["max"]) => {
            let level = words.mask(token, &["max", "recursion", "level"], MaskKind::Other)?;
            let number = (token..text.tokens.len())
                .find(|at| matches!(text.tokens[*at].token, Token::Number(..)))?;
            Some(MaskedSpan::new(level.span.start..text.spans[number].end, MaskKind::Other))
        }
        _ if text.is_word(token, &["model"]) => {
            let opens = text.previous(token).is_some_and(|open| text.is(open, &Token::LParen));
            let named = text
                .next(token + 1)
                .is_some_and(|name| matches!(text.tokens[name].token, Token::Word(_)));
            (opens && named).then(|| words.at(token, token, MaskKind::Other))
        }
        _ => None,
    }
}

struct Words<'a> {
    text: &'a TokenStream<'a>,
}

impl Words<'_> {
    fn at(&self, first: usize, last: usize, kind: MaskKind) -> MaskedSpan {
        MaskedSpan::new(self.text.spans[first].start..self.text.spans[last].end, kind)
    }

    /// Masks these consecutive words.
    fn mask(&self, token: usize, words: &[&str], kind: MaskKind) -> Option<MaskedSpan> {
        let mut last = token;
        for (nth, word) in words.iter().enumerate() {
            last = if nth == 0 { token } else { self.text.next(last + 1)? };
            if !self.text.is_word(last, &[word]) {
                return None;
            }
        }
        Some(self.at(token, last, kind))
    }

    /// `with 3 as n, x as (select …)`: values before the first CTE, or the whole clause.
    fn values(&self, token: usize) -> Option<MaskedSpan> {
        let text = self.text;
        let first = text.next(token + 1)?;
        let (mut start, mut last) = (first, None);
        loop {
            let is_cte = text.next(start + 1).is_some_and(|as_| {
                text.keyword(as_) == Keyword::AS
                    && text.next(as_ + 1).is_some_and(|open| text.is(open, &Token::LParen))
            });
            if is_cte {
                return last.map(|last| self.at(first, last, MaskKind::Other));
            }
            let mut at = start;
            let as_ = loop {
                match text.keyword(at) {
                    Keyword::AS => break at,
                    Keyword::SELECT | Keyword::FROM => return None,
                    _ if text.is(at, &Token::LParen) => at = text.closing(at)?,
                    _ => {}
                }
                at = text.next(at + 1)?;
            };
            let holds_query = (start..as_).any(|at| text.keyword(at) == Keyword::SELECT);
            let name = text.next(as_ + 1).filter(|name| {
                matches!(text.tokens[*name].token, Token::Word(_)) && !holds_query
            })?;
            match text.next(name + 1)? {
                comma if text.is(comma, &Token::Comma) => {
                    (last, start) = (Some(comma), text.next(comma + 1)?)
                }
                select if text.keyword(select) == Keyword::SELECT => {
                    return Some(self.at(token, name, MaskKind::Other));
                }
                _ => return None,
            }
        }
    }

    /// `with function f(x bigint) returns bigint return x + 1 select …`.
    fn functions(&self, token: usize) -> Option<MaskedSpan> {
        self.function_clause(token).map(|(first, last)| self.at(first, last, MaskKind::Other))
    }

    /// The first and the last token of the function definitions of a query.
    fn function_clause(&self, token: usize) -> Option<(usize, usize)> {
        let text = self.text;
        if text.keyword(token) != Keyword::WITH {
            return None;
        }
        let mut at =
            text.next(token + 1).filter(|word| text.keyword(*word) == Keyword::FUNCTION)?;
        loop {
            let end = if text.is(at, &Token::LParen) { text.closing(at)? } else { at };
            let next = text.next(end + 1)?;
            if matches!(
                text.keyword(next),
                Keyword::SELECT | Keyword::WITH | Keyword::VALUES | Keyword::TABLE
            ) {
                return Some((token, end));
            }
            at = next;
        }
    }

    /// `table orders` as a statement. The parser supports it only after a parenthesis or an
    /// operator.
    fn table_command(&self, token: usize) -> Option<MaskedSpan> {
        let text = self.text;
        let is_word = |at: &usize| matches!(text.tokens[*at].token, Token::Word(_));
        let mut last = text.next(token + 1).filter(is_word)?;
        while let Some(dot) = text.next(last + 1).filter(|dot| text.is(*dot, &Token::Period)) {
            last = text.next(dot + 1).filter(is_word)?;
        }
        let replacement = "values(0)";
        let command = MaskedSpan { replacement, ..self.at(token, last, MaskKind::Shape) };
        text.previous(token).is_none().then_some(command)
    }

    /// `pivot (sum(id) for name in ('x') group by at)`.
    fn pivot_groups(&self, token: usize) -> Option<MaskedSpan> {
        let text = self.text;
        let mut depth = 0usize;
        let open = (0..token).rev().find(|at| match text.tokens[*at].token {
            Token::RParen => {
                depth += 1;
                false
            }
            Token::LParen if depth > 0 => {
                depth -= 1;
                false
            }
            Token::LParen => true,
            _ => false,
        })?;
        let is_pivot =
            text.previous(open).is_some_and(|pivot| text.keyword(pivot) == Keyword::PIVOT);
        let last = text.previous(text.closing(open)?).filter(|_| is_pivot)?;
        Some(self.at(token, last, MaskKind::Shape))
    }

    /// `for system_time between a and b`, `from a to b`, `all`, `contained in (a, b)`.
    fn system_time(&self, token: usize) -> Option<MaskedSpan> {
        let text = self.text;
        let time = text.next(token + 1).filter(|time| text.is_word(*time, &["system_time"]))?;
        let how = text.next(time + 1)?;
        let last = match text.keyword(how) {
            Keyword::ALL => how,
            Keyword::BETWEEN | Keyword::FROM => {
                let start = text.next(how + 1)?;
                text.next(text.next(start + 1)? + 1)?
            }
            _ if text.is_word(how, &["contained"]) => {
                text.closing(text.next(text.next(how + 1)? + 1)?)?
            }
            _ => return None,
        };
        Some(self.at(token, last, MaskKind::Table))
    }

    /// `inner hash join`.
    fn join_kind(&self, token: usize) -> Option<MaskedSpan> {
        let joins =
            self.text.next(token + 1).is_some_and(|join| self.text.keyword(join) == Keyword::JOIN);
        let before = self.text.previous(token).map(|before| self.text.keyword(before));
        let is_kind = matches!(
            before,
            Some(Keyword::INNER | Keyword::LEFT | Keyword::RIGHT | Keyword::FULL | Keyword::OUTER)
        );
        (joins && is_kind).then(|| self.at(token, token, MaskKind::Other))
    }

    /// `rows between … and current row exclude ties`.
    fn ends_frame(&self, token: usize) -> bool {
        let before = self.text.previous(token).map(|before| self.text.keyword(before));
        matches!(before, Some(Keyword::ROW | Keyword::FOLLOWING | Keyword::PRECEDING))
    }

    fn frame(&self, token: usize) -> Option<MaskedSpan> {
        let kinds: [&[&str]; 4] = [
            &["exclude", "current", "row"],
            &["exclude", "group"],
            &["exclude", "ties"],
            &["exclude", "no", "others"],
        ];
        kinds.into_iter().find_map(|words| self.mask(token, words, MaskKind::Other))
    }

    fn is_percent(&self, token: usize) -> bool {
        self.text.is(token, &Token::Mod) || self.text.is_word(token, &["percent"])
    }

    /// `limit 10%`.
    fn share(&self, token: usize) -> Option<MaskedSpan> {
        let number = self
            .text
            .next(token + 1)
            .filter(|number| matches!(self.text.tokens[*number].token, Token::Number(..)))?;
        let percent = self.text.next(number + 1).filter(|percent| self.is_percent(*percent))?;
        Some(self.at(percent, percent, MaskKind::Other))
    }

    /// `tablesample 10%`, `10 percent (bernoulli, 3)`, `reservoir(20%)`; `first` is its first
    /// token.
    fn sample(&self, first: usize, token: usize, kind: MaskKind) -> Option<MaskedSpan> {
        let text = self.text;
        let mut last = text.next(token + 1)?;
        match &text.tokens[last].token {
            Token::Number(..) => {
                let is_unit =
                    |unit: &usize| self.is_percent(*unit) || text.is_word(*unit, &["rows"]);
                last = text.next(last + 1).filter(is_unit).unwrap_or(last);
            }
            Token::Word(_) => {
                last = text
                    .next(last + 1)
                    .filter(|open| text.is(*open, &Token::LParen))
                    .and_then(|open| text.closing(open))?
            }
            _ => return None,
        }
        if let Some(open) = text.next(last + 1).filter(|open| text.is(*open, &Token::LParen)) {
            last = text.closing(open)?;
        }
        Some(self.at(first, last, kind))
    }

    /// `using sample 10%`: a sample of the query's rows.
    fn sample_of_all(&self, token: usize) -> Option<MaskedSpan> {
        let sample = self
            .text
            .next(token + 1)
            .filter(|sample| self.text.keyword(*sample) == Keyword::SAMPLE)?;
        self.sample(token, sample, MaskKind::Other)
    }

    /// `using (id) as both`.
    fn join_alias(&self, token: usize) -> Option<MaskedSpan> {
        let open = self.text.next(token + 1).filter(|open| self.text.is(*open, &Token::LParen))?;
        let as_ = self
            .text
            .next(self.text.closing(open)? + 1)
            .filter(|word| self.text.keyword(*word) == Keyword::AS)?;
        let name = self
            .text
            .next(as_ + 1)
            .filter(|name| matches!(self.text.tokens[*name].token, Token::Word(_)))?;
        Some(self.at(as_, name, MaskKind::Join))
    }

    /// `lateral view outer explode(x) e as a, b`.
    fn lateral_view(&self, token: usize) -> Option<MaskedSpan> {
        let text = self.text;
        let mut at = text.next(token + 1).filter(|view| text.keyword(*view) == Keyword::VIEW)?;
        while !text.is(at, &Token::LParen) {
            at = text.next(at + 1)?;
        }
        let mut last = text.closing(at)?;
        let is_name = |name: &usize| match &text.tokens[*name].token {
            Token::Word(word) => {
                word.quote_style.is_some()
                    || word.keyword == Keyword::NoKeyword
                    || word.value.len() == 1
            }
            _ => false,
        };
        if let Some(name) = text.next(last + 1).filter(is_name) {
            last = name;
        }
        if let Some(as_) = text.next(last + 1).filter(|word| text.keyword(*word) == Keyword::AS) {
            last = text.next(as_ + 1)?;
            while let Some(comma) =
                text.next(last + 1).filter(|comma| text.is(*comma, &Token::Comma))
            {
                last = text.next(comma + 1)?;
            }
        }
        Some(self.at(token, last, MaskKind::Join))
    }

    /// `search depth first by a set b`, `cycle a set b using c`, after a CTE.
    fn recursion(&self, token: usize) -> Option<MaskedSpan> {
        let text = self.text;
        // A `cycle` may follow a `search`.
        let follows_search =
            || (token.saturating_sub(24)..token).any(|at| text.keyword(at) == Keyword::SEARCH);
        let follows_parenthesis =
            text.previous(token).is_some_and(|close| text.is(close, &Token::RParen));
        let follows_cte =
            follows_parenthesis || (text.keyword(token) == Keyword::CYCLE && follows_search());
        let set =
            (token..text.tokens.len()).take(40).find(|at| text.keyword(*at) == Keyword::SET)?;
        let mut last = text.next(set + 1)?;
        if text.keyword(token) == Keyword::CYCLE {
            let using = (last..text.tokens.len())
                .take(40)
                .find(|at| text.keyword(*at) == Keyword::USING)?;
            last = text.next(using + 1)?;
        }
        follows_cte.then(|| self.at(token, last, MaskKind::Join))
    }

    /// `full outer union all by name`.
    fn union(&self, token: usize) -> Option<MaskedSpan> {
        let mut next = self.text.next(token + 1)?;
        let mut last = token;
        if self.text.keyword(next) == Keyword::OUTER {
            (last, next) = (next, self.text.next(next + 1)?);
        }
        matches!(self.text.keyword(next), Keyword::UNION | Keyword::EXCEPT | Keyword::INTERSECT)
            .then(|| self.at(token, last, MaskKind::Join))
    }
}
