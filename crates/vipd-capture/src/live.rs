//! Listens to an interface.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use vrrp_capture::{Capture, text};
use vrrp_linux::overhear::Listener;
use vrrp_linux::socket::{Device, ReceiveBatch};

/// Listens for a time, or until SIGINT or SIGTERM; shows changes of masters as they come. Gives a remark on what was lost.
pub(super) fn listen(
    device: &Device,
    time: Option<Duration>,
    capture: &mut Capture,
    shows: bool,
) -> Result<Option<String>, String> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::PermissionDenied => "only root may listen to an interface (CAP_NET_RAW)".to_owned(),
        _ => format!("{}: {error}", device.name),
    };
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop)).map_err(failed)?;
    }
    let listener = Listener::open(device).map_err(failed)?;
    let mut packets = ReceiveBatch::default();
    let (begin, mut told, mut lost) = (Instant::now(), 0, 0);
    capture.handle_end(since_1970());
    if shows {
        say(&format!("listening on {}; SIGINT (Ctrl-C) ends it", device.name));
    }
    while !stop.load(Ordering::Relaxed) && time.is_none_or(|time| begin.elapsed() < time) {
        let left = time.map_or(LOOK, |time| time.saturating_sub(begin.elapsed()).min(LOOK));
        wait(&listener, left);
        let receive = |packet: vrrp_linux::overhear::Overheard<'_>| {
            lost = packet.dropped;
            capture.handle_packet(packet.timestamp.unwrap_or_else(since_1970), packet.mac, packet.octets);
        };
        listener.receive(&mut packets, receive).map_err(failed)?;
        for change in capture.changes().get(told..).unwrap_or_default().iter().filter(|_| shows) {
            say(&text::change(change));
        }
        told = capture.changes().len();
    }
    capture.handle_end(since_1970());
    Ok((lost > 0).then(|| format!("{lost} packets were lost: this machine is too busy to read them in time")))
}

/// Waits until a packet is there. An error is seen by the read that follows.
fn wait(listener: &Listener, time: Duration) {
    let descriptor = listener.as_fd();
    let mut descriptors = [PollFd::new(&descriptor, PollFlags::IN)];
    let _ = poll(&mut descriptors, Timespec::try_from(time).ok().as_ref());
}

fn say(line: &str) {
    // Nobody may be left to read it.
    let _ = writeln!(io::stderr(), "{line}");
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Longest wait for a signal.
const LOOK: Duration = Duration::from_millis(500);
