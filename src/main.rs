//! Arguments in, exit code out.

use std::process::ExitCode;

/// Rendering and parsing ask for many small pieces of memory, on all threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    batchwright::cli::main()
}
