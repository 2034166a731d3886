//! The keyword table: every word of keepalived.conf, declared once, as data.
//!
//! The block parser, "did you mean", completion and reference pages all read this table, so they cannot disagree.
//! It follows keepalived 2.4.3; [`Keyword::since`] tells what an older one does not know, [`Keyword::is_own`] what none
//! does.
//!
//! ```
//! use keepalived_conf::keywords;
//!
//! for keyword in keywords::explain("weight") {
//!     println!("{keyword} in {:?}: {}", keyword.contexts, keyword.meaning);
//! }
//! ```

mod bfd;
mod checkers;
mod context;
mod global_defs;
mod lists;
mod own;
mod root;
mod routes;
mod rules;
mod sync_group;
mod table;
mod trackers;
mod virtual_server;
mod vrrp_instance;
pub(crate) mod word;

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::LazyLock;

pub use context::Context;
pub(crate) use table::Millionths;
pub use table::{Arguments, Keyword, LINE, OWN, Status, Unit};

/// All declarations, by file.
static TABLES: &[&[Keyword]] = &[
    root::ROOT,
    global_defs::GLOBAL_DEFS,
    vrrp_instance::VRRP_INSTANCE,
    lists::LISTS,
    sync_group::SYNC_GROUP,
    trackers::TRACKERS,
    routes::ROUTES,
    rules::RULES,
    virtual_server::VIRTUAL_SERVER,
    checkers::CHECKERS,
    bfd::BFD,
    own::OWN_KEYWORDS,
];

/// The declarations by name, one map per context in the order of [`Context::ALL`].
static BY_CONTEXT: LazyLock<Vec<ByName>> = LazyLock::new(|| {
    let mut maps = vec![ByName::default(); Context::ALL.len()];
    for keyword in all() {
        for &context in keyword.contexts {
            if let Some(map) = maps.get_mut(context as usize) {
                map.insert(keyword.name, keyword);
            }
        }
    }
    maps
});

type ByName = HashMap<&'static str, &'static Keyword, BuildHasherDefault<WordHasher>>;

/// FNV-1a: quick for short words. The names in a map are our own, so no file can choose ones that collide.
struct WordHasher(u64);

impl Default for WordHasher {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for WordHasher {
    fn write(&mut self, octets: &[u8]) {
        for &octet in octets {
            self.0 = (self.0 ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Every declaration. A keyword that means different things in different places has one for each.
pub fn all() -> impl Iterator<Item = &'static Keyword> {
    TABLES.iter().flat_map(|table| table.iter())
}

/// The keyword with this name in this context.
pub fn find(context: Context, name: &str) -> Option<&'static Keyword> {
    BY_CONTEXT.get(context as usize)?.get(name).copied()
}

/// The keywords that may stand in this context, in the order declared: for completion and "did you mean".
pub fn within(context: Context) -> impl Iterator<Item = &'static Keyword> {
    all().filter(move |keyword| keyword.contexts.contains(&context))
}

/// Every declaration of this name, wherever it may stand; empty for an unknown word.
pub fn explain(name: &str) -> Vec<&'static Keyword> {
    all().filter(|keyword| keyword.name == name && name != LINE).collect()
}

/// Whether a keyword of this name is followed by a secret somewhere, which is never to be shown.
pub fn holds_secret(name: &str) -> bool {
    static SECRETS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
        let secrets = all().filter(|keyword| matches!(keyword.arguments, Arguments::Secret(_)));
        secrets.map(|keyword| keyword.name).collect()
    });
    SECRETS.contains(name)
}

/// The keyword that is meant by a word of many configurations and some manuals that no keepalived ever knew.
pub fn never_existed(word: &str) -> Option<&'static str> {
    Some(match word {
        "tcp_port" => "connect_port",
        "state_file_location" => "state_dump_file",
        "stats_file_location" => "stats_dump_file",
        "json_file_location" => "json_dump_file",
        "ip_proto" => "ipproto",
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
