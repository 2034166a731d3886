//! A library that user-mode-linux needs on processors whose register state is larger than it knows.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

/// Whether this processor is one of them.
pub(super) fn are_large() -> bool {
    fs::read_to_string("/proc/cpuinfo").is_ok_and(|text| names_amx(&text))
}

/// The library to load into user-mode-linux; compiled the first time.
///
/// # Errors
/// If rustc fails, or `target` cannot be written.
pub(super) fn library() -> io::Result<PathBuf> {
    let folder = super::qemu::folder();
    let (source, library) = (folder.join("large_registers.rs"), folder.join("large_registers.so"));
    if library.is_file() && fs::read_to_string(&source).is_ok_and(|text| text == SOURCE) {
        return Ok(library);
    }
    fs::create_dir_all(&folder)?;
    // Several guests may be started at once: a file is only moved to its place when it is whole.
    let (fresh_source, fresh) = (temporary(&source, "rs"), temporary(&library, "so"));
    fs::write(&fresh_source, SOURCE)?;
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--edition", "2024", "-O", "-C", "panic=abort", "--crate-type", "cdylib", "-o"]);
    let compiled = rustc.arg(&fresh).args(["--crate-name", "large_registers"]).arg(&fresh_source).output()?;
    if !compiled.status.success() {
        return Err(io::Error::other(format!("rustc: {}", String::from_utf8_lossy(&compiled.stderr))));
    }
    fs::rename(&fresh, &library)?;
    fs::rename(&fresh_source, &source)?;
    Ok(library)
}

const SOURCE: &str = include_str!("guest/large_registers.rs");

fn temporary(path: &Path, extension: &str) -> PathBuf {
    path.with_extension(format!("{}.{extension}", std::process::id()))
}

/// AMX has 8 KiB of registers.
fn names_amx(cpuinfo: &str) -> bool {
    let flags = cpuinfo.lines().find(|line| line.starts_with("flags"));
    flags.is_some_and(|line| line.split_ascii_whitespace().any(|flag| flag == "amx_tile"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processor_with_amx_has_large_registers() {
        assert!(names_amx("model name\t: X\nflags\t\t: fpu avx512f amx_tile amx_int8\n"));
        assert!(!names_amx("flags\t\t: fpu avx512f\nbugs\t\t: amx_tile\n"));
    }
}
