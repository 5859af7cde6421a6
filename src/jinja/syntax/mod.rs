//! The syntax of templates: reads Jinja with Python's expressions, and writes it for minijinja with
//! the positions of the original.

mod assignment;
pub(super) mod expression;
pub(super) mod lexer;
pub(super) mod literals;
pub(super) mod operand;
pub(super) mod source_map;
pub(super) mod transpile;
