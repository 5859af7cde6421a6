//! x
pub const CASES: &[(&str, fn())] = &[];
