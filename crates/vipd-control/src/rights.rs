//! Rights of clients.

/// The other side of a connection, as the kernel knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its user.
    pub uid: u32,
    /// Its groups, the first and the others.
    pub groups: Vec<u32>,
}

/// Rights of a client. The greater includes the lesser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rights {
    /// Nothing.
    None,
    /// See.
    Read,
    /// See, and change.
    Act,
    /// The same, and choose the program that runs as root.
    Root,
}

/// Groups that the daemon answers besides root.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Members of this group may read; none: only root may.
    pub group: Option<u32>,
    /// They may act, too.
    pub group_acts: bool,
}

impl Policy {
    /// The rights of this peer.
    pub fn rights(self, peer: &Peer) -> Rights {
        if peer.uid == 0 {
            return Rights::Root;
        }
        match self.group {
            Some(group) if peer.groups.contains(&group) && self.group_acts => Rights::Act,
            Some(group) if peer.groups.contains(&group) => Rights::Read,
            _ => Rights::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_without_permission_is_denied() {
        let root = Peer { uid: 0, groups: vec![0] };
        let member = Peer { uid: 1000, groups: vec![1000, 40] };
        // The group `root` is no root.
        let stranger = Peer { uid: 1001, groups: vec![0] };
        let nobody = Policy::default();
        let readers = Policy { group: Some(40), group_acts: false };
        let actors = Policy { group: Some(40), group_acts: true };
        for policy in [nobody, readers, actors] {
            assert_eq!(policy.rights(&root), Rights::Root);
            assert_eq!(policy.rights(&stranger), Rights::None);
        }
        assert_eq!(nobody.rights(&member), Rights::None);
        assert_eq!(readers.rights(&member), Rights::Read);
        assert_eq!(actors.rights(&member), Rights::Act);
    }
}
