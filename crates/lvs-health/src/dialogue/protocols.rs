//! Which machine speaks which protocol.

use std::net::IpAddr;

use super::{Exchange, Transport};
use crate::{Protocol, agent, ping, servers, smtp, udp};

/// The machine of a protocol that needs no preparation; `None` where a connection is all. `nonce` is a number that the last
/// attempt did not have.
pub(crate) fn machine(protocol: &Protocol, target: IpAddr, nonce: u32) -> Option<Box<dyn Exchange>> {
    match protocol {
        Protocol::Smtp(config) => Some(Box::new(smtp::Check::new(config))),
        Protocol::Udp(config) => Some(Box::new(udp::Check::new(config))),
        Protocol::Ping => Some(Box::new(ping::Check::new(target, nonce))),
        Protocol::Agent(config) => Some(Box::new(agent::Check::new(config))),
        Protocol::Redis(config) => Some(Box::new(servers::RedisCheck::new(config))),
        Protocol::Ldap(config) => Some(Box::new(servers::LdapCheck::new(config))),
        #[cfg(feature = "logins")]
        Protocol::Mysql(config) => Some(Box::new(servers::MysqlCheck::new(config))),
        #[cfg(feature = "logins")]
        Protocol::Postgresql(config) => Some(Box::new(servers::PostgresqlCheck::new(config, nonce))),
        #[cfg(not(feature = "logins"))]
        Protocol::Mysql(_) | Protocol::Postgresql(_) => None,
        Protocol::Connect
        | Protocol::Http(_)
        | Protocol::Dns(_)
        | Protocol::Grpc(_)
        | Protocol::Talk(_)
        | Protocol::Custom(_) => None,
    }
}

/// The socket a protocol needs.
pub(crate) fn transport(protocol: &Protocol) -> Transport {
    match protocol {
        Protocol::Connect
        | Protocol::Http(_)
        | Protocol::Smtp(_)
        | Protocol::Agent(_)
        | Protocol::Talk(_)
        | Protocol::Redis(_)
        | Protocol::Mysql(_)
        | Protocol::Postgresql(_)
        | Protocol::Ldap(_)
        | Protocol::Grpc(_) => Transport::Stream,
        Protocol::Dns(_) | Protocol::Udp(_) => Transport::Datagram,
        Protocol::Ping => Transport::Echo,
        Protocol::Custom(custom) => custom.transport(),
    }
}
