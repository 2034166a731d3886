//! Watches whether a host holds an address, from outside of the daemon: the kernel is asked at a steady pace.

use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{Host, Stamp, local_addresses};

/// A running watch of one address on one host. Ends when dropped.
#[derive(Debug)]
pub struct AddressWatch {
    changes: Arc<Mutex<Vec<(Stamp, bool)>>>,
    stop: Arc<AtomicBool>,
    worker: Option<JoinHandle<io::Result<()>>>,
}

impl AddressWatch {
    /// Asks every `period`; a change shorter than that may go unseen.
    pub fn start(host: &Host, address: IpAddr, period: Duration) -> io::Result<Self> {
        let changes = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let (into, until) = (Arc::clone(&changes), Arc::clone(&stop));
        let body = move || {
            let mut held = None;
            while !until.load(Ordering::Relaxed) {
                // A dump that was interrupted by a change: the next one will tell.
                if let Ok(addresses) = local_addresses() {
                    let now = addresses.iter().any(|(_, ip)| *ip == address);
                    if held.replace(now) != Some(now) {
                        into.lock().unwrap_or_else(PoisonError::into_inner).push((Stamp::now(), now));
                    }
                }
                std::thread::sleep(period);
            }
        };
        let worker = host.thread("holding", body)?;
        Ok(Self { changes, stop, worker: Some(worker) })
    }

    /// Every change so far, the first state included: when it was seen, and whether the address is held from then.
    pub fn changes(&self) -> Vec<(Stamp, bool)> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the host holds the address now.
    pub fn holds(&self) -> bool {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner).last().is_some_and(|(_, held)| *held)
    }
}

impl Drop for AddressWatch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(worker) = self.worker.take() {
            let _ = worker.join();
        }
    }
}
