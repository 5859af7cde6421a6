//! Aliases before the named item, with a colon: `from o: orders`, `select total: sum(amount)`.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Ident, ObjectNamePart, Statement, TableAlias, TableFactor, VisitMut, VisitorMut,
};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Span, Token};

use super::masks::{MaskKind, MaskedSpan};
use super::tokens::TokenStream;

/// The alias at a token, with its colon.
pub fn prefix_alias(text: &TokenStream, token: usize) -> Option<MaskedSpan> {
    let colon = text.next(token + 1).filter(|colon| text.is(*colon, &Token::Colon))?;
    let after = text.next(colon + 1)?;
    // `a:b` is a path into a value.
    let is_glued = text.spans[token].end == text.spans[colon].start
        && text.spans[colon].end == text.spans[after].start;
    if is_glued && matches!(text.tokens[after].token, Token::Word(_)) {
        return None;
    }
    let kind = match text.clause(token)? {
        Keyword::FROM | Keyword::JOIN => MaskKind::Alias,
        Keyword::SELECT => MaskKind::Name,
        _ => return None,
    };
    let begins_item = text.previous(token).is_some_and(|before| {
        text.is(before, &Token::Comma)
            || matches!(
                text.keyword(before),
                Keyword::FROM | Keyword::JOIN | Keyword::SELECT | Keyword::DISTINCT
            )
    });
    begins_item.then(|| MaskedSpan::new(text.spans[token].start..text.spans[colon].end, kind))
}

/// Whether an alias directly precedes a table that begins at a byte.
pub fn has_prefix_alias(text: &TokenStream, masks: &[MaskedSpan], start: usize) -> bool {
    let mut aliases =
        masks.iter().filter(|mask| mask.kind == MaskKind::Alias && mask.span.end <= start);
    aliases.any(|mask| text.is_trivia(mask.span.end..start))
}

/// Sets the prefix aliases of the tables of a tree.
pub fn name_tables(tree: &mut Statement, original: &str, text: &TokenStream, masks: &[MaskedSpan]) {
    let aliases = masks.iter().filter(|mask| mask.kind == MaskKind::Alias).filter_map(|mask| {
        let table = text.starting_at_byte(mask.span.end).and_then(|after| text.next(after))?;
        let name = original[mask.span.clone()].trim_end_matches(':').trim_end();
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
