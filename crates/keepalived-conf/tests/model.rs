//! Golden models: each `test_data/model/NNNN_name.conf` beside the model it means and the findings it gives.
//!
//! `UPDATE_GOLDEN=1 cargo test -p keepalived-conf --test model` rewrites the expectations: review them like code.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use keepalived_conf::{Loaded, exit_code, load_str};

fn configurations() -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("test_data/model");
    let paths = fs::read_dir(folder)
        .expect("the folder of golden models")
        .map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|name| name == "conf")).collect();
    paths.sort();
    assert!(paths.len() >= 5, "golden models are missing");
    paths
        .into_iter()
        .map(|path| (path.clone(), fs::read_to_string(path).expect("a readable golden file")))
        .collect()
}

fn dump(loaded: &Loaded) -> String {
    let mut dump = String::new();
    for finding in &loaded.diagnostics {
        let line = finding.span.map_or(0, |span| loaded.sources.position(span).line);
        let (severity, class, code) = (finding.severity, finding.class, finding.code);
        let _ = writeln!(dump, "{line}: {severity:?} {class:?} {code}: {}", finding.message);
    }
    let _ = writeln!(
        dump,
        "exit {} usable {:?}\n{:#?}",
        exit_code(&loaded.diagnostics),
        loaded.usable,
        loaded.config
    );
    dump
}

#[test]
fn configurations_mean_what_their_golden_model_says() {
    let mut wrong = Vec::new();
    for (path, text) in configurations() {
        let dump = dump(&load_str(&text));
        let expectation = path.with_extension("expected");
        if env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&expectation, &dump).expect("a writable expectation");
        }
        let expected = fs::read_to_string(&expectation).unwrap_or_default();
        if dump != expected {
            wrong.push(format!("{}\n-- expected\n{expected}\n-- actual\n{dump}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
#[cfg(feature = "serde")]
fn a_model_survives_serialisation() {
    for (path, text) in configurations() {
        let config = load_str(&text).config;
        let json = serde_json::to_string(&config).expect("a model is always serialisable");
        let back: keepalived_conf::model::Config =
            serde_json::from_str(&json).expect("the text was just written");
        assert_eq!(back, config, "{}", path.display());
    }
}
