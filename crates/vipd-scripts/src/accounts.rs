//! Users and groups of scripts, looked up once for each reading of the configuration.

use std::collections::HashMap;
use std::ffi::CString;

use keepalived_conf::model::lvs::VirtualServer;
use keepalived_conf::model::{Command, Config, Notify, User};
use nix::unistd::{self, Gid, Uid, getgrouplist};
use serde::{Deserialize, Serialize};

use privsep::process::Credentials;
use privsep::rights::RunAs;

/// Accounts that the scripts of a configuration run as.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Accounts {
    default: DefaultUser,
    named: HashMap<User, Result<Credentials, AccountError>>,
    worker: Result<RunAs, AccountError>,
    /// The group that the control socket answers besides root.
    control_group: Result<Option<u32>, AccountError>,
}

/// The account of scripts without a user of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum DefaultUser {
    /// `keepalived_script` exists.
    KeepalivedScript(Credentials),
    /// It does not: the daemon's own account.
    Daemon(Credentials),
}

/// Why a script's user is nobody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum AccountError {
    /// No such user.
    #[error("user '{0}' does not exist")]
    NoUser(String),
    /// No such group.
    #[error("group '{0}' does not exist")]
    NoGroup(String),
}

impl Accounts {
    /// Looks up every user that the configuration names.
    pub fn of(config: &Config) -> Self {
        let scripts = config.scripts.iter().map(|script| &script.command);
        let notify = config.instances.iter().map(|instance| &instance.notify);
        let notify =
            notify.chain(config.sync_groups.iter().map(|group| &group.notify)).flat_map(notify_commands);
        let balancing = config.checks.iter().chain(config.virtual_servers.iter().flat_map(balancer_commands));
        let commands = scripts.chain(notify).chain(balancing).chain(config.global.daemon.commands());
        let users: Vec<Option<&User>> = commands.map(|command| command.user.as_ref()).collect();
        // Looking users up may mean to ask a directory service: only those that matter.
        let keepalived_script = || look_up(&User { user: DEFAULT_USER.to_owned(), group: None }).ok();
        let default = users.contains(&None).then(keepalived_script).flatten();
        Self {
            default: default.map_or(DefaultUser::Daemon(Credentials::own()), DefaultUser::KeepalivedScript),
            named: users.into_iter().flatten().map(|user| (user.clone(), look_up(user))).collect(),
            worker: worker(config.global.worker_user.as_deref()),
            control_group: control_group(config.global.daemon.control.group.as_deref()),
        }
    }

    /// The group whose members the control socket answers.
    pub fn control_group(&self) -> Option<u32> {
        self.control_group.as_ref().copied().unwrap_or_default()
    }

    /// Why that is none, although the configuration names one.
    pub fn control_group_error(&self) -> Option<&AccountError> {
        self.control_group.as_ref().err()
    }

    /// The account of workers.
    pub fn worker(&self) -> RunAs {
        self.worker.clone().unwrap_or(NOBODY)
    }

    /// Why workers do not run as `worker_user` says.
    pub fn worker_error(&self) -> Option<&AccountError> {
        self.worker.as_ref().err()
    }

    /// The account of a command with this user.
    pub fn find(&self, user: Option<&User>) -> Result<Credentials, AccountError> {
        match user {
            None => Ok(match &self.default {
                DefaultUser::KeepalivedScript(credentials) | DefaultUser::Daemon(credentials) => {
                    credentials.clone()
                }
            }),
            Some(user) => self.named.get(user).cloned().unwrap_or_else(|| look_up(user)),
        }
    }

    /// Whether scripts without a user of their own run as the daemon itself.
    pub(super) fn default_is_daemon(&self) -> bool {
        matches!(self.default, DefaultUser::Daemon(_))
    }
}

/// The user that the configuration names, else the first of the usual ones that exists.
fn worker(named: Option<&str>) -> Result<RunAs, AccountError> {
    let find = |name: &str| {
        let found = look_up(&User { user: name.to_owned(), group: None })?;
        Ok(RunAs { uid: found.uid.as_raw(), gid: found.gid.as_raw() })
    };
    match named {
        Some(name) => find(name),
        None => Ok(find(WORKER_USER).or_else(|_: AccountError| find("nobody")).unwrap_or(NOBODY)),
    }
}

