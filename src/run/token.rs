//! Random tokens: ids of runs, and markers that no output can contain by chance.

use std::hash::{BuildHasher, RandomState};

/// Sixteen random hexadecimal digits.
pub fn hex() -> String {
    format!("{:016x}", number())
}

/// A random UUID.
pub fn id() -> String {
    let (high, low) = (number(), number());
    let version = (high & !0xf000) | 0x4000;
    let variant = (low & !(0xc << 60)) | (0x8 << 60);
    let digits = format!("{version:016x}{variant:016x}");
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

/// A random number from 0 to 1.
pub fn fraction() -> f64 {
    f64::from(u32::try_from(number() >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}

fn number() -> u64 {
    static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    RandomState::new().hash_one(COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_unique() {
        let words: std::collections::BTreeSet<String> = (0..1000).map(|_| hex()).collect();
        assert_eq!(words.len(), 1000);
        let id = id();
        assert_eq!((id.len(), &id[14..15]), (36, "4"), "{id}");
    }
}
