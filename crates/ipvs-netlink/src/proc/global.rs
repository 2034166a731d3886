//! The sums of all counters: `/proc/net/ip_vs_stats`.

use std::{fs, io};

use crate::{Counters, Statistics};

/// A text that is not the kernel's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("these are not the statistics of IPVS")]
pub struct GlobalError;

/// The counters of all services of the calling thread's network namespace, removed ones too.
///
/// # Errors
/// If the kernel has no IPVS, or the file cannot be read or understood.
pub fn global_statistics() -> io::Result<Statistics> {
    let text = fs::read_to_string("/proc/thread-self/net/ip_vs_stats")?;
    parse_global_statistics(&text).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Reads the text of `/proc/net/ip_vs_stats`: two lines of figures in hexadecimal, totals and rates.
///
/// # Errors
/// If there are no such lines.
pub fn parse_global_statistics(text: &str) -> Result<Statistics, GlobalError> {
    let mut figures = text.lines().filter_map(counters);
    let total = figures.next().ok_or(GlobalError)?;
    let per_second = figures.next().ok_or(GlobalError)?;
    Ok(Statistics { total, per_second })
}

/// A line of five figures; `None` for headings and empty lines.
fn counters(line: &str) -> Option<Counters> {
    let mut figures = line.split_ascii_whitespace().map(|word| u64::from_str_radix(word, 16).ok());
    let mut next = || figures.next().flatten();
    let counters = Counters {
        connections: next()?,
        packets_in: next()?,
        packets_out: next()?,
        bytes_in: next()?,
        bytes_out: next()?,
    };
    next().is_none().then_some(counters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_and_rates_are_hexadecimal() {
        let text = "   Total Incoming Outgoing         Incoming         Outgoing\n   \
                    Conns  Packets  Packets            Bytes            Bytes\n       \
                    A       1F        0              FFF1         10\n\n \
                    Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s\n       \
                    1        2        3                4                5\n";
        let statistics = parse_global_statistics(text).unwrap();
        let total =
            Counters { connections: 10, packets_in: 31, packets_out: 0, bytes_in: 0xfff1, bytes_out: 16 };
        assert_eq!(statistics.total, total);
        assert_eq!(statistics.per_second.bytes_out, 5);
        assert_eq!(parse_global_statistics("Total\n1 2 3 4 5\n"), Err(GlobalError));
    }
}
