//! Reads one failover from what the switch saw. Pure.

use std::net::IpAddr;
use std::time::Duration;

use vip_lab::Stamp;
use vip_lab::capture::Sighting;
use vip_lab::frame::Frame;

use crate::theory::Mode;

/// The failure or stop of the router behind the first port.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    /// The time.
    pub(super) at: Stamp,
    /// When its process was gone, if it was asked to stop.
    pub(super) gone: Option<Stamp>,
    /// The kind of event.
    pub(super) mode: Mode,
    /// Time from the reference advertisement until the takeover is due.
    pub(super) wait: Duration,
    /// The address that moves.
    pub(super) target: IpAddr,
}

/// When things happened after the event, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Trial {
    /// First advertisement of another router.
    pub(super) advert: Option<i64>,
    /// First announcement of the address by another router.
    pub(super) announcement: Option<i64>,
    /// First answer to the client by another router.
    pub(super) answer: Option<i64>,
    /// Time from the due moment to the advertisement.
    pub(super) late: Option<i64>,
    /// The serving router's priority 0.
    pub(super) stop: Option<i64>,
    /// The end of its process.
    pub(super) gone: Option<i64>,
    /// Other routers that advertised, and the old one if it went on after its priority 0.
    pub(super) actives: usize,
}

impl Trial {
    pub(super) fn read(seen: &[Sighting], event: &Event) -> Self {
        let after = |at: Stamp| micros(at, event.at);
        let (mut advert, mut announcement, mut answer, mut stop, mut last) = (None, None, None, None, None);
        let mut actives = Vec::new();
        for &Sighting { at, port, frame } in seen {
            match frame {
                Frame::Advert(heard) if port == SERVING && heard.priority == 0 => stop = stop.or(Some(at)),
                // Also one that raced with the event.
                Frame::Advert(_) if port == SERVING => {
                    last = Some(at);
                    if stop.is_some() {
                        actives.push(port);
                    }
                }
                _ if port == SERVING || at < event.at => {}
                Frame::Advert(heard) if heard.priority > 0 => {
                    advert = advert.or(Some(at));
                    actives.push(port);
                }
                Frame::Announcement { address, .. } if address == event.target => {
                    announcement = announcement.or(Some(at));
                }
                Frame::Probe { source, .. } if source == event.target => answer = answer.or(Some(at)),
                Frame::Advert(_) | Frame::Announcement { .. } | Frame::Probe { .. } => {}
            }
        }
        actives.sort_unstable();
        actives.dedup();
        let reference = if event.mode == Mode::Stop { stop } else { last };
        Self {
            advert: advert.map(after),
            announcement: announcement.map(after),
            answer: answer.map(after),
            late: advert.zip(reference).map(|(advert, reference)| micros(advert, reference.plus(event.wait))),
            stop: stop.filter(|_| event.mode == Mode::Stop).map(after),
            gone: event.gone.map(after),
            actives: actives.len(),
        }
    }

    /// Whether another router serves the client.
    pub(super) fn is_complete(&self) -> bool {
        self.advert.is_some() && self.announcement.is_some() && self.answer.is_some()
    }

    /// Warnings that must be known before the figures are believed.
    pub(super) fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        if !self.is_complete() {
            complaints.push(format!("FAILED: nobody took over completely ({self:?})"));
        }
        if self.actives > 1 {
            complaints.push(format!("{} ROUTERS ADVERTISED after the event", self.actives));
        }
        if self.late.is_some_and(|late| late < EARLY) {
            complaints.push(format!("TOO EARLY: taken over {:?} us after it was due", self.late));
        }
        complaints
    }
}

/// When the router behind the first port advertised for the last time.
pub(super) fn last_advert(seen: &[Sighting]) -> Option<Stamp> {
    let is_its = |seen: &&Sighting| seen.port == SERVING && matches!(seen.frame, Frame::Advert(_));
    seen.iter().rev().find(is_its).map(|seen| seen.at)
}

