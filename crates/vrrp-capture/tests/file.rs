//! Files in the formats pcap and pcapng.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{Frame, capture, pcap};
use vrrp_capture::{Capture, FileError, read_file};

fn frames() -> Vec<(u64, Vec<u8>)> {
    [0, 1000, 2000].map(|at| (at, Frame::new(1, 100).octets())).to_vec()
}

#[test]
fn a_pcap_file_is_read_as_its_frames_are() {
    let mut read = Capture::default();
    read_file(pcap(&frames()).as_slice(), &mut read).unwrap();
    assert_eq!(read.report(), capture(&frames()).report());
}

#[test]
fn a_pcapng_file_with_nanoseconds_is_read() {
    let frame = Frame::new(1, 100).octets();
    let mut file = Vec::new();
    let mut block = |kind: u32, body: &[u8]| {
        let length = u32::try_from(body.len() + 12).unwrap();
        file.extend(kind.to_le_bytes());
        file.extend(length.to_le_bytes());
        file.extend(body);
        file.extend(length.to_le_bytes());
    };
    block(0x0a0d_0d0a, &[0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255]);
    block(1, &[1, 0, 0, 0, 0, 0, 4, 0, 9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0]);
    for nanos in [1_000_000_000_u64, 2_000_000_600] {
        let length = u32::try_from(frame.len()).unwrap();
        let mut body = 0_u32.to_le_bytes().to_vec();
        let (high, low) = (u32::try_from(nanos >> 32).unwrap(), u32::try_from(nanos & 0xffff_ffff).unwrap());
        for word in [high, low, length, length] {
            body.extend(word.to_le_bytes());
        }
        body.extend(&frame);
        body.resize(body.len().next_multiple_of(4), 0);
        block(6, &body);
    }
    let mut read = Capture::default();
    read_file(file.as_slice(), &mut read).unwrap();
    let report = read.report();
    assert_eq!((report.adverts, report.begin.unwrap().as_second()), (2, 1));
    assert_eq!(report.routers[0].speakers[0].longest_gap_ms, Some(1000.001));
}

#[test]
fn a_file_cut_anywhere_gives_the_packets_before_the_cut_and_an_error() {
    let whole = pcap(&frames());
    let record = 16 + Frame::new(1, 100).octets().len();
    for length in 0..whole.len() {
        let mut read = Capture::default();
        let result = read_file(&whole[..length], &mut read);
        let complete = length.saturating_sub(24) / record;
        assert_eq!(read.report().frames, complete as u64, "cut at {length}");
        let at_an_end = length >= 24 && (length - 24) % record == 0;
        assert_eq!(result.is_ok(), at_an_end, "cut at {length}: {result:?}");
    }
}

#[test]
fn other_files_are_refused() {
    for octets in [&b""[..], b"hello", &[0; 4096], b"\x7fELF............................"] {
        assert_eq!(read_file(octets, &mut Capture::default()), Err(FileError::Format), "{octets:?}");
    }
    let mut wireless = pcap(&frames());
    wireless[20] = 105;
    assert_eq!(read_file(wireless.as_slice(), &mut Capture::default()), Err(FileError::LinkType(105)));
}

#[test]
fn a_record_of_a_length_that_cannot_be_is_an_error() {
    let mut file = pcap(&frames());
    file[32..36].copy_from_slice(&u32::MAX.to_le_bytes());
    let result = read_file(file.as_slice(), &mut Capture::default());
    assert!(result.is_err(), "{result:?}");
}

#[test]
fn any_flipped_bit_is_read_without_panic() {
    let whole = pcap(&frames());
    // The header of the file, and that of its first record.
    for bit in 0..40 * 8 {
        let mut file = whole.clone();
        file[bit / 8] ^= 1 << (bit % 8);
        let mut read = Capture::default();
        let _ = read_file(file.as_slice(), &mut read);
        read.report();
    }
}
