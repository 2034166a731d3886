//! Files in the formats pcap and pcapng, as tcpdump and Wireshark write them.

use std::io::Read;
use std::time::Duration;

use pcap_parser::pcapng::{Block, EnhancedPacketBlock};
use pcap_parser::traits::{PcapNGPacketBlock as _, PcapReaderIterator};
use pcap_parser::{Linktype, PcapBlockOwned, PcapError, create_reader};

use crate::{Capture, Link};

/// Why a file cannot be read to its end. Packets before the defect count all the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// It is neither pcap nor pcapng.
    #[error("it is neither a pcap nor a pcapng file")]
    Format,
    /// A record makes no sense.
    #[error("record {record} is damaged")]
    Damaged {
        /// Its number; the first one is 1.
        record: u64,
    },
    /// The file ends within a record.
    #[error("it ends within record {record}: was it copied while it was written?")]
    Incomplete {
        /// Its number; the first one is 1.
        record: u64,
    },
    /// The frames have headers that are not known here.
    #[error("its frames are of link type {0}, but only Ethernet, Linux cooked and IP are known")]
    LinkType(i32),
}

/// Hands the frames of a file to a capture.
///
/// # Errors
/// The first that stops the reading; frames before it were handed over.
pub fn read_file(file: impl Read + Send, capture: &mut Capture) -> Result<(), FileError> {
    let mut reader = create_reader(BUFFER, file).map_err(|_| FileError::Format)?;
    let mut reading = PacketReader { interfaces: Vec::new(), legacy: None, capture };
    let mut record = 1;
    let mut last_length = None;
    loop {
        match reader.next() {
            Ok((length, block)) => {
                reading.block(&block, record)?;
                reader.consume(length);
                record += 1;
                last_length = None;
            }
            Err(PcapError::Eof) => return Ok(()),
            Err(PcapError::Incomplete(_)) => {
                refill(reader.as_mut(), &mut last_length).ok_or(FileError::Incomplete { record })?;
            }
            Err(PcapError::UnexpectedEof) => return Err(FileError::Incomplete { record }),
            Err(_) => return Err(FileError::Damaged { record }),
        }
    }
}

/// Reads on; none if nothing more comes, or a record is longer than any frame.
fn refill(reader: &mut dyn PcapReaderIterator, last_length: &mut Option<usize>) -> Option<()> {
    reader.refill().ok()?;
    let length = reader.data().len();
    (last_length.replace(length) != Some(length)).then_some(())
}

struct PacketReader<'a> {
    /// pcapng: of the section that is being read.
    interfaces: Vec<Interface>,
    /// pcap: of the whole file.
    legacy: Option<Interface>,
    capture: &'a mut Capture,
}

#[derive(Clone, Copy, Debug)]
struct Interface {
    link: Linktype,
    /// Units of its times in a second; none: unknown ones.
    resolution: Option<u64>,
    /// Seconds to add.
    offset: i64,
}

impl PacketReader<'_> {
    fn block(&mut self, block: &PcapBlockOwned<'_>, record: u64) -> Result<(), FileError> {
        match block {
            PcapBlockOwned::LegacyHeader(header) => {
                let resolution = if header.is_nanosecond_precision() { 1_000_000_000 } else { 1_000_000 };
                let interface = Interface { link: header.network, resolution: Some(resolution), offset: 0 };
                self.legacy = Some(interface);
                Ok(())
            }
            PcapBlockOwned::Legacy(packet) => {
                let interface = self.legacy.ok_or(FileError::Damaged { record })?;
                let part = Duration::from_nanos(match interface.resolution {
                    Some(1_000_000_000) => packet.ts_usec.into(),
                    _ => u64::from(packet.ts_usec) * 1000,
                });
                let at = Duration::from_secs(packet.ts_sec.into()).saturating_add(part);
                self.frame(at, interface.link, packet.data, packet.caplen, packet.origlen)
            }
            PcapBlockOwned::NG(Block::SectionHeader(_)) => {
                self.interfaces.clear();
                Ok(())
            }
            PcapBlockOwned::NG(Block::InterfaceDescription(description)) => {
                if self.interfaces.len() >= MOST_INTERFACES {
                    return Err(FileError::Damaged { record });
                }
                self.interfaces.push(Interface {
                    link: description.linktype,
                    resolution: resolution(description.if_tsresol),
                    offset: description.ts_offset(),
                });
                Ok(())
            }
            PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => self.enhanced(packet, record),
            PcapBlockOwned::NG(_) => Ok(()),
        }
    }

    fn enhanced(&mut self, packet: &EnhancedPacketBlock<'_>, record: u64) -> Result<(), FileError> {
        let place = usize::try_from(packet.if_id).unwrap_or(usize::MAX);
        let interface = *self.interfaces.get(place).ok_or(FileError::Damaged { record })?;
        let resolution = interface.resolution.ok_or(FileError::Damaged { record })?;
        let units = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
        let nanos = u128::from(units % resolution) * 1_000_000_000 / u128::from(resolution);
        let seconds = (units / resolution).saturating_add_signed(interface.offset);
        let at = Duration::new(seconds, u32::try_from(nanos).unwrap_or_default());
        self.frame(at, interface.link, packet.packet_data(), packet.caplen, packet.origlen)
    }

    fn frame(
        &mut self,
        at: Duration,
        link: Linktype,
        data: &[u8],
        captured: u32,
        length: u32,
    ) -> Result<(), FileError> {
        let link = match link {
            Linktype::ETHERNET => Link::Ethernet,
            Linktype::LINUX_SLL => Link::LinuxCooked,
            Linktype::LINUX_SLL2 => Link::LinuxCooked2,
            Linktype::RAW | Linktype::IPV4 | Linktype::IPV6 => Link::Ip,
            other => return Err(FileError::LinkType(other.0)),
        };
        let data = data.get(..usize::try_from(captured).unwrap_or(usize::MAX)).unwrap_or(data);
        self.capture.handle_frame(at, link, data, usize::try_from(length).unwrap_or(usize::MAX));
        Ok(())
    }
}

/// Units in a second of an interface's option `if_tsresol`: a power of 10, or of 2 if the highest bit is set.
fn resolution(option: u8) -> Option<u64> {
    let exponent = u32::from(option & 0x7f);
    if option & 0x80 == 0 { 10_u64.checked_pow(exponent) } else { 2_u64.checked_pow(exponent) }
}

/// Longer than any record with a frame that tcpdump writes (262,144 octets), with its options.
const BUFFER: usize = 512 * 1024;
const MOST_INTERFACES: usize = 10_000;
