//! The hash of a file, by which the manifest and the journal know it.

use sha2::Digest;

/// 32 bytes; written as hexadecimal digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sha256([u8; 32]);

impl Sha256 {
    pub fn of(bytes: &[u8]) -> Sha256 {
        Sha256(sha2::Sha256::digest(bytes).into())
    }

    /// Of what `Display` writes.
    pub fn parse(text: &str) -> Option<Sha256> {
        let digits: Vec<u8> = text.chars().map(|char| char.to_digit(16).and_then(|digit| digit.try_into().ok())).collect::<Option<_>>()?;
        let bytes: Vec<u8> = digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect();
        bytes.try_into().ok().filter(|_| digits.len() == 64).map(Sha256)
    }
}

impl std::fmt::Display for Sha256 {
    fn fmt(&self, out: &mut std::fmt::Formatter) -> std::fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |digit: u8| char::from(DIGITS[usize::from(digit)]);
        let text: String = self.0.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
        out.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::Sha256;

    #[test]
    fn it_is_read_as_it_is_written() {
        let hash = Sha256::of(b"abc");
        assert_eq!(hash.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(Sha256::parse(&hash.to_string()), Some(hash));
        assert_eq!((Sha256::parse("ba78"), Sha256::parse(&"x".repeat(64))), (None, None));
    }
}
