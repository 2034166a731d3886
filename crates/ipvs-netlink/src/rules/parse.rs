//! From rules to changes and tables.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use super::flag_names;
use super::words::Words;
use crate::{
    Change, Destination, Family, Forwarding, Persistence, PersistenceEngine, Scheduler, Service,
    ServiceFlags, ServiceKey, Table, Thresholds, Tunnel, TunnelChecksum,
};

/// An error in a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// The first word is none of `-A`, `-E`, `-D`, `-a`, `-e`, `-d` and their long names.
    #[error("`{word}` is no command that changes the table")]
    Command {
        /// The word.
        word: String,
    },
    /// An option that this command does not have.
    #[error("unknown option `{option}`")]
    Option {
        /// The option.
        option: String,
    },
    /// An option lacks its value, or the value makes no sense.
    #[error("`{option}` takes {expected}, not `{value}`")]
    Value {
        /// The option.
        option: String,
        /// The values that it takes.
        expected: &'static str,
        /// The value that was there; empty if none was.
        value: String,
    },
    /// No `-t`, `-u`, `--sctp-service` or `-f`.
    #[error("the rule names no service")]
    NoService,
    /// No `-r`.
    #[error("the rule names no real server")]
    NoServer,
    /// A rule for a server of a service that no earlier rule added.
    #[error("no earlier rule adds {key}")]
    UnknownService {
        /// The service.
        key: ServiceKey,
    },
}

/// An error in a list of rules, and its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {error}")]
pub struct RulesError {
    /// The line, from 1.
    pub line: usize,
    /// The error.
    pub error: RuleError,
}

/// Reads what `ipvsadm --save -n` wrote, or any list of rules for `ipvsadm --restore`; empty lines and lines that begin
/// with `#` are skipped. Names of hosts and ports are not looked up.
impl FromStr for Table {
    type Err = RulesError;

    fn from_str(text: &str) -> Result<Self, RulesError> {
        let mut table = Self::new();
        for (index, line) in text.lines().enumerate() {
            let line_number = |error| RulesError { line: index + 1, error };
            let rule = line.trim();
            if rule.is_empty() || rule.starts_with('#') {
                continue;
            }
            if matches!(rule, "-C" | "--clear") {
                table = Self::new();
                continue;
            }
            let change: Change = rule.parse().map_err(line_number)?;
            let needs_service = change.destination_address().is_some();
            if needs_service && table.service(&change.key()).is_none() {
                return Err(line_number(RuleError::UnknownService { key: change.key() }));
            }
            change.apply_to(&mut table);
        }
        Ok(table)
    }
}

/// Reads one rule: the arguments of a call of ipvsadm that changes the table.
///
/// ```
/// use ipvs_netlink::Change;
///
/// let change: Change = "-e -t 192.0.2.1:80 -r 10.0.0.1 -m -w 0".parse()?;
/// assert_eq!(change.to_string(), "set destination 10.0.0.1:80 NAT weight 0 of [192.0.2.1]:tcp:80");
/// # Ok::<(), ipvs_netlink::RuleError>(())
/// ```
impl FromStr for Change {
    type Err = RuleError;

    fn from_str(line: &str) -> Result<Self, RuleError> {
        let mut words = Words::new(line);
        let command = words.option().unwrap_or_default();
        let mut rule = Rule::default();
        match command {
            "-A" | "--add-service" => Ok(Self::AddService(rule.read(words, Rule::of_service)?.service()?)),
            "-E" | "--edit-service" => Ok(Self::SetService(rule.read(words, Rule::of_service)?.service()?)),
            "-D" | "--delete-service" => Ok(Self::RemoveService(rule.read(words, Rule::of_key)?.key()?)),
            "-a" | "--add-server" => {
                let (service, destination) = rule.read(words, Rule::of_server)?.destination()?;
                Ok(Self::AddDestination { service, destination })
            }
            "-e" | "--edit-server" => {
                let (service, destination) = rule.read(words, Rule::of_server)?.destination()?;
                Ok(Self::SetDestination { service, destination })
            }
            "-d" | "--delete-server" => {
                let (service, destination) = rule.read(words, Rule::of_server)?.destination()?;
                Ok(Self::RemoveDestination { service, address: destination.address })
            }
            word => Err(RuleError::Command { word: word.to_owned() }),
        }
    }
}

/// The options of a rule.
#[derive(Debug, Default)]
struct Rule<'a> {
    key: Option<ServiceKey>,
    is_ipv6: bool,
    scheduler: Option<Scheduler>,
    timeout: Option<Duration>,
    mask: Option<&'a str>,
    engine: Option<PersistenceEngine>,
    one_packet: bool,
    flags: Option<&'a str>,
    server: Option<&'a str>,
    method: Method,
    tunnel_type: TunnelType,
    tunnel_port: u16,
    checksum: TunnelChecksum,
    weight: Option<u32>,
    thresholds: Thresholds,
}

