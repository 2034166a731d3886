//! Tables for people and for programs.

use std::fmt;
use std::fs::read_to_string;

use serde_json::{Value, json};

use crate::statistics::Summary;

/// One case, all daemons side by side.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// The measurement.
    pub(crate) title: String,
    /// The daemons, in the order of each row's samples; ratios are to the first.
    pub(crate) daemons: Vec<String>,
    /// The measured figures.
    pub(crate) rows: Vec<Row>,
    /// Errors and warnings, to be read before the figures are believed.
    pub(crate) complaints: Vec<String>,
}

/// One measure.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// The figure's name; it contains the unit that is shown.
    pub(crate) name: &'static str,
    /// The unit of a sample.
    pub(crate) unit: Unit,
    /// Samples of each daemon.
    pub(crate) samples: Vec<Vec<i64>>,
}

/// Unit of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Microseconds, shown as milliseconds.
    Micros,
    /// Nanoseconds, shown as microseconds.
    Nanos,
    /// Shown as it is.
    Count,
}

impl Table {
    /// A table without samples, with one row for each measure.
    pub(crate) fn new(title: String, daemons: Vec<String>, measures: &[(&'static str, Unit)]) -> Self {
        let empty = vec![Vec::new(); daemons.len()];
        let rows = measures.iter().map(|&(name, unit)| Row { name, unit, samples: empty.clone() }).collect();
        Self { title, daemons, rows, complaints: Vec::new() }
    }

    /// Adds what one trial of one daemon gave, in the order of the measures.
    pub(crate) fn add(&mut self, daemon: usize, values: impl IntoIterator<Item = Option<i64>>) {
        for (row, value) in self.rows.iter_mut().zip(values) {
            if let Some(samples) = row.samples.get_mut(daemon) {
                samples.extend(value);
            }
        }
    }

    /// Notes what went wrong with a daemon.
    pub(crate) fn complain(&mut self, daemon: usize, what: impl fmt::Display) {
        let label = self.daemons.get(daemon).map_or("?", String::as_str);
        self.complaints.push(format!("{label}: {what}"));
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "## {}", self.title)?;
        let first = "median, p90, max";
        write!(f, "{first:<30}")?;
        for label in &self.daemons {
            write!(f, " | {label:<32}")?;
        }
        writeln!(f, "{}", if self.daemons.len() > 1 { " | ratio" } else { "" })?;
        let shown = self.rows.iter().filter(|row| row.samples.iter().any(|samples| !samples.is_empty()));
        for row in shown {
            writeln!(f, "{row}")?;
        }
        for complaint in &self.complaints {
            writeln!(f, "!!! {}", complaint.trim_end())?;
        }
        Ok(())
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let summaries: Vec<Option<Summary>> =
            self.samples.iter().map(|samples| Summary::of(samples)).collect();
        write!(f, "{:<30}", self.name)?;
        for summary in &summaries {
            let cells = summary.map(|Summary { median, p90, max }| [median, p90, max]);
            let cells =
                cells.map_or([const { String::new() }; 3], |all| all.map(|value| self.unit.show(value)));
            write!(f, " | {:>10} {:>10} {:>10}", cells[0], cells[1], cells[2])?;
        }
        let medians: Vec<i64> = summaries.iter().flatten().map(|summary| summary.median).collect();
        let [ours, peers @ ..] = medians.as_slice() else { return Ok(()) };
        let ratios: Vec<String> = peers.iter().map(|peer| ratio(*peer, *ours)).collect();
        if ratios.is_empty() { Ok(()) } else { write!(f, " | {}", ratios.join(" ")) }
    }
}

impl Unit {
    fn show(self, value: i64) -> String {
        let sign = if value < 0 { "-" } else { "" };
        let size = value.unsigned_abs();
        match self {
            Self::Micros | Self::Nanos => format!("{sign}{}.{:03}", size / 1000, size % 1000),
            Self::Count => value.to_string(),
        }
    }
}

/// Peer by ours, two decimals: above 1 ours is better.
fn ratio(peer: i64, ours: i64) -> String {
    if ours <= 0 || peer < 0 {
        return "-".to_owned();
    }
    let hundredths = i128::from(peer) * 100 / i128::from(ours);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// The machine of the measurement.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    cores: usize,
    kernel: String,
    load: String,
}

impl Machine {
    pub(crate) fn read() -> Self {
        let word = |path: &str| {
            let text = read_to_string(path).unwrap_or_default();
            text.split_whitespace().next().unwrap_or("?").to_owned()
        };
        Self {
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            kernel: word("/proc/sys/kernel/osrelease"),
            load: word("/proc/loadavg"),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cores, Linux {}, load {} at the start", self.cores, self.kernel, self.load)
    }
}

/// Everything, samples included.
pub(crate) fn json(machine: &Machine, tables: &[Table]) -> String {
    let row = |row: &Row| json!({ "name": row.name, "in_us": row.unit == Unit::Micros, "in_ns": row.unit == Unit::Nanos, "samples": row.samples });
    let table = |table: &Table| {
        json!({
            "title": table.title,
            "daemons": table.daemons,
            "rows": table.rows.iter().map(row).collect::<Vec<Value>>(),
            "complaints": table.complaints,
        })
    };
    let tables: Vec<Value> = tables.iter().map(table).collect();
    format!("{:#}\n", json!({ "machine": machine.to_string(), "tables": tables }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_above_one_says_that_the_peer_needs_more() {
        assert_eq!(ratio(300, 200), "1.50");
        assert_eq!(ratio(5, 1000), "0.00");
        assert_eq!(ratio(300, 0), "-");
    }

    #[test]
    fn microseconds_are_shown_as_milliseconds_with_their_sign() {
        assert_eq!(Unit::Micros.show(-1_050), "-1.050");
        assert_eq!(Unit::Micros.show(3_609_375), "3609.375");
    }

    #[test]
    fn a_measure_that_does_not_apply_has_no_row_and_complaints_are_seen() {
        let measures = [("late ms", Unit::Micros), ("gone ms", Unit::Micros)];
        let mut table = Table::new("kill".to_owned(), vec!["a".to_owned(), "b".to_owned()], &measures);
        table.add(0, [Some(100), None]);
        table.add(1, [Some(250), None]);
        table.complain(1, "no takeover");
        let text = table.to_string();
        assert!(text.contains("| 2.50") && !text.contains("gone"), "{text}");
        assert!(text.ends_with("!!! b: no takeover\n"), "{text}");
    }
}
