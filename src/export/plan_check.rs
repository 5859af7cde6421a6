//! Detects that the folder of a plan has another plan than the exported one, in a task without
//! batchwright: by the checksum of the manifest, which has the hash of each file.

use super::escape::sh;
use crate::plan_dir;

/// The manifest of the exported plan.
pub struct PlanCheck {
    /// As the tasks name it.
    pub path: String,
    /// What `cksum` prints for it: the CRC and the number of bytes.
    cksum: String,
    /// In hexadecimal digits.
    pub sha256: String,
}

impl PlanCheck {
    /// The check of a manifest with these bytes.
    pub fn of(path: String, manifest: &[u8]) -> PlanCheck {
        PlanCheck {
            path,
            cksum: format!("{} {}", crc(manifest), manifest.len()),
            sha256: plan_dir::sha256(manifest),
        }
    }

    /// A command of a POSIX shell that ends with an error if the manifest is another one.
    pub fn shell_command(&self) -> String {
        let error = sh(&format!("{} is of another plan: export the plan again", self.path));
        let (path, cksum) = (sh(&self.path), &self.cksum);
        format!("[ \"$(cksum < {path})\" = \"{cksum}\" ] || {{ echo {error} >&2; exit 1; }}")
    }
}

/// The checksum of `cksum` in POSIX: CRC-32 with the polynomial 04C11DB7, most significant bit
/// first, of the bytes and then of their number.
fn crc(bytes: &[u8]) -> u32 {
    let length = bytes.len().to_le_bytes();
    let used = length.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| {
            crc << 1 ^ if crc >> 31 == 1 { 0x04C1_1DB7 } else { 0 }
        })
    };
    !bytes.iter().chain(&length[..used]).fold(0, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_posix() {
        assert_eq!(PlanCheck::of(String::new(), b"").cksum, "4294967295 0");
        assert_eq!(PlanCheck::of(String::new(), b"123456789").cksum, "930766865 9");
    }
}
