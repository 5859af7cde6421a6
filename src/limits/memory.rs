//! An allocator that counts the bytes that each thread holds, at the cost of one addition per
//! allocation.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;

/// An allocator that forwards to another one and counts its bytes.
pub struct CountingAllocator<A>(pub A);

thread_local! {
    /// The bytes that this thread allocated and did not free. Negative if it frees memory of other
    /// threads.
    static HELD: Cell<isize> = const { Cell::new(0) };
}

/// The bytes that this thread holds. Only differences are meaningful.
pub fn held() -> isize {
    HELD.get()
}

fn count(more: usize, less: usize) {
    // The variable needs no destructor, so it is accessible as long as the thread runs.
    let _ = HELD.try_with(|held| {
        held.set(held.get().wrapping_add_unsigned(more).wrapping_sub_unsigned(less))
    });
}

// SAFETY: every call is forwarded to the inner allocator with the same arguments; counting does not
// allocate.
unsafe impl<A: GlobalAlloc> GlobalAlloc for CountingAllocator<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: the caller upholds the contract of `GlobalAlloc::alloc`.
        unsafe { self.0.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: the caller upholds the contract of `GlobalAlloc::alloc_zeroed`.
        unsafe { self.0.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size, layout.size());
        // SAFETY: the caller upholds the contract of `GlobalAlloc::realloc`.
        unsafe { self.0.realloc(memory, layout, size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(0, layout.size());
        // SAFETY: the caller upholds the contract of `GlobalAlloc::dealloc`.
        unsafe { self.0.dealloc(memory, layout) }
    }
}

#[cfg(test)]
mod tests {
    use std::alloc::System;

    use super::*;

    #[test]
    fn what_is_freed_is_not_held() {
        let allocator = CountingAllocator(System);
        let layout = Layout::from_size_align(1000, 8).unwrap();
        let before = held();
        // SAFETY: the layout is not empty, and the memory is freed with its current layout.
        unsafe {
            let memory = allocator.alloc(layout);
            assert_eq!(held() - before, 1000);
            let memory = allocator.realloc(memory, layout, 3000);
            assert_eq!(held() - before, 3000);
            allocator.dealloc(memory, Layout::from_size_align(3000, 8).unwrap());
        }
        assert_eq!(held(), before);
    }
}
