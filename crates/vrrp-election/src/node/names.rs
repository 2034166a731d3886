//! Things of two configurations that have the same name.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

/// For each of the names now, the place of the same name before.
pub(super) fn same_names<'n>(
    before: impl Iterator<Item = &'n String>,
    now: impl Iterator<Item = &'n String>,
) -> Vec<Option<usize>> {
    let places: BTreeMap<&String, usize> = before.enumerate().map(|(place, name)| (name, place)).collect();
    now.map(|name| places.get(name).copied()).collect()
}
