//! The verdict of nftables on one packet, from the output of `nft -j list ruleset`.
//!
//! A match that cannot be judged (a counter, a mark, the other end's address) makes the verdict unclear from there on, never
//! a drop: what is reported as dropped is dropped.

use std::net::IpAddr;

use serde_json::{Map, Value};

/// A packet of VRRP as the rules see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Packet {
    pub(super) direction: Direction,
    pub(super) interface: String,
    pub(super) destination: IpAddr,
    /// Its source, where that is known.
    pub(super) source: Option<IpAddr>,
    /// 112, or 51 with an Authentication Header.
    pub(super) protocol: u8,
}

/// The way of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    In,
    Out,
}

/// The fate of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Passes,
    /// Dropped or rejected, here.
    Drops(String),
    /// Dropped here, unless a rule that cannot be judged says otherwise.
    MayDrop(String),
}

/// Rules as they were listed.
#[derive(Clone, Debug, Default)]
pub(super) struct Ruleset {
    chains: Vec<Map<String, Value>>,
    rules: Vec<Map<String, Value>>,
    sets: Vec<Map<String, Value>>,
}

/// An answer of yes or no; none: that cannot be said.
type Holds = Option<bool>;

/// The end of a chain.
enum End {
    /// Nothing was decided.
    Falls,
    /// `accept`: no more of this base chain.
    Accepts,
    Drops(String),
}

/// A walk through the rules.
struct Walk<'a> {
    rules: &'a Ruleset,
    packet: &'a Packet,
    /// Something could not be judged on the way.
    is_unclear: bool,
    depth: usize,
}

impl Ruleset {
    /// Understands the output of `nft -j list ruleset`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let whole: Value = serde_json::from_str(text).ok()?;
        let mut rules = Self::default();
        for object in whole.get("nftables")?.as_array()? {
            let Some((kind, Value::Object(inner))) = object.as_object().and_then(|it| it.iter().next())
            else {
                continue;
            };
            match kind.as_str() {
                "chain" => rules.chains.push(inner.clone()),
                "rule" => rules.rules.push(inner.clone()),
                "set" => rules.sets.push(inner.clone()),
                _ => {}
            }
        }
        Some(rules)
    }

    /// The fate of a packet.
    pub(super) fn verdict(&self, packet: &Packet) -> Verdict {
        let mut bases: Vec<_> = self.chains.iter().filter(|chain| concerns(chain, packet)).collect();
        // Ingress comes before input, and so on by priority.
        bases.sort_by_key(|chain| {
            (string(chain, "hook") != "ingress", chain.get("prio").and_then(Value::as_i64))
        });
        let mut walk = Walk { rules: self, packet, is_unclear: false, depth: 0 };
        for chain in bases {
            let place = place(chain);
            let policy = || (string(chain, "policy") == "drop").then(|| format!("the policy of {place}"));
            let dropped = match walk.chain(chain) {
                End::Accepts => None,
                End::Drops(rule) => Some(rule),
                End::Falls => policy(),
            };
            if let Some(rule) = dropped {
                return if walk.is_unclear { Verdict::MayDrop(rule) } else { Verdict::Drops(rule) };
            }
        }
        Verdict::Passes
    }
}

