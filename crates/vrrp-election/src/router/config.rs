//! Configuration of one virtual router.

use core::time::Duration;

use vrrp_proto::{
    Addresses, Advert, AuthData, Family, Priority, Receiver, RouterInterval, RouterPriority, Version, Vrid,
};

/// The parameters of a virtual router (RFC 9568 §6.1), and keepalived's additions to them.
///
/// [`RouterConfig::new`] gives the RFC's defaults; change what differs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own in keepalived's configuration"
)]
pub struct RouterConfig {
    /// The virtual router identifier.
    pub vrid: Vrid,
    /// Which addresses it serves.
    pub family: Family,
    /// `Priority`: 1 to 254, or 255 for the owner of the addresses.
    pub priority: RouterPriority,
    /// `Advertisement_Interval`; its unit decides the protocol version.
    pub interval: RouterInterval,
    /// `Preempt_Mode`, and how long to wait before preempting. The owner always preempts at once.
    pub preempt: Preempt,
    /// Whether an owner serves at once when it starts (RFC 9568 §6.4.1). Without effect below priority 255.
    pub owner_starts_active: bool,
    /// Adverts that may be missing before the Active is held to be down; the RFC's 3.
    pub down_adverts: u8,
    /// Whether an Active answers a lower priority with an advert at once (RFC 9568 §6.4.3; not in RFC 3768).
    pub answer_lower_priority: bool,
    /// Whether an Active sends one more advert before it yields to a better one.
    pub answer_higher_priority: bool,
    /// Whether the owner ignores every advert (RFC 5798 §7.1) instead of processing it (RFC 9568, erratum 8298).
    pub owner_ignores_adverts: bool,
    /// An Active that could not send for so long that a Backup of this priority must have taken over becomes Backup, where it
    /// would else go on (keepalived's `timer_expired_backup`). The owner always goes on.
    pub backup_after_stall: Option<RouterPriority>,
    /// Repetition of the announcements.
    pub announce: AnnounceConfig,
}

impl RouterConfig {
    /// A virtual router with the defaults of RFC 9568 §6.1: priority 100, preempting.
    #[must_use]
    pub fn new(vrid: Vrid, family: Family, interval: RouterInterval) -> Self {
        Self {
            vrid,
            family,
            priority: RouterPriority::DEFAULT,
            interval,
            preempt: Preempt::AtOnce,
            owner_starts_active: true,
            down_adverts: 3,
            answer_lower_priority: true,
            answer_higher_priority: false,
            owner_ignores_adverts: false,
            backup_after_stall: None,
            announce: AnnounceConfig::default(),
        }
    }

    /// The protocol version, which the interval's unit decides.
    #[must_use]
    pub fn version(&self) -> Version {
        self.interval.version()
    }

    /// The advertisement that [`Action::SendAdvert`](crate::Action::SendAdvert) asks for with `priority`.
    ///
    /// ```
    /// use vrrp_election::RouterConfig;
    /// use vrrp_proto::{Addresses, AuthData, Family, RouterInterval, RouterPriority, Vrid};
    ///
    /// let config = RouterConfig::new(Vrid::new(51)?, Family::Ipv4, RouterInterval::centiseconds(100)?);
    /// let addresses = Addresses::V4(&[[192, 0, 2, 1]]);
    /// let advert = config.advert(RouterPriority::DEFAULT.into(), addresses, AuthData::None);
    /// assert_eq!(advert.to_string(), "VRRPv3 router 51, priority 100, every 1.00 s, addresses [192.0.2.1]");
    /// # Ok::<(), vrrp_proto::ValueError>(())
    /// ```
    #[must_use]
    pub fn advert<'a>(&self, priority: Priority, addresses: Addresses<'a>, auth: AuthData) -> Advert<'a> {
        Advert { vrid: self.vrid, priority, interval: self.interval.into(), addresses, auth }
    }

    /// The receive checks for this router: multicast to the standard group, no authentication, no comparison of
    /// addresses. Change what differs.
    #[must_use]
    pub fn receiver<'a>(&self) -> Receiver<'a> {
        let owner = self.priority.is_owner();
        Receiver { owner, ..Receiver::new(self.family, self.vrid, self.interval) }
    }

    /// `Advertisement_Interval` as time.
    pub(crate) fn advert_interval(&self) -> Duration {
        self.interval.duration()
    }
}

/// `Preempt_Mode` (RFC 9568 §6.1) and keepalived's `preempt_delay`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Preempt {
    /// Never take over from a living Active, whatever its priority.
    Never,
    /// Take over from a lower priority as soon as the timer allows.
    #[default]
    AtOnce,
    /// Tolerate a lower priority for this long first, counted from its first advert.
    After(Duration),
}

/// Repetition of gratuitous ARPs or unsolicited neighbour advertisements.
///
/// A count is the number of packets for each address. The defaults are keepalived's: five at once, five more
/// after five seconds, no refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AnnounceConfig {
    /// Packets in a burst, at least 1.
    pub repeat: u32,
    /// When the second burst follows the first; zero is never.
    pub delay: Duration,
    /// Interval of the refresh while Active; zero is never.
    pub refresh: Duration,
    /// Packets in a refresh, at least 1.
    pub refresh_repeat: u32,
    /// Packets in the burst after a lower priority was heard while Active; 0 is none.
    pub lower_priority_repeat: u32,
    /// When a second such burst follows; zero is never.
    pub lower_priority_delay: Duration,
}

impl Default for AnnounceConfig {
    fn default() -> Self {
        Self {
            repeat: 5,
            delay: Duration::from_secs(5),
            refresh: Duration::ZERO,
            refresh_repeat: 1,
            lower_priority_repeat: 5,
            lower_priority_delay: Duration::from_secs(5),
        }
    }
}
