//! Arguments in, exit code out.

use std::process::ExitCode;

use batchwright::limits::CountingAllocator;

/// Rendering and parsing make many small allocations on all threads. They are counted to limit the
/// memory for one model.
#[global_allocator]
static ALLOCATOR: CountingAllocator<mimalloc::MiMalloc> = CountingAllocator(mimalloc::MiMalloc);

fn main() -> ExitCode {
    batchwright::cli::main()
}
