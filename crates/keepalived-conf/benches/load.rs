//! How long a large configuration takes to load: 10,000 instances, 120,000 lines.

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};

use keepalived_conf::load_str;

fn configuration(instances: u32) -> String {
    let mut text = String::new();
    for number in 0..instances {
        let (interface, vrid) = (number / 250, number % 250 + 1);
        let address = std::net::Ipv4Addr::from_bits(0x0a00_0000 + number);
        let _ = write!(
            text,
            "vrrp_instance VI_{number} {{\n    state BACKUP\n    interface eth{interface}\n    virtual_router_id {vrid}\n    \
             priority 100\n    advert_int 1\n    virtual_ipaddress {{\n        {address}/16\n    }}\n}}\n\n"
        );
    }
    text
}

fn load(criterion: &mut Criterion) {
    let text = configuration(10_000);
    assert_eq!(load_str(&text).config.instances.len(), 10_000);
    criterion.bench_function("load 10,000 instances", |bencher| bencher.iter(|| load_str(black_box(&text))));
}

criterion_group!(benches, load);
criterion_main!(benches);