impl Walk<'_> {
    fn chain(&mut self, chain: &Map<String, Value>) -> End {
        let is_in = |rule: &&Map<String, Value>| {
            ["family", "table"].iter().all(|key| rule.get(*key) == chain.get(*key))
                && rule.get("chain") == chain.get("name")
        };
        let rules: Vec<_> = self.rules.rules.iter().filter(is_in).collect();
        for rule in rules {
            match self.rule(rule, chain) {
                Some(End::Falls) => return End::Falls,
                Some(end) => return end,
                None => {}
            }
        }
        End::Falls
    }

    /// None: the next rule.
    fn rule(&mut self, rule: &Map<String, Value>, chain: &Map<String, Value>) -> Option<End> {
        let mut certain = true;
        for statement in rule.get("expr").and_then(Value::as_array)? {
            let Some((kind, inner)) = statement.as_object().and_then(|it| it.iter().next()) else { continue };
            match kind.as_str() {
                "match" => match self.matches(inner, chain) {
                    Some(true) => {}
                    Some(false) => return None,
                    None => certain = false,
                },
                "drop" | "reject" if certain => return Some(End::Drops(describe(rule, chain))),
                "accept" if certain => return Some(End::Accepts),
                "return" if certain => return Some(End::Falls),
                "jump" | "goto" if certain => {
                    let end = self.jump(inner, chain);
                    match (kind.as_str(), end) {
                        ("jump", End::Falls) => {}
                        (_, end) => return Some(end),
                    }
                }
                "drop" | "reject" | "accept" | "return" | "jump" | "goto" | "vmap" | "queue" => {
                    self.is_unclear = true;
                    return None;
                }
                "counter" | "log" | "comment" | "mangle" | "set" | "notrack" | "ct helper" => {}
                // A limit matches at first, and then it does not; an extension of iptables (xt) is not explained.
                _ => certain = false,
            }
        }
        None
    }

    fn jump(&mut self, target: &Value, from: &Map<String, Value>) -> End {
        let name = target.get("target");
        let is_target = |chain: &&Map<String, Value>| {
            ["family", "table"].iter().all(|key| chain.get(*key) == from.get(*key))
                && chain.get("name") == name
        };
        let Some(chain) = self.rules.chains.iter().find(is_target).filter(|_| self.depth < MAX_DEPTH) else {
            self.is_unclear = true;
            return End::Falls;
        };
        self.depth += 1;
        let end = self.chain(chain);
        self.depth -= 1;
        end
    }

    fn matches(&self, inner: &Value, chain: &Map<String, Value>) -> Holds {
        let (left, right) = (inner.get("left")?, inner.get("right")?);
        let holds = self.equals(left, right, chain)?;
        match inner.get("op").and_then(Value::as_str)? {
            "==" | "in" => Some(holds),
            "!=" => Some(!holds),
            _ => None,
        }
    }

    fn equals(&self, left: &Value, right: &Value, chain: &Map<String, Value>) -> Holds {
        let packet = self.packet;
        if let Some(payload) = left.get("payload") {
            let (protocol, field) = (payload.get("protocol")?.as_str()?, payload.get("field")?.as_str()?);
            let is_v4 = packet.destination.is_ipv4();
            return match (protocol, field) {
                ("ip", _) if !is_v4 => Some(false),
                ("ip6", _) if is_v4 => Some(false),
                ("ip", "protocol") | ("ip6", "nexthdr") => self.is_protocol(right, chain),
                ("ip" | "ip6", "daddr") => self.is_address(packet.destination, right, chain),
                ("ip" | "ip6", "saddr") => self.is_address(packet.source?, right, chain),
                ("ip", "ttl") | ("ip6", "hoplimit") => self.any(right, chain, &|it| number(it, 255)),
                // The headers of other protocols are not there.
                ("tcp" | "udp" | "udplite" | "sctp" | "dccp" | "icmp" | "icmpv6" | "igmp", _) => Some(false),
                ("ah", _) if packet.protocol != 51 => Some(false),
                _ => None,
            };
        }
        if let Some(state) = left.get("ct").and_then(|ct| ct.get("key")) {
            // Nobody answers an advert: its connection is new for ever.
            return match state.as_str()? {
                "state" => self.any(right, chain, &|it| word(it, "new")),
                _ => None,
            };
        }
        let key = left.get("meta")?.get("key")?.as_str()?;
        let family = if packet.destination.is_ipv4() { "ipv4" } else { "ipv6" };
        match (key, packet.direction) {
            ("l4proto", _) => self.is_protocol(right, chain),
            ("nfproto", _) => self.any(right, chain, &|it| word(it, family)),
            ("iifname" | "iif", Direction::In) | ("oifname" | "oif", Direction::Out) => {
                self.any(right, chain, &|it| Some(is_interface(it.as_str()?, &packet.interface)))
            }
            ("pkttype", Direction::In) => {
                let kind = if packet.destination.is_multicast() { "multicast" } else { "host" };
                self.any(right, chain, &|it| word(it, kind))
            }
            _ => None,
        }
    }

    fn is_protocol(&self, right: &Value, chain: &Map<String, Value>) -> Holds {
        let name = if self.packet.protocol == 51 { "ah" } else { "vrrp" };
        self.any(right, chain, &|it| {
            // Names are those of /etc/protocols.
            it.as_str().map(|text| text == name).or_else(|| number(it, self.packet.protocol.into()))
        })
    }

    fn is_address(&self, address: IpAddr, right: &Value, chain: &Map<String, Value>) -> Holds {
        self.any(right, chain, &|it| {
            let text = it.as_str().or_else(|| it.get("prefix")?.get("addr")?.as_str())?;
            let length = it.get("prefix").and_then(|prefix| prefix.get("len")).and_then(Value::as_u64);
            if let Some([from, to]) = it.get("range").and_then(Value::as_array).map(Vec::as_slice) {
                let (from, to): (IpAddr, IpAddr) = (from.as_str()?.parse().ok()?, to.as_str()?.parse().ok()?);
                return Some((from..=to).contains(&address));
            }
            let network: IpAddr = text.parse().ok()?;
            let full = if network.is_ipv4() { 32 } else { 128 };
            let length = u8::try_from(length.unwrap_or(full)).ok()?;
            Some(ipnetwork::IpNetwork::new(network, length).ok()?.contains(address))
        })
    }

    /// Whether one of the values is meant: a value, a set written there, or one with a name.
    fn any(&self, right: &Value, chain: &Map<String, Value>, is: &dyn Fn(&Value) -> Holds) -> Holds {
        let elements = match right {
            Value::Array(elements) => elements,
            Value::Object(object) if object.contains_key("set") => object.get("set")?.as_array()?,
            Value::String(name) if name.starts_with('@') => {
                let is_meant = |set: &&Map<String, Value>| {
                    ["family", "table"].iter().all(|key| set.get(*key) == chain.get(*key))
                        && set.get("name").and_then(Value::as_str) == name.get(1..)
                };
                match self.rules.sets.iter().find(is_meant)?.get("elem") {
                    Some(elements) => elements.as_array()?,
                    None => return Some(false),
                }
            }
            Value::Object(object) if object.contains_key("range") && !is_address_range(right) => {
                return None;
            }
            one => return is(one),
        };
        let mut found = Some(false);
        for element in elements {
            let element = element.get("elem").and_then(|elem| elem.get("val")).unwrap_or(element);
            match is(element) {
                Some(true) => return Some(true),
                Some(false) => {}
                None => found = None,
            }
        }
        found
    }
}

