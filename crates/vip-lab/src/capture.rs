//! Listens on the switch: every frame the lab understands, with the kernel's receive time and its sender.

use std::io::{self, IoSliceMut};
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, LinkAddr, MsgFlags, SockFlag, SockProtocol, SockType, recvmsg,
    setsockopt, socket, sockopt,
};
use nix::sys::time::{TimeVal, TimeValLike};
use socket2::{SockFilter, SockRef};

use super::frame::Frame;
use super::switch::Port;
use super::{Lab, LabError, Stamp};

/// A frame that entered the switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// When the kernel received it.
    pub at: Stamp,
    /// The cable that it came through: index into [`Lab::ports`] as it was when the capture began.
    pub port: usize,
    /// Its content.
    pub frame: Frame,
}

/// A running capture. Ends when dropped.
#[derive(Debug)]
pub struct Capture {
    seen: Arc<Mutex<Vec<Sighting>>>,
    stop: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
}

impl Capture {
    /// Starts to listen on all the cables that are plugged in now.
    pub fn start(lab: &Lab) -> Result<Self, LabError> {
        let socket = lab.switch().run(open)??;
        let ports = lab.ports().to_vec();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let (into, until) = (Arc::clone(&seen), Arc::clone(&stop));
        let body = move || read(&socket, &ports, &into, &until);
        let reader = std::thread::Builder::new().name("capture".to_owned()).spawn(body)?;
        Ok(Self { seen, stop, reader: Some(reader) })
    }

    /// Number of frames seen so far; a position for [`after`](Self::after).
    pub fn position(&self) -> usize {
        self.lock().len()
    }

    /// The frames from `position` on, in the order they were received.
    pub fn after(&self, position: usize) -> Vec<Sighting> {
        self.lock().get(position..).unwrap_or_default().to_vec()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Sighting>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

/// Frames kept at most; a capture that sees more keeps the first ones (about an hour of 1 kHz probes).
const MOST: usize = 8_000_000;

/// A socket that receives what comes in on any interface of the calling thread's network, not what goes out.
fn open() -> io::Result<OwnedFd> {
    let socket = socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::EthAll)?;
    SockRef::from(&socket).attach_filter(&drop_outgoing())?;
    // Room for a burst while the machine is busy; a user namespace may not force it, and lives with less.
    if setsockopt(&socket, sockopt::RcvBufForce, &RECEIVE_BUFFER).is_err() {
        let _ = setsockopt(&socket, sockopt::RcvBuf, &RECEIVE_BUFFER);
    }
    setsockopt(&socket, sockopt::ReceiveTimestampns, &true)?;
    setsockopt(&socket, sockopt::ReceiveTimeout, &TimeVal::milliseconds(20))?;
    Ok(socket)
}

const RECEIVE_BUFFER: usize = 8 << 20;

/// Classic BPF: `if pkttype == PACKET_OUTGOING { 0 } else { whole frame }`.
fn drop_outgoing() -> [SockFilter; 4] {
    const LOAD_WORD: u16 = 0x20;
    const JUMP_IF_EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    /// SKF_AD_OFF (-0x1000) + SKF_AD_PKTTYPE (4): where the kernel shows the packet's direction.
    const DIRECTION: u32 = 0xffff_f004;
    [
        SockFilter::new(LOAD_WORD, 0, 0, DIRECTION),
        SockFilter::new(JUMP_IF_EQUAL, 0, 1, u32::from(libc::PACKET_OUTGOING)),
        SockFilter::new(RETURN, 0, 0, 0),
        SockFilter::new(RETURN, 0, 0, 0x0004_0000),
    ]
}

fn read(socket: &OwnedFd, ports: &[Port], into: &Mutex<Vec<Sighting>>, stop: &AtomicBool) {
    let mut buffer = [0_u8; 2048];
    let mut control = nix::cmsg_space!(nix::sys::time::TimeSpec);
    while !stop.load(Ordering::Relaxed) {
        let mut vector = [IoSliceMut::new(&mut buffer)];
        let received =
            recvmsg::<LinkAddr>(socket.as_raw_fd(), &mut vector, Some(&mut control), MsgFlags::empty());
        // A timeout, to look at `stop`; or the switch's interfaces went away at the end.
        let Ok(message) = received else { continue };
        let stamped = message.cmsgs().into_iter().flatten().find_map(|control| match control {
            ControlMessageOwned::ScmTimestampns(time) => Some(Stamp::from_epoch(Duration::from(time))),
            _ => None,
        });
        let (at, length) = (stamped.unwrap_or_else(Stamp::now), message.bytes);
        let interface = message.address.map(|address| address.ifindex());
        let port = ports.iter().position(|port| usize::try_from(port.index).ok() == interface);
        let (Some(port), Some(frame)) = (port, buffer.get(..length).and_then(Frame::parse)) else { continue };
        let mut seen = into.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() < MOST {
            seen.push(Sighting { at, port, frame });
        }
    }
}
