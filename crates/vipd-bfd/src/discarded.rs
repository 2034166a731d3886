//! Packets that no session takes, each kind told of once.

use std::collections::BTreeSet;
use std::net::IpAddr;

/// Kinds of packets that were told of since the last reload.
#[derive(Debug, Default)]
pub(super) struct Discarded {
    told: BTreeSet<(IpAddr, String)>,
}

impl Discarded {
    /// A packet from `source` was discarded; gives the line for the log, if it is the first of its kind. Somebody who makes
    /// up sources and reasons fills neither the log nor the memory.
    pub(super) fn note(&mut self, source: IpAddr, why: &str) -> Option<String> {
        let is_new = self.told.len() < MOST && self.told.insert((source, why.to_owned()));
        is_new.then(|| format!("BFD packets from {source} are discarded: {why}"))
    }
}

/// Kinds that are told of at most.
const MOST: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_told_once_and_a_flood_of_kinds_ends() {
        let (mut discarded, source) = (Discarded::default(), IpAddr::from([192, 0, 2, 1]));
        assert!(discarded.note(source, "version 0 is not known").is_some());
        assert!(discarded.note(source, "version 0 is not known").is_none());
        let told = (0..100).filter(|n| discarded.note(source, &n.to_string()).is_some()).count();
        assert_eq!(told, 31);
    }
}
