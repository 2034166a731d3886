use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const GROUP: u32 = 40;
const READERS: Policy = Policy { group: Some(GROUP), group_acts: false };
const STATUS: &[u8] = b"{\"v\":1,\"do\":\"status\"}\n";

fn root() -> Peer {
    Peer { uid: 0, groups: vec![0] }
}

fn reader() -> Peer {
    Peer { uid: 1000, groups: vec![1000, GROUP] }
}

fn read(server: &mut Server, now: Instant, id: ClientId) -> String {
    let mut text = Vec::new();
    while let Some(front) = server.output(id) {
        let piece = front.to_vec();
        server.handle_written(now, id, piece.len());
        text.extend(piece);
    }
    String::from_utf8(text).unwrap()
}

fn with(peer: Peer) -> (Server, Instant, ClientId) {
    let (mut server, now) = (Server::default(), Instant::now());
    let id = server.accept(now, peer, READERS).unwrap();
    (server, now, id)
}

#[test]
fn a_request_is_taken_however_it_is_cut() {
    for cut in 0..STATUS.len() {
        let (mut server, now, id) = with(reader());
        server.handle_input(now, id, &STATUS[..cut]);
        assert_eq!(server.poll_request(), None);
        server.handle_input(now, id, &STATUS[cut..]);
        assert_eq!(server.poll_request(), Some((id, Verb::Status {})));
    }
}

#[test]
fn one_request_of_a_client_is_worked_on_at_a_time() {
    let (mut server, now, id) = with(root());
    server.handle_input(now, id, &[STATUS, b"{\"v\":1,\"do\":\"undo\"}\n"].concat());
    assert_eq!(server.poll_request(), Some((id, Verb::Status {})));
    assert_eq!(server.poll_request(), None);
    assert!(!server.wants_input(id));
    server.answer(id, "x\n".into());
    server.finish(now, id);
    assert_eq!(server.poll_request(), Some((id, Verb::Undo {})));
    server.finish(now, id);
    assert!(!server.wants_input(id), "it has not read its answer");
    assert_eq!(read(&mut server, now, id), "x\n");
    assert!(server.wants_input(id));
}

#[test]
fn a_request_that_is_answered_unfetched_is_not_kept() {
    let (mut server, now, id) = with(reader());
    server.handle_input(now, id, &[STATUS, STATUS].concat());
    server.finish(now, id);
    assert_eq!(server.poll_request(), Some((id, Verb::Status {})));
    assert_eq!(server.poll_request(), None);
}

#[test]
fn a_reader_may_not_act_and_a_stranger_nothing() {
    let (mut server, now, id) = with(reader());
    server.handle_input(now, id, b"{\"v\":1,\"do\":\"reload\"}\n");
    assert_eq!(server.poll_request(), None);
    assert!(read(&mut server, now, id).contains("\"refusal\":\"rights\""));
    assert!(server.wants_input(id), "it may ask something else");

    let (mut server, now, id) = with(Peer { uid: 1001, groups: vec![1001] });
    server.handle_input(now, id, STATUS);
    assert_eq!(server.poll_request(), None);
    assert!(!server.wants_input(id));
    assert!(read(&mut server, now, id).contains("\"refusal\":\"rights\""));
    assert_eq!(server.take_finished(), [id]);
}

#[test]
fn a_new_policy_holds_for_connected_clients() {
    let (mut server, now, id) = with(reader());
    server.handle_policy(Policy { group_acts: true, ..READERS });
    server.handle_input(now, id, b"{\"v\":1,\"do\":\"undo\"}\n");
    assert_eq!(server.poll_request(), Some((id, Verb::Undo {})));
    server.handle_policy(Policy::default());
    assert_eq!(server.take_finished(), [id]);
}

#[test]
fn a_request_without_an_end_is_not_kept() {
    let (mut server, now, id) = with(root());
    for _ in 0..1024 {
        server.handle_input(now, id, &[b'x'; 100]);
    }
    assert!(server.clients[&id].input.is_empty());
    assert!(read(&mut server, now, id).contains("at most 65536 bytes"));
    assert_eq!(server.take_finished(), [id]);
}

#[test]
fn the_last_places_are_for_root() {
    let (mut server, now) = (Server::default(), Instant::now());
    let readers = (0..100).filter(|_| server.accept(now, reader(), READERS).is_ok()).count();
    assert_eq!(readers, Server::MAX_CLIENTS - KEPT_FOR_ROOT);
    let roots = (0..100).filter(|_| server.accept(now, root(), READERS).is_ok()).count();
    assert_eq!(roots, KEPT_FOR_ROOT);
    assert_eq!(server.accept(now, root(), READERS), Err(Full));
}

