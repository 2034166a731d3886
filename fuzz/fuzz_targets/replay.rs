//! Any recording of a router: no panic and no endless work, and the same changes each time.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vrrp_election::Recording;

fuzz_target!(|bytes: &[u8]| {
    let Ok(recording) = serde_json::from_slice::<Recording>(bytes) else { return };
    let changes = vrrp_sim::replay(&recording);
    assert_eq!(changes, vrrp_sim::replay(&recording), "the same each time");
    // It is written as it was read.
    let json = serde_json::to_string(&recording).expect("a recording has a JSON form");
    let again: Recording = serde_json::from_str(&json).expect("it is read back");
    assert_eq!(serde_json::to_string(&again).ok().as_deref(), Some(json.as_str()));
});
