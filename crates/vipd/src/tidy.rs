//! Giving memory back once a start or a reload is over.
//!
//! Reading and translating a configuration of thousands of instances needs several times the memory that is kept of
//! it, and code that nothing else needs. A process that runs for months should not hold either.

#![expect(unsafe_code, reason = "no safe crate in use trims the heap or lists the segments of the program")]

use std::ffi::{c_int, c_void};
use std::time::Duration;

/// How long after a configuration was taken, or after [`MANY`] things happened at once: thousands of instances have
/// their states to tell.
pub(crate) const AFTER: Duration = Duration::from_secs(2);

/// So many things at once leave memory behind that is worth being given back.
pub(crate) const MANY: usize = 64;

/// Gives free memory back to the kernel, and lets go of the pages of the program itself. The kernel keeps those in its
/// cache of files: what is needed again is mapped again, sixteen pages in a microsecond or so.
pub(crate) fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: it only returns free memory to the kernel.
    unsafe {
        libc::malloc_trim(0);
    }
    // SAFETY: the callback has the type that is asked for, and no data is handed to it.
    unsafe { libc::dl_iterate_phdr(Some(let_go), std::ptr::null_mut()) };
}

/// Lets go of the pages of an object (the program or a library) in its segments that nobody can write to.
unsafe extern "C" fn let_go(object: *mut libc::dl_phdr_info, _: libc::size_t, _: *mut c_void) -> c_int {
    // SAFETY: the loader hands over a valid description.
    let object = unsafe { &*object };
    let Ok(base) = usize::try_from(object.dlpi_addr) else { return 0 };
    if object.dlpi_phdr.is_null() {
        return 0;
    }
    // SAFETY: there are that many headers at that place for as long as the object is loaded.
    let headers = unsafe { std::slice::from_raw_parts(object.dlpi_phdr, usize::from(object.dlpi_phnum)) };
    for header in headers {
        let Some((start, length)) = unwritten(base, header) else { continue };
        // SAFETY: these are whole pages of a private mapping of a file that was never written to (what the loader
        // itself writes is in segments that are marked as writable): their content is the file's before and after. What
        // is no such mapping or is locked stays as it is.
        unsafe { libc::madvise(start as *mut c_void, length, libc::MADV_DONTNEED) };
    }
    0
}

/// The whole pages of a segment that is loaded and cannot be written to: where they begin, and their octets.
fn unwritten(base: usize, header: &Header) -> Option<(usize, usize)> {
    if header.p_type != libc::PT_LOAD || header.p_flags & libc::PF_W != 0 {
        return None;
    }
    let start = base.checked_add(usize::try_from(header.p_vaddr).ok()?)?;
    let end = start.checked_add(usize::try_from(header.p_memsz).ok()?)? / LARGEST_PAGE * LARGEST_PAGE;
    let start = start.checked_next_multiple_of(LARGEST_PAGE)?;
    let length = end.checked_sub(start)?;
    (length > 0).then_some((start, length))
}

#[cfg(target_pointer_width = "64")]
type Header = libc::Elf64_Phdr;
#[cfg(target_pointer_width = "32")]
type Header = libc::Elf32_Phdr;

/// No kernel in use has larger pages.
const LARGEST_PAGE: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: usize = LARGEST_PAGE;

    fn header(kind: u32, flags: u32, place: usize, size: usize) -> Header {
        Header {
            p_type: kind,
            p_flags: flags,
            p_offset: 0,
            p_vaddr: place as _,
            p_paddr: place as _,
            p_filesz: size as _,
            p_memsz: size as _,
            p_align: 4096,
        }
    }

    #[test]
    fn only_whole_pages_of_segments_that_nobody_writes_to_are_let_go_of() {
        let code = libc::PF_R | libc::PF_X;
        let of = |header| unwritten(16 * PAGE, &header);
        assert_eq!(of(header(libc::PT_LOAD, code, 0, 2 * PAGE)), Some((16 * PAGE, 2 * PAGE)));
        assert_eq!(of(header(libc::PT_LOAD, code, 8, 2 * PAGE)), Some((17 * PAGE, PAGE)));
        assert_eq!(of(header(libc::PT_LOAD, code, 8, PAGE)), None);
        assert_eq!(of(header(libc::PT_LOAD, libc::PF_R | libc::PF_W, 0, 2 * PAGE)), None);
        assert_eq!(of(header(libc::PT_DYNAMIC, code, 0, 2 * PAGE)), None);
    }

    #[test]
    fn the_process_goes_on_with_fewer_pages_of_its_program() {
        let resident = || {
            let status = std::fs::read_to_string("/proc/self/status").unwrap();
            let line = status.lines().find_map(|line| line.strip_prefix("RssFile:")).unwrap();
            line.trim().trim_end_matches(" kB").parse::<u64>().unwrap()
        };
        let before = resident();
        give_back();
        let after = resident();
        assert!(after < before, "{after} kB of {before} kB");
    }
}
