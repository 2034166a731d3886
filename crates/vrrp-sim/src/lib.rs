#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

mod chart;
mod checks;
mod machine;
mod network;
mod packet;
mod random;
mod reigns;
mod replay;
mod rng;
mod scenario;
mod simulation;
mod timeline;

pub use chart::{Bar, Chart, Mark, Row};
pub use checks::{Problem, Service, Violation};
pub use network::Network;
pub use random::CALM_AFTER;
pub use reigns::{Coverage, Reign};
pub use replay::replay;
pub use rng::Rng;
pub use scenario::{Fault, Host, HostAuth, HostId, Limits, Reload, Scenario};
pub use simulation::Simulation;
pub use timeline::{Moment, Timeline, What};
