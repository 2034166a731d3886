//! Tests configurations: `cargo run --example lint -- FILE...`.
//!
//! Prints every finding with its place, and ends with the status that `keepalived -t` would give (0 is clean).

use std::path::Path;
use std::process::ExitCode;

use keepalived_conf::{DiskFiles, Options, exit_code, load, render_all};

fn main() -> ExitCode {
    let options = Options::new(&DiskFiles);
    let mut worst = 0;
    for name in std::env::args().skip(1) {
        let loaded = load(Path::new(&name), &options);
        print!("{}", render_all(&loaded.diagnostics, &loaded.sources, false));
        let config = &loaded.config;
        println!(
            "{name}: {} virtual routers, {} virtual servers",
            config.instances.len(),
            config.virtual_servers.len()
        );
        worst = worst.max(exit_code(&loaded.diagnostics));
    }
    ExitCode::from(worst)
}
