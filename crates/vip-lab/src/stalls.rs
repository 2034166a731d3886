//! Times in which this machine stood still: a thread that sleeps measures by how much it is woken too late.
//!
//! On a busy machine, and more so in a virtual one, everything stops now and then. A measurement of reaction
//! times has to know these times, or it calls a good daemon slow.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{LabError, Stamp};

/// A running watch. Ends when dropped.
#[derive(Debug)]
pub struct Stalls {
    spans: Arc<Mutex<Vec<(Stamp, Stamp)>>>,
    stop: Arc<AtomicBool>,
    worker: Option<JoinHandle<()>>,
}

/// Time that the thread sleeps each time.
const NAP: Duration = Duration::from_millis(10);

/// Waking up later than this is a stall.
const PATIENCE: Duration = Duration::from_millis(20);

impl Stalls {
    /// Starts to sleep.
    pub fn watch() -> Result<Self, LabError> {
        let spans = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let (into, until) = (Arc::clone(&spans), Arc::clone(&stop));
        let body = move || {
            while !until.load(Ordering::Relaxed) {
                let start = Instant::now();
                std::thread::sleep(NAP);
                let late = start.elapsed().saturating_sub(NAP);
                if late > PATIENCE {
                    let now = Stamp::now();
                    into.lock().unwrap_or_else(PoisonError::into_inner).push((now.minus(late), now));
                }
            }
        };
        let worker = std::thread::Builder::new().name("stalls".to_owned()).spawn(body)?;
        Ok(Self { spans, stop, worker: Some(worker) })
    }

    /// The times in which the machine stood still, so far.
    pub fn spans(&self) -> Vec<(Stamp, Stamp)> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Stalls {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(worker) = self.worker.take() {
            let _ = worker.join();
        }
    }
}

/// The part of the time from `from` to `to` that lies in these spans, which do not overlap.
#[must_use]
pub fn stalled(spans: &[(Stamp, Stamp)], from: Stamp, to: Stamp) -> Duration {
    spans.iter().map(|(start, end)| (*end).min(to).since((*start).max(from))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_part_of_a_stall_within_the_span_counts() {
        let at = |ms| Stamp::from_epoch(Duration::from_millis(ms));
        let spans = [(at(0), at(10)), (at(20), at(30)), (at(40), at(70))];
        assert_eq!(stalled(&spans, at(5), at(50)), Duration::from_millis(5 + 10 + 10));
        assert_eq!(stalled(&spans, at(31), at(39)), Duration::ZERO);
    }
}
