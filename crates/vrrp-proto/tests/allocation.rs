//! Nothing here allocates: counted by the global allocator of this test program.

#![expect(unsafe_code, reason = "an allocator that counts is an unsafe trait")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;

use vrrp_proto::{
    Addresses, Advert, AdvertInterval, AuthData, AuthKey, Centiseconds, ChecksumRule, Datagram, Endpoints,
    ExpectedAuth, Family, GratuitousArp, IPV4_GROUP, IPV6_GROUP, Ipv4Header, Priority, Receiver, Seconds,
    UnsolicitedNa, Vrid,
};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call is passed on to the system allocator unchanged; counting touches a thread-local cell that
// neither allocates nor has a destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller upholds the contract of `alloc`, which is the same here.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller upholds the contract of `dealloc`, and `alloc` used the same allocator.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

const V4: [[u8; 4]; 20] = [[192, 0, 2, 1]; 20];
const V6: [[u8; 16]; 20] = [[0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]; 20];

fn round_trip_ipv4(interval: AdvertInterval, auth: AuthData) {
    let advert = Advert {
        vrid: Vrid::new(51).unwrap(),
        priority: Priority::DEFAULT,
        interval,
        addresses: Addresses::V4(&V4),
        auth,
    };
    let receiver = Receiver {
        addresses: Some(advert.addresses),
        auth: match auth {
            AuthData::Password(key) => ExpectedAuth::Password(key),
            _ => ExpectedAuth::None,
        },
        ..Receiver::new(Family::Ipv4, advert.vrid, interval.try_into().unwrap())
    };
    let mut buffer = [0; 256];
    let header = Ipv4Header::new([192, 0, 2, 251].into(), IPV4_GROUP);
    let len = header.emit(&mut buffer, &advert, ChecksumRule::PseudoHeader).unwrap();
    let datagram = Datagram::from_ipv4(black_box(&buffer[..len])).unwrap();
    assert_eq!(receiver.check(&datagram).unwrap().advert, advert);
    buffer[len - 1] ^= 1;
    let damaged = Datagram::from_ipv4(black_box(&buffer[..len])).unwrap();
    assert!(!receiver.explain(&damaged).failures.is_empty());
}

#[test]
fn emitting_parsing_and_checking_allocate_nothing() {
    let v3 = AdvertInterval::V3(Centiseconds::new(100).unwrap());
    let count = allocations(|| {
        round_trip_ipv4(AdvertInterval::V2(Seconds(1)), AuthData::None);
        round_trip_ipv4(AdvertInterval::V2(Seconds(1)), AuthData::Password(AuthKey::new(b"secret")));
        round_trip_ipv4(v3, AuthData::None);

        let endpoints = Endpoints::V6 { source: V6[0].into(), destination: IPV6_GROUP };
        let advert = Advert {
            vrid: Vrid::new(51).unwrap(),
            priority: Priority::OWNER,
            interval: v3,
            addresses: Addresses::V6(&V6),
            auth: AuthData::None,
        };
        let mut buffer = [0; 512];
        let len = advert.emit(&mut buffer, &endpoints, ChecksumRule::PseudoHeader).unwrap();
        let datagram = Datagram::ipv6(V6[0].into(), IPV6_GROUP, 255, black_box(&buffer[..len]));
        let receiver = Receiver::new(Family::Ipv6, advert.vrid, v3.try_into().unwrap());
        assert_eq!(receiver.check(&datagram).unwrap().advert, advert);

        black_box(GratuitousArp::new([0; 6], [192, 0, 2, 1].into()).emit());
        black_box(UnsolicitedNa { mac: [0; 6], address: V6[0].into(), router: true }.emit());
    });
    assert_eq!(count, 0);
}

#[test]
#[cfg(feature = "ah")]
fn the_authentication_header_allocates_nothing() {
    let key = AuthKey::new(b"secret");
    let count = allocations(|| {
        let advert = Advert {
            vrid: Vrid::new(51).unwrap(),
            priority: Priority::DEFAULT,
            interval: AdvertInterval::V2(Seconds(1)),
            addresses: Addresses::V4(&V4),
            auth: AuthData::Ah,
        };
        let mut buffer = [0; 256];
        let header = Ipv4Header::new([192, 0, 2, 251].into(), IPV4_GROUP);
        let len = header.emit_ah(&mut buffer, &advert, key, 1).unwrap();
        let auth = ExpectedAuth::Ah { key, last_sequence: 0 };
        let interval = advert.interval.try_into().unwrap();
        let receiver = Receiver { auth, ..Receiver::new(Family::Ipv4, advert.vrid, interval) };
        let accepted = receiver.check(&Datagram::from_ipv4(&buffer[..len]).unwrap()).unwrap();
        assert_eq!(accepted.ah_sequence, Some(1));
    });
    assert_eq!(count, 0);
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(black_box(Box::new(1_u64)))), 1);
}
