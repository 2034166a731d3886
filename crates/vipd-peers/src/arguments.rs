//! The words behind `vipd check`.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::PathBuf;

use vipd_cli::Request;
use vipd_cli::getopt::{self, Item, Spec, Value};

/// The request of the command line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Arguments {
    pub(super) nodes: Vec<NodeFile>,
    /// A file of faults to play.
    pub(super) scenario: Option<PathBuf>,
    /// Where its picture goes.
    pub(super) svg: Option<PathBuf>,
}

/// A node by its name, and its file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NodeFile {
    pub(super) name: String,
    pub(super) path: PathBuf,
}

/// Understands the words; an error is what to print instead.
pub(super) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Arguments, Request> {
    let items = getopt::parse(SPECS, words).map_err(|error| fail(&error.to_string()))?;
    let (mut nodes, mut scenario, mut svg) = (Vec::new(), None, None);
    for item in items {
        match item {
            Item::Operand(word) => nodes.push(node(&word.to_string_lossy())),
            Item::Option("help", _) => return Err(Request::Print(USAGE.to_owned())),
            Item::Option("scenario", path) => scenario = path.map(PathBuf::from),
            Item::Option(_, path) => svg = path.map(PathBuf::from),
        }
    }
    if nodes.is_empty() {
        return Err(Request::PrintError(USAGE.to_owned(), 1));
    }
    if nodes.len() > MOST_NODES {
        return Err(fail(&format!("{} files are more than the {MOST_NODES} that are compared", nodes.len())));
    }
    let mut names = HashSet::new();
    if let Some(twice) = nodes.iter().find(|node| !names.insert(&node.name)) {
        let name = &twice.name;
        return Err(fail(&format!("two nodes are called {name}; name each: `vipd check lb1=FILE lb2=FILE`")));
    }
    if svg.is_some() && scenario.is_none() {
        return Err(fail("--svg draws a scenario; say which with --scenario=FILE"));
    }
    Ok(Arguments { nodes, scenario, svg })
}

/// Each is compared and simulated with each.
const MOST_NODES: usize = 16;

/// `NAME=FILE`, or a file whose name without `.conf` is the node's.
fn node(word: &str) -> NodeFile {
    if let Some((name, path)) =
        word.split_once('=').filter(|(name, _)| !name.is_empty() && !name.contains('/'))
    {
        return NodeFile { name: name.to_owned(), path: path.into() };
    }
    let path = PathBuf::from(word);
    let stem = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name = stem.strip_suffix(".conf").unwrap_or(&stem);
    // The usual name tells nothing; the directory above it mostly does.
    let above =
        path.parent().and_then(|above| above.file_name()).map(|name| name.to_string_lossy().into_owned());
    let name = above.filter(|_| name == "keepalived").unwrap_or_else(|| name.to_owned());
    NodeFile { name, path }
}

pub(super) fn fail(why: &str) -> Request {
    Request::PrintError(format!("vipd check: {why}\n"), 1)
}

const SPECS: &[Spec] = &[
    Spec { letter: Some(b'h'), name: "help", value: Value::None },
    Spec { letter: None, name: "scenario", value: Value::Required },
    Spec { letter: None, name: "svg", value: Value::Required },
];

const USAGE: &str = "\
Usage: vipd check [OPTION...] [NAME=]FILE [NAME=]FILE...

Reads the configurations of all nodes of a group, says what will go wrong between them, and simulates with them who
serves after each single fault. Interfaces of one name are on one network; nothing of this machine is looked at.

NAME is what the node is called, and its id for lines that begin with '@' (as -i of the daemon). Without it, it is
the name of the file without .conf, or of its directory if the file is keepalived.conf. One file for all nodes:

  vipd check lb1=keepalived.conf lb2=keepalived.conf

      --scenario=FILE  play these faults instead of each alone, and tell who serves when
      --svg=FILE       draw that too
  -h, --help           print this

A scenario has a line for each fault. Times count from when the group has found its places:

  5s    lb1 stop                  or start, kill, reload, power-off, cut-off (from all others), reconnect-all
  10s   lb1 link eth0 down        or up
  12s   lb2 script chk fails      or succeeds; so does `process NAME`
  14s   lb2 file maintenance 1    what a track_file holds
  16s   lb2 bfd NAME down         or up
  60s   end

Exit status: 0 nothing but notes found, 1 warnings or errors found, in the files or by
the simulation (or a wrong command line), 2 and 6 as -t for a file that the daemon would not run with.
";

#[cfg(test)]
mod tests {
    use super::*;

    fn names(line: &str) -> Result<Vec<(String, String)>, Request> {
        let arguments = parse(line.split_whitespace().map(OsString::from))?;
        let nodes = arguments.nodes.into_iter();
        Ok(nodes.map(|node| (node.name, node.path.display().to_string())).collect())
    }

    #[test]
    fn nodes_are_named_by_hand_or_by_their_files() {
        for (word, name, path) in [
            ("lb1=k.conf", "lb1", "k.conf"),
            ("/etc/lb1.conf", "lb1", "/etc/lb1.conf"),
            ("lb1/keepalived.conf", "lb1", "lb1/keepalived.conf"),
            ("keepalived.conf", "keepalived", "keepalived.conf"),
            ("a/b=c", "b=c", "a/b=c"),
        ] {
            assert_eq!(names(word), Ok(vec![(name.to_owned(), path.to_owned())]), "{word}");
        }
    }

    #[test]
    fn a_name_must_stand_for_one_node() {
        let Err(Request::PrintError(text, 1)) = names("k.conf ../k.conf") else { panic!("taken") };
        assert!(text.contains("two nodes are called k"), "{text}");
    }

    #[test]
    fn nothing_gets_the_usage() {
        assert!(matches!(names(""), Err(Request::PrintError(text, 1)) if text.starts_with("Usage")));
        assert!(matches!(names("-h"), Err(Request::Print(text)) if text.starts_with("Usage")));
    }
}