/// The port of the router that things are done to.
const SERVING: usize = 0;
/// The stamp of an advertisement is the switch's, not the receiver's: 5 ms of tolerance, in microseconds.
const EARLY: i64 = -5_000;

/// From `earlier` to `later`, negative if it is the other way round.
fn micros(later: Stamp, earlier: Stamp) -> i64 {
    let size = |time: Duration| i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
    size(later.since(earlier)) - size(earlier.since(later))
}

#[cfg(test)]
mod tests {
    use super::*;
    use vip_lab::frame::Advert;

    const TARGET: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 100, 1));

    fn at(us: u64) -> Stamp {
        Stamp::from_epoch(Duration::from_secs(1) + Duration::from_micros(us))
    }

    fn advert(us: u64, port: usize, priority: u8) -> Sighting {
        let interval = Duration::from_millis(10);
        let advert = Advert { source: TARGET, version: 3, vrid: 1, priority, interval };
        Sighting { at: at(us), port, frame: Frame::Advert(advert) }
    }

    fn announcement(us: u64, port: usize) -> Sighting {
        Sighting { at: at(us), port, frame: Frame::Announcement { address: TARGET, mac: [0; 6] } }
    }

    fn answer(us: u64, port: usize) -> Sighting {
        Sighting { at: at(us), port, frame: Frame::Probe { number: 1, source: TARGET, destination: TARGET } }
    }

    fn event(mode: Mode, wait_us: u64) -> Event {
        let gone = (mode == Mode::Stop).then(|| at(9_000));
        Event { at: at(5_000), gone, mode, wait: Duration::from_micros(wait_us), target: TARGET }
    }

    #[test]
    fn a_takeover_after_a_kill_is_measured_from_the_last_advert() {
        let seen = [
            announcement(100, 1),
            advert(2_000, 0, 101),
            answer(4_000, 0),
            // In flight when the kill came.
            advert(5_010, 0, 101),
            advert(41_200, 1, 100),
            announcement(41_350, 1),
            answer(42_000, 1),
        ];
        let trial = Trial::read(&seen, &event(Mode::Kill, 36_000));
        let expected = Trial {
            advert: Some(36_200),
            announcement: Some(36_350),
            answer: Some(37_000),
            late: Some(190),
            stop: None,
            gone: None,
            actives: 1,
        };
        assert_eq!(trial, expected);
        assert!(trial.is_complete() && trial.complaints().is_empty());
    }

    #[test]
    fn a_takeover_after_a_stop_is_measured_from_priority_0() {
        let seen = [advert(2_000, 0, 101), advert(5_100, 0, 0), advert(11_300, 1, 100)];
        let trial = Trial::read(&seen, &event(Mode::Stop, 6_000));
        assert_eq!((trial.stop, trial.late, trial.gone), (Some(100), Some(200), Some(4_000)));
        assert!(!trial.is_complete());
        assert_eq!(trial.complaints().len(), 1);
    }

    #[test]
    fn two_that_take_over_are_complained_about() {
        let seen =
            [advert(1_000, 0, 101), advert(41_000, 1, 100), advert(41_050, 2, 99), advert(51_000, 1, 100)];
        assert_eq!(Trial::read(&seen, &event(Mode::Kill, 36_000)).actives, 2);
        let goes_on = [advert(5_100, 0, 0), advert(6_000, 0, 101), advert(11_300, 1, 100)];
        assert_eq!(Trial::read(&goes_on, &event(Mode::Stop, 6_000)).actives, 2);
    }

    #[test]
    fn a_takeover_before_its_time_is_complained_about() {
        let seen =
            [advert(4_000, 0, 101), advert(20_000, 1, 100), announcement(20_001, 1), answer(20_002, 1)];
        let trial = Trial::read(&seen, &event(Mode::Kill, 36_000));
        assert_eq!(trial.late, Some(-20_000));
        assert_eq!(trial.complaints().len(), 1);
    }
}
