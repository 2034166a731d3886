//! Completions of shells and manual pages in `dist/`, written from the tables of commands, so that they cannot disagree with
//! the program.

use std::fs;
use std::path::PathBuf;

use clap_complete::Shell;

use crate::run::workspace;

/// Writes the files.
pub(crate) fn write() -> bool {
    files().into_iter().all(|(path, text)| {
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text));
        written.inspect_err(|error| eprintln!("{}: {error}", path.display())).is_ok()
    })
}

/// Whether the files say what the tables say.
pub(crate) fn check() -> bool {
    let stale: Vec<PathBuf> = files()
        .into_iter()
        .filter(|(path, text)| fs::read_to_string(path).ok().as_ref() != Some(text))
        .map(|(path, _)| path)
        .collect();
    for path in &stale {
        eprintln!("{} is not what the tables of commands say: run `cargo xtask completions`", path.display());
    }
    stale.is_empty()
}

/// Every file, with what has to be in it.
fn files() -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    for (shell, name) in [(Shell::Bash, "vipd.bash"), (Shell::Zsh, "_vipd"), (Shell::Fish, "vipd.fish")] {
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut vipd_verbs::command(), "vipd", &mut text);
        files.push((workspace().join("dist/completions").join(name), lossy(&text)));
    }
    for verb in vipd_verbs::command().get_subcommands() {
        let name = format!("vipd-{}", verb.get_name());
        // The name of a page is that of the file, and the usage is what is typed.
        let page = verb.clone().display_name(&name).bin_name(format!("vipd {}", verb.get_name()));
        let mut text = Vec::new();
        // Writing to memory cannot fail.
        let _ = clap_mangen::Man::new(page).section("8").date("").source("vipd").render(&mut text);
        files.push((workspace().join("dist/man").join(format!("{name}.8")), lossy(&text)));
    }
    files
}

fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_dist_are_what_the_tables_say() {
        assert!(check());
    }

    #[test]
    fn every_command_is_completed_and_has_a_page() {
        let files = files();
        let text = |name: &str| &files.iter().find(|(path, _)| path.ends_with(name)).unwrap().1;
        for verb in vipd_verbs::names() {
            for shell in ["vipd.bash", "_vipd", "vipd.fish"] {
                assert!(text(shell).contains(&verb), "{shell}: {verb}");
            }
            let page = text(&format!("vipd-{verb}.8"));
            assert!(page.contains("Exit status"), "{verb}");
            // It asks no daemon.
            assert!(page.contains("\\-\\-socket") || verb == "capture", "{verb}");
        }
    }
}
