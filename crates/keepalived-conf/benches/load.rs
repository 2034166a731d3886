//! Time that a large configuration takes to load: 10,000 instances (120,000 lines), and 1,000 virtual servers of 10
//! real servers each (176,000 lines).

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

fn balancer(servers: u32) -> String {
    let mut text = String::new();
    for number in 0..servers {
        let address = std::net::Ipv4Addr::from_bits(0x0a00_0000 + number);
        let _ = write!(
            text,
            "virtual_server {address} 80 {{\n    delay_loop 6\n    lb_algo wlc\n    lb_kind NAT\n    protocol TCP\n"
        );
        for real in 0..10 {
            let address = std::net::Ipv4Addr::from_bits(0x0b00_0000 + number * 16 + real);
            let _ = write!(
                text,
                "    real_server {address} 8080 {{\n        weight 1\n        HTTP_GET {{\n            url {{\n                \
                 path /health\n                status_code 200\n                virtualhost www.example.com\n            }}\n            \
                 connect_timeout 3\n            retry 3\n            delay_before_retry 3\n        }}\n        \
                 inhibit_on_failure\n        notify_down \"/usr/libexec/pager down\"\n        lvs_method NAT\n    }}\n"
            );
        }
        text.push_str("}\n\n");
    }
    text
}

fn load(criterion: &mut Criterion) {
    let text = configuration(10_000);
    assert_eq!(load_str(&text).config.instances.len(), 10_000);
    criterion.bench_function("load 10,000 instances", |bencher| bencher.iter(|| load_str(black_box(&text))));

    let text = balancer(1_000);
    let servers = load_str(&text).config.virtual_servers;
    assert_eq!(servers.iter().map(|server| server.real_servers.len()).sum::<usize>(), 10_000);
    criterion.bench_function("load 1,000 virtual servers of 10", |bencher| {
        bencher.iter(|| load_str(black_box(&text)));
    });
}

criterion_group!(benches, load);
criterion_main!(benches);
