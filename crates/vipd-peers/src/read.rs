//! Reading the files of several nodes into one map of sources.

use std::fmt::Write as _;

use keepalived_conf::model::Config;
use keepalived_conf::{Diagnostics, DiskFiles, Options, Places, Severity, SourceMap, Unusable};

use super::arguments::NodeFile;

/// A node with what its file means.
pub(super) struct Node {
    pub(super) name: String,
    pub(super) config: Config,
    pub(super) places: Places,
}

/// A file that the daemon would not run with.
pub(super) struct Refused {
    /// What to print.
    pub(super) text: String,
    pub(super) status: u8,
}

/// The content of all files.
pub(super) struct Group {
    pub(super) nodes: Vec<Node>,
    pub(super) sources: SourceMap,
    /// A line for each file with findings of its own.
    pub(super) remarks: Vec<String>,
}

/// Reads all files. Whether users and programs exist is not asked: this is mostly not the machine they are for.
pub(super) fn read(files: &[NodeFile], color: bool) -> Result<Group, Refused> {
    let mut group = Group { nodes: Vec::new(), sources: SourceMap::new(), remarks: Vec::new() };
    for file in files {
        let options = Options {
            config_id: &file.name,
            environment: &|name| std::env::var(name).ok(),
            ..Options::new(&DiskFiles)
        };
        let (mut loaded, places) = keepalived_conf::load_with_places(&file.path, &options);
        if let Err(problem) = &loaded.usable {
            loaded.diagnostics.sort_by_place();
            return Err(refused(file, problem, &loaded.diagnostics, &loaded.sources, color));
        }
        group.remarks.extend(remark(file, &loaded.diagnostics));
        let before = group.sources.append(loaded.sources);
        let node = Node { name: file.name.clone(), config: loaded.config, places: places.after(before) };
        group.nodes.push(node);
    }
    Ok(group)
}

fn refused(
    file: &NodeFile,
    problem: &Unusable,
    found: &Diagnostics,
    sources: &SourceMap,
    color: bool,
) -> Refused {
    let mut text = keepalived_conf::render_all(found, sources, color);
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    let (name, path) = (&file.name, file.path.display());
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{name}: the daemon would not run with {path}: {problem}; nothing is compared");
    Refused { text, status: problem.exit_status() }
}

fn remark(file: &NodeFile, found: &Diagnostics) -> Option<String> {
    let counts = |severity| found.iter().filter(|finding| finding.severity == severity).count();
    let (errors, warnings) = (counts(Severity::Error), counts(Severity::Warning));
    let (name, path) = (&file.name, file.path.display());
    (errors + warnings > 0).then(|| {
        format!(
            "{name}: the file has {} of its own; `vipd -t -i {name} -f {path}` shows them\n",
            [(errors, "error"), (warnings, "warning")]
                .iter()
                .filter(|(count, _)| *count > 0)
                .map(|(count, what)| format!("{count} {what}{}", if *count == 1 { "" } else { "s" }))
                .collect::<Vec<_>>()
                .join(" and ")
        )
    })
}
