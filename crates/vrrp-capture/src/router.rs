//! One virtual router: its speakers, and the times at which each is master.

use std::net::IpAddr;
use std::time::Duration;

use crate::report::{self, ChangeKind, RouterId, Span};

/// Content of an advert, with the time since the capture began.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) at: Duration,
    pub(crate) source: IpAddr,
    pub(crate) mac: Option<[u8; 6]>,
    pub(crate) version: u8,
    pub(crate) priority: u8,
    pub(crate) interval: Duration,
    pub(crate) addresses: Vec<IpAddr>,
}

/// Findings that follow from an advert.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum RouterEvent {
    Change(ChangeKind),
    /// The speaker was not heard for so long, and is still master.
    Gap {
        silent: Duration,
        interval: Duration,
    },
    /// No speaker was heard for so long.
    Silence {
        silent: Duration,
    },
    /// The other one sent adverts in this time, too.
    TwoMasters {
        other: IpAddr,
        from: Duration,
        until: Duration,
    },
    /// There are too many speakers.
    LeftOut,
}

/// A virtual router.
#[derive(Clone, Debug, Default)]
pub(crate) struct Router {
    speakers: Vec<Speaker>,
}

#[derive(Clone, Debug)]
struct Speaker {
    last: Heard,
    adverts: u64,
    gaps: Gaps,
    /// The last one goes on unless `is_gone`.
    reigns: Vec<(Duration, Duration)>,
    is_gone: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Gaps {
    count: u32,
    longest: Duration,
    jitter_sum: Duration,
    jitter_max: Duration,
}

impl Router {
    pub(crate) fn handle(&mut self, heard: Heard, tell: &mut impl FnMut(RouterEvent)) {
        let Some(place) = self.speakers.iter().position(|speaker| speaker.last.source == heard.source) else {
            return self.handle_new(heard, tell);
        };
        let before = self.last_heard_but(place);
        let Some(speaker) = self.speakers.get_mut(place) else { return };
        if heard.priority == 0 {
            speaker.handle_goodbye(&heard, tell);
            return;
        }
        let silent = heard.at.saturating_sub(speaker.last.at);
        let is_master = !speaker.is_gone && silent <= patience(&speaker.last);
        if is_master {
            speaker.go_on(&heard, silent, tell);
        } else {
            let own = Before::of(speaker);
            speaker.begin(&heard);
            let latest = before.into_iter().chain([own]).max_by_key(|before| before.at);
            if let Some(latest) = latest {
                latest.tell(&heard, tell);
            }
        }
        self.compare(place, tell);
    }

    fn handle_new(&mut self, heard: Heard, tell: &mut impl FnMut(RouterEvent)) {
        if self.speakers.len() >= MOST_SPEAKERS {
            return tell(RouterEvent::LeftOut);
        }
        let latest = self.speakers.iter().map(Before::of).max_by_key(|before| before.at);
        let is_gone = heard.priority == 0;
        match latest {
            _ if is_gone => tell(RouterEvent::Change(ChangeKind::Goodbye)),
            None => tell(RouterEvent::Change(ChangeKind::First)),
            Some(latest) => latest.tell(&heard, tell),
        }
        let reigns = vec![(heard.at, heard.at)];
        self.speakers.push(Speaker { last: heard, adverts: 1, gaps: Gaps::default(), reigns, is_gone });
        self.compare(self.speakers.len() - 1, tell);
    }

    /// The speaker that was heard last, but for one.
    fn last_heard_but(&self, place: usize) -> Option<Before> {
        let others = self.speakers.iter().enumerate().filter(|(other, _)| *other != place);
        others.map(|(_, speaker)| Before::of(speaker)).max_by_key(|before| before.at)
    }

    /// Whether others send adverts at the same time. One advert can cross another at a takeover.
    fn compare(&self, place: usize, tell: &mut impl FnMut(RouterEvent)) {
        let Some(speaker) = self.speakers.get(place) else { return };
        let Some((begin, end)) = speaker.reigns.last().copied() else { return };
        for (_, other) in self.speakers.iter().enumerate().filter(|(other, _)| *other != place) {
            let Some((other_begin, other_end)) = other.reigns.last().copied() else { continue };
            let (from, until) = (begin.max(other_begin), end.min(other_end));
            let interval = speaker.last.interval.min(other.last.interval);
            if until.saturating_sub(from) >= interval / 2 && until > from {
                tell(RouterEvent::TwoMasters { other: other.last.source, from, until });
            }
        }
    }

    /// The last adverts of all speakers.
    pub(crate) fn speakers(&self) -> impl Iterator<Item = &Heard> {
        self.speakers.iter().map(|speaker| &speaker.last)
    }

