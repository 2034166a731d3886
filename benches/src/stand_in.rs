//! A stand-in for the kernel's load balancer where the kernel has none, so that a peer's checks run there too.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::Failure;

/// Builds the library beside this program with the C compiler of the machine; a daemon preloads it.
pub(crate) fn build() -> Result<PathBuf, Failure> {
    let own = std::env::current_exe()?;
    let path = own.parent().ok_or("this program is nowhere")?.join("ipvs-stand-in.so");
    let mut compiler = Command::new("cc")
        .args(["-O2", "-shared", "-fPIC", "-x", "c", "-", "-o"])
        .arg(&path)
        .stdin(Stdio::piped())
        .spawn()
        .map_err(|error| format!("no C compiler: {error}"))?;
    if let Some(mut input) = compiler.stdin.take() {
        input.write_all(SOURCE)?;
    }
    if compiler.wait()?.success() { Ok(path) } else { Err("the stand-in does not build".into()) }
}

const SOURCE: &[u8] = include_bytes!("../stand-in/ipvs.c");
