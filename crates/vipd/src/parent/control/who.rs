//! The name of a user, for logs and intents.

use std::fs::File;
use std::io::Read as _;

/// The name of a user; `UID n` if the machine's own list has none. Directory services are not asked: they may take long, and
/// this process has adverts to supervise.
pub(in crate::parent) fn name(uid: u32) -> String {
    let mut accounts = Vec::new();
    let file = File::open("/etc/passwd").map(|file| file.take(MAX_ACCOUNTS));
    let _ = file.and_then(|mut file| file.read_to_end(&mut accounts));
    found(&accounts, uid).unwrap_or_else(|| format!("UID {uid}"))
}

fn found(accounts: &[u8], uid: u32) -> Option<String> {
    let lines = accounts.split(|octet| *octet == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
    let mut entries = lines.map(|line| line.split(':'));
    let name = entries.find_map(|mut entry| {
        let name = entry.next()?;
        (entry.nth(1)?.parse() == Ok(uid)).then_some(name)
    })?;
    let is_plain = !name.is_empty() && name.len() <= MAX_NAME && !name.contains(char::is_control);
    is_plain.then(|| name.to_owned())
}

const MAX_ACCOUNTS: u64 = 1 << 20;
const MAX_NAME: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_number() {
        let accounts = b"root:x:0:0::/root:/bin/sh\n\xff\nbroken\nada:x:1000:1000::/:/bin/sh\n:x:7:7\n";
        assert_eq!(found(accounts, 0).as_deref(), Some("root"));
        assert_eq!(found(accounts, 1000).as_deref(), Some("ada"));
        assert_eq!(found(accounts, 7), None);
        assert_eq!(found(accounts, 8), None);
        assert_eq!(name(u32::MAX - 7), format!("UID {}", u32::MAX - 7));
    }
}
