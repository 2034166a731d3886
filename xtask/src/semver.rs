//! Whether the libraries still keep what their latest release promised.

use std::process::Command;

use crate::run::{cargo, has, step, workspace};

/// Compares the published crates with the latest release that is tagged; says so aloud where there is none yet.
pub(crate) fn check() -> bool {
    let tags = Command::new("git").current_dir(workspace()).args(["tag", "--list", "v*"]).output();
    let tags = tags.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let Some(release) = latest(&tags) else {
        println!(
            "SKIPPED semantic versions: no release is tagged (vMAJOR.MINOR.PATCH), so there is nothing to break"
        );
        return true;
    };
    let tool = "cargo-semver-checks";
    if !has(tool) && !step(tool, &mut cargo(&["install", "-q", "--locked", tool])) {
        return false;
    }
    let words = ["semver-checks", "--workspace", "--all-features", "--baseline-rev", &release];
    step("semantic versions", &mut cargo(&words))
}

/// The highest version among tags like `v0.1.0`.
fn latest(tags: &str) -> Option<String> {
    let version = |tag: &str| {
        let mut numbers = tag.trim().strip_prefix('v')?.split('.').map(|number| number.parse::<u32>().ok());
        let version = (numbers.next()??, numbers.next()??, numbers.next()??);
        numbers.next().is_none().then_some(version)
    };
    let (_, tag) = tags.lines().filter_map(|tag| Some((version(tag)?, tag.trim()))).max()?;
    Some(tag.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_release_is_the_highest_version() {
        assert_eq!(latest("v0.9.0\nv0.10.0\nvnext\nv1\nv0.2.0-rc1\n").as_deref(), Some("v0.10.0"));
        assert_eq!(latest("nightly\n"), None);
    }
}
