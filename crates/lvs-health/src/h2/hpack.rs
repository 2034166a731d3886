//! Header fields in HTTP/2 (HPACK, RFC 7541).
//!
//! Writing needs little: a name from the static table or in full, a value in full, nothing remembered. Reading needs all
//! of it, because the server chooses.

use super::{huffman, table::Table};

/// Appends a field to a block (RFC 7541 §6.2.2, §6.2.3). `secret` ones are marked: nobody on the way may remember them.
pub(crate) fn emit(name: &str, value: &str, secret: bool, block: &mut Vec<u8>) {
    let form = if secret { 0x10 } else { 0 };
    let known = NAMES.iter().find(|(known, _)| *known == name);
    emit_integer(known.map_or(0, |(_, index)| *index), 4, form, block);
    if known.is_none() {
        emit_text(name, block);
    }
    emit_text(value, block);
}

fn emit_text(text: &str, block: &mut Vec<u8>) {
    emit_integer(text.len(), 7, 0, block);
    block.extend_from_slice(text.as_bytes());
}

/// RFC 7541 §5.1, with `form` above the `bits` of the prefix.
fn emit_integer(value: usize, bits: u8, form: u8, block: &mut Vec<u8>) {
    let most = (1 << bits) - 1;
    if let Some(small) = u8::try_from(value).ok().filter(|&small| small < most) {
        block.push(form | small);
        return;
    }
    block.push(form | most);
    emit_groups(value - usize::from(most), block);
}

/// Seven bits an octet, the lowest first; each octet but the last has its highest bit set. Protocol buffers do the same.
pub(super) fn emit_groups(mut value: usize, out: &mut Vec<u8>) {
    while value >= 0x80 {
        let [lowest, ..] = value.to_le_bytes();
        out.push(lowest | 0x80);
        value >>= 7;
    }
    let [lowest, ..] = value.to_le_bytes();
    out.push(lowest);
}

/// Names that our requests have, in the static table.
const NAMES: [(&str, usize); 7] = [
    (":authority", 1),
    (":method", 2),
    (":path", 4),
    (":scheme", 6),
    ("authorization", 23),
    ("content-type", 31),
    ("user-agent", 58),
];

/// Reads the header blocks of one connection.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    table: Table,
    name: Vec<u8>,
    value: Vec<u8>,
}

impl Decoder {
    /// Gives each field of a whole block to `sink`; `None` if it is no such block.
    pub(super) fn decode(&mut self, block: &[u8], mut sink: impl FnMut(&[u8], &[u8])) -> Option<()> {
        let mut rest = block;
        while let Some(&first) = rest.first() {
            rest = match first {
                // An indexed field (§6.1).
                0x80.. => {
                    let (index, rest) = integer(rest, 7)?;
                    let (name, value) = self.table.field(index)?;
                    sink(name, value);
                    rest
                }
                // A literal to be remembered (§6.2.1).
                0x40.. => {
                    let rest = self.literal(rest, 6)?;
                    sink(&self.name, &self.value);
                    self.table.insert(self.name.clone(), self.value.clone());
                    rest
                }
                // A new size of the table (§6.3).
                0x20.. => {
                    let (limit, rest) = integer(rest, 5)?;
                    self.table.resize(limit)?;
                    rest
                }
                // A literal not to be remembered (§6.2.2, §6.2.3).
                _ => {
                    let rest = self.literal(rest, 4)?;
                    sink(&self.name, &self.value);
                    rest
                }
            };
        }
        Some(())
    }

    fn literal<'b>(&mut self, block: &'b [u8], bits: u8) -> Option<&'b [u8]> {
        let (index, rest) = integer(block, bits)?;
        self.name.clear();
        let rest = if index == 0 {
            text(rest, &mut self.name)?
        } else {
            self.name.extend_from_slice(self.table.field(index)?.0);
            rest
        };
        self.value.clear();
        text(rest, &mut self.value)
    }
}

