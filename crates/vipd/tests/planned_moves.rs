//! Handover and maintenance through the control socket: the addresses move while a client asks all the time, and it notices
//! nothing.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use std::thread::sleep;
use std::time::Duration;

use common::client::{Client, rounds};
use common::conf::{Instance, V3_CALM, text};
use common::hosts::Maker::{Keepalived, Vipd};
use common::hosts::{KEEPALIVED, Maker};
use common::lab_test;
use common::lan::Lan;

const A: usize = 0;
const B: usize = 1;

/// Two routers, of which the first serves, and a client that asks each millisecond.
struct Stage {
    lan: Lan,
    client: Client,
}

impl Stage {
    fn new(peer: Maker) -> Self {
        let mut lan = Lan::new(V3_CALM, &[Vipd, peer], &[100]);
        for (router, priority) in lan.routers.iter_mut().zip([150, 100]) {
            router.start(&text(&[Instance::new(V3_CALM, priority)]));
        }
        lan.expect_holder(lan.vip(100), A, Duration::from_secs(10));
        let client = Client::start(&lan, lan.vip(100));
        Self { lan, client }
    }

    /// Runs a command of vipd on a machine; it must succeed, and move the address to another machine.
    fn tell(&self, router: usize, words: &str, holder: usize) {
        let program = env!("CARGO_BIN_EXE_vipd");
        let said = self.lan.routers[router].shell(&format!("{program} {words} 2>&1; echo status $?"));
        assert!(said.ends_with("status 0"), "{words}: {said}");
        self.lan.expect_holder(self.lan.vip(100), holder, Duration::from_secs(10));
        // The other machine has heard the new one by then.
        sleep(V3_CALM.interval * 2);
    }
}

#[test]
fn a_client_loses_nothing_when_vipd_is_handed_over_to_vipd() {
    lab_test("a_client_loses_nothing_when_vipd_is_handed_over_to_vipd", &[], || {
        let stage = Stage::new(Vipd);
        for round in 0..rounds() {
            let (from, to) = if round % 2 == 0 { (A, B) } else { (B, A) };
            stage.client.watch(&format!("handover {round}"), || stage.tell(from, "handover VI_1", to));
        }
        stage.client.lost_nothing();
        stage.lan.never_two(V3_CALM.overlap());
    });
}

/// Maintenance that ends while the other machine serves takes the addresses back by preemption, which no protocol does
/// without a gap. The other machine is handed over first.
#[test]
fn a_client_loses_nothing_when_vipd_goes_into_maintenance_and_comes_back() {
    lab_test("a_client_loses_nothing_when_vipd_goes_into_maintenance_and_comes_back", &[], || {
        let stage = Stage::new(Vipd);
        for round in 0..rounds() {
            stage.client.watch(&format!("maintenance {round}"), || {
                stage.tell(A, "maintenance on VI_1", B);
                stage.tell(B, "handover VI_1", A);
                stage.tell(A, "maintenance off VI_1", A);
            });
        }
        stage.client.lost_nothing();
        stage.lan.never_two(V3_CALM.overlap());
    });
}

/// Each act gives the addresses to `peer` without a loss; ended, this machine preempts.
fn client_loses_nothing_before_the_end(peer: Maker, act: &str) {
    let stage = Stage::new(peer);
    for round in 0..rounds() {
        stage.client.watch(&format!("{act} {round}"), || stage.tell(A, &format!("{act} VI_1"), B));
        stage.tell(A, "maintenance off VI_1", A);
    }
    stage.client.lost_nothing();
    stage.lan.never_two(V3_CALM.overlap());
}

#[test]
fn a_client_loses_nothing_when_vipd_is_handed_over_to_keepalived() {
    lab_test("a_client_loses_nothing_when_vipd_is_handed_over_to_keepalived", &[KEEPALIVED], || {
        client_loses_nothing_before_the_end(Keepalived, "handover");
    });
}

#[test]
fn a_client_loses_nothing_when_vipd_goes_into_maintenance_beside_keepalived() {
    let test = "a_client_loses_nothing_when_vipd_goes_into_maintenance_beside_keepalived";
    lab_test(test, &[KEEPALIVED], || client_loses_nothing_before_the_end(Keepalived, "maintenance on"));
}
