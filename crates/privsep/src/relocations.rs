//! Giving back the list of this program's relocations.
//!
//! Each process of the daemon is loaded at an address of its own, and the loader adjusts some hundred thousand pointers for
//! that. The list of them is megabytes long. It is read once, before the program begins, and would stay resident in every
//! process for as long as that runs. Unlike code, nobody can be made to wait for it later.

#![expect(unsafe_code, reason = "no safe call gives back a part of the address space")]

use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::ptr;

use rustix::mm::{Advice, madvise};

/// Gives back the memory of the list. Where it is not found, nothing happens.
pub fn forget() {
    let Some((start, length)) = found() else { return };
    // SAFETY: the range lies in a mapping of the program's file that cannot be written to: what is read there again, if ever,
    // comes from the file.
    let _ = unsafe { madvise(ptr::with_exposed_provenance_mut(start), length, Advice::LinuxDontNeed) };
}

/// The whole pages of the list in this process: their address, and their length in octets.
fn found() -> Option<(usize, usize)> {
    let program = fs::read_link("/proc/self/exe").ok()?;
    let maps = fs::read("/proc/self/maps").ok()?;
    let mapping = beginning(maps.split(|octet| *octet == b'\n').next()?, &program)?;
    let list = list(&File::open("/proc/self/exe").ok()?).ok()??;
    pages(mapping, list)
}

/// Start and end of a mapping, if it is that of the beginning of the program's file, and nothing can be written to it.
///
/// The program comes first in the address space of a process. Where it does not, its list is left alone.
fn beginning(line: &[u8], program: &Path) -> Option<(usize, usize)> {
    let fields = line.strip_suffix(program.as_os_str().as_bytes())?;
    let mut fields = str::from_utf8(fields).ok()?.split_whitespace();
    let (start, end) = fields.next()?.split_once('-')?;
    let (rights, offset) = (fields.next()?, fields.next()?);
    let is_beginning = rights == "r--p" && offset.bytes().all(|digit| digit == b'0');
    let address = |digits| usize::from_str_radix(digits, 16).ok();
    Some((address(start)?, address(end)?)).filter(|_| is_beginning)
}

/// Where the list is in a 64-bit ELF file of this machine, from its beginning, and its length in octets.
fn list(file: &File) -> io::Result<Option<(usize, usize)>> {
    let word = |offset: u64| {
        let mut octets = [0; 8];
        file.read_exact_at(&mut octets, offset)?;
        Ok::<u64, io::Error>(u64::from_ne_bytes(octets))
    };
    let mut begin = [0; 64];
    file.read_exact_at(&mut begin, 0)?;
    if !begin.starts_with(b"\x7fELF\x02") {
        return Ok(None);
    }
    let headers = word(PHOFF)?;
    let count = u64::from(u16::from_ne_bytes([begin[PHNUM], begin[PHNUM + 1]]));
    for header in (0..count).map(|number| headers.saturating_add(number * PHENTSIZE)) {
        // The lower half is the kind, the upper half are flags.
        if word(header)? & 0xffff_ffff != PT_DYNAMIC {
            continue;
        }
        let (offset, length) = (word(header.saturating_add(8))?, word(header.saturating_add(32))?);
        let (mut start, mut octets) = (None, None);
        for entry in (0..length.min(MAX_DYNAMIC) / 16).map(|number| offset.saturating_add(number * 16)) {
            match word(entry)? {
                DT_RELA => start = usize::try_from(word(entry.saturating_add(8))?).ok(),
                DT_RELASZ => octets = usize::try_from(word(entry.saturating_add(8))?).ok(),
                _ => {}
            }
        }
        return Ok(start.zip(octets));
    }
    Ok(None)
}

/// The pages that hold nothing but the list and lie in the mapping as a whole.
fn pages((from, to): (usize, usize), (start, length): (usize, usize)) -> Option<(usize, usize)> {
    let start = from.checked_add(start)?;
    let end = start.checked_add(length)?;
    let (first, behind) = (start.checked_next_multiple_of(PAGE)?, end - end % PAGE);
    (from <= first && first < behind && behind <= to).then(|| (first, behind - first))
}

/// Pages are no larger on any machine.
const PAGE: usize = 0x1_0000;

/// Of the file's header: where the program headers begin, and how many they are.
const PHOFF: u64 = 32;
const PHNUM: usize = 56;
/// The length of a program header.
const PHENTSIZE: u64 = 56;
/// The kind of the segment that tells the loader where everything is.
const PT_DYNAMIC: u64 = 2;
/// More of that segment than any program has.
const MAX_DYNAMIC: u64 = 16 * 256;
/// Its entry with the address of the list.
const DT_RELA: u64 = 7;
/// Its entry with the length of the list.
const DT_RELASZ: u64 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_pages_of_the_list_in_the_mapping_are_given_back() {
        let mapping = (0x100_0000, 0x180_0000);
        assert_eq!(pages(mapping, (0x1_8000, 0x3_0000)), Some((0x102_0000, 0x2_0000)));
        assert_eq!(pages(mapping, (0x1_0000, 0x1_0000)), Some((0x101_0000, 0x1_0000)));
        assert_eq!(pages(mapping, (0x1_8000, 0x1_0000)), None, "no whole page");
        assert_eq!(pages(mapping, (0x7f_0000, 0x2_0000)), None, "beyond the mapping");
        assert_eq!(pages(mapping, (usize::MAX, 1)), None);
    }

    #[test]
    fn the_program_begins_with_its_first_mapping_if_that_cannot_be_written_to() {
        let found = |rights: &str, offset: &str, file: &str| {
            let line = format!("5500-5600 {rights} {offset} fe:00 7    {file}");
            beginning(line.as_bytes(), Path::new("/usr/sbin/vipd"))
        };
        assert_eq!(found("r--p", "00000000", "/usr/sbin/vipd"), Some((0x5500, 0x5600)));
        assert_eq!(found("rw-p", "00000000", "/usr/sbin/vipd"), None);
        assert_eq!(found("r--p", "00001000", "/usr/sbin/vipd"), None);
        assert_eq!(found("r--p", "00000000", "/usr/lib/libc.so.6"), None);
        assert_eq!(found("r--p", "00000000", ""), None);
    }

    /// A test is a program like the daemon.
    #[test]
    fn what_is_given_back_is_whole_pages_and_the_program_goes_on() {
        let Some((start, length)) = found() else {
            println!("SKIPPED: this program has no relocations, or is not mapped as expected");
            return;
        };
        forget();
        assert!(length >= PAGE && start % PAGE == 0, "{start:x} {length:x}");
        let unwound = std::panic::catch_unwind(|| panic!("needs tables that are next to the list"));
        assert!(unwound.is_err());
    }
}
