//! The verdict of keepalived's configuration test is ours, too: for every keyword of the table in each of its places,
//! with the least and the greatest value, and with those just outside.
//!
//! `cargo test -p vipd --test verdict -- --nocapture` lists every difference. Those that are meant are in
//! `differences.rs`, each with its reason.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod differences;
mod generate;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const KEEPALIVED: &str = "/usr/sbin/keepalived";
const SAMPLES: &str = "/usr/share/doc/keepalived/samples";

/// A directory of its own, removed with this value.
struct Directory(PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn directory(name: &str) -> Directory {
    let path = std::env::temp_dir().join(format!("vipd-verdict-{name}-{}", std::process::id()));
    std::fs::create_dir(&path).unwrap();
    Directory(path)
}

/// The exit status of a configuration test; a signal is none.
fn verdict(program: &str, file: &Path) -> Option<i32> {
    let mut command = Command::new(program);
    command.arg("-t").arg("-f").arg(file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().unwrap().code()
}

/// The release of the installed keepalived, as a number: 2.2.7 is 20207.
fn installed() -> Option<u32> {
    let output = Command::new(KEEPALIVED).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    number(text.strip_prefix("Keepalived v")?.split(' ').next()?)
}

fn number(release: &str) -> Option<u32> {
    let mut parts = release.split('.').map(str::parse::<u32>);
    let mut part = || parts.next().and_then(Result::ok);
    Some(part()? * 10_000 + part()? * 100 + part()?)
}

/// keepalived takes no file that names an interface that is not there, the loopback, or one without multicast (`ifb0`).
fn some_interface() -> Option<String> {
    let names = std::fs::read_dir("/sys/class/net").ok()?.filter_map(Result::ok);
    names.filter_map(|entry| entry.file_name().into_string().ok()).find(|name| has_multicast(name))
}

fn has_multicast(interface: &str) -> bool {
    let flags = std::fs::read_to_string(format!("/sys/class/net/{interface}/flags")).unwrap_or_default();
    let flags = flags.trim().strip_prefix("0x").and_then(|flags| i32::from_str_radix(flags, 16).ok());
    flags.is_some_and(|flags| flags & libc::IFF_MULTICAST != 0 && flags & libc::IFF_NOARP == 0)
}

fn skip(why: &str) {
    let _ =
        write!(std::io::stdout(), "\nSKIPPED {}: {why}\n", std::thread::current().name().unwrap_or_default());
}

#[test]
fn every_keyword_is_judged_as_keepalived_judges_it() {
    let Some(release) = installed().filter(|release| (20_207..20_300).contains(release)) else {
        return skip("keepalived 2.2.7 or a later 2.2 is not installed");
    };
    let Some(interface) = some_interface() else { return skip("there is no interface but the loopback") };
    let directory = directory("keywords");
    let file = directory.0.join("keepalived.conf");
    let (mut unexpected, mut compared, mut refused) = (Vec::new(), 0_u32, 0_u32);
    for case in generate::cases(release, &interface) {
        std::fs::write(&file, &case.text).unwrap();
        let Some(theirs) = verdict(KEEPALIVED, &file) else { continue };
        let ours = verdict(env!("CARGO_BIN_EXE_vipd"), &file);
        compared += 1;
        refused += u32::from(theirs != 0);
        let (context, line) = (case.context.as_str(), case.line.as_str());
        let meant = match (theirs, ours) {
            (theirs, Some(ours)) if theirs == ours => continue,
            (0, _) => differences::refused(context, line),
            _ => differences::milder(context, line, theirs),
        };
        if meant.is_none() {
            unexpected.push(format!("[{context}] `{line}`: keepalived {theirs}, here {ours:?}"));
        }
    }
    println!("{compared} files compared, of which keepalived finds fault with {refused}");
    assert!(compared > 1000 && refused > 100, "{compared} {refused}");
    assert!(unexpected.is_empty(), "{} differ:\n{}", unexpected.len(), unexpected.join("\n"));
}

#[test]
fn the_samples_of_the_package_are_accepted_where_keepalived_accepts_them() {
    if installed().is_none() || !Path::new(SAMPLES).exists() {
        return skip("keepalived and its samples are not installed");
    }
    let mut compared = 0;
    for sample in std::fs::read_dir(SAMPLES).unwrap() {
        let path = sample.unwrap().path();
        if !path.file_name().unwrap().to_string_lossy().starts_with("keepalived.conf") {
            continue;
        }
        compared += 1;
        if verdict(KEEPALIVED, &path) == Some(0) {
            assert_eq!(verdict(env!("CARGO_BIN_EXE_vipd"), &path), Some(0), "{}", path.display());
        }
    }
    assert!(compared > 10, "{compared}");
}