    pub(crate) fn report(&self, id: RouterId) -> report::Router {
        report::Router { id, speakers: self.speakers.iter().map(Speaker::report).collect() }
    }
}

impl Speaker {
    fn handle_goodbye(&mut self, heard: &Heard, tell: &mut impl FnMut(RouterEvent)) {
        if !self.is_gone {
            tell(RouterEvent::Change(ChangeKind::Goodbye));
        }
        self.is_gone = true;
        self.adverts += 1;
        self.last.at = heard.at;
        if let Some((_, end)) = self.reigns.last_mut() {
            *end = heard.at;
        }
    }

    fn go_on(&mut self, heard: &Heard, silent: Duration, tell: &mut impl FnMut(RouterEvent)) {
        let interval = self.last.interval;
        if silent > interval * 3 / 2 {
            tell(RouterEvent::Gap { silent, interval });
        }
        self.gaps.note(silent, interval);
        if self.last.priority != heard.priority {
            tell(RouterEvent::Change(ChangeKind::Priority { from: self.last.priority, to: heard.priority }));
        }
        if let Some((_, end)) = self.reigns.last_mut() {
            *end = heard.at;
        }
        self.last = heard.clone();
        self.adverts += 1;
    }

    fn begin(&mut self, heard: &Heard) {
        if self.reigns.len() < MOST_REIGNS {
            self.reigns.push((heard.at, heard.at));
        } else if let Some((_, end)) = self.reigns.last_mut() {
            *end = heard.at;
        }
        self.is_gone = false;
        self.last = heard.clone();
        self.adverts += 1;
    }

    fn report(&self) -> report::Speaker {
        let gaps = &self.gaps;
        let some = |value: Duration| (gaps.count > 0).then(|| millis(value));
        let span =
            |(from, until): &(Duration, Duration)| Span { from_ms: millis(*from), until_ms: millis(*until) };
        report::Speaker {
            source: self.last.source,
            mac: self.last.mac.map(mac_text),
            version: self.last.version,
            priority: self.last.priority,
            interval_ms: millis(self.last.interval),
            addresses: self.last.addresses.clone(),
            adverts: self.adverts,
            longest_gap_ms: some(gaps.longest),
            jitter_ms: some(gaps.jitter_sum / gaps.count.max(1)),
            jitter_max_ms: some(gaps.jitter_max),
            reigns: self.reigns.iter().map(span).collect(),
        }
    }
}

impl Gaps {
    fn note(&mut self, gap: Duration, interval: Duration) {
        let jitter = gap.abs_diff(interval);
        self.count = self.count.saturating_add(1);
        self.longest = self.longest.max(gap);
        self.jitter_sum = self.jitter_sum.saturating_add(jitter);
        self.jitter_max = self.jitter_max.max(jitter);
    }
}

/// The speaker that was heard last before somebody became master.
#[derive(Clone, Copy, Debug)]
struct Before {
    source: IpAddr,
    at: Duration,
    priority: u8,
    patience: Duration,
    is_gone: bool,
}

impl Before {
    fn of(speaker: &Speaker) -> Self {
        Self {
            source: speaker.last.source,
            at: speaker.last.at,
            priority: speaker.last.priority,
            patience: patience(&speaker.last),
            is_gone: speaker.is_gone,
        }
    }

    fn tell(self, heard: &Heard, tell: &mut impl FnMut(RouterEvent)) {
        let (of, silent) = (self.source, heard.at.saturating_sub(self.at));
        let silent_ms = millis(silent);
        tell(RouterEvent::Change(if of == heard.source {
            ChangeKind::Returns { silent_ms }
        } else if self.is_gone {
            ChangeKind::AfterGoodbye { of, silent_ms }
        } else if silent > heard.interval * 2 {
            ChangeKind::AfterSilence { of, silent_ms }
        } else {
            ChangeKind::Preempts { of, its_priority: self.priority, priority: heard.priority }
        }));
        if silent > self.patience {
            tell(RouterEvent::Silence { silent });
        }
    }
}

/// Longest wait of any receiver for the next advert: three intervals and a skew of at most one (RFC 9568 §6.1), and a
/// tenth of an interval for its way.
fn patience(heard: &Heard) -> Duration {
    heard.interval * 41 / 10
}

/// The time that the report gives in milliseconds, to the microsecond.
pub(crate) fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1_000_000.0).round() / 1000.0
}

fn mac_text(mac: [u8; 6]) -> String {
    mac.map(|octet| format!("{octet:02x}")).join(":")
}

const MOST_SPEAKERS: usize = 64;
const MOST_REIGNS: usize = 1000;
