//! Routers that accept no packets for their virtual addresses: the kernel drops them. [`Firewall`] decides
//! which; this carries it there, and says what does not work.

use std::io;
use std::os::fd::{AsRawFd, RawFd};

use vrrp_election::{Instant, RouterId, Standing};
use vrrp_linux::commands::kernel_keeps_comments;
use vrrp_linux::firewall::{
    Blocked, Family, Firewall, FirewallCommands, FirewallMonitor, Settings, Transaction,
};
use vrrp_linux::interfaces::Interfaces;
use vrrp_linux::mark::Mark;

use super::Worker;
use super::plan::{Plan, RouterPlan};
use super::wire::now;
use crate::ipc::LogLevel;

/// The machine and its sockets.
#[derive(Debug)]
pub(super) struct Filter {
    firewall: Firewall<RouterId>,
    /// Opened when they are needed first.
    commands: Option<FirewallCommands>,
    monitor: Option<FirewallMonitor>,
    /// There may be events that nobody will tell of again.
    unread: bool,
    /// The complaint that was logged last, so that it is logged once.
    said: Option<String>,
    /// When tables are looked at again.
    again: Option<Instant>,
    /// When they were looked at last.
    looked: Instant,
}

impl Filter {
    pub(super) fn new(mark: &Mark, plan: &Plan) -> Self {
        Self {
            firewall: Firewall::new(mark.number(), settings(plan)),
            commands: None,
            monitor: None,
            unread: false,
            said: None,
            again: None,
            looked: Instant::ZERO,
        }
    }

    /// A router serves.
    pub(super) fn close(&mut self, id: RouterId, router: &RouterPlan, plan: &Plan, interfaces: &Interfaces) {
        if router.accepts {
            self.firewall.release(id);
        } else {
            self.firewall.want(id, blocked(router, plan, interfaces));
        }
    }

    /// A router does not serve.
    pub(super) fn open(&mut self, id: RouterId) {
        self.firewall.release(id);
    }

    pub(super) fn renumber(&mut self, number: impl Fn(RouterId) -> Option<RouterId>) {
        self.firewall.rename(number);
    }

    pub(super) fn has_tasks(&self) -> bool {
        self.firewall.has_tasks()
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.again
    }

    pub(super) fn has_unread(&self) -> bool {
        self.unread
    }

    /// Reads what tables there are. Somebody else's are left alone.
    fn look(&mut self, mark: &Mark) -> io::Result<()> {
        let tables = self.commands()?.tables()?;
        self.firewall.handle_tables(&tables, &mark.abandoned(), kernel_keeps_comments());
        Ok(())
    }

    fn commands(&mut self) -> io::Result<&mut FirewallCommands> {
        match &mut self.commands {
            Some(commands) => Ok(commands),
            place => Ok(place.insert(FirewallCommands::open()?)),
        }
    }

    /// Has the kernel do this; gives what it refused.
    fn carry_out(&mut self, transactions: Vec<Transaction>) -> Option<String> {
        let mut complaint = None;
        for transaction in transactions {
            let Self { firewall, commands: Some(commands), .. } = self else { break };
            let answer = commands.carry_out(firewall, &transaction);
            let refusal = match answer {
                Ok(Ok(())) => None,
                Ok(Err(refusal)) => Some((refusal.errno, refusal.to_string())),
                Err(error) => Some((error.raw_os_error().unwrap_or(libc::EIO), error.to_string())),
            };
            self.firewall.handle_answer(&transaction, refusal.as_ref().map(|(errno, _)| *errno));
            // Where tables have to be looked at again, this is no refusal yet.
            if let Some((_, text)) = refusal.filter(|_| transaction.closes() && !self.firewall.must_look()) {
                complaint = Some(format!("{} ({text})", transaction.family()));
            }
        }
        complaint
    }

    /// Before addresses are set: those that accept no packets are closed.
    fn close_all(&mut self, mark: &Mark, now: Instant) -> Option<String> {
        let mut complaint = None;
        for _ in 0..ATTEMPTS {
            if self.firewall.must_look() && !self.firewall.is_idle() {
                self.looked = now;
                if let Err(error) = self.look(mark) {
                    self.again = Some(now + RETRY_GAP);
                    return self.firewall.is_needed().then(|| format!("IPv4 and IPv6 ({error})"));
                }
            }
            let transactions = self.firewall.before();
            if transactions.is_empty() {
                break;
            }
            complaint = self.carry_out(transactions);
        }
        if self.firewall.is_refused() {
            self.again = Some(now + RETRY_GAP);
        }
        complaint
    }
}

impl Worker {
    /// The configuration is another one: which tables are needed, and which routers accept packets.
    pub(super) fn arrange_filter(&mut self) {
        let plan = &self.plan;
        let families: Vec<_> = plan
            .routers
            .iter()
            .filter(|router| !router.accepts)
            .flat_map(|router| router.addresses.iter().map(|vip| Family::of(vip.spec.network.ip())))
            .collect();
        self.filter.firewall.configure(settings(plan), |family| families.contains(&family));
        for (id, router) in (0..).map(RouterId).zip(&plan.routers) {
            if self.node.standing(id) == Some(Standing::Active) {
                self.filter.close(id, router, plan, self.kernel.interfaces());
            }
        }
        if self.filter.firewall.is_needed() {
            self.hear_of_tables();
        }
    }

