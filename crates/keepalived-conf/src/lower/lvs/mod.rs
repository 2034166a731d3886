//! Virtual servers: what `virtual_server` and the blocks it refers to say, and what that means.
//!
//! Blocks are read into drafts in the order of the file; what depends on the whole file (groups that stand below,
//! `SSL`, the defaults of `global_defs`) is decided at its end, in [`finish`].

mod checker;
mod conversations;
mod dns;
mod finish;
mod granularity;
mod group;
mod http;
mod key;
mod kinds;
mod method;
mod payload;
mod real_server;
mod tls;
mod virtual_server;

use std::collections::HashMap;

use crate::keywords::Status;

use super::Lowering;
use super::reader::Entry;

use crate::keywords::word;
use group::Group;
use tls::Ssl;
use virtual_server::VirtualDraft;

/// Everything about virtual servers that is known while the lines are read.
#[derive(Default)]
pub(super) struct Lvs<'a> {
    servers: Vec<VirtualDraft>,
    groups: HashMap<&'a str, Group>,
    /// Members of all groups together.
    members: usize,
    ssl: Option<Ssl>,
}

impl Lvs<'_> {
    /// Whether a virtual server has been read.
    pub(super) fn has_servers(&self) -> bool {
        !self.servers.is_empty()
    }
}

impl<'a> Lowering<'a> {
    /// Takes a keyword of the top level; `false` if it is none of virtual servers.
    pub(super) fn lvs_keyword(&mut self, entry: Entry<'a>) -> bool {
        match entry.keyword.name {
            word::VIRTUAL_SERVER => self.virtual_server(entry),
            word::VIRTUAL_SERVER_GROUP => self.virtual_server_group(entry),
            word::SSL => self.ssl(entry),
            _ => return false,
        }
        true
    }
}

/// Whether a keyword is to be taken: it acts, or is an old spelling of one that does.
fn acts(entry: &Entry<'_>) -> bool {
    matches!(entry.keyword.status, Status::Acts | Status::Deprecated(_) | Status::OldSpelling(_))
}
