//! What the work for one model may cost: memory, time, and a panic. A project that asks for more
//! gets an error about that model, so that no project exhausts the machine or ends the command.
//! [`guarded`] surrounds the work, [`check`] is called in the midst of it, and a watchdog ends the
//! process where the work never comes to a check.

mod guard;
mod memory;
mod watchdog;

pub use guard::{Exceeded, allow, check, exceeded, guarded, install, renewed, room};
pub use memory::CountingAllocator;

/// How much memory the work for one model may hold, in MiB.
pub const MEMORY_MIB: usize = 256;

/// How many brackets of a YAML text may be open.
pub const BRACKETS: usize = 10_000;

/// Where one bracket too many is open: a parser of YAML takes time with the square of their number.
/// Brackets in quotes count too: no file that a person wrote leaves so many open.
pub fn too_many_brackets(yaml: &str) -> Option<usize> {
    let mut open = 0_usize;
    yaml.bytes().position(|byte| {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        open > BRACKETS
    })
}
