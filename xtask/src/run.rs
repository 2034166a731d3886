//! Running other programs.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use serde_json::Value;

/// The cargo that runs us, in the workspace's folder.
pub(crate) fn cargo(words: &[&str]) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command.args(words).current_dir(workspace());
    command
}

/// The workspace's crates, as `cargo metadata` describes them.
pub(crate) fn metadata() -> Result<Value, String> {
    let output = cargo(&["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .output()
        .map_err(|error| error.to_string())?;
    serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
}

/// The folder of the workspace.
pub(crate) fn workspace() -> PathBuf {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    own.parent().map_or(own.clone(), PathBuf::from)
}

/// Runs a step and says how it went.
pub(crate) fn step(name: &str, command: &mut Command) -> bool {
    println!("==> {name}");
    let start = Instant::now();
    let good = match command.status() {
        Ok(status) => status.success(),
        Err(error) => {
            eprintln!("{name}: {}: {error}", command.get_program().display());
            false
        }
    };
    let outcome = if good { "ok" } else { "FAILED" };
    println!("==> {name}: {outcome} ({:.1} s)", start.elapsed().as_secs_f64());
    good
}

/// Whether a program can be found.
pub(crate) fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Daemons live where an ordinary user's PATH does not lead.
    let folders = std::env::split_paths(&path).chain(["/usr/sbin", "/sbin"].map(PathBuf::from));
    folders.into_iter().any(|folder| folder.join(program).is_file())
}

/// Whether this process is root: the effective user id, as the kernel tells it.
pub(crate) fn is_root() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let uids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    uids.and_then(|uids| uids.split_whitespace().nth(1)) == Some("0")
}
