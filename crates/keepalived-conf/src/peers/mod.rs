//! The configurations of all nodes of a group, compared: the faults between them.
//!
//! Each file may be right by itself. Whether two of them make a pair is seen only by looking at both.

mod agreement;
mod pairing;
mod priorities;
#[cfg(test)]
mod tests;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{Config, VrrpInstance};
use crate::places::Places;
use crate::source::Span;

/// One node: what people call it, and its configuration.
///
/// ```
/// use keepalived_conf::{Options, MemoryFiles, SourceMap, load_with_places, peers};
///
/// let files = MemoryFiles::from([(
///     "k.conf",
///     "vrrp_instance web {\n interface eth0\n virtual_router_id 51\n@lb1 advert_int 1\n@lb2 advert_int 2
///       @lb1 priority 101\n virtual_ipaddress {\n  192.0.2.1/24\n }\n}\n",
/// )]);
/// let mut sources = SourceMap::new();
/// let [lb1, lb2] = ["lb1", "lb2"].map(|name| {
///     let options = Options { config_id: name, ..Options::new(&files) };
///     let (loaded, places) = load_with_places("k.conf".as_ref(), &options);
///     (loaded.config, places.after(sources.append(loaded.sources)))
/// });
/// let nodes = [peers::Node::new("lb1", &lb1.0, &lb1.1), peers::Node::new("lb2", &lb2.0, &lb2.1)];
/// let found = peers::compare(&nodes);
/// assert_eq!(found.iter().next().map(|finding| finding.code), Some("peer-interval"));
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Node<'a> {
    /// Its name for people.
    pub name: &'a str,
    /// Its configuration.
    pub config: &'a Config,
    /// Where its lines stand, in one [`SourceMap`](crate::SourceMap) with those of the others.
    pub places: &'a Places,
}

impl<'a> Node<'a> {
    /// A node.
    #[must_use]
    pub fn new(name: &'a str, config: &'a Config, places: &'a Places) -> Self {
        Self { name, config, places }
    }
}

/// Findings about these nodes together.
#[must_use]
pub fn compare(nodes: &[Node<'_>]) -> Diagnostics {
    let mut found = Diagnostics::new();
    let routers = pairing::pair(nodes);
    pairing::unpaired(&routers, nodes, &mut found);
    for router in &routers {
        agreement::check(router, &mut found);
        priorities::check(router, &mut found);
    }
    agreement::router_ids(nodes, &mut found);
    found
}

/// An instance of a node.
#[derive(Clone, Copy, Debug)]
struct Member<'a> {
    node: Node<'a>,
    instance: &'a VrrpInstance,
}

impl<'a> Member<'a> {
    fn name(&self) -> &'a str {
        self.node.name
    }

    /// The line that begins with one of these words, or the instance.
    fn place(&self, words: &[&str]) -> Option<Span> {
        self.node.places.find(&self.instance.name, words)
    }

    /// A finding with its place.
    fn marks(&self, mut finding: Diagnostic, words: &[&str]) -> Diagnostic {
        finding.span = self.place(words);
        finding.label(self.name())
    }

    /// A finding with its place as one more, unless that is shown already.
    fn marks_too(&self, finding: Diagnostic, words: &[&str]) -> Diagnostic {
        let place = self.place(words).filter(|place| finding.span != Some(*place));
        finding.related(place, format!("and in {}", self.name()))
    }
}

/// The instances that are one virtual router, at most one of each node, in the order of the nodes.
type Router<'a> = Vec<Member<'a>>;

/// `virtual router 51`, as messages call it.
fn called(instance: &VrrpInstance) -> String {
    let family = if instance.ipv6 { " over IPv6" } else { "" };
    format!("virtual router {}{family}", instance.vrid)
}

/// Adverts of a virtual router that one node sends and another does not take, since the files differ in where they go
/// or how they are authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Unheard {
    /// The node that sends, by its place.
    pub from: usize,
    /// The node that does not take them.
    pub to: usize,
    /// The virtual router.
    pub vrid: u8,
    /// Its family.
    pub ipv6: bool,
}

/// Pairs of nodes of which one does not accept the other's adverts. Versions and intervals are not looked at: a
/// receiver of packets does that.
#[must_use]
pub fn unheard(nodes: &[Node<'_>]) -> Vec<Unheard> {
    let place = |member: &Member<'_>| nodes.iter().position(|node| node.name == member.name());
    let mut found = Vec::new();
    for router in pairing::pair(nodes) {
        for one in &router {
            for other in router.iter().filter(|other| other.name() != one.name()) {
                if agreement::is_unheard(one, other)
                    && let (Some(from), Some(to)) = (place(one), place(other))
                {
                    found.push(Unheard { from, to, vrid: one.instance.vrid, ipv6: one.instance.ipv6 });
                }
            }
        }
    }
    found
}

/// Which instances are one virtual router: places of nodes, and of instances in their configurations.
///
/// They have one identifier and one family. A node that has several of these, each on a network of its own, joins each
/// to the one that looks most like it by addresses, name and interface.
#[must_use]
pub fn virtual_routers(nodes: &[Node<'_>]) -> Vec<Vec<(usize, usize)>> {
    pairing::places(nodes)
}
