//! The tables of header fields that indices refer to (RFC 7541 §2.3).

use std::collections::VecDeque;

/// Most octets that the server may make us remember: the size that every connection begins with
/// (`SETTINGS_HEADER_TABLE_SIZE`, RFC 9113 §6.5.2).
pub(super) const SIZE_LIMIT: usize = 4096;

/// Each entry counts as so many octets more than it has (RFC 7541 §4.1).
const OVERHEAD: usize = 32;

/// The static table and one connection's dynamic table behind it.
#[derive(Debug)]
pub(super) struct Table {
    /// The newest first.
    entries: VecDeque<(Vec<u8>, Vec<u8>)>,
    size: usize,
    limit: usize,
}

impl Default for Table {
    fn default() -> Self {
        Self { entries: VecDeque::new(), size: 0, limit: SIZE_LIMIT }
    }
}

impl Table {
    /// The field at an index, from 1.
    pub(super) fn field(&self, index: usize) -> Option<(&[u8], &[u8])> {
        let place = index.checked_sub(1)?;
        if let Some((name, value)) = STATIC.get(place) {
            return Some((name.as_bytes(), value.as_bytes()));
        }
        self.entries.get(place - STATIC.len()).map(|(name, value)| (name.as_slice(), value.as_slice()))
    }

    /// A new field; the oldest ones make room (RFC 7541 §4.4).
    pub(super) fn insert(&mut self, name: Vec<u8>, value: Vec<u8>) {
        let size = name.len() + value.len() + OVERHEAD;
        self.shrink(self.limit.saturating_sub(size));
        if size <= self.limit {
            self.size += size;
            self.entries.push_front((name, value));
        }
    }

    /// A new limit; `None` if it is more than we allow.
    pub(super) fn resize(&mut self, limit: usize) -> Option<()> {
        self.limit = limit;
        self.shrink(limit);
        (limit <= SIZE_LIMIT).then_some(())
    }

    fn shrink(&mut self, size: usize) {
        while self.size > size {
            let Some((name, value)) = self.entries.pop_back() else { break };
            self.size -= name.len() + value.len() + OVERHEAD;
        }
    }
}

/// RFC 7541 appendix A.
const STATIC: [(&str, &str); 61] = [
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_entry_follows_the_static_ones() {
        let mut table = Table::default();
        assert_eq!(table.field(0), None);
        assert_eq!(table.field(8), Some((b":status".as_slice(), b"200".as_slice())));
        assert_eq!(table.field(61), Some((b"www-authenticate".as_slice(), b"".as_slice())));
        assert_eq!(table.field(62), None);
        table.insert(b"a".to_vec(), b"1".to_vec());
        table.insert(b"b".to_vec(), b"2".to_vec());
        assert_eq!(table.field(62), Some((b"b".as_slice(), b"2".as_slice())));
        assert_eq!(table.field(63), Some((b"a".as_slice(), b"1".as_slice())));
    }

    #[test]
    fn the_oldest_make_room_and_the_limit_holds() {
        let mut table = Table::default();
        for number in 0..1000 {
            table.insert(b"name".to_vec(), vec![b'x'; number % 200]);
            assert!(table.size <= SIZE_LIMIT);
        }
        table.insert(b"huge".to_vec(), vec![0; SIZE_LIMIT]);
        assert_eq!((table.size, table.entries.len()), (0, 0), "an entry that does not fit empties the table");
        assert_eq!(table.resize(SIZE_LIMIT + 1), None);
        assert_eq!(table.resize(0), Some(()));
        table.insert(b"a".to_vec(), b"1".to_vec());
        assert_eq!(table.field(62), None);
    }
}
