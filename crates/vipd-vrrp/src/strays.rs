//! Packets that are for none of our routers, counted as RFC 6527 counts for a whole machine.

use std::fmt::Write;

use vrrp_proto::Counter;

use super::judge::Record;

/// Packets that no router takes, since the start or since the statistics were cleared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Strays {
    /// Adverts with a VRID that no router here has.
    pub(super) unknown_vrid: u64,
    /// Datagrams without an IP header or VRRP message in them.
    pub(super) not_packets: u64,
}

impl Strays {
    /// `vrrpv3RouterChecksumErrors`, `vrrpv3RouterVersionErrors` and `vrrpv3RouterVrIdErrors` of RFC 6527, which are those of
    /// all routers together, and what no MIB counts.
    pub(super) fn write(self, out: &mut String, records: &[Record]) {
        let all = |counter: Counter| records.iter().map(|record| record.rejected.of(counter)).sum::<u64>();
        let lines = [
            ("Checksum Errors", all(Counter::Checksum)),
            ("Version Errors", all(Counter::Version)),
            ("VRID Errors", self.unknown_vrid + all(Counter::Vrid)),
            ("Not VRRP", self.not_packets + all(Counter::NotForUs)),
        ];
        out.push_str("VRRP Router:\n");
        for (name, count) in lines {
            // Writing to a string cannot fail.
            let _ = writeln!(out, "  {name}: {count}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counts_of_the_machine_include_those_of_its_routers() {
        let rejected = |counter: Counter, count: u64| {
            let mut record = Record::default();
            (0..count).for_each(|_| record.rejected.add(counter));
            record
        };
        let records = [
            rejected(Counter::Checksum, 1),
            rejected(Counter::Checksum, 2),
            rejected(Counter::Version, 4),
            rejected(Counter::Vrid, 5),
            rejected(Counter::NotForUs, 6),
            rejected(Counter::Ttl, 7),
        ];
        let mut text = String::new();
        Strays { unknown_vrid: 10, not_packets: 20 }.write(&mut text, &records);
        let lines = "  Checksum Errors: 3\n  Version Errors: 4\n  VRID Errors: 15\n  Not VRRP: 26\n";
        assert_eq!(text, format!("VRRP Router:\n{lines}"));
    }
}
