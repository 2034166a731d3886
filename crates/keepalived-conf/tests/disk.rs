//! Files on disk: the included files, and their folders.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use keepalived_conf::{Diagnostics, DiskFiles, Line, Options, SourceMap, preprocess};

/// An empty folder of its own for each test.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("a removable folder");
    }
    fs::create_dir_all(&folder).expect("a new folder");
    fs::canonicalize(folder).expect("a folder without links")
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).expect("a writable file");
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).expect("own file");
}

fn read(main: &Path) -> (Vec<String>, Diagnostics) {
    let (mut sources, mut diagnostics) = (SourceMap::new(), Diagnostics::new());
    let lines = preprocess(main, &Options::new(&DiskFiles), &mut sources, &mut diagnostics);
    let raw = lines.iter().filter_map(|line| match line {
        Line::Words(statement) => Some(statement.raw().to_owned()),
        Line::Open(_) | Line::Close(_) => None,
    });
    (raw.collect(), diagnostics)
}

#[test]
fn a_pattern_takes_plain_files_in_order_of_name() {
    let folder = folder("pattern");
    fs::create_dir(folder.join("conf.d")).expect("a new folder");
    for name in ["20.conf", "10.conf", ".hidden.conf", "30.conf"] {
        write(&folder.join("conf.d").join(name), &format!("in {name}\n"));
    }
    fs::create_dir(folder.join("conf.d/15.conf")).expect("a new folder");
    fs::set_permissions(folder.join("conf.d/30.conf"), fs::Permissions::from_mode(0o755)).expect("own file");
    write(&folder.join("main.conf"), "include conf.d/*.conf\ninclude {conf.d/20,none}.conf\n");
    let (lines, diagnostics) = read(&folder.join("main.conf"));
    assert_eq!(lines, ["in 10.conf", "in 20.conf", "in 20.conf"]);
    let codes: Vec<_> = diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    assert_eq!(codes, ["include-skipped", "include-skipped", "include-missing"]);
}

#[test]
fn relative_patterns_start_where_the_file_really_is() {
    let folder = folder("links");
    fs::create_dir_all(folder.join("real/deep")).expect("a new folder");
    write(&folder.join("real/deep/main.conf"), "include ../beside.conf\nhere ${_PWD}\n");
    write(&folder.join("real/beside.conf"), "beside ${_PWD}\n");
    symlink("real/deep", folder.join("link")).expect("a new link");
    let (lines, diagnostics) = read(&folder.join("link/main.conf"));
    let real = folder.join("real").display().to_string();
    assert_eq!(lines, [format!("beside {real}"), format!("here {real}/deep")]);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
}

#[test]
fn a_file_that_includes_itself_through_a_link_is_found_out() {
    let folder = folder("cycle");
    write(&folder.join("main.conf"), "once\ninclude other.conf\n");
    symlink("main.conf", folder.join("other.conf")).expect("a new link");
    let (lines, diagnostics) = read(&folder.join("main.conf"));
    assert_eq!(lines, ["once"]);
    assert!(diagnostics.has_code("include-cycle"));
}

#[test]
fn a_main_file_that_is_no_file_gives_no_lines() {
    let folder = folder("main");
    for (name, code) in [("none.conf", keepalived_conf::MAIN_FILE_MISSING), ("", "include-skipped")] {
        let (lines, diagnostics) = read(&folder.join(name));
        assert!(lines.is_empty() && diagnostics.has_code(code), "{name}: {diagnostics:?}");
    }
}

#[test]
fn brackets_in_a_folder_name_are_no_pattern() {
    let folder = folder("a[b]c");
    write(&folder.join("main.conf"), "include x*.conf\n");
    write(&folder.join("x1.conf"), "x1\n");
    let (lines, diagnostics) = read(&folder.join("main.conf"));
    assert_eq!(lines, ["x1"], "{diagnostics:?}");
}