#[test]
fn a_client_that_does_not_read_its_answer_is_done_with_and_a_follower_is_not() {
    let (mut server, now, id) = with(reader());
    let follower = server.accept(now, reader(), READERS).unwrap();
    server.handle_input(now, id, STATUS);
    server.answer(id, "x\n".into());
    server.finish(now, id);
    server.follow(follower);
    server.publish(&"event\n".into());
    assert_eq!(server.poll_timeout(), Some(now + MAX_UNREAD));
    server.handle_timeout(now + MAX_UNREAD);
    assert_eq!(server.take_finished(), [id]);
    assert_eq!(server.poll_timeout(), None);
    assert_eq!(read(&mut server, now, follower), "event\n");
}

#[test]
fn a_silent_client_leaves_its_place_unless_it_is_waiting_for_us() {
    let (mut server, now, id) = with(reader());
    server.handle_input(now, id, STATUS);
    server.handle_timeout(now + 2 * MAX_IDLE);
    assert!(server.take_finished().is_empty(), "its request is being worked on");
    server.finish(now + 2 * MAX_IDLE, id);
    server.handle_timeout(now + 3 * MAX_IDLE);
    assert_eq!(server.take_finished(), [id]);
}

#[test]
fn a_client_that_closed_the_other_direction_still_gets_its_answer() {
    let (mut server, now, id) = with(reader());
    server.handle_input(now, id, STATUS);
    server.handle_end_of_input(id);
    assert!(server.take_finished().is_empty());
    assert_eq!(server.poll_request(), Some((id, Verb::Status {})));
    server.answer(id, "x\n".into());
    server.finish(now, id);
    assert_eq!(read(&mut server, now, id), "x\n");
    assert_eq!(server.take_finished(), [id]);
}

#[test]
fn a_follower_may_ask_and_its_lines_stay_whole() {
    let (mut server, now, id) = with(reader());
    server.follow(id);
    server.publish(&"event 1\n".into());
    assert!(server.wants_input(id));
    server.handle_input(now, id, STATUS);
    assert!(server.poll_request().is_some());
    server.answer(id, "answer\n".into());
    server.publish(&"event 2\n".into());
    server.finish(now, id);
    assert_eq!(read(&mut server, now, id), "event 1\nanswer\nevent 2\n");
}

/// Steps of clients and the daemon.
#[derive(Clone, Debug)]
enum Step {
    Accept(bool),
    Input(u8, Vec<u8>),
    EndOfInput(u8),
    Answer(u8),
    Follow(u8),
    Publish(u16),
    Write(u8, u16),
    Lose(u8),
    Wait(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let request = prop_oneof![
        Just(STATUS.to_vec()),
        Just(b"{\"v\":1,\"do\":\"events\",\"follow\":true}\n{\"v\":1".to_vec()),
        Just(vec![b'x'; 40_000]),
        vec(any::<u8>(), 0..64),
    ];
    prop_oneof![
        any::<bool>().prop_map(Step::Accept),
        (any::<u8>(), request).prop_map(|(id, octets)| Step::Input(id, octets)),
        any::<u8>().prop_map(Step::EndOfInput),
        any::<u8>().prop_map(Step::Answer),
        any::<u8>().prop_map(Step::Follow),
        any::<u16>().prop_map(Step::Publish),
        (any::<u8>(), any::<u16>()).prop_map(|(id, count)| Step::Write(id, count)),
        any::<u8>().prop_map(Step::Lose),
        any::<u8>().prop_map(Step::Wait),
    ]
}

proptest! {
    #[test]
    fn everything_is_bounded_whatever_clients_do(steps in vec(step(), 1..200)) {
        let (mut server, mut now) = (Server::default(), Instant::now());
        let named = |id: u8| ClientId(u64::from(id % 16) + 1);
        for step in steps {
            match step {
                Step::Accept(is_root) => {
                    let peer = if is_root { root() } else { reader() };
                    let _ = server.accept(now, peer, READERS);
                }
                Step::Input(id, octets) => {
                    if server.wants_input(named(id)) {
                        server.handle_input(now, named(id), &octets);
                    }
                }
                Step::EndOfInput(id) => server.handle_end_of_input(named(id)),
                Step::Answer(id) => {
                    server.answer(named(id), "answer\n".into());
                    server.finish(now, named(id));
                }
                Step::Follow(id) => server.follow(named(id)),
                Step::Publish(length) => server.publish(&vec![b'e'; length.into()].into()),
                Step::Write(id, count) => {
                    let front = server.output(named(id)).map_or(0, <[u8]>::len);
                    server.handle_written(now, named(id), front.min(count.into()));
                }
                Step::Lose(id) => server.handle_loss(named(id)),
                Step::Wait(seconds) => {
                    now += Duration::from_secs(seconds.into());
                    server.handle_timeout(now);
                }
            }
            server.take_finished();
            prop_assert!(server.clients.len() <= Server::MAX_CLIENTS);
            prop_assert!(server.requests.len() <= server.clients.len());
            for client in server.clients.values() {
                prop_assert!(client.input.len() <= Server::MAX_REQUEST + 40_000);
            }
        }
    }
}