/// RFC 7541 §5.1; no integer here is larger than a block.
fn integer(block: &[u8], bits: u8) -> Option<(usize, &[u8])> {
    let (&first, mut rest) = block.split_first()?;
    let most = (1_u8 << bits) - 1;
    let mut value = usize::from(first & most);
    if first & most < most {
        return Some((value, rest));
    }
    for shift in [0, 7, 14] {
        let (&octet, after) = rest.split_first()?;
        rest = after;
        value += usize::from(octet & 0x7f) << shift;
        if octet < 0x80 {
            return Some((value, rest));
        }
    }
    None
}

/// RFC 7541 §5.2
fn text<'b>(block: &'b [u8], text: &mut Vec<u8>) -> Option<&'b [u8]> {
    let is_huffman = *block.first()? >= 0x80;
    let (length, rest) = integer(block, 7)?;
    let (encoded, rest) = rest.split_at_checked(length)?;
    if is_huffman {
        huffman::decode(encoded, text)?;
    } else {
        text.extend_from_slice(encoded);
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
        let octet = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        digits.chunks(2).map(octet).collect()
    }

    fn decode(decoder: &mut Decoder, hex: &str) -> Option<String> {
        let mut fields = String::new();
        let sink = |name: &[u8], value: &[u8]| {
            let [name, value] = [name, value].map(String::from_utf8_lossy);
            fields.extend([&name, ": ", &value, "\n"]);
        };
        decoder.decode(&octets(hex), sink).map(|()| fields)
    }

    /// RFC 7541 appendix C.6: three answers on one connection, with Huffman coding and a table.
    #[test]
    fn the_rfcs_answers_are_read() {
        let mut decoder = Decoder::default();
        decoder.table.resize(256).unwrap();
        let first = "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d \
                     29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3";
        assert_eq!(
            decode(&mut decoder, first).as_deref(),
            Some(
                ":status: 302\ncache-control: private\ndate: Mon, 21 Oct 2013 20:13:21 GMT\n\
                 location: https://www.example.com\n"
            )
        );
        assert_eq!(
            decode(&mut decoder, "4883 640e ffc1 c0bf").as_deref(),
            Some(
                ":status: 307\ncache-control: private\ndate: Mon, 21 Oct 2013 20:13:21 GMT\n\
                 location: https://www.example.com\n"
            )
        );
        let third = "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d \
                     d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 \
                     3d50 07";
        assert_eq!(
            decode(&mut decoder, third).as_deref(),
            Some(
                ":status: 200\ncache-control: private\ndate: Mon, 21 Oct 2013 20:13:22 GMT\n\
                 location: https://www.example.com\ncontent-encoding: gzip\n\
                 set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1\n"
            )
        );
    }

    #[test]
    fn written_fields_are_read_back() {
        let mut block = Vec::new();
        emit(":path", "/", false, &mut block);
        emit("authorization", "Basic eA==", true, &mut block);
        emit("x-long", &"y".repeat(300), false, &mut block);
        assert_eq!(block.get(..3), Some([0x04, 1, b'/'].as_slice()));
        let mut fields = Vec::new();
        Decoder::default().decode(&block, |name, value| fields.push((name.to_vec(), value.len()))).unwrap();
        assert_eq!(
            fields,
            [(b":path".to_vec(), 1), (b"authorization".to_vec(), 10), (b"x-long".to_vec(), 300)]
        );
    }

    #[test]
    fn broken_blocks_are_refused() {
        for (block, why) in [
            ("80", "index 0"),
            ("be", "nothing is remembered"),
            ("ffff ffff ffff", "integer without end"),
            ("0003 6162", "name longer than the block"),
            ("3f e2 1f", "table larger than allowed"),
            ("40 81 18 00", "padding of zeros"),
            ("41", "nothing behind the name"),
        ] {
            assert_eq!(decode(&mut Decoder::default(), block), None, "{why}");
        }
    }
}
