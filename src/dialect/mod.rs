//! How an engine says it.