fn is_address_range(value: &Value) -> bool {
    let first = value.get("range").and_then(|range| range.get(0)).and_then(Value::as_str);
    first.is_some_and(|first| first.parse::<IpAddr>().is_ok())
}

/// Whether packets like this one pass a base chain.
fn concerns(chain: &Map<String, Value>, packet: &Packet) -> bool {
    let hook = string(chain, "hook");
    let is_v4 = packet.destination.is_ipv4();
    match string(chain, "family") {
        "netdev" => {
            let at = if packet.direction == Direction::In { "ingress" } else { "egress" };
            let device = chain.get("dev");
            let is_device = |it: &Value| it.as_str() == Some(&packet.interface);
            hook == at
                && device.is_some_and(|dev| {
                    is_device(dev) || dev.as_array().is_some_and(|it| it.iter().any(is_device))
                })
        }
        "ip" if !is_v4 => false,
        "ip6" if is_v4 => false,
        "ip" | "ip6" | "inet" => match packet.direction {
            Direction::In => matches!(hook, "prerouting" | "input"),
            Direction::Out => matches!(hook, "output" | "postrouting"),
        },
        _ => false,
    }
}

fn string<'a>(object: &'a Map<String, Value>, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn place(chain: &Map<String, Value>) -> String {
    format!("chain {} {} {}", string(chain, "family"), string(chain, "table"), string(chain, "name"))
}

