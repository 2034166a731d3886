//! Names: what a word of an operator stands for.

use std::net::IpAddr;

use crate::{BfdSession, Group, Instance, Server, Service, Status, Tracker};

/// Something that has a name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target<'a> {
    /// A virtual router.
    Instance(&'a Instance),
    /// A sync group.
    Group(&'a Group),
    /// Something that is tracked.
    Tracker(&'a Tracker),
    /// A virtual server.
    Service(&'a Service),
    /// A real server of a virtual server.
    Server(&'a Service, &'a Server),
    /// A BFD session.
    Bfd(&'a BfdSession),
}

impl Status {
    /// All that a word stands for: the names of the file, a virtual address with or without its prefix length, a virtual
    /// server (`192.0.2.10`, `192.0.2.10:80`, `[192.0.2.10]:tcp:80`), a real server (`10.0.0.14`, `10.0.0.14:80`).
    pub fn find(&self, word: &str) -> Vec<Target<'_>> {
        let instances =
            self.instances.iter().filter(|instance| instance.name == word || instance.serves(word));
        let groups = self.groups.iter().filter(|group| group.name == word);
        let trackers = self.trackers.iter().filter(|tracker| tracker.name == word);
        let services = self.services.iter().filter(|service| is_endpoint(&service.name, word));
        let servers = self.services.iter().flat_map(|service| {
            let named = service.servers.iter().filter(|server| is_endpoint(&server.address, word));
            named.map(move |server| Target::Server(service, server))
        });
        let bfd = self
            .bfd
            .iter()
            .filter(|session| session.name == word || is_endpoint(&session.neighbour.to_string(), word));
        let mut found: Vec<Target<'_>> = instances.map(Target::Instance).collect();
        found.extend(groups.map(Target::Group));
        found.extend(trackers.map(Target::Tracker));
        found.extend(services.map(Target::Service));
        found.extend(servers);
        found.extend(bfd.map(Target::Bfd));
        found
    }

    /// Every word that [`Self::find`] finds something for, without those that are addresses; for suggestions and completion.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let instances = self.instances.iter().map(|instance| instance.name.as_str());
        let groups = self.groups.iter().map(|group| group.name.as_str());
        let trackers = self.trackers.iter().map(|tracker| tracker.name.as_str());
        let services = self.services.iter().map(|service| service.name.as_str());
        let bfd = self.bfd.iter().map(|session| session.name.as_str());
        instances.chain(groups).chain(trackers).chain(services).chain(bfd)
    }

    /// The part of a status that is about a word; none if nothing has that name. A group brings its members, an instance
    /// what it tracks, a real server its virtual server.
    pub fn about(&self, word: &str) -> Option<Self> {
        let targets = self.find(word);
        if targets.is_empty() {
            return None;
        }
        let mut about = Self::new(self.at, self.daemon.clone());
        for target in targets {
            about.take(self, target);
        }
        about.neighbours.clone_from(&self.neighbours);
        let names: Vec<&str> = about.instances.iter().map(|instance| instance.name.as_str()).collect();
        about.neighbours.retain(|heard| heard.instance.as_deref().is_some_and(|name| names.contains(&name)));
        Some(about)
    }

    fn take(&mut self, from: &Self, target: Target<'_>) {
        match target {
            Target::Instance(instance) => self.take_instance(from, instance),
            Target::Group(group) => {
                let members = from.instances.iter().filter(|instance| group.members.contains(&instance.name));
                members.for_each(|instance| self.take_instance(from, instance));
                self.groups.push(group.clone());
            }
            Target::Tracker(tracker) => push_once(&mut self.trackers, tracker),
            Target::Service(service) | Target::Server(service, _) => push_once(&mut self.services, service),
            Target::Bfd(session) => push_once(&mut self.bfd, session),
        }
    }

    fn take_instance(&mut self, from: &Self, instance: &Instance) {
        let terms = &instance.priority.terms;
        let tracked = |tracker: &&Tracker| {
            terms.iter().any(|term| term.tracker == tracker.kind && term.name == tracker.name)
        };
        from.trackers.iter().filter(tracked).for_each(|tracker| push_once(&mut self.trackers, tracker));
        push_once(&mut self.instances, instance);
    }
}

impl Instance {
    /// Whether a word is one of its virtual addresses, with or without a prefix length.
    fn serves(&self, word: &str) -> bool {
        let Ok(wanted) = word.split('/').next().unwrap_or(word).parse::<IpAddr>() else { return false };
        self.addresses.iter().any(|address| {
            let host = address.address.split('/').next().unwrap_or_default();
            host.parse() == Ok(wanted) && (!word.contains('/') || address.address == word)
        })
    }
}

fn push_once<T: Clone + PartialEq>(list: &mut Vec<T>, item: &T) {
    if !list.contains(item) {
        list.push(item.clone());
    }
}

/// Whether a word is a name like `[192.0.2.10]:tcp:80` or `192.0.2.10:80`, its address, or its address with its port.
fn is_endpoint(name: &str, word: &str) -> bool {
    if name == word {
        return true;
    }
    let (host, protocol, port) = endpoint(name);
    let (wanted_host, wanted_protocol, wanted_port) = endpoint(word);
    let same_host = match (host.parse::<IpAddr>(), wanted_host.parse::<IpAddr>()) {
        (Ok(host), Ok(wanted)) => host == wanted,
        _ => false,
    };
    same_host
        && wanted_port.is_none_or(|wanted| port == Some(wanted))
        && wanted_protocol
            .is_none_or(|wanted| protocol.is_some_and(|protocol| protocol.eq_ignore_ascii_case(wanted)))
}

/// Address, protocol and port of `[192.0.2.10]:tcp:80`, `[2001:db8::1]:80`, `192.0.2.10:80` or an address alone.
pub(crate) fn endpoint(name: &str) -> (&str, Option<&str>, Option<&str>) {
    let (host, rest) = match name.strip_prefix('[').and_then(|name| name.split_once(']')) {
        Some((host, rest)) => (host, rest.trim_start_matches(':')),
        None if name.parse::<IpAddr>().is_ok() => (name, ""),
        None => name.split_once(':').unwrap_or((name, "")),
    };
    match rest.rsplit_once(':') {
        Some((protocol, port)) => (host, Some(protocol), Some(port)),
        None => (host, None, Some(rest).filter(|rest| !rest.is_empty())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_has_several_spellings() {
        for word in
            ["[192.0.2.10]:tcp:80", "192.0.2.10", "192.0.2.10:80", "192.0.2.10:TCP:80", "[192.0.2.10]:80"]
        {
            assert!(is_endpoint("[192.0.2.10]:tcp:80", word), "{word}");
        }
        for word in ["192.0.2.1", "192.0.2.10:81", "192.0.2.10:udp:80", "", "tcp", "[", "x"] {
            assert!(!is_endpoint("[192.0.2.10]:tcp:80", word), "{word}");
        }
        assert!(is_endpoint("[2001:db8::1]:80", "2001:db8:0::1"));
        assert!(is_endpoint("10.0.0.14:80", "10.0.0.14"));
        assert!(is_endpoint("fwmark 3", "fwmark 3"));
    }
}