    /// From now on, what others do to the tables is heard of.
    fn hear_of_tables(&mut self) {
        if self.filter.monitor.is_some() {
            return;
        }
        let opened = FirewallMonitor::open().and_then(|monitor| {
            self.register_tables(monitor.as_raw_fd())?;
            Ok(monitor)
        });
        match opened {
            Ok(monitor) => self.filter.monitor = Some(monitor),
            Err(error) => {
                let text = format!("changes to nftables by others will not be noticed: {error}");
                self.parent.log(LogLevel::Warning, text);
            }
        }
    }

    fn register_tables(&self, fd: RawFd) -> io::Result<()> {
        let source = &mut mio::unix::SourceFd(&fd);
        self.poll.registry().register(source, super::TABLES, mio::Interest::READABLE)
    }

    /// Somebody changed a table.
    pub(super) fn read_table_events(&mut self) {
        let Filter { firewall, commands, monitor: Some(monitor), unread, looked, again, .. } =
            &mut self.filter
        else {
            return;
        };
        let port = commands.as_ref().map_or(0, FirewallCommands::port);
        let own: Vec<_> = firewall.own().collect();
        let heard = monitor.drain(port, &own.iter().copied());
        // Events that cannot be read may have been about our tables.
        let concerns_us = heard.as_ref().map_or(true, |heard| heard.concerns_us);
        *unread = heard.is_ok_and(|heard| heard.more);
        if !concerns_us || own.is_empty() {
            return;
        }
        let now = now();
        let due = *looked + RESTORE_GAP;
        if now < due {
            *again = Some(again.map_or(due, |again| again.min(due)));
            return;
        }
        firewall.distrust();
        let text = "another program changed or removed our nftables table; it is restored";
        self.parent.log(LogLevel::Warning, text.to_owned());
    }

    /// Tables that were refused, or changed again so soon.
    pub(super) fn retry_filter(&mut self, now: Instant) {
        if self.filter.again.take_if(|at| *at <= now).is_some() {
            self.filter.firewall.retry();
        }
    }

    /// Addresses that an earlier run closed stay so until they are gone from their interfaces.
    pub(super) fn look_for_tables(&mut self) {
        let Self { filter, kernel, plan, .. } = self;
        // Without nftables, there is none. If one is needed, that is said when it is made.
        if filter.look(kernel.mark()).is_err() || !filter.firewall.has_leftovers() {
            return;
        }
        let closed = plan.routers.iter().filter(|router| !router.accepts);
        let entries: Vec<_> = closed.flat_map(|router| blocked(router, plan, kernel.interfaces())).collect();
        filter.firewall.guard(entries);
    }

    /// Before addresses are set.
    pub(super) fn close_addresses(&mut self, now: Instant) {
        if !self.filter.has_tasks() {
            return;
        }
        let complaint = self.filter.close_all(self.kernel.mark(), now).map(|what| {
            format!(
                "cannot drop packets to the virtual addresses of {what}: they are accepted, against `no_accept` or \
                 `strict_mode`; it is tried again every {} s; nftables has to be in the kernel",
                RETRY_GAP.as_secs()
            )
        });
        let other = Family::ALL.into_iter().find_map(|family| self.filter.firewall.other_name(family));
        let complaint = complaint.or_else(|| {
            let (other, table) = (other?, &self.plan.config.global.nftables.table);
            Some(match other {
                "" => "packets to virtual addresses are accepted: others have made all tables of nftables whose names \
                       could be ours; give ours another name with `nftables NAME`"
                    .to_owned(),
                _ => format!(
                    "another program has made the table {table} of nftables; ours is {other}. If that program does not \
                     run any more, remove its table with `nft delete table`"
                ),
            })
        });
        if self.filter.said != complaint {
            if let Some(text) = &complaint {
                self.parent.log(LogLevel::Error, text.clone());
            }
            self.filter.said = complaint;
        }
    }

    /// After addresses were removed.
    pub(super) fn open_addresses(&mut self) {
        let transactions = self.filter.firewall.after();
        if !transactions.is_empty() {
            self.filter.carry_out(transactions);
        }
    }

    /// At the end nothing is left, unless addresses stay.
    pub(super) fn remove_tables(&mut self) {
        self.filter.firewall.rename(|_| None);
        self.filter.firewall.configure(settings(&self.plan), |_| false);
        if self.filter.firewall.must_look() && self.filter.look(self.kernel.mark()).is_err() {
            return;
        }
        self.open_addresses();
    }
}

fn settings(plan: &Plan) -> Settings {
    let nftables = &plan.config.global.nftables;
    let mut settings = Settings::new(nftables.table.as_str());
    (settings.priority, settings.counters) = (nftables.priority, nftables.counters);
    settings
}

/// The addresses of a router, as far as their interfaces are there.
fn blocked(router: &RouterPlan, plan: &Plan, interfaces: &Interfaces) -> Vec<Blocked> {
    let vips = router.addresses.iter().filter(|vip| !vip.native);
    vips.filter_map(|vip| {
        let interface = interfaces.by_name(plan.links.name(vip.link)?)?;
        Some(Blocked::new(vip.spec.network.ip(), interface.index))
    })
    .collect()
}

/// Attempts at a change that another program's changes get in the way of.
const ATTEMPTS: usize = 3;
/// After a refusal, the kernel is asked again so much later.
const RETRY_GAP: std::time::Duration = std::time::Duration::from_secs(10);
/// The least time between two restorations.
const RESTORE_GAP: std::time::Duration = std::time::Duration::from_secs(1);
