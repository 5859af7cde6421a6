//! Aliases that stand before what they name, with a colon: `from o: orders`, `select total:
//! sum(amount)`.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Ident, ObjectNamePart, Statement, TableAlias, TableFactor, VisitMut, VisitorMut,
};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Span, Token};

use super::preprocess::{MaskedSpan, What};
use super::tokens::TokenStream;

/// The alias that a token is, with its colon.
pub fn prefix_alias(text: &TokenStream, token: usize) -> Option<MaskedSpan> {
    let colon = text.next(token + 1).filter(|colon| text.is(*colon, &Token::Colon))?;
    let behind = text.next(colon + 1)?;
    // `a:b` is a path into a value.
    let is_glued = text.spans[token].end == text.spans[colon].start
        && text.spans[colon].end == text.spans[behind].start;
    if is_glued && matches!(text.tokens[behind].token, Token::Word(_)) {
        return None;
    }
    let what = match text.clause(token)? {
        Keyword::FROM | Keyword::JOIN => What::Alias,
        Keyword::SELECT => What::Name,
        _ => return None,
    };
    let begins_item = text.previous(token).is_some_and(|before| {
        text.is(before, &Token::Comma)
            || matches!(
                text.keyword(before),
                Keyword::FROM | Keyword::JOIN | Keyword::SELECT | Keyword::DISTINCT
            )
    });
    begins_item.then(|| MaskedSpan::new(text.spans[token].start..text.spans[colon].end, what))
}

/// Whether an alias stands right before a table that begins at a byte.
pub fn is_named_before(text: &TokenStream, blanks: &[MaskedSpan], start: usize) -> bool {
    let mut aliases =
        blanks.iter().filter(|blank| blank.what == What::Alias && blank.span.end <= start);
    aliases.any(|blank| text.silent(blank.span.end..start))
}

/// Gives the tables of a tree the aliases that stand before them.
pub fn name_tables(
    tree: &mut Statement,
    original: &str,
    text: &TokenStream,
    blanks: &[MaskedSpan],
) {
    let aliases = blanks.iter().filter(|blank| blank.what == What::Alias).filter_map(|blank| {
        let table = text.starting_at_byte(blank.span.end).and_then(|behind| text.next(behind))?;
        let name = original[blank.span.clone()].trim_end_matches(':').trim_end();
        let quote = name.chars().next().filter(|first| "\"`".contains(*first));
        let ident = Ident {
            value: name.trim_matches(['"', '`']).to_string(),
            quote_style: quote,
            span: Span::empty(),
        };
        Some((
            text.tokens[table].span.start,
            TableAlias { explicit: false, name: ident, columns: Vec::new(), at: None },
        ))
    });
    let mut walk = NameTables { aliases: aliases.collect() };
    if !walk.aliases.is_empty() {
        let _ = tree.visit(&mut walk);
    }
}

struct NameTables {
    aliases: Vec<(Location, TableAlias)>,
}

impl VisitorMut for NameTables {
    type Break = ();

    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, alias: alias @ None, .. } = factor
            && let Some(first) = name.0.first().and_then(ObjectNamePart::as_ident)
        {
            *alias = self
                .aliases
                .iter()
                .find(|(at, _)| *at == first.span.start)
                .map(|(_, alias)| alias.clone());
        }
        ControlFlow::Continue(())
    }
}
