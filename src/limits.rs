//! Limits on the work for one model: memory, time, and panics. A model that exceeds them has an
//! error, so that no project exhausts the machine or crashes the command. [`guarded`] runs the
//! work, [`check`] is called during it, and a watchdog restarts the command without the work if
//! that reaches no check.

mod guard;
mod memory;
mod restart;
mod timeout;
mod watchdog;

pub use guard::{
    Exceeded, check, check_allocation, exceeded, guarded, install, set_timeout, with_new_budget,
};
pub use memory::CountingAllocator;

/// The maximum memory of the work for one model, in MiB.
pub const MEMORY_MIB: usize = 256;

/// The maximum number of open brackets in a YAML text.
pub const BRACKETS: usize = 10_000;

/// The position of the first bracket that exceeds the limit: the time of YAML parsers is quadratic
/// in the number of open brackets. Brackets in quotes count too, since files do not leave so many
/// open.
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
