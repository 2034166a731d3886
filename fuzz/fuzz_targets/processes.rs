//! Any octets as datagrams of the kernel's process connector: no panic, and the counts are those of a plain model.
//!
//! Input: datagrams, each after its length (u16, little endian).

#![no_main]

use std::collections::BTreeSet;

use libfuzzer_sys::fuzz_target;
use vrrp_linux::process_events::events;
use vrrp_linux::process_table::{Pattern, Pid, Process, ProcessEvent, ProcessTable};

fuzz_target!(|data: &[u8]| {
    let mut table = ProcessTable::new(vec![Pattern::Name(b"even".to_vec())]);
    let mut even: BTreeSet<Pid> = BTreeSet::new();
    let mut rest = data;
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_le_bytes(*length)).min(after.len());
        let (datagram, after) = after.split_at(length);
        rest = after;
        let told: Vec<ProcessEvent> = events(datagram).collect();
        assert!(told.len() * SHORTEST <= datagram.len(), "more events than fit");
        for event in told {
            match event {
                ProcessEvent::Ended(pid) => drop(even.remove(&pid)),
                ProcessEvent::Began(pid) | ProcessEvent::Ran(pid) | ProcessEvent::Renamed(pid) => {
                    even.extend(Some(pid).filter(|pid| pid % 2 == 0));
                }
            }
            table.handle_event(event);
        }
        while let Some(pid) = table.poll_look() {
            let name = if pid % 2 == 0 { b"even".to_vec() } else { b"odd".to_vec() };
            table.handle_look(pid, Some(&Process { name, ..Process::default() }));
        }
        assert_eq!(table.counts(), [u32::try_from(even.len()).unwrap_or(u32::MAX)]);
    }
});

/// Octets of an event: the headers of netlink, of the connector and of the event, and the number of a process.
const SHORTEST: usize = 16 + 20 + 16 + 4;
