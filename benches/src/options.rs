//! Options of the command line.

use std::path::PathBuf;
use std::time::Duration;

use crate::theory::Mode;

/// Every option of every subject; each subject reads its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    /// `LABEL=COMMAND` lines; empty for the default ones.
    pub(crate) daemons: Vec<String>,
    /// Trials for each daemon and case.
    pub(crate) trials: u32,
    /// Where the samples go.
    pub(crate) json: Option<PathBuf>,
    /// Advertisement intervals.
    pub(crate) intervals: Vec<Duration>,
    /// 2 or 3.
    pub(crate) version: u8,
    /// The failures or stops of the serving router.
    pub(crate) modes: Vec<Mode>,
    /// Priorities, that of the serving router first; at least two.
    pub(crate) priorities: Vec<u8>,
    /// Length of a window of the footprint, or of checks.
    pub(crate) window: Duration,
    /// Real servers that are checked.
    pub(crate) servers: u32,
    /// Between two checks of one of them.
    pub(crate) delay_loop: Duration,
    /// Reloads in a row, a fifth of them of damaged files.
    pub(crate) reloads: u32,
    /// Processes that are killed.
    pub(crate) kills: u32,
    /// The daemon on the other router, `LABEL=COMMAND`: the same daemon without it.
    pub(crate) peer: Option<String>,
    /// All choices of fault injection follow from this number.
    pub(crate) seed: u64,
}

impl Options {
    pub(crate) fn parse(words: &[String]) -> Result<Self, String> {
        let mut options = Self {
            daemons: Vec::new(),
            trials: 10,
            json: None,
            intervals: [1000, 100, 10].map(Duration::from_millis).to_vec(),
            version: 3,
            modes: vec![Mode::Kill, Mode::Stop, Mode::Link],
            priorities: vec![101, 100],
            window: Duration::from_secs(10),
            servers: 10_000,
            delay_loop: Duration::from_secs(1),
            reloads: 300,
            kills: 200,
            peer: None,
            seed: 1,
        };
        let mut words = words.iter().map(String::as_str);
        while let Some(name) = words.next() {
            let value = words.next().ok_or_else(|| format!("{name} needs a value"))?;
            options.set(name, value).ok_or_else(|| format!("{name} {value}: not understood"))?;
        }
        if options.version == 2 && options.intervals.iter().any(|interval| interval.subsec_nanos() != 0) {
            return Err("VRRPv2 knows whole seconds only: give --adv 1".to_owned());
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &str) -> Option<()> {
        match name {
            "--daemon" => self.daemons.push(value.to_owned()),
            "--trials" => self.trials = number(value).filter(|trials| *trials > 0)?,
            "--reloads" => self.reloads = number(value)?,
            "--kills" => self.kills = number(value)?,
            "--peer" => self.peer = Some(value.to_owned()),
            "--seed" => self.seed = value.parse().ok()?,
            "--json" => self.json = Some(value.into()),
            "--adv" => self.intervals = list(value, seconds)?,
            "--version" => self.version = number(value).filter(|version| [2, 3].contains(version))?,
            "--mode" => self.modes = list(value, Mode::parse)?,
            "--prios" => self.priorities = list(value, number).filter(|all| all.len() >= 2)?,
            "--servers" => self.servers = number(value).filter(|servers| (1..=60_000).contains(servers))?,
            "--delay" => self.delay_loop = seconds(value).filter(|delay| *delay >= Duration::from_secs(1))?,
            "--seconds" => self.window = seconds(value)?,
            _ => return None,
        }
        Some(())
    }
}

fn list<T>(text: &str, item: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    text.split(',').map(item).collect()
}

fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

/// A positive number of seconds in whole centiseconds, the wire's unit.
fn seconds(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let centis: u64 = match fraction.len() {
        1 => number::<u64>(fraction)? * 10,
        2 => number(fraction)?,
        _ => return None,
    };
    let all = number::<u64>(whole)?.checked_mul(100)?.checked_add(centis)?;
    (all > 0).then(|| Duration::from_millis(all.saturating_mul(10)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, String> {
        Options::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn lists_are_separated_by_commas() {
        let options = parse("--adv 1,0.1,0.05 --mode stop,kill --prios 200,150,1").unwrap();
        assert_eq!(options.intervals, [1000, 100, 50].map(Duration::from_millis));
        assert_eq!(options.modes, [Mode::Stop, Mode::Kill]);
        assert_eq!(options.priorities, [200, 150, 1]);
    }

    #[test]
    fn options_that_cannot_be_measured_are_refused() {
        for line in [
            "--adv 0",
            "--adv 0.001",
            "--version 4",
            "--prios 100",
            "--servers 0",
            "--delay 0.5",
            "--trials 0",
            "--mode nap",
            "--trials",
            "--version 2",
            "--nothing 1",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
        assert!(parse("--version 2 --adv 1,2").is_ok());
    }
}
