//! Implementations of dbt's macros: the `dbt` package, one file per subject, with variants where
//! engines differ.

/// Paths as in messages, and texts.
pub const FILES: &[(&str, &str)] = &[
    ("dbt/hooks.sql", include_str!("macros/hooks.sql")),
    ("dbt/incremental.sql", include_str!("macros/incremental.sql")),
    ("dbt/names.sql", include_str!("macros/names.sql")),
    ("dbt/types.sql", include_str!("macros/types.sql")),
    ("dbt/columns.sql", include_str!("macros/columns.sql")),
    ("dbt/dates.sql", include_str!("macros/dates.sql")),
    ("dbt/differences.sql", include_str!("macros/differences.sql")),
    ("dbt/texts.sql", include_str!("macros/texts.sql")),
    ("dbt/values.sql", include_str!("macros/values.sql")),
    ("dbt/arrays.sql", include_str!("macros/arrays.sql")),
    ("dbt/strategies.sql", include_str!("macros/strategies.sql")),
    ("dbt/series.sql", include_str!("macros/series.sql")),
];