fn describe(rule: &Map<String, Value>, chain: &Map<String, Value>) -> String {
    let handle =
        rule.get("handle").and_then(Value::as_u64).map(|it| format!(" (handle {it})")).unwrap_or_default();
    let comment = Some(string(rule, "comment")).filter(|it| !it.is_empty());
    let comment = comment.map(|it| format!(" \"{}\"", vipd_status::clean(it))).unwrap_or_default();
    format!("a rule{comment} of {}{handle}", place(chain))
}

/// `eth*` stands for all that begin so.
fn is_interface(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start))
}

fn word(value: &Value, wanted: &str) -> Holds {
    value.as_str().map(|text| text == wanted)
}

fn number(value: &Value, wanted: u64) -> Holds {
    value.as_u64().map(|number| number == wanted)
}

/// Chains that call each other; the kernel permits fewer.
const MAX_DEPTH: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(rules: &[&str], policy: &str) -> Ruleset {
        let rules: Vec<String> = rules
            .iter()
            .map(|expr| {
                format!(
                    r#"{{"rule":{{"family":"inet","table":"t","chain":"in","handle":4,"expr":[{expr}]}}}}"#
                )
            })
            .collect();
        let text = format!(
            r#"{{"nftables":[{{"metainfo":{{}}}},
            {{"chain":{{"family":"inet","table":"t","name":"in","type":"filter","hook":"input","prio":0,"policy":"{policy}"}}}},
            {{"chain":{{"family":"inet","table":"t","name":"sub"}}}},
            {{"set":{{"family":"inet","table":"t","name":"peers","elem":["10.0.0.9",{{"prefix":{{"addr":"192.0.2.0","len":24}}}}]}}}},
            {{"rule":{{"family":"inet","table":"t","chain":"sub","handle":9,"expr":[{{"drop":null}}]}}}}
            {}{}]}}"#,
            if rules.is_empty() { "" } else { "," },
            rules.join(",")
        );
        Ruleset::parse(&text).unwrap()
    }

    fn advert() -> Packet {
        Packet {
            direction: Direction::In,
            interface: "eth0".to_owned(),
            destination: "224.0.0.18".parse().unwrap(),
            source: None,
            protocol: 112,
        }
    }

    const PROTOCOL: &str = r#"{"match":{"op":"==","left":{"meta":{"key":"l4proto"}},"right":"vrrp"}}"#;
    const NUMBER: &str =
        r#"{"match":{"op":"==","left":{"payload":{"protocol":"ip","field":"protocol"}},"right":112}}"#;
    const TCP: &str =
        r#"{"match":{"op":"==","left":{"payload":{"protocol":"tcp","field":"dport"}},"right":22}}"#;
    const KNOWN: &str =
        r#"{"match":{"op":"in","left":{"ct":{"key":"state"}},"right":["established","related"]}}"#;
    const MARK: &str = r#"{"match":{"op":"==","left":{"meta":{"key":"mark"}},"right":7}}"#;
    const PEERS: &str =
        r#"{"match":{"op":"==","left":{"payload":{"protocol":"ip","field":"saddr"}},"right":"@peers"}}"#;
    const GROUP: &str = r#"{"match":{"op":"==","left":{"payload":{"protocol":"ip","field":"daddr"}},"right":{"prefix":{"addr":"224.0.0.0","len":4}}}}"#;
    const OTHER_LINK: &str = r#"{"match":{"op":"!=","left":{"meta":{"key":"iifname"}},"right":"eth1"}}"#;
    const DROP: &str = r#"{"drop":null}"#;
    const ACCEPT: &str = r#"{"accept":null}"#;

    #[test]
    fn the_first_rule_that_decides_counts() {
        let with = |exprs: &[&[&str]], policy: &str| {
            let exprs: Vec<String> = exprs.iter().map(|parts| parts.join(",")).collect();
            let exprs: Vec<&str> = exprs.iter().map(String::as_str).collect();
            rules(&exprs, policy).verdict(&advert())
        };
        let rule = || "a rule of chain inet t in (handle 4)".to_owned();
        let policy = || "the policy of chain inet t in".to_owned();
        let counter = r#"{"counter":{"packets":1,"bytes":2}}"#;
        let jump = r#"{"jump":{"target":"sub"}}"#;
        let vmap = r#"{"vmap":{}}"#;
        let table: &[(&[&[&str]], &str, Verdict)] = &[
            (&[], "accept", Verdict::Passes),
            (&[], "drop", Verdict::Drops(policy())),
            (&[&[PROTOCOL, counter, DROP]], "accept", Verdict::Drops(rule())),
            (&[&[NUMBER, DROP]], "accept", Verdict::Drops(rule())),
            (&[&[NUMBER, r#"{"reject":null}"#]], "accept", Verdict::Drops(rule())),
            (&[&[TCP, DROP]], "accept", Verdict::Passes),
            (&[&[PROTOCOL, ACCEPT], &[DROP]], "drop", Verdict::Passes),
            (&[&[GROUP, ACCEPT]], "drop", Verdict::Passes),
            (&[&[OTHER_LINK, DROP]], "accept", Verdict::Drops(rule())),
            (&[&[KNOWN, ACCEPT], &[TCP, ACCEPT]], "drop", Verdict::Drops(policy())),
            (&[&[MARK, ACCEPT]], "drop", Verdict::MayDrop(policy())),
            (&[&[PEERS, ACCEPT]], "drop", Verdict::MayDrop(policy())),
            (&[&[MARK, DROP]], "accept", Verdict::Passes),
            (&[&[PROTOCOL, r#"{"xt":{"type":"match","name":"comment"}}"#, DROP]], "accept", Verdict::Passes),
            (&[&[jump]], "accept", Verdict::Drops("a rule of chain inet t sub (handle 9)".to_owned())),
            (&[&[vmap]], "drop", Verdict::MayDrop(policy())),
        ];
        for (exprs, policy, expected) in table {
            assert_eq!(with(exprs, policy), *expected, "{exprs:?} {policy}");
        }
    }

    #[test]
    fn a_peer_is_known_by_its_address_and_other_ways_and_families_have_other_chains() {
        let only_peers = rules(&[&[PEERS, ACCEPT].join(",")], "drop");
        let from = |source: &str| Packet { source: source.parse().ok(), ..advert() };
        assert_eq!(only_peers.verdict(&from("192.0.2.7")), Verdict::Passes);
        assert_eq!(only_peers.verdict(&from("10.0.0.9")), Verdict::Passes);
        assert!(matches!(only_peers.verdict(&from("10.0.0.8")), Verdict::Drops(_)));
        let out = Packet { direction: Direction::Out, ..advert() };
        assert_eq!(rules(&[], "drop").verdict(&out), Verdict::Passes);
        let v6 = Packet { destination: "ff02::12".parse().unwrap(), ..advert() };
        assert_eq!(rules(&[&[NUMBER, DROP].join(",")], "accept").verdict(&v6), Verdict::Passes);
        assert!(matches!(rules(&[&[PROTOCOL, DROP].join(",")], "accept").verdict(&v6), Verdict::Drops(_)));
    }

    #[test]
    fn what_is_no_ruleset_is_none_and_a_loop_ends() {
        assert!(Ruleset::parse("").is_none() && Ruleset::parse("{}").is_none());
        let looped = r#"{"nftables":[
            {"chain":{"family":"ip","table":"t","name":"in","hook":"input","prio":0,"policy":"accept"}},
            {"rule":{"family":"ip","table":"t","chain":"in","expr":[{"jump":{"target":"in"}}]}}]}"#;
        assert_eq!(Ruleset::parse(looped).unwrap().verdict(&advert()), Verdict::Passes);
    }
}
