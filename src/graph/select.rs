//! dbt's selection grammar.