#[derive(Debug, Default, Clone, Copy)]
enum Method {
    #[default]
    DirectRoute,
    Nat,
    Tunnel,
}

#[derive(Debug, Default, Clone, Copy)]
enum TunnelType {
    #[default]
    Ipip,
    Gue,
    Gre,
}

/// Takes an option and gives whether the command has it.
type Take<'a> = fn(&mut Rule<'a>, &str, &mut Words<'a>) -> Result<bool, RuleError>;

impl<'a> Rule<'a> {
    fn read(&mut self, mut words: Words<'a>, take: Take<'a>) -> Result<&mut Self, RuleError> {
        while let Some(option) = words.option() {
            let is_known = Self::of_key(self, option, &mut words)? || take(self, option, &mut words)?;
            if !is_known || words.left_over().is_some() {
                return Err(RuleError::Option { option: option.to_owned() });
            }
        }
        Ok(self)
    }

    fn of_key(&mut self, option: &str, words: &mut Words<'a>) -> Result<bool, RuleError> {
        let make = match option {
            "-t" | "--tcp-service" => ServiceKey::tcp,
            "-u" | "--udp-service" => ServiceKey::udp,
            "--sctp-service" => ServiceKey::sctp,
            "-f" | "--fwmark-service" => {
                let mark = number(option, words, "a mark from 1 to 4294967295")?;
                self.key = ServiceKey::fwmark(Family::V4, mark);
                return self.key.map(|_| true).ok_or_else(|| value(option, "a mark above 0", "0"));
            }
            "-6" | "--ipv6" => {
                self.is_ipv6 = true;
                return Ok(true);
            }
            _ => return Ok(false),
        };
        let text = words.value().unwrap_or_default();
        let address = endpoint(text, 0).ok_or_else(|| value(option, "an address and a port", text))?;
        self.key = Some(make(address));
        Ok(true)
    }

