//! Arguments in, exit code out.

use std::process::ExitCode;

use batchwright::limits::CountingAllocator;

/// Rendering and parsing ask for many small pieces of memory, on all threads. They are counted, so
/// that the memory for one model has a limit.
#[global_allocator]
static ALLOCATOR: CountingAllocator<mimalloc::MiMalloc> = CountingAllocator(mimalloc::MiMalloc);

fn main() -> ExitCode {
    batchwright::cli::main()
}
