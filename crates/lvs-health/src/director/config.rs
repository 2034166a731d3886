//! The director's configuration: plain values.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::Check;

/// All virtual servers of a machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The virtual servers; [`ServiceId`](super::ServiceId) counts them from 0.
    pub services: Vec<Service>,
    /// Equal checks are made once, whichever servers they stand on, and their result counts for all of these.
    pub share_checks: bool,
}

/// One virtual server. Its `alpha` is that of its checks ([`Timing::alpha`](crate::Timing::alpha)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its name across reloads; unique in a plan.
    pub name: String,
    /// `quorum`, at least 1: live weight that is needed.
    pub quorum: u32,
    /// `hysteresis`, below `quorum`: so much more than `quorum` to gain it, so much less to lose it.
    pub hysteresis: u32,
    /// `omega`: servers and quorum are told to be down when the machine stops.
    pub omega: bool,
    /// `ha_suspend`: the addresses of which one has to be on this host for checks to be made; empty: always made.
    pub ha_suspend: Vec<IpAddr>,
    /// `sorry_server`
    pub sorry: Option<Sorry>,
    /// `panic_threshold`, per cent: if fewer of the servers are good, those that are down are used as well, unless the sorry
    /// server serves. 0: never.
    pub panic_threshold: u8,
    /// `panic_hysteresis`, per cent: it ends when so much more than `panic_threshold` are good, or all. 0: when as many as that are.
    pub panic_hysteresis: u8,
    /// `outlier_detection`, with `outlier_weight`, per cent: servers whose new connections are never completed while their
    /// neighbours' are are told ([`Director::handle_traffic`](super::Director::handle_traffic)), and have this share of their weight
    /// until their checks prove them again. 100: they are only told. `None`: off.
    pub outlier_weight: Option<u8>,
    /// `drain_timeout`: a server that a reload removed stays for so long with weight 0; zero: it goes at once.
    pub drain: Duration,
    /// `rs_init_notifies`: servers that are up at the start are told to be.
    pub initial_notifies: bool,
    /// The real servers; [`ServerId::place`](super::ServerId::place) counts them from 0.
    pub servers: Vec<Server>,
}

impl Service {
    /// A virtual server with quorum 1 and nothing else.
    ///
    /// ```
    /// use lvs_health::director::{Server, Service};
    ///
    /// let web = Service {
    ///     servers: vec![Server::new("10.0.0.1:80".parse()?)],
    ///     ..Service::new("[192.0.2.1]:tcp:80")
    /// };
    /// assert_eq!((web.quorum, web.servers[0].weight), (1, 1));
    /// # Ok::<(), std::net::AddrParseError>(())
    /// ```
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            quorum: 1,
            hysteresis: 0,
            omega: false,
            ha_suspend: Vec::new(),
            sorry: None,
            panic_threshold: 0,
            panic_hysteresis: 0,
            outlier_weight: None,
            drain: Duration::ZERO,
            initial_notifies: false,
            servers: Vec::new(),
        }
    }
}

/// `sorry_server`: takes over while the quorum is lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sorry {
    /// `sorry_server_inhibit`: it stays with weight 0 while it is not needed.
    pub inhibit: bool,
    /// `sorry_server_check`: all have to be good; none: always up. While it is down it does not take over, and the servers that
    /// are up go on without a quorum.
    pub checks: Vec<Check>,
}

/// One real server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its name across reloads; unique in a service.
    pub address: SocketAddr,
    /// `weight`, 0 to [`MAX_WEIGHT`](super::MAX_WEIGHT).
    pub weight: u32,
    /// `inhibit_on_failure`: weight 0 instead of removal.
    pub inhibit_on_failure: bool,
    /// `backup`: it is used only while the weights of the other servers that are up give no quorum, beside these and before the
    /// sorry server. Until then it has weight 0. For the quorum of the virtual server it counts all the time.
    pub backup: bool,
    /// `slow_start`: for so long after it came back its weight grows from 1 to what it should be; zero: at once.
    pub slow_start: Duration,
    /// All have to be good; none: always up.
    pub checks: Vec<Check>,
}

impl Server {
    /// A server of weight 1 without checks.
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            weight: 1,
            inhibit_on_failure: false,
            backup: false,
            slow_start: Duration::ZERO,
            checks: Vec::new(),
        }
    }
}
