//! Which checks are meant.

use std::net::SocketAddr;

use keepalived_conf::model::Config;
use keepalived_conf::model::lvs::{Checker, VirtualServer};
use vipd_ipc::server_address;

use crate::ReadConfig;

/// The checks of a server.
#[derive(Debug, PartialEq)]
pub(super) struct Found {
    /// The server's address.
    pub(super) server: String,
    /// In file order.
    pub(super) checkers: Vec<Checker>,
}

/// The checks of this server.
///
/// # Errors
/// There is no such virtual or real server.
pub(super) fn checkers(config: &Config, service: &str, server: &str) -> Result<Found, String> {
    let address = server_address(server)
        .ok_or_else(|| format!("{server} is no address with a port, as 10.0.0.1:80 or [10.0.0.1]:tcp:80"))?;
    let services: Vec<&VirtualServer> =
        config.virtual_servers.iter().filter(|virtual_server| virtual_server.name == service).collect();
    if services.is_empty() {
        let names: Vec<&str> = config.virtual_servers.iter().map(|one| one.name.as_str()).collect();
        return Err(format!("there is no virtual server '{service}': {}", listed(&names)));
    }
    let checkers =
        services.iter().find_map(|virtual_server| of(virtual_server, address)).ok_or_else(|| {
            let servers = services.iter().flat_map(|one| &one.real_servers);
            let addresses: Vec<String> = servers.map(|real| real.address.to_string()).collect();
            format!("{service} has no real server {address}: {}", listed(&addresses))
        })?;
    Ok(Found { server: address.to_string(), checkers: checkers.to_vec() })
}

fn of(service: &VirtualServer, address: SocketAddr) -> Option<&[Checker]> {
    let real = service.real_servers.iter().find(|real| real.address == address).map(|real| &real.checkers);
    let sorry = || service.sorry_server.as_ref().filter(|sorry| sorry.address == address);
    real.or_else(|| sorry().map(|sorry| &sorry.checkers)).map(Vec::as_slice)
}

/// Names that there are, a few of them.
fn listed(names: &[impl AsRef<str>]) -> String {
    if names.is_empty() {
        return "there is none".to_owned();
    }
    let first: Vec<&str> = names.iter().take(SHOWN).map(AsRef::as_ref).collect();
    let more = if names.len() > SHOWN { format!(" and {} more", names.len() - SHOWN) } else { String::new() };
    format!("there is {}{more}", first.join(", "))
}

/// Number of names in a message.
const SHOWN: usize = 10;

/// The same checks with their logins, from the file that the daemon has read.
///
/// # Errors
/// The file cannot be read, or says something else by now.
pub(super) fn with_secrets(
    file: &dyn ReadConfig,
    service: &str,
    server: &str,
    running: &[Checker],
) -> Result<(Config, Vec<Checker>), String> {
    let config = file.read()?;
    let Found { checkers, .. } = checkers(&config, service, server)
        .map_err(|_| "the file does not have this server any more".to_owned())?;
    let mut shown = checkers.clone();
    shown.iter_mut().for_each(Checker::hide_secrets);
    if shown != running {
        return Err("the file has other checks for this server than those that run".to_owned());
    }
    Ok((config, checkers))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "virtual_server 192.0.2.1 80 {
        lb_algo rr
        lb_kind NAT
        protocol TCP
        sorry_server 192.0.2.19 80
        real_server 192.0.2.11 6379 {
            REDIS_CHECK {
                password hunter2
            }
        }
    }";

    #[derive(Debug)]
    struct Text(&'static str, &'static str);

    impl ReadConfig for Text {
        fn read(&self) -> Result<Config, String> {
            Ok(keepalived_conf::load_str(&TEXT.replace(self.0, self.1)).config)
        }
    }

    const SERVICE: &str = "[192.0.2.1]:tcp:80";

    #[test]
    fn a_server_is_found_by_both_of_its_names_and_a_wrong_name_says_which_there_are() {
        let config = keepalived_conf::load_str(TEXT).config;
        let one = checkers(&config, SERVICE, "192.0.2.11:6379").unwrap();
        assert_eq!(one, checkers(&config, SERVICE, "[192.0.2.11]:tcp:6379").unwrap());
        assert_eq!((one.server.as_str(), one.checkers.len()), ("192.0.2.11:6379", 1));
        assert_eq!(checkers(&config, SERVICE, "192.0.2.19:80").unwrap().checkers, []);
        let error = |service, server| checkers(&config, service, server).unwrap_err();
        assert!(error("x", "192.0.2.11:6379").contains(SERVICE));
        assert!(error(SERVICE, "192.0.2.12:80").contains("192.0.2.11:6379"));
        assert!(error(SERVICE, "web1").contains("no address"));
    }

    #[test]
    fn logins_come_from_the_file_only_while_it_says_what_runs() {
        let mut running = keepalived_conf::load_str(TEXT).config;
        running.hide_secrets();
        let known = checkers(&running, SERVICE, "192.0.2.11:6379").unwrap();
        let (_, with) = with_secrets(&Text("", ""), SERVICE, &known.server, &known.checkers).unwrap();
        assert_ne!(with, known.checkers);
        let other = Text("password hunter2", "login ada hunter2");
        assert!(with_secrets(&other, SERVICE, &known.server, &known.checkers).is_err());
        let absent = Text("6379", "6380");
        assert!(with_secrets(&absent, SERVICE, &known.server, &known.checkers).is_err());
    }
}
