//! Names that iproute2's files give to numbers: tables, protocols, scopes, …

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::preprocess::Files;

/// The files, read when a name is first looked up.
pub(super) struct Names<'a> {
    files: &'a dyn Files,
    /// `iproute_usr_dir`
    pub(super) usr_dir: PathBuf,
    /// `iproute_etc_dir`
    pub(super) etc_dir: PathBuf,
    read: RefCell<HashMap<Kind, HashMap<String, u32>>>,
}

/// A file of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Table,
    Protocol,
    Scope,
    TypeOfService,
    Realm,
    Group,
}

impl<'a> Names<'a> {
    pub(super) fn new(files: &'a dyn Files) -> Self {
        Self {
            files,
            usr_dir: PathBuf::from("/usr/share/iproute2"),
            etc_dir: PathBuf::from("/etc/iproute2"),
            read: RefCell::default(),
        }
    }

    /// The files that a configuration may name.
    pub(super) fn files(&self) -> &'a dyn Files {
        self.files
    }

    /// The number that a word stands for: a number (decimal, or hexadecimal behind `0x`) up to `most`, or a name.
    pub(super) fn number(&self, kind: Kind, word: &str, most: u32) -> Option<u32> {
        let written = number(word);
        written.or_else(|| self.named(kind, word)).filter(|number| *number <= most)
    }

    fn named(&self, kind: Kind, name: &str) -> Option<u32> {
        let mut read = self.read.borrow_mut();
        let names = read.entry(kind).or_insert_with(|| self.all(kind));
        names.get(name).copied()
    }

    /// Built-in names, then those of the files; later ones count.
    fn all(&self, kind: Kind) -> HashMap<String, u32> {
        let known = kind.reserved().iter().map(|(number, name)| ((*name).to_owned(), *number));
        let mut names: HashMap<_, _> = known.collect();
        for directory in [&self.usr_dir, &self.etc_dir] {
            self.note(&directory.join(kind.file()), kind, &mut names);
            let pattern = directory.join(format!("{}.d/*.conf", kind.file()));
            for file in self.files.glob(&pattern.to_string_lossy()) {
                self.note(&file, kind, &mut names);
            }
        }
        names
    }

    fn note(&self, file: &Path, kind: Kind, names: &mut HashMap<String, u32>) {
        // A file that is not there, or cannot be read, has no names; the name is reported where it is used.
        let Ok(text) = self.files.read(file) else { return };
        for line in String::from_utf8_lossy(&text).lines() {
            let line = line.split('#').next().unwrap_or_default();
            let mut words = line.split_ascii_whitespace();
            let (Some(value), Some(name)) = (words.next().and_then(number), words.next()) else { continue };
            // DSCP names stand for the upper six bits of the octet.
            if kind != Kind::TypeOfService || value <= 0xff {
                names.insert(name.to_owned(), value);
            }
        }
    }
}

/// Decimal, or hexadecimal behind `0x`.
pub(super) fn number(word: &str) -> Option<u32> {
    match word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None if word.bytes().all(|octet| octet.is_ascii_digit()) => word.parse().ok(),
        None => None,
    }
}

impl Kind {
    fn file(self) -> &'static str {
        match self {
            Self::Table => "rt_tables",
            Self::Protocol => "rt_protos",
            Self::Scope => "rt_scopes",
            Self::TypeOfService => "rt_dsfield",
            Self::Realm => "rt_realms",
            Self::Group => "group",
        }
    }

    /// Names that need no file.
    fn reserved(self) -> &'static [(u32, &'static str)] {
        match self {
            Self::Table => &[(253, "default"), (254, "main"), (255, "local")],
            Self::Protocol => &[
                (1, "redirect"),
                (2, "kernel"),
                (3, "boot"),
                (4, "static"),
                (8, "gated"),
                (9, "ra"),
                (10, "mrt"),
                (11, "zebra"),
                (12, "bird"),
                (13, "dnrouted"),
                (14, "xorp"),
                (15, "ntk"),
                (16, "dhcp"),
                (18, "keepalived"),
                (42, "babel"),
                (186, "bgp"),
                (187, "isis"),
                (188, "ospf"),
                (189, "rip"),
                (192, "eigrp"),
            ],
            Self::Scope => &[
                (0, "global"),
                (0, "universe"),
                (200, "site"),
                (253, "link"),
                (254, "host"),
                (255, "nowhere"),
            ],
            Self::TypeOfService | Self::Realm => &[],
            Self::Group => &[(0, "default")],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryFiles;

    #[test]
    fn later_files_and_the_directory_of_the_machine_count() {
        let files = MemoryFiles::from([
            ("/usr/share/iproute2/rt_tables", "255 local\n100 vpn\n7 lab\n"),
            ("/etc/iproute2/rt_tables", "# comment\n200\tvpn # mine\n\nnonsense\n"),
            ("/etc/iproute2/rt_tables.d/site.conf", "0x10 site\n"),
        ]);
        let names = Names::new(&files);
        let number = |word| names.number(Kind::Table, word, u32::MAX);
        assert_eq!(number("vpn"), Some(200));
        assert_eq!(number("lab"), Some(7));
        assert_eq!(number("site"), Some(16));
        assert_eq!(number("main"), Some(254));
        assert_eq!(number("0x20"), Some(32));
        assert_eq!(number("nonsense"), None);
        assert_eq!(number("-1"), None);
        assert_eq!(names.number(Kind::Protocol, "300", 255), None);
    }
}
