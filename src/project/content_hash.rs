//! Hashes of contents, for comparisons with an earlier state.

use sha2::{Digest, Sha256};

/// The hash of texts, separated by NUL bytes.
pub fn hash<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for (nth, part) in parts.into_iter().enumerate() {
        if nth > 0 {
            hash.update([0]);
        }
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
