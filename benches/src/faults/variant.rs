//! Configurations that a router is given one after the other: good ones that differ in a few instances, and damaged ones.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::Ipv4Addr;

use fastrand::Rng;

use crate::configuration::address;

/// Instances of each file. Those from [`UNCHANGED`] on are edited.
pub(super) const INSTANCES: u16 = 60;

/// Instances that no edit touches.
pub(super) const UNCHANGED: u16 = 50;

/// One good file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Variant {
    priority: u8,
    edits: Vec<Edit>,
}

/// A change of one instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edit {
    None,
    Absent,
    MoreAddresses,
    Prefix,
    Label,
    Renamed,
    Priority,
    Interval,
    OtherVrid,
}

const EDITS: [Edit; 9] = [
    Edit::None,
    Edit::Absent,
    Edit::MoreAddresses,
    Edit::Prefix,
    Edit::Label,
    Edit::Renamed,
    Edit::Priority,
    Edit::Interval,
    Edit::OtherVrid,
];

impl Variant {
    /// The file without any edit.
    pub(super) fn plain(priority: u8) -> Self {
        Self { priority, edits: vec![Edit::None; usize::from(INSTANCES - UNCHANGED)] }
    }

    /// The file after another one: a few instances are edited anew.
    pub(super) fn next(&self, random: &mut Rng) -> Self {
        let mut next = self.clone();
        for _ in 0..random.usize(1..4) {
            if let (Some(slot), Some(&edit)) = (random.choice(next.edits.iter_mut()), random.choice(&EDITS)) {
                *slot = edit;
            }
        }
        next
    }

    /// The text of the file.
    pub(super) fn text(&self) -> String {
        let mut text = String::from("global_defs {\n  router_id faults\n}\n");
        for number in 0..INSTANCES {
            // Writing to a String cannot fail.
            let _ = self.instance(&mut text, number);
        }
        text
    }

    /// Every virtual address that a router which serves all instances holds.
    pub(super) fn addresses(&self) -> BTreeSet<Ipv4Addr> {
        (0..INSTANCES)
            .flat_map(|number| {
                let (edit, own) = (self.edit(number), address(number));
                let own = (edit != Edit::Absent).then_some(own);
                let more = (edit == Edit::MoreAddresses).then(|| more(number));
                own.into_iter().chain(more)
            })
            .collect()
    }

    fn edit(&self, number: u16) -> Edit {
        let index = number.checked_sub(UNCHANGED).map(usize::from);
        index.and_then(|index| self.edits.get(index)).copied().unwrap_or(Edit::None)
    }

    fn instance(&self, text: &mut String, number: u16) -> std::fmt::Result {
        let edit = self.edit(number);
        if edit == Edit::Absent {
            return Ok(());
        }
        let name = if edit == Edit::Renamed { "W" } else { "V" };
        let vrid = if edit == Edit::OtherVrid { number + 101 } else { number + 1 };
        let priority = if edit == Edit::Priority { self.priority + 20 } else { self.priority };
        let interval = if edit == Edit::Interval { "0.2" } else { "0.1" };
        let prefix = if edit == Edit::Prefix { 24 } else { 32 };
        let label = if edit == Edit::Label { " label eth0:v" } else { "" };
        writeln!(text, "vrrp_instance {name}{number} {{\n  interface eth0\n  virtual_router_id {vrid}")?;
        writeln!(text, "  version 3\n  priority {priority}\n  advert_int {interval}")?;
        writeln!(text, "  virtual_ipaddress {{\n    {}/{prefix}{label}", address(number))?;
        if edit == Edit::MoreAddresses {
            writeln!(text, "    {}/32", more(number))?;
        }
        writeln!(text, "  }}\n}}")
    }
}

/// A second address of an instance.
fn more(number: u16) -> Ipv4Addr {
    let [a, b, _, d] = address(number).octets();
    Ipv4Addr::new(a, b, 150, d)
}

/// A way in which a file is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Damage {
    /// It ends in the middle of a block, as a write to a full disk does.
    Cut,
    /// Nothing is in it.
    Empty,
    /// A `}` is missing in the middle.
    Unbalanced,
    /// Text that is no configuration.
    Garbage,
    /// A block of an unknown name is at the top.
    UnknownBlock,
    /// Zero octets, as a file system gives them after a crash.
    Zeros,
}

impl Damage {
    /// Each of them.
    pub(super) const ALL: [Self; 6] =
        [Self::Cut, Self::Empty, Self::Unbalanced, Self::Garbage, Self::UnknownBlock, Self::Zeros];

    /// Damages a good text.
    pub(super) fn apply(self, good: &str, random: &mut Rng) -> Vec<u8> {
        match self {
            Self::Cut => good.as_bytes().get(..inside_a_block(good, random)).unwrap_or_default().to_vec(),
            Self::Empty => Vec::new(),
            Self::Unbalanced => {
                let ends: Vec<usize> = good.match_indices('}').map(|(at, _)| at).collect();
                let at = random.choice(ends).unwrap_or_default();
                [good.get(..at).unwrap_or_default(), good.get(at + 1..).unwrap_or_default()]
                    .concat()
                    .into_bytes()
            }
            Self::Garbage => b"<html><body>502 Bad Gateway</body></html>\n".to_vec(),
            Self::UnknownBlock => format!("vrrp_instanse X {{\n  interface eth0\n}}\n{good}").into_bytes(),
            Self::Zeros => vec![0; good.len()],
        }
    }
}

/// A place in the text at which at least one block is open.
fn inside_a_block(good: &str, random: &mut Rng) -> usize {
    let mut depth = 0_u32;
    let mut places = Vec::new();
    for (at, character) in good.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > 0 {
            places.push(at + 1);
        }
    }
    random.choice(places).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_changes_one_instance_and_the_addresses_follow() {
        let mut variant = Variant::plain(200);
        let plain = variant.addresses();
        assert_eq!(plain.len(), 60);
        variant.edits[0] = Edit::Absent;
        variant.edits[1] = Edit::MoreAddresses;
        let edited = variant.addresses();
        assert!(!edited.contains(&address(50)) && edited.contains(&more(51)));
        assert!(!variant.text().contains("vrrp_instance V50 ") && variant.text().contains("10.0.150.52/32"));
    }

    #[test]
    fn a_cut_file_ends_inside_a_block() {
        let (mut random, good) = (Rng::with_seed(1), Variant::plain(200).text());
        for _ in 0..100 {
            let cut = Damage::Cut.apply(&good, &mut random);
            let text = String::from_utf8(cut).unwrap();
            assert!(text.matches('{').count() > text.matches('}').count(), "{text}");
        }
    }
}
