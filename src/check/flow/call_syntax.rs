//! The name and the arguments of a function call; the name of a column.

use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, ObjectName, ObjectNamePart,
};

/// The name of a function in lower case, without its schema.
pub fn function_name(function: &Function) -> String {
    last_part(&function.name).map(str::to_lowercase).unwrap_or_default()
}

/// A name without its qualifiers.
pub fn last_part(name: &ObjectName) -> Option<&str> {
    name.0.last().and_then(ObjectNamePart::as_ident).map(|name| name.value.as_str())
}

/// The arguments that are expressions.
pub fn arguments(function: &Function) -> Vec<&Expr> {
    let FunctionArguments::List(list) = &function.args else { return Vec::new() };
    list.args.iter().filter_map(argument).collect()
}

/// The expression of an argument, if it is one.
pub fn argument(argument: &FunctionArg) -> Option<&Expr> {
    match argument {
        FunctionArg::Named { arg: FunctionArgExpr::Expr(expr), .. }
        | FunctionArg::ExprNamed { arg: FunctionArgExpr::Expr(expr), .. }
        | FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    }
}

/// The name of the column that an expression is.
pub fn column_name(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Identifier(name) => Some(name.value.clone()),
        Expr::CompoundIdentifier(parts) => parts.last().map(|name| name.value.clone()),
        _ => None,
    }
}
