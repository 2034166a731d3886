//! The crates that are published: the content of their packages.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::run::{cargo, metadata, step};

/// Packs every published crate, after a look at what belongs into each package.
pub(crate) fn check() -> bool {
    let metadata = match metadata() {
        Ok(metadata) => metadata,
        Err(error) => {
            eprintln!("cargo metadata: {error}");
            return false;
        }
    };
    let (published, private) = split(&metadata);
    let missing: Vec<String> = published.iter().flat_map(|(name, folder)| missing(name, folder)).collect();
    for line in &missing {
        eprintln!("packages: {line}");
    }
    let mut words = vec!["package", "-q", "--workspace", "--no-verify", "--allow-dirty"];
    words.extend(private.iter().flat_map(|name| ["--exclude", name]));
    missing.is_empty() && step("packages", &mut cargo(&words))
}

/// Published crates with their folders, and the names of the others.
fn split(metadata: &Value) -> (Vec<(String, PathBuf)>, Vec<String>) {
    let (mut published, mut private) = (Vec::new(), Vec::new());
    for package in metadata.get("packages").and_then(Value::as_array).into_iter().flatten() {
        let text = |key: &str| package.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        // `publish = false` is an empty list of registries.
        let is_private = package.get("publish").and_then(Value::as_array).is_some_and(Vec::is_empty);
        if is_private {
            private.push(text("name"));
        } else {
            let manifest = PathBuf::from(text("manifest_path"));
            published.push((text("name"), manifest.parent().map(Path::to_owned).unwrap_or_default()));
        }
    }
    (published, private)
}

/// Files that a reader of the package would miss.
fn missing(name: &str, folder: &Path) -> Vec<String> {
    let files = ["LICENSE-MIT", "LICENSE-APACHE", "README.md"].into_iter();
    let mut missing: Vec<String> = files
        .filter(|file| !folder.join(file).is_file())
        .map(|file| format!("{name} has no {file}"))
        .collect();
    let has_example = fs::read_dir(folder.join("examples")).is_ok_and(|mut files| files.next().is_some());
    if !has_example {
        missing.push(format!("{name} has no example"));
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_published_crate_has_its_licences_a_readme_and_an_example() {
        let (published, private) = split(&metadata().unwrap());
        assert!(published.len() >= 9, "{published:?}");
        assert!(private.contains(&"xtask".to_owned()));
        let missing: Vec<String> =
            published.iter().flat_map(|(name, folder)| missing(name, folder)).collect();
        assert_eq!(missing, Vec::<String>::new());
    }

    #[test]
    fn an_empty_folder_lacks_everything() {
        let missing = missing("x", Path::new("/nonexistent"));
        assert_eq!(
            missing,
            ["x has no LICENSE-MIT", "x has no LICENSE-APACHE", "x has no README.md", "x has no example"]
        );
    }
}
