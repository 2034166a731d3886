//! Time as a router needs it: the monotonic clock, receive times on it, and a timer that keeps to it.
//!
//! `CLOCK_MONOTONIC` never jumps, but the kernel stamps received packets with `CLOCK_REALTIME`, which may be
//! stepped at any moment (NTP, an administrator). [`Clocks::monotonic`] converts such a stamp by its age, and
//! refuses ages that cannot be true.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::time::Duration;

use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{
    ClockId as TimerClock, Expiration, TimerFd as RawTimer, TimerFlags, TimerSetTimeFlags,
};
use nix::time::{ClockId, clock_gettime};

/// Longest wait of a packet in a socket for which its receive time is believed.
///
/// A stamp that seems older than this was most likely made before the wall clock was stepped forward. It then
/// counts as this old, which is more than any Active_Down_Interval in practice, so an old advertisement can
/// never pass for a fresh one.
pub const OLDEST_BELIEVABLE: Duration = Duration::from_secs(10);

/// Time since an arbitrary start that stays the same until the machine reboots. Stands still while the machine is
/// suspended, never jumps.
pub fn monotonic() -> Duration {
    now(ClockId::CLOCK_MONOTONIC)
}

/// Like [`monotonic`], but runs on while the machine is suspended: when the two drift apart, we have slept.
pub fn boottime() -> Duration {
    now(ClockId::CLOCK_BOOTTIME)
}

/// Whether something keeps the wall clock right (NTP, PTP), as the kernel knows.
#[expect(unsafe_code, reason = "adjtimex takes a pointer, and no crate offers it")]
pub fn is_synchronised() -> io::Result<bool> {
    // SAFETY: every member is a number, for which zero is a value.
    let mut state: libc::timex = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is that of a whole `timex`, and without `modes` the kernel only writes there.
    match unsafe { libc::adjtimex(&raw mut state) } {
        -1 => Err(io::Error::last_os_error()),
        end => Ok(end != libc::TIME_ERROR && state.status & libc::STA_UNSYNC == 0),
    }
}

/// One reading of both clocks, for the conversion of all packets of one batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clocks {
    /// `CLOCK_MONOTONIC`.
    pub monotonic: Duration,
    /// `CLOCK_REALTIME`, since 1970.
    pub realtime: Duration,
}

impl Clocks {
    /// Reads both clocks. Do so after the packets were received, so that no stamp lies in the future.
    pub fn read() -> Self {
        Self { monotonic: monotonic(), realtime: now(ClockId::CLOCK_REALTIME) }
    }

    /// When a packet arrived, on the monotonic clock, from its `CLOCK_REALTIME` receive time since 1970.
    ///
    /// Never later than this reading (a stamp in the future means that the wall clock was stepped back) and never
    /// more than [`OLDEST_BELIEVABLE`] earlier.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use vrrp_linux::clock::Clocks;
    /// let clocks = Clocks { monotonic: Duration::from_secs(50), realtime: Duration::from_secs(1_000_000) };
    /// let stamp = Duration::from_millis(999_999_750);
    /// assert_eq!(clocks.monotonic(stamp), Duration::from_millis(49_750));
    /// ```
    #[must_use]
    pub fn monotonic(&self, stamp: Duration) -> Duration {
        let age = self.realtime.saturating_sub(stamp).min(OLDEST_BELIEVABLE);
        self.monotonic.saturating_sub(age)
    }
}

/// A timer that becomes readable at a moment of the monotonic clock, with the kernel's full resolution.
///
/// The timeout of `epoll_wait` counts in milliseconds; at an advertisement interval of 10 ms that is a lot.
#[derive(Debug)]
pub struct TimerFd {
    timer: RawTimer,
}

impl TimerFd {
    /// A timer that is not armed.
    pub fn new() -> io::Result<Self> {
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        let timer = RawTimer::new(TimerClock::CLOCK_MONOTONIC, flags)?;
        Ok(Self { timer })
    }

    /// Arms the timer for a moment of [`monotonic`], in place of an earlier one; a past moment fires at once.
    pub fn arm(&self, deadline: Duration) -> io::Result<()> {
        // A moment of zero would disarm the timer.
        let deadline = TimeSpec::from_duration(deadline.max(Duration::from_nanos(1)));
        let flags = TimerSetTimeFlags::TFD_TIMER_ABSTIME;
        self.timer.set(Expiration::OneShot(deadline), flags).map_err(io::Error::from)
    }

    /// Makes sure that the timer does not fire.
    pub fn disarm(&self) -> io::Result<()> {
        self.timer.unset().map_err(io::Error::from)
    }

    /// Takes note of a firing, so that the timer is no longer readable; `false` if it had not fired.
    pub fn acknowledge(&self) -> io::Result<bool> {
        match self.timer.wait() {
            Ok(()) => Ok(true),
            Err(nix::errno::Errno::EAGAIN) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl AsFd for TimerFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.timer.as_fd()
    }
}

impl AsRawFd for TimerFd {
    fn as_raw_fd(&self) -> RawFd {
        self.timer.as_fd().as_raw_fd()
    }
}

fn now(clock: ClockId) -> Duration {
    // These clocks exist on every kernel that this crate runs on.
    clock_gettime(clock).map(Duration::from).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

    use super::*;

    const NOON: Clocks =
        Clocks { monotonic: Duration::from_secs(100), realtime: Duration::from_secs(1_800_000_000) };

    #[test]
    fn a_stamp_keeps_its_age() {
        let stamp = Duration::new(1_799_999_999, 999_877_000);
        assert_eq!(NOON.monotonic(stamp), Duration::from_micros(99_999_877));
    }

    #[test]
    fn a_stamp_from_the_future_counts_as_now() {
        assert_eq!(NOON.monotonic(NOON.realtime + Duration::from_secs(3600)), NOON.monotonic);
    }

    #[test]
    fn a_stamp_from_before_a_step_forward_counts_as_ten_seconds_old() {
        assert_eq!(NOON.monotonic(Duration::ZERO), Duration::from_secs(90));
    }

    #[test]
    fn soon_after_boot_no_time_lies_before_the_start() {
        let boot = Clocks { monotonic: Duration::from_secs(2), ..NOON };
        assert_eq!(boot.monotonic(Duration::from_secs(1_799_999_995)), Duration::ZERO);
    }

    #[test]
    fn a_timer_fires_no_earlier_than_asked_and_only_once() {
        let timer = TimerFd::new().unwrap();
        assert!(!timer.acknowledge().unwrap());
        let deadline = monotonic() + Duration::from_micros(1500);
        timer.arm(deadline).unwrap();
        let mut interest = [PollFd::new(timer.as_fd(), PollFlags::POLLIN)];
        assert_eq!(poll(&mut interest, PollTimeout::from(5000_u16)), Ok(1));
        assert!(monotonic() >= deadline);
        assert!(timer.acknowledge().unwrap());
        assert!(!timer.acknowledge().unwrap());
    }

    #[test]
    fn a_moment_at_the_start_of_time_fires_at_once_and_a_disarmed_timer_never() {
        let timer = TimerFd::new().unwrap();
        timer.arm(Duration::ZERO).unwrap();
        assert!(timer.acknowledge().unwrap());
        timer.arm(monotonic() + Duration::from_secs(3600)).unwrap();
        timer.disarm().unwrap();
        assert!(!timer.acknowledge().unwrap());
    }
}