    fn of_service(&mut self, option: &str, words: &mut Words<'a>) -> Result<bool, RuleError> {
        match option {
            "-s" | "--scheduler" => self.scheduler = Some(parsed(option, words, "a scheduler")?),
            "-p" | "--persistent" => {
                let seconds = words.optional_value().unwrap_or(DEFAULT_TIMEOUT);
                let seconds = seconds.parse().map_err(|_| value(option, "seconds", seconds))?;
                self.timeout = Some(Duration::from_secs(seconds));
            }
            "-M" | "--netmask" => self.mask = words.value(),
            "--pe" => self.engine = Some(parsed(option, words, "a persistence engine")?),
            "-o" | "--ops" => self.one_packet = true,
            "-b" | "--sched-flags" => self.flags = words.value(),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn of_server(&mut self, option: &str, words: &mut Words<'a>) -> Result<bool, RuleError> {
        match option {
            "-r" | "--real-server" => self.server = words.value(),
            "-g" | "--gatewaying" => self.method = Method::DirectRoute,
            "-m" | "--masquerading" => self.method = Method::Nat,
            "-i" | "--ipip" => self.method = Method::Tunnel,
            "--tun-type" => {
                self.tunnel_type = match words.value().unwrap_or_default() {
                    "ipip" => TunnelType::Ipip,
                    "gue" => TunnelType::Gue,
                    "gre" => TunnelType::Gre,
                    other => return Err(value(option, "ipip, gue or gre", other)),
                };
            }
            "--tun-port" => self.tunnel_port = parsed(option, words, "a port")?,
            "--tun-nocsum" => self.checksum = TunnelChecksum::None,
            "--tun-csum" => self.checksum = TunnelChecksum::Full,
            "--tun-remcsum" => self.checksum = TunnelChecksum::Remote,
            "-w" | "--weight" => self.weight = Some(number(option, words, "a weight from 0 to 2147483647")?),
            "-x" | "--u-threshold" => {
                self.thresholds.upper = number(option, words, "a number of connections")?;
            }
            "-y" | "--l-threshold" => {
                self.thresholds.lower = number(option, words, "a number of connections")?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn key(&self) -> Result<ServiceKey, RuleError> {
        match self.key {
            Some(ServiceKey::Fwmark { mark, .. }) if self.is_ipv6 => {
                Ok(ServiceKey::Fwmark { family: Family::V6, mark })
            }
            Some(key) => Ok(key),
            None => Err(RuleError::NoService),
        }
    }

    fn service(&mut self) -> Result<Service, RuleError> {
        let key = self.key()?;
        let mut service = Service::new(key, self.scheduler.take().unwrap_or(Scheduler::WLC));
        service.flags = self.service_flags(&service.scheduler)?;
        let is_persistent = self.timeout.is_some() || self.engine.is_some();
        service.persistence = if is_persistent { Some(self.persistence(key.family())?) } else { None };
        Ok(service)
    }

    fn service_flags(&self, scheduler: &Scheduler) -> Result<ServiceFlags, RuleError> {
        let mut flags = ServiceFlags::empty();
        flags.set(ServiceFlags::ONE_PACKET, self.one_packet);
        for name in self.flags.into_iter().flat_map(|names| names.split(',')) {
            let known = flag_names(scheduler).into_iter().chain(PLAIN_FLAGS);
            let Some((flag, _)) = known.into_iter().find(|(_, known)| *known == name) else {
                return Err(value("-b", "switches of the scheduler", name));
            };
            flags |= flag;
        }
        Ok(flags)
    }

    fn persistence(&mut self, family: Family) -> Result<Persistence, RuleError> {
        let timeout = self.timeout.unwrap_or(Duration::from_secs(300));
        let mut persistence = Persistence::new(family, timeout);
        if let Some(mask) = self.mask {
            let bits = prefix_len(family, mask);
            persistence.prefix_len = bits.ok_or_else(|| value("-M", "a netmask or prefix length", mask))?;
            persistence.mask = mask.parse().ok().filter(|mask: &Ipv4Addr| {
                family == Family::V4 && mask.to_bits().leading_ones() != mask.to_bits().count_ones()
            });
        }
        persistence.engine = self.engine.take();
        Ok(persistence)
    }

    fn destination(&self) -> Result<(ServiceKey, Destination), RuleError> {
        let key = self.key()?;
        let default_port = match key {
            ServiceKey::Address { address, .. } => address.port(),
            ServiceKey::Fwmark { .. } => 0,
        };
        let server = self.server.ok_or(RuleError::NoServer)?;
        let address = endpoint(server, default_port).ok_or_else(|| value("-r", "an address", server))?;
        let destination = Destination::new(address, self.forwarding())
            .with_weight(self.weight.unwrap_or(1))
            .with_thresholds(self.thresholds);
        Ok((key, destination))
    }

    fn forwarding(&self) -> Forwarding {
        let (port, checksum) = (self.tunnel_port, self.checksum);
        match (self.method, self.tunnel_type) {
            (Method::DirectRoute, _) => Forwarding::DirectRoute,
            (Method::Nat, _) => Forwarding::Nat,
            (Method::Tunnel, TunnelType::Ipip) => Forwarding::IPIP,
            (Method::Tunnel, TunnelType::Gue) => Forwarding::Tunnel(Tunnel::Gue { port, checksum }),
            (Method::Tunnel, TunnelType::Gre) => Forwarding::Tunnel(Tunnel::Gre { checksum }),
        }
    }
}

/// The time of `-p` without a number: 300 seconds, as in ipvsadm.
const DEFAULT_TIMEOUT: &str = "300";

/// Names that hold for every scheduler.
const PLAIN_FLAGS: [(ServiceFlags, &str); 3] =
    [(ServiceFlags::SCHED_1, "flag-1"), (ServiceFlags::SCHED_2, "flag-2"), (ServiceFlags::SCHED_3, "flag-3")];

fn value(option: &str, expected: &'static str, value: &str) -> RuleError {
    RuleError::Value { option: option.to_owned(), expected, value: value.to_owned() }
}

fn parsed<T: FromStr>(option: &str, words: &mut Words<'_>, expected: &'static str) -> Result<T, RuleError> {
    let text = words.value().unwrap_or_default();
    text.parse().map_err(|_| value(option, expected, text))
}

/// A number of 31 bits at most for weights, which the kernel counts with a sign.
fn number(option: &str, words: &mut Words<'_>, expected: &'static str) -> Result<u32, RuleError> {
    let text = words.value().unwrap_or_default();
    let is_weight = matches!(option, "-w" | "--weight");
    let number: Option<u32> = text.parse().ok();
    let fits = number.filter(|number| !is_weight || i32::try_from(*number).is_ok());
    fits.ok_or_else(|| value(option, expected, text))
}

/// `192.0.2.1:80`, `192.0.2.1`, `[2001:db8::1]:80`, `[2001:db8::1]`.
fn endpoint(text: &str, default_port: u16) -> Option<SocketAddr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address: IpAddr = bare.parse().ok()?;
    Some(SocketAddr::new(address, default_port))
}

/// A prefix length from the leading ones of a mask (IPv4) or a number (IPv6).
fn prefix_len(family: Family, mask: &str) -> Option<u8> {
    match family {
        Family::V4 => {
            let mask = u32::from(mask.parse::<Ipv4Addr>().ok()?);
            u8::try_from(mask.leading_ones()).ok()
        }
        Family::V6 => mask.parse().ok().filter(|bits| (1..=128).contains(bits)),
    }
}
