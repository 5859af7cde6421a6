//! What dbt adds to Jinja: its functions and objects, macros and their packages, relations, and
//! YAML with Jinja.

pub(super) mod adapter;
pub(super) mod builtin_function;
pub(super) mod builtin_macros;
pub(super) mod column;
pub(super) mod computed_spine;
pub(super) mod config;
pub(super) mod environment;
pub(super) mod error_location;
pub(super) mod functions;
pub(super) mod globals;
pub(super) mod inner_text;
pub(super) mod introspection;
pub(super) mod json;
pub(super) mod macro_dependencies;
pub(super) mod macro_registry;
pub(super) mod macros;
pub(super) mod modules;
pub(super) mod named_node;
pub(super) mod native;
pub(super) mod node;
pub(super) mod recorded_results;
pub(super) mod relations;
pub(super) mod semantic_items;
pub(super) mod session;
pub(super) mod spine;
pub(super) mod strategy;
pub(super) mod table;
pub(super) mod text_functions;
pub(super) mod yaml;

#[cfg(test)]
mod builtin_tests;
