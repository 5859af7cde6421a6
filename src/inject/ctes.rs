//! Takes a query apart: splits off its `with` clause, and finds the expression of a column in its
//! last `select`. Returns `None` when in doubt.

use sqlparser::ast::{Expr, SelectItem, SetExpr, Statement};
use sqlparser::dialect::Dialect as Parser;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token;

use super::parsers::parse;
use super::relations::located;
use super::tokens::TokenStream;
use crate::diagnostics::Diagnostic;

/// The CTEs of a query without the keyword `with`, and the rest of the query. Comments before the
/// keyword stay with the CTEs.
pub fn with_clause(sql: &str, parser: &dyn Parser) -> Option<(String, String)> {
    let text = TokenStream::new(sql, parser).ok()?;
    let with = text.next(0).filter(|token| text.keyword(*token) == Keyword::WITH)?;
    let mut depth = 0_usize;
    let mut token = with + 1;
    while token < text.tokens.len() {
        match &text.tokens[token].token {
            Token::LParen => depth += 1,
            Token::RParen => {
                depth = depth.checked_sub(1)?;
                let after = text.next(token + 1)?;
                // A column list ends with a parenthesis too, but `as` follows it.
                if depth == 0
                    && text.tokens[after].token != Token::Comma
                    && text.keyword(after) != Keyword::AS
                {
                    let end = text.spans[token].end;
                    let ctes = format!(
                        "{}{}",
                        sql[..text.spans[with].start].trim_start(),
                        sql[text.spans[with].end..end].trim_start()
                    );
                    return Some((ctes, sql[end..].to_string()));
                }
            }
            _ => {}
        }
        token += 1;
    }
    None
}

/// Rejects a query that ends with an `order by` which only orders its result: neither `top` nor
/// `offset` takes rows by it.
pub fn reject_final_order(sql: &str, parser: &dyn Parser) -> Result<(), Diagnostic> {
    let Ok(text) = TokenStream::new(sql, parser) else { return Ok(()) };
    let (mut depth, mut order, mut takes_rows) = (0_usize, None, false);
    for token in 0..text.tokens.len() {
        match text.tokens[token].token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            _ => match text.keyword(token) {
                Keyword::SELECT => (order, takes_rows) = (None, false),
                Keyword::TOP => takes_rows = true,
                Keyword::ORDER => order = Some(token),
                Keyword::OFFSET | Keyword::FOR => takes_rows |= order.is_some(),
                _ => {}
            },
        }
    }
    match order.filter(|_| !takes_rows) {
        None => Ok(()),
        Some(order) => Err(located(
            Diagnostic::error(
                "the query ends with `order by`, which T-SQL does not allow in a subquery or view",
            ),
            sql,
            &text.spans[order],
        )
        .hint("remove it: the rows of a table have no order")),
    }
}

/// The expression of a column in the last `select` of a query, in lower case with single spaces and
/// without backquotes.
pub fn column_expression(sql: &str, parser: &dyn Parser, column: &str) -> Option<String> {
    let statement = parse(&TokenStream::new(sql, parser).ok()?, parser).ok()?;
    let Statement::Query(query) = statement else { return None };
    let SetExpr::Select(select) = *query.body else { return None };
    let expression = select.projection.iter().find_map(|item| match item {
        SelectItem::ExprWithAlias { expr, alias } if alias.value.eq_ignore_ascii_case(column) => {
            Some(expr.to_string())
        }
        SelectItem::UnnamedExpr(Expr::Identifier(name))
            if name.value.eq_ignore_ascii_case(column) =>
        {
            Some(name.to_string())
        }
        SelectItem::UnnamedExpr(expr @ Expr::CompoundIdentifier(parts)) => parts
            .last()
            .filter(|part| part.value.eq_ignore_ascii_case(column))
            .map(|_| expr.to_string()),
        _ => None,
    });
    expression.map(|text| {
        text.to_lowercase().replace('`', "").split_whitespace().collect::<Vec<_>>().join(" ")
    })
}

#[cfg(test)]
mod tests {
    use super::super::parser;
    use super::*;

    #[test]
    fn ctes_are_split_off() {
        let cut = |sql| with_clause(sql, &*parser("mssql"));
        let (ctes, rest) = cut(
            "-- why\nwith a (x, y) as (select ')' as \"with\"), b as (select 1)\nselect (1) from b",
        )
        .unwrap();
        assert_eq!(ctes, "-- why\na (x, y) as (select ')' as \"with\"), b as (select 1)");
        assert_eq!(rest, "\nselect (1) from b");
        assert_eq!(cut("select 1 from (with a as (select 1) select 1 from a) b"), None);
    }

    #[test]
    fn an_order_of_all_rows_is_rejected() {
        let is_rejected = |sql| reject_final_order(sql, &*parser("mssql")).is_err();
        assert!(is_rejected("with a as (select 1 as b) select b from a order by b"));
        assert!(is_rejected("select top 3 b from a union all select b from a order by 1"));
        for sql in [
            "select b, row_number() over (order by b) as n from a",
            "select distinct top (3) b from a order by b",
            "select b from a order by b offset 3 rows fetch next 3 rows only",
            "select b as [order by] from a -- order by",
        ] {
            assert!(!is_rejected(sql), "{sql}");
        }
    }

    #[test]
    fn the_expression_of_a_column() {
        let of = |column| {
            column_expression(
                "with a as (select 1) select Cast(min(e.`At`) as DATE) as day, e.other from a e",
                &*parser("spark"),
                column,
            )
        };
        assert_eq!(of("Day").as_deref(), Some("cast(min(e.at) as date)"));
        assert_eq!(of("other").as_deref(), Some("e.other"));
        assert_eq!(of("none"), None);
    }
}
