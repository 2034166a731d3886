//! `vipd recorder`: what an instance was told around its last changes of state, as a timeline.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use vipd_control::{Answer, Recorder, Verb as Request};
use vipd_status::{Transition, clean};
use vipd_verbs::Common;
use vrrp_election::{Change, Fact, Input, Instant, Recorded, Recording, State, TrackTarget};

use super::connection::{Connection, understand};
use super::{Failure, PATIENCE, print};

pub(super) fn recorder(instance: String, common: &Common) -> Result<(), Failure> {
    let mut connection = Connection::ask(&common.socket, Request::Recorder { instance }, Some(PATIENCE))?;
    let Some(line) = connection.line()? else {
        return Err(Failure::NoDaemon("the daemon closed the connection".to_owned()));
    };
    if common.json {
        print(line)?;
    }
    match understand(line)? {
        Answer::Recorder(_) if common.json => Ok(()),
        Answer::Recorder(recorder) => print(&text(&recorder, &TimeZone::system()).map_err(Failure::No)?),
        _ => Err(Failure::No("the daemon gave no recording".to_owned())),
    }
}

/// As a timeline, with times relative to the first change of each recording.
fn text(recorder: &Recorder, zone: &TimeZone) -> Result<String, String> {
    let read = |value: &serde_json::Value| serde_json::from_value::<Recording>(value.clone());
    let recordings: Result<Vec<Recording>, _> = recorder.recordings.iter().map(read).collect();
    let recordings = recordings.map_err(|error| {
        format!("the recording is not understood ({error}): use the `vipd` of the version that runs")
    })?;
    let teller = Teller { recorder, zone };
    let changes: usize = recordings.iter().map(|recording| recording.changes.len()).sum();
    let name = clean(&recorder.instance);
    let mut out = match changes {
        0 => format!("{name}: no change of state is recorded; it has started and does what is expected\n"),
        1 => format!("{name}: one change of state is recorded\n"),
        _ => format!("{name}: {changes} changes of state are recorded\n"),
    };
    for recording in &recordings {
        out.push('\n');
        teller.tell(recording, &mut out);
    }
    Ok(out)
}

struct Teller<'a> {
    recorder: &'a Recorder,
    zone: &'a TimeZone,
}

impl Teller<'_> {
    fn tell(&self, recording: &Recording, out: &mut String) {
        let at = |change: &Change| recording.inputs.get(change.input).map(|input| input.at);
        let first = recording.changes.first().and_then(at);
        let zero = first.or(recording.inputs.first().map(|input| input.at)).unwrap_or_default();
        let _ = writeln!(
            out,
            "{}  it was {}{}",
            self.clock(zero),
            word(recording.start.state()),
            before(recording, zero)
        );
        for (place, recorded) in recording.inputs.iter().enumerate() {
            let _ = writeln!(out, "{:>14}  {}", relative(recorded.at, zero), self.input(recorded));
            for change in recording.changes.iter().filter(|change| change.input == place) {
                let _ = writeln!(out, "{:>14}  => {}", "", self.change(change, recorded.at));
            }
        }
    }

    /// In the words of the history, if that still knows it.
    fn change(&self, change: &Change, at: Instant) -> String {
        let moment = self.wall(at);
        let is_it =
            |past: &&Transition| past.at.duration_since(moment).abs() <= jiff::SignedDuration::from_millis(2);
        match self.recorder.history.iter().find(is_it) {
            Some(past) => format!("{}: {}", past.to, past.cause),
            None => format!("{}: {}", word(change.to), change.cause),
        }
    }

    fn input(&self, recorded: &Recorded) -> String {
        match &recorded.input {
            Input::Startup { address } => format!("it started, and sends from {address}"),
            Input::Resume { address } => format!("it went on as MASTER, and sends from {address}"),
            Input::Shutdown => "it took part no longer".to_owned(),
            Input::Timeout => {
                let late = recorded.due.map_or(Duration::ZERO, |due| recorded.at.since(due));
                format!("its timer expired{}", delay(late, "late"))
            }
            Input::Advert { arrived, advert } => format!(
                "{} advertised priority {}, every {}{}",
                advert.source,
                advert.priority,
                seconds(advert.interval.duration()),
                delay(recorded.at.since(*arrived), "before it was read"),
            ),
            Input::Adverts => "until here, the same advertisements, none of them late".to_owned(),
            Input::PacketsLost => "packets were lost unread".to_owned(),
            Input::AddressLost => "somebody removed one of its addresses".to_owned(),
            Input::Priority { priority } => format!("its priority became {}", priority.get()),
            Input::Address { address } => format!("it sends from {address}"),
            Input::Yield { .. } => "it began to give its addresses away".to_owned(),
            Input::Departure { .. } => "the daemon stops; it began to give its addresses away".to_owned(),
            Input::StopYielding => "it was told to keep its addresses".to_owned(),
            Input::Held { held: true } => "it leaves its addresses to others".to_owned(),
            Input::Held { held: false } => "it takes part as before".to_owned(),
            Input::Synced { synced: true } => "it belongs to a sync group".to_owned(),
            Input::Synced { synced: false } => "it belongs to no sync group".to_owned(),
            Input::Takeover => "its sync group took over".to_owned(),
            Input::StepDown => "its sync group stepped down".to_owned(),
            Input::Rival { extra, .. } => {
                format!("it waits {} longer, for another sync group", seconds(*extra))
            }
            Input::Target { target, fact } => format!("{} {}", self.target(*target), state_of(*fact)),
            Input::Script { script, end } => format!("{} {end}", self.target((*script).into())),
            _ => "something that this program does not know".to_owned(),
        }
    }

    fn target(&self, target: TrackTarget) -> String {
        let known = self.recorder.targets.iter();
        let mut names = known.filter(|(json, _)| {
            serde_json::from_value(json.clone()).is_ok_and(|it: TrackTarget| it == target)
        });
        names
            .next()
            .map_or_else(|| "something that it tracked".to_owned(), |(_, name)| clean(name).into_owned())
    }

    fn wall(&self, at: Instant) -> Timestamp {
        let ago = Instant::from_nanos(self.recorder.now_ns).since(at);
        self.recorder.at.checked_sub(ago).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    fn clock(&self, at: Instant) -> String {
        self.zone.to_datetime(self.wall(at)).strftime("%F %T.%3f").to_string()
    }
}

