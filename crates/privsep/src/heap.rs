//! Giving memory back once a start or a reload is over.
//!
//! Reading and translating a configuration of thousands of instances needs several times the memory that is kept of it. A
//! process that runs for months should not hold that.
//!
//! Only the heap is trimmed. Pages of the program stay mapped although they count as resident: a Backup that takes over
//! after months must not wait for a disk to bring its code back.

#![expect(unsafe_code, reason = "no safe crate in use trims the heap")]

use std::time::Duration;

/// Delay after a configuration was taken, or after [`MANY`] events at once: thousands of instances have their states to
/// tell.
pub const AFTER: Duration = Duration::from_secs(2);

/// So many things at once leave memory behind that is worth being given back.
pub const MANY: usize = 64;

/// Gives free memory back to the kernel.
pub fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: it only returns free memory to the kernel.
    unsafe {
        libc::malloc_trim(0);
    }
}