fn control_group(named: Option<&str>) -> Result<Option<u32>, AccountError> {
    named.map(|name| group_id(name).map(Gid::as_raw)).transpose()
}

/// Every command of the `notify*` keywords, with the keyword.
pub fn notify_commands(notify: &Notify) -> impl Iterator<Item = &Command> {
    [
        notify.master.as_deref(),
        notify.backup.as_deref(),
        notify.fault.as_deref(),
        notify.stop.as_deref(),
        notify.deleted.as_ref().and_then(Option::as_deref),
        notify.any.as_deref(),
        notify.master_received_lower_priority.as_deref(),
    ]
    .into_iter()
    .flatten()
}

/// Every command of a virtual server and its real servers.
fn balancer_commands(server: &VirtualServer) -> impl Iterator<Item = &Command> {
    let quorum = [server.quorum_up.as_deref(), server.quorum_down.as_deref()];
    let servers =
        server.real_servers.iter().flat_map(|real| [real.notify_up.as_deref(), real.notify_down.as_deref()]);
    quorum.into_iter().chain(servers).flatten()
}

fn look_up(user: &User) -> Result<Credentials, AccountError> {
    let no_user = || AccountError::NoUser(user.user.clone());
    let by_name = unistd::User::from_name(&user.user).ok().flatten();
    let by_number = || user.user.parse().ok().map(Uid::from_raw);
    let uid = by_name.as_ref().map(|entry| entry.uid).or_else(by_number).ok_or_else(no_user)?;
    let entry = by_name.or_else(|| unistd::User::from_uid(uid).ok().flatten());
    let gid = match &user.group {
        Some(group) => group_id(group)?,
        // A number nobody knows has no group of its own; keepalived takes the same number.
        None => entry.as_ref().map_or(Gid::from_raw(uid.as_raw()), |entry| entry.gid),
    };
    let name = entry.and_then(|entry| CString::new(entry.name).ok());
    let groups = name.and_then(|name| getgrouplist(&name, gid).ok()).unwrap_or_else(|| vec![gid]);
    Ok(Credentials { uid, gid, groups })
}

fn group_id(group: &str) -> Result<Gid, AccountError> {
    let by_name = unistd::Group::from_name(group).ok().flatten().map(|entry| entry.gid);
    by_name
        .or_else(|| group.parse().ok().map(Gid::from_raw))
        .ok_or_else(|| AccountError::NoGroup(group.to_owned()))
}

/// Runs workers, if it exists and the configuration names no other user.
const WORKER_USER: &str = "vipd";

/// Where no file knows `nobody`.
const NOBODY: RunAs = RunAs { uid: 65_534, gid: 65_534 };

/// Runs scripts that name no user, if it exists.
pub(super) const DEFAULT_USER: &str = "keepalived_script";

#[cfg(test)]
mod tests {
    use super::*;

    fn user(user: &str, group: Option<&str>) -> User {
        User { user: user.to_owned(), group: group.map(str::to_owned) }
    }

    #[test]
    fn root_is_known_by_name_and_number() {
        let by_name = look_up(&user("root", None)).unwrap();
        assert!(by_name.uid.is_root() && by_name.gid.as_raw() == 0);
        assert_eq!(look_up(&user("0", Some("0"))).unwrap().uid, by_name.uid);
    }

    #[test]
    fn workers_run_as_the_named_user_and_never_as_root_unasked() {
        assert_eq!(worker(Some("root")), Ok(RunAs { uid: 0, gid: 0 }));
        assert_eq!(worker(Some("4711")), Ok(RunAs { uid: 4711, gid: 4711 }));
        assert_ne!(worker(None).unwrap().uid, 0);
        let unknown = worker(Some("no-such-user-here")).unwrap_err();
        assert_eq!(unknown.to_string(), "user 'no-such-user-here' does not exist");
    }

    #[test]
    fn an_unknown_user_or_group_is_named() {
        let error = look_up(&user("no-such-user-here", None)).unwrap_err();
        assert_eq!(error.to_string(), "user 'no-such-user-here' does not exist");
        let error = look_up(&user("root", Some("no-such-group"))).unwrap_err();
        assert_eq!(error.to_string(), "group 'no-such-group' does not exist");
    }
}
