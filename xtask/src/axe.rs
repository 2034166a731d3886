//! axe-core, which looks at the page for what hinders users of a keyboard or a screen reader.
//!
//! It is a tool of one test (MPL-2.0): npm fetches it into the target directory, nothing is built of it, and it is never part of
//! this repository. A file with another checksum is not used.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, io};

use crate::run::{has, workspace};

/// The script for the test, fetched if it is not there yet; the error says why there is none.
pub(crate) fn script() -> Result<PathBuf, String> {
    let folder = workspace().join("target/axe");
    let script = folder.join("package/axe.min.js");
    let archive = folder.join(ARCHIVE);
    if script.is_file() && is_genuine(&archive) {
        return Ok(script);
    }
    if !has("npm") {
        return Err("axe-core: npm (package npm) fetches it, and is not installed".to_owned());
    }
    eprintln!("==> axe-core {VERSION}: fetching");
    fetch(&folder).map_err(|error| format!("axe-core: npm cannot fetch it: {error}"))?;
    if !is_genuine(&archive) {
        return Err(format!(
            "axe-core: {} has another checksum than version {VERSION}; it is not used",
            archive.display()
        ));
    }
    unpack(&folder).map_err(|error| format!("axe-core: {error}"))?;
    if script.is_file() { Ok(script) } else { Err("axe-core: axe.min.js is not in the archive".to_owned()) }
}

fn fetch(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let package = format!("axe-core@{VERSION}");
    let mut command = Command::new("npm");
    command.args(["pack", "--silent", "--ignore-scripts", &package]).current_dir(folder);
    done(&mut command)
}

fn unpack(folder: &Path) -> io::Result<()> {
    let mut command = Command::new("tar");
    command.args(["-xzf", ARCHIVE, "package/axe.min.js"]).current_dir(folder);
    done(&mut command)
}

fn done(command: &mut Command) -> io::Result<()> {
    let status = command.stdin(Stdio::null()).stdout(io::stderr()).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(status.to_string())) }
}

/// Whether it is the archive that was looked at when this version was chosen.
fn is_genuine(archive: &Path) -> bool {
    let output = Command::new("sha512sum").arg(archive).stderr(Stdio::null()).output();
    output.is_ok_and(|output| output.stdout.starts_with(SHA512.as_bytes()))
}

const VERSION: &str = "4.10.3";
const ARCHIVE: &str = "axe-core-4.10.3.tgz";
/// As the registry names it too, there in base64.
const SHA512: &str = "5e6edba515e70d25f6604d9815f064d859c5d1ea7ab661bbc4f87c88779ef0c2\
                      1cae0abbeb636471ef39e9d62d2582e4b88a1866f19f4ecfcf6d986275e4dc12";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_another_checksum_is_not_used() {
        assert!(!is_genuine(Path::new(env!("CARGO_MANIFEST_PATH"))));
        assert!(!is_genuine(Path::new("/no/such/file")));
        assert_eq!(SHA512.len(), 128);
        assert!(ARCHIVE.contains(VERSION));
    }
}
