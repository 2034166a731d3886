//! Databases, directories and conversation partners that say anything, in any cut: the check ends as it does with the whole.

#![no_main]

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use lvs_health::{
    Ldap, Login, Mysql, Network, Outcome, Pattern, Postgresql, Prepared, Protocol, Redis, Role, Shared, Talk,
    TalkStep, Target,
};

fuzz_target!(|data: &[u8]| {
    let [kind, chunk, stream @ ..] = data else { return };
    let protocol = protocol(*kind);
    let whole = talk(&protocol, [stream]);
    assert_eq!(talk(&protocol, stream.chunks(usize::from(*chunk).max(1))), whole);
});

fn protocol(kind: u8) -> Protocol {
    let login = Login { user: "lb".to_owned(), password: "secret".to_owned() };
    match kind % 5 {
        0 => {
            let mut redis = Redis::default();
            (redis.login, redis.role) = (login, Some(Role::Primary));
            Protocol::Redis(redis.into())
        }
        1 => {
            let mut mysql = Mysql::default();
            mysql.login = login;
            Protocol::Mysql(mysql)
        }
        2 => {
            let mut postgresql = Postgresql::default();
            (postgresql.login, postgresql.role) = (login, Some(Role::Primary));
            Protocol::Postgresql(postgresql.into())
        }
        3 => {
            let mut ldap = Ldap::default();
            ldap.login = login;
            Protocol::Ldap(ldap)
        }
        _ => {
            let options = Vec::new();
            let line =
                Pattern { text: "^a+b".to_owned(), no_match: false, options, min_offset: 0, max_offset: None };
            let expect = TalkStep::Expect(b"ok".to_vec());
            Protocol::Talk(Talk::new([expect, TalkStep::Send(b"x".to_vec()), TalkStep::ExpectLine(line)]).into())
        }
    }
}

fn talk<'a>(protocol: &Protocol, pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<u8>, Option<Outcome>) {
    let now = Instant::now();
    let target = Target::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 25)), Duration::from_secs(5));
    let network = Network { target, protocol: protocol.clone() };
    let prepared = Prepared::new(&network, &mut Shared::default()).unwrap();
    let mut dialogue = prepared.begin(now, 0, 7);
    dialogue.handle_connected(now);
    for piece in pieces {
        dialogue.handle_input(now, piece);
    }
    (dialogue.output().to_vec(), dialogue.outcome().cloned())
}
