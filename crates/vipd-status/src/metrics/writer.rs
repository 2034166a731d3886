//! Families of series as text.

use std::collections::HashSet;
use std::fmt::{Display, Write as _};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use jiff::Timestamp;

use super::Format;
use crate::Histogram;

/// Kind of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Gauge,
    Counter,
    /// A counter whose name does not end as those of Prometheus do.
    Unknown,
    Histogram,
}

/// Text that grows family by family. A family without series does not appear.
pub(super) struct Writer {
    text: String,
    format: Format,
}

impl Writer {
    pub(super) const fn new(format: Format) -> Self {
        Self { text: String::new(), format }
    }

    pub(super) fn finish(mut self) -> String {
        if self.format == Format::OpenMetrics {
            self.text.push_str("# EOF\n");
        }
        self.text
    }

    /// Begins a family. The name is that of its series.
    pub(super) fn family<'a>(&'a mut self, name: &'a str, kind: Kind, help: &str) -> Family<'a> {
        let open = self.format == Format::OpenMetrics;
        // OpenMetrics names a family of counters without the suffix of its series.
        let title = if open && kind == Kind::Counter { name.trim_end_matches("_total") } else { name };
        let word = match kind {
            Kind::Gauge => "gauge",
            Kind::Counter => "counter",
            Kind::Unknown if open => "unknown",
            Kind::Unknown => "untyped",
            Kind::Histogram => "histogram",
        };
        let header = format!("# HELP {title} {help}\n# TYPE {title} {word}\n");
        Family { writer: self, name, header: Some(header), seen: HashSet::new() }
    }
}

/// A family that gets its series.
pub(super) struct Family<'a> {
    writer: &'a mut Writer,
    name: &'a str,
    header: Option<String>,
    /// Hashes of the labels that a series has: names of a file need not be unique, and a scrape with two equal series is
    /// refused.
    seen: HashSet<u64>,
}

/// Names and values of labels.
pub(super) type Labels<'a> = [(&'a str, &'a str)];

impl Family<'_> {
    pub(super) fn series(&mut self, labels: &Labels<'_>, value: impl Display) {
        if self.is_new(labels) {
            self.sample("", labels, &[], &value);
        }
    }

    pub(super) fn flag(&mut self, labels: &Labels<'_>, value: bool) {
        self.series(labels, u8::from(value));
    }

    pub(super) fn time(&mut self, labels: &Labels<'_>, time: Timestamp) {
        let ms = time.as_millisecond();
        self.series(labels, format_args!("{}.{:03}", ms.div_euclid(1000), ms.rem_euclid(1000)));
    }

    pub(super) fn millis(&mut self, labels: &Labels<'_>, ms: u64) {
        self.series(labels, format_args!("{}.{:03}", ms / 1000, ms % 1000));
    }

    /// Buckets, count and sum. Nothing where the histogram has no buckets.
    pub(super) fn histogram(&mut self, labels: &Labels<'_>, histogram: &Histogram) {
        if histogram.counts.is_empty() || !self.is_new(labels) {
            return;
        }
        let mut below = 0_u64;
        let bounds = histogram.bounds_us.iter().map(Some).chain(std::iter::once(None));
        for (bound, count) in bounds.zip(histogram.counts.iter().copied().chain(std::iter::repeat(0))) {
            below = below.saturating_add(count);
            let bound = bound.map_or_else(|| "+Inf".to_owned(), |us| seconds(*us));
            self.sample("_bucket", labels, &[("le", &bound)], &below);
        }
        self.sample("_sum", labels, &[], &seconds(histogram.sum_us));
        self.sample("_count", labels, &[], &below);
    }

    fn is_new(&mut self, labels: &Labels<'_>) -> bool {
        let mut hasher = DefaultHasher::new();
        labels.hash(&mut hasher);
        self.seen.insert(hasher.finish())
    }

    fn sample(&mut self, suffix: &str, labels: &Labels<'_>, more: &Labels<'_>, value: &dyn Display) {
        let text = &mut self.writer.text;
        if let Some(header) = self.header.take() {
            text.push_str(&header);
        }
        text.push_str(self.name);
        text.push_str(suffix);
        for (number, (name, value)) in labels.iter().chain(more).enumerate() {
            text.push(if number == 0 { '{' } else { ',' });
            text.push_str(name);
            text.push_str("=\"");
            escape(text, value);
            text.push('"');
        }
        if !labels.is_empty() || !more.is_empty() {
            text.push('}');
        }
        // Writing to a string cannot fail.
        let _ = writeln!(text, " {value}");
    }
}

/// Microseconds in seconds, without zeros at the end: `0.25`.
fn seconds(us: u64) -> String {
    let text = format!("{}.{:06}", us / 1_000_000, us % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn escape(text: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            c => text.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram() -> Histogram {
        Histogram {
            bounds_us: vec![250_000, 1_000_000],
            counts: vec![1, 2, 3],
            sum_us: 4_500_000,
            max_us: 2_000_000,
        }
    }

    #[test]
    fn a_histogram_counts_up() {
        let mut writer = Writer::new(Format::Text);
        writer.family("gap_seconds", Kind::Histogram, "Gaps.").histogram(&[("a", "b")], &histogram());
        assert_eq!(
            writer.finish(),
            "# HELP gap_seconds Gaps.\n# TYPE gap_seconds histogram\n\
             gap_seconds_bucket{a=\"b\",le=\"0.25\"} 1\ngap_seconds_bucket{a=\"b\",le=\"1\"} 3\n\
             gap_seconds_bucket{a=\"b\",le=\"+Inf\"} 6\ngap_seconds_sum{a=\"b\"} 4.5\ngap_seconds_count{a=\"b\"} 6\n"
        );
    }

    #[test]
    fn open_metrics_names_a_counter_without_its_suffix() {
        let mut writer = Writer::new(Format::OpenMetrics);
        writer.family("x_total", Kind::Counter, "Xs.").series(&[], 1);
        writer.family("y", Kind::Unknown, "Ys.").series(&[], 2);
        let expected =
            "# HELP x Xs.\n# TYPE x counter\nx_total 1\n# HELP y Ys.\n# TYPE y unknown\ny 2\n# EOF\n";
        assert_eq!(writer.finish(), expected);
    }

    #[test]
    fn a_series_is_written_once() {
        let mut writer = Writer::new(Format::Text);
        let mut family = writer.family("x", Kind::Gauge, "Xs.");
        for (label, value) in [("a", 1), ("b", 2), ("a", 3)] {
            family.series(&[("l", label)], value);
        }
        assert_eq!(writer.finish(), "# HELP x Xs.\n# TYPE x gauge\nx{l=\"a\"} 1\nx{l=\"b\"} 2\n");
    }

    #[test]
    fn labels_are_escaped_and_a_family_without_series_is_left_out() {
        let mut writer = Writer::new(Format::Text);
        let _ = writer.family("none", Kind::Gauge, "Nothing.");
        writer.family("x", Kind::Gauge, "Xs.").flag(&[("l", "a\"b\\c\nd")], true);
        assert_eq!(writer.finish(), "# HELP x Xs.\n# TYPE x gauge\nx{l=\"a\\\"b\\\\c\\nd\"} 1\n");
    }
}
