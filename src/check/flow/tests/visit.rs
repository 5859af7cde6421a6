//! Visiting the expressions of a clause.

use sqlparser::ast::Expr;
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;

use super::super::visit::{conditions, visit_exprs};

fn parse(sql: &str) -> Expr {
    Parser::new(&GenericDialect {}).try_with_sql(sql).unwrap().parse_expr().unwrap()
}

fn columns(sql: &str) -> Vec<String> {
    let mut columns = Vec::new();
    visit_exprs(&parse(sql), |expr| {
        if let Expr::Identifier(name) = expr {
            columns.push(name.value.clone());
        }
    });
    columns
}

#[test]
fn each_visits_nested_expressions_but_not_subqueries() {
    assert_eq!(columns("f(a, b + 1) or case when c then d end"), ["a", "b", "c", "d"]);
    assert_eq!(
        columns("a in (select b from t where c) and d > (select max(e) from t)"),
        ["a", "d"]
    );
    assert_eq!(columns("exists (select 1 from t where a = (select b))"), [""; 0]);
}

#[test]
fn conditions_splits_conjunctions_only() {
    let split = |sql: &str| {
        let expr = parse(sql);
        let mut texts: Vec<String> = conditions([&expr]).iter().map(ToString::to_string).collect();
        texts.sort();
        texts
    };
    assert_eq!(
        split("a = 1 and (b = 2 and (c = 3)) and (d = 4 or e = 5)"),
        ["a = 1", "b = 2", "c = 3", "d = 4 OR e = 5"]
    );
    assert_eq!(split("not (a and b)"), ["NOT (a AND b)"]);
    assert!(conditions([]).is_empty());
}
