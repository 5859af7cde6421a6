//! Expressions that read the clock without a function of its own: `'today'::date`, SQLite's
//! `datetime('now')`, `age(at)`.

use sqlparser::ast::{BinaryOperator, Expr, Function};

use super::call_syntax::{arguments, function_name};
use super::literal::{is_clock_word, text};
use super::names;

/// Whether a function of other times reads the clock: SQLite's functions of `'now'` or of nothing,
/// and the age of one time.
pub fn is_clock_call(name: &str, args: &[&Expr]) -> bool {
    let is_word = |arg: &&&Expr| text(arg).is_some_and(is_clock_word);
    match name {
        "date" | "datetime" | "time" | "julianday" | "unixepoch" => {
            args.is_empty() || args.first().is_some_and(|arg| is_word(&arg))
        }
        "strftime" => args.len() == 1 || args.get(1).is_some_and(|arg| is_word(&arg)),
        "timestamp" | "timestamptz" | "to_date" | "to_timestamp" => {
            args.first().is_some_and(|arg| is_word(&arg))
        }
        "age" => args.len() == 1,
        _ => false,
    }
}

/// Whether a function is a clock, by its name or by its arguments.
pub fn is_clock_function(function: &Function) -> bool {
    let name = function_name(function);
    names::is_clock(&name) || is_clock_call(&name, &arguments(function))
}

/// Whether an expression is a literal of the current time: `date 'today'`, `'now'::timestamp`.
pub fn is_clock_literal(expr: &Expr) -> bool {
    let is_time = |data_type: &dyn ToString| {
        let name = data_type.to_string().to_lowercase();
        name.starts_with("date") || name.starts_with("time")
    };
    match expr {
        Expr::Cast { expr: inner, data_type, .. } => {
            matches!(**inner, Expr::Value(_))
                && text(inner).is_some_and(is_clock_word)
                && is_time(data_type)
        }
        Expr::TypedString(typed) => {
            text(expr).is_some_and(is_clock_word) && is_time(&typed.data_type)
        }
        _ => false,
    }
}

/// The sides of a comparison with the word of a clock: `at > 'yesterday'`. The other side is a time
/// if the word is one.
pub fn compared_with_word(expr: &Expr) -> Option<(&Expr, &Expr)> {
    use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
    let Expr::BinaryOp { left, op: Eq | Gt | GtEq | Lt | LtEq | NotEq, right } = expr else {
        return None;
    };
    let is_word =
        |expr: &Expr| matches!(expr, Expr::Value(_)) && text(expr).is_some_and(is_clock_word);
    [(&**left, &**right), (&**right, &**left)].into_iter().find(|(word, _)| is_word(word))
}
