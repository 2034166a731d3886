//! The place of one worker: the process in it, if one runs, and when the next is started.

use std::ops::{Index, IndexMut};
use std::path::PathBuf;
use std::time::Instant;

use keepalived_conf::model::mail::Mail;
use keepalived_conf::model::{Config, Global};
use mio::Token;

use super::holdings::Holdings;
use super::pid_file::PidFile;
use super::respawn::Respawn;
use super::worker::{Worker, WorkerProgram};
use crate::ipc::{Generation, Memory};
use crate::log::Voice;

/// What a worker is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Role {
    /// The election and its addresses.
    Vrrp,
    /// Checkers and the kernel's load balancer.
    Lvs,
}

impl Role {
    /// Every role, in the order of starts and stops.
    pub(super) const ALL: [Self; 2] = [Self::Vrrp, Self::Lvs];

    /// keepalived's name of the process in the log.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Vrrp => "VRRP",
            Self::Lvs => "Healthcheck",
        }
    }

    /// The part of the configuration that this worker needs.
    pub(super) fn part(self, config: &Config) -> Config {
        match self {
            Self::Vrrp => Config {
                global: global(config),
                scripts: config.scripts.clone(),
                instances: config.instances.clone(),
                virtual_servers: Vec::new(),
                checks: Vec::new(),
                init_files: Vec::new(),
            },
            Self::Lvs => Config {
                global: global(config),
                scripts: Vec::new(),
                instances: Vec::new(),
                virtual_servers: config.virtual_servers.clone(),
                checks: config.checks.clone(),
                init_files: Vec::new(),
            },
        }
    }

    /// Whether a configuration has something to do for this worker.
    pub(super) fn has_work(self, config: &Config) -> bool {
        match self {
            Self::Vrrp => !config.instances.is_empty(),
            Self::Lvs => !config.virtual_servers.is_empty() || config.global.lvs.sync_daemon.is_some(),
        }
    }

    /// Who speaks when such a worker does.
    pub(super) fn voice(self, pid: u32) -> Voice {
        match self {
            Self::Vrrp => Voice::Vrrp(pid),
            Self::Lvs => Voice::Lvs(pid),
        }
    }

    pub(super) fn token(self) -> Token {
        match self {
            Self::Vrrp => Token(1),
            Self::Lvs => Token(2),
        }
    }
}

/// `global_defs` without what only the parent needs: the password of the mail server is nobody else's.
fn global(config: &Config) -> Global {
    Global { mail: Mail::default(), ..config.global.clone() }
}

/// The place of one worker.
#[derive(Debug)]
pub(super) struct Post {
    pub(super) program: WorkerProgram,
    pub(super) worker: Option<Worker>,
    pub(super) respawn: Respawn,
    pub(super) respawn_at: Option<Instant>,
    pub(super) pid_path: PathBuf,
    pub(super) pid_file: Option<PidFile>,
    /// The generation the worker runs; `None` before it said so.
    pub(super) running: Option<Generation>,
    /// The generation that the worker was last told to run.
    pub(super) sent: Option<Generation>,
    /// How often a worker died of the reload under way.
    pub(super) deaths: u8,
    /// The last worker here did not stop in order: its state is still in the kernel.
    pub(super) left_behind: bool,
    pub(super) holdings: Holdings,
    /// What workers here wanted their successor to know.
    pub(super) memory: Memory,
}

impl Post {
    pub(super) fn new(program: WorkerProgram, pid_path: PathBuf) -> Self {
        Self {
            program,
            worker: None,
            respawn: Respawn::default(),
            respawn_at: None,
            pid_path,
            pid_file: None,
            running: None,
            sent: None,
            deaths: 0,
            left_behind: false,
            holdings: Holdings::default(),
            memory: Memory::default(),
        }
    }

    /// The worker, unless it is on its way out.
    pub(super) fn serving(&mut self) -> Option<&mut Worker> {
        self.worker.as_mut().filter(|worker| worker.is_serving())
    }

    /// Whether a worker is there that is not on its way out.
    pub(super) fn is_serving(&self) -> bool {
        self.worker.as_ref().is_some_and(Worker::is_serving)
    }

    /// When this post needs attention next.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let kill_at = self.worker.as_ref().and_then(|worker| worker.kill_at);
        [kill_at, self.respawn_at].into_iter().flatten().min()
    }
}

/// One post for each role.
#[derive(Debug)]
pub(super) struct Posts {
    pub(super) vrrp: Post,
    pub(super) lvs: Post,
}

impl Posts {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Post> {
        [&self.vrrp, &self.lvs].into_iter()
    }

    /// Process ids of the workers.
    pub(super) fn pids(&self) -> impl Iterator<Item = u32> {
        self.iter().filter_map(|post| post.worker.as_ref().map(Worker::pid))
    }
}

impl Index<Role> for Posts {
    type Output = Post;

    fn index(&self, role: Role) -> &Post {
        match role {
            Role::Vrrp => &self.vrrp,
            Role::Lvs => &self.lvs,
        }
    }
}

impl IndexMut<Role> for Posts {
    fn index_mut(&mut self, role: Role) -> &mut Post {
        match role {
            Role::Vrrp => &mut self.vrrp,
            Role::Lvs => &mut self.lvs,
        }
    }
}
