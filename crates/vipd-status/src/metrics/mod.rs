//! Metrics for Prometheus: this daemon's own, and those of the two exporters that people have dashboards for.
//!
//! The number of series is bounded by the configuration: no label holds anything that a peer or a script says, except
//! the address of a real server and the reason of a rejection, which come from fixed lists.

mod daemon;
mod gen2brain;
mod lvs;
mod mehdy;
mod tally;
mod trackers;
mod vrrp;
mod writer;

pub use self::tally::Tally;
use self::writer::Writer;
use crate::Status;

/// Format of the metrics. A scraper says in its `Accept` header which it reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Prometheus's text format 0.0.4, which everything reads.
    #[default]
    Text,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

impl Format {
    /// The better one that an `Accept` header names.
    pub fn accepted(accept: &str) -> Self {
        if accept.contains("application/openmetrics-text") { Self::OpenMetrics } else { Self::Text }
    }

    /// Value of the header `Content-Type`.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// Number of series of each instance and server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// All of them: 55 for an instance with an address, 20 for a real server with a check.
    #[default]
    Full,
    /// 20 for an instance and 2 for a real server, for thousands of them: no histograms, none of the exporters'
    /// counters.
    Low,
}

/// Choices of a client that asks for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Format of the text.
    pub format: Format,
    /// Number of series.
    pub detail: Detail,
    /// The metrics of gen2brain/keepalived_exporter have its label `state`, which makes a new series at each change.
    pub gen2brain: bool,
}

/// The metrics of a status, and of the events that were counted.
pub fn metrics(status: &Status, tally: &Tally, options: Options) -> String {
    let mut writer = Writer::new(options.format);
    daemon::write(&mut writer, status, tally);
    vrrp::write(&mut writer, status, tally, options.detail);
    trackers::write(&mut writer, status);
    lvs::write(&mut writer, status, tally, options.detail);
    mehdy::write(&mut writer, status, options.detail);
    gen2brain::write(&mut writer, status, options);
    writer.finish()
}