/// `, and had heard 192.0.2.1, priority 200, 3.610 s before`
fn before(recording: &Recording, zero: Instant) -> String {
    let Some(heard) = recording.start.obeyed() else { return String::new() };
    let ago = seconds(zero.since(heard.at));
    format!(", and had heard {} with priority {} {ago} before", heard.source, heard.priority)
}

/// `-3.610 s`, `+0.000 s`
fn relative(at: Instant, zero: Instant) -> String {
    if at < zero { format!("-{}", seconds(zero.since(at))) } else { format!("+{}", seconds(at.since(zero))) }
}

fn seconds(time: Duration) -> String {
    format!("{}.{:03} s", time.as_secs(), time.subsec_millis())
}

/// Nothing for what is less than a millisecond.
fn delay(time: Duration, what: &str) -> String {
    if time.as_millis() == 0 { String::new() } else { format!(", {} {what}", seconds(time)) }
}

fn state_of(fact: Fact) -> String {
    match fact {
        Fact::Unknown => "is not known".to_owned(),
        Fact::Down => "is down".to_owned(),
        Fact::Up => "is up".to_owned(),
        Fact::Value(value) => format!("holds {value}"),
    }
}

const fn word(state: State) -> &'static str {
    match state {
        State::Initialize => "out of service",
        State::Backup => "BACKUP",
        State::Active => "MASTER",
    }
}

#[cfg(test)]
mod tests {
    use vrrp_sim::{Fault, Host, HostId, Scenario};

    use super::*;

    const A: HostId = HostId(0);

    fn config(priority: u8) -> vrrp_election::RouterConfig {
        let interval = vrrp_proto::RouterInterval::seconds(1).unwrap();
        let vrid = vrrp_proto::Vrid::new(51).unwrap();
        vrrp_election::RouterConfig {
            priority: vrrp_proto::RouterPriority::new(priority).unwrap(),
            ..vrrp_election::RouterConfig::new(vrid, vrrp_proto::Family::Ipv4, interval)
        }
    }

    #[test]
    fn a_takeover_reads_as_a_timeline() {
        let pair =
            Scenario::new().host(Host::new().router(config(200))).host(Host::new().router(config(100)));
        let pair =
            pair.at(Duration::from_secs(10), Fault::PowerOff(A)).at(Duration::from_secs(20), Fault::Start(A));
        let run = pair.run(1, Duration::from_secs(30)).unwrap();
        let recordings =
            run.node(HostId(1)).unwrap().router(vrrp_election::RouterId(0)).unwrap().recordings();
        let recorder = Recorder {
            v: 1,
            instance: "VI_1".to_owned(),
            at: Timestamp::from_second(1_796_126_430).unwrap(),
            now_ns: run.now().as_nanos(),
            history: Vec::new(),
            targets: Vec::new(),
            recordings: recordings.iter().map(|it| serde_json::to_value(it).unwrap()).collect(),
        };
        let text = text(&recorder, &TimeZone::UTC).unwrap();
        let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
        assert_eq!(lines[0], "VI_1: 2 changes of state are recorded");
        assert!(lines[2].contains("it was BACKUP, and had heard 192.0.2.1 with priority 200"), "{text}");
        assert_eq!(lines[3], "+0.000 s  its timer expired");
        assert!(lines[4].starts_with("=> MASTER: "), "{text}");
        assert!(lines[5].ends_with(" s  192.0.2.1 advertised priority 200, every 1.000 s"), "{text}");
        assert!(lines[6].starts_with("=> BACKUP: "), "{text}");
    }

    #[test]
    fn a_recording_of_another_version_is_said_to_be_one() {
        let recorder = Recorder {
            v: 1,
            instance: "VI_1".to_owned(),
            at: Timestamp::UNIX_EPOCH,
            now_ns: 0,
            history: Vec::new(),
            targets: Vec::new(),
            recordings: vec![serde_json::json!({"start": 7})],
        };
        assert!(text(&recorder, &TimeZone::UTC).unwrap_err().contains("of the version that runs"));
    }
}
