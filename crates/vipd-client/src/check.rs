//! `vipd status --check`: one exit status for probes.

use vipd_status::{State, Status};
use vipd_verbs::Want;

/// Whether all is well.
///
/// # Errors
/// The first thing that is not.
pub(super) fn check(status: &Status, name: Option<&str>, want: Option<Want>) -> Result<(), String> {
    // A process that hangs makes everything else in the answer old, or missing.
    for worker in &status.workers {
        if worker.silent {
            return Err(format!("the {} process does not answer", word(worker.role)));
        }
        if worker.pid.is_none() {
            return Err(format!("the {} process does not run", word(worker.role)));
        }
    }
    let instances: Vec<_> =
        status.instances.iter().filter(|instance| name.is_none_or(|name| instance.name == name)).collect();
    let services: Vec<_> =
        status.services.iter().filter(|service| name.is_none_or(|name| service.name == name)).collect();
    if let Some(name) = name
        && instances.is_empty()
        && services.is_empty()
    {
        return Err(format!("there is neither an instance nor a virtual server '{name}'"));
    }
    if want.is_some() && instances.is_empty() {
        return Err("there is no instance".to_owned());
    }
    for instance in instances {
        let is_right = match want {
            None | Some(Want::Any) => matches!(instance.state, State::Master | State::Backup),
            Some(Want::Master) => instance.state == State::Master,
            Some(Want::Backup) => instance.state == State::Backup,
        };
        if !is_right {
            return Err(format!("{} is {}", instance.name, instance.state.word()));
        }
    }
    match services.into_iter().find(|service| !service.up) {
        Some(service) => Err(format!("virtual server {} has no quorum", service.name)),
        None => Ok(()),
    }
}

fn word(role: vipd_status::Role) -> &'static str {
    match role {
        vipd_status::Role::Vrrp => "VRRP",
        vipd_status::Role::Lvs => "LVS",
        vipd_status::Role::Bfd => "BFD",
        vipd_status::Role::Watcher => "watcher",
        vipd_status::Role::Mailer => "mailer",
        vipd_status::Role::Web => "web",
        vipd_status::Role::Paths => "path",
    }
}

#[cfg(test)]
mod tests {
    use vipd_status::{Instance, Worker};

    use super::*;
    use crate::testing::status;

    fn with(states: &[(&str, State)]) -> Status {
        let instance =
            |&(name, state): &(&str, State)| Instance { name: name.to_owned(), state, ..Instance::default() };
        Status { instances: states.iter().map(instance).collect(), ..status() }
    }

    #[test]
    fn the_state_that_is_wanted_decides() {
        use State::{Backup, Fault, Master};
        let table = [
            (&[("A", Master), ("B", Backup)][..], None, true),
            (&[("A", Master), ("B", Backup)], Some(Want::Any), true),
            (&[("A", Master), ("B", Backup)], Some(Want::Master), false),
            (&[("A", Master)], Some(Want::Master), true),
            (&[("A", Master)], Some(Want::Backup), false),
            (&[("A", Fault)], None, false),
            (&[], None, true),
            (&[], Some(Want::Any), false),
        ];
        for (states, want, good) in table {
            assert_eq!(check(&with(states), None, want).is_ok(), good, "{states:?} {want:?}");
        }
    }

    #[test]
    fn a_name_leaves_the_others_out_and_an_unknown_one_is_an_error() {
        let status = with(&[("A", State::Master), ("B", State::Fault)]);
        assert_eq!(check(&status, Some("A"), None), Ok(()));
        assert_eq!(check(&status, Some("B"), None), Err("B is FAULT".to_owned()));
        assert!(check(&status, Some("C"), None).is_err());
    }

    #[test]
    fn a_worker_that_hangs_is_noticed_whatever_the_rest_says() {
        let mut status = with(&[("A", State::Master)]);
        let role = vipd_status::Role::Vrrp;
        status.workers = vec![Worker { role, pid: Some(7), restarts: 0, heard_ms: Some(1200), silent: true }];
        assert_eq!(check(&status, Some("A"), None), Err("the VRRP process does not answer".to_owned()));
        status.workers[0].silent = false;
        assert_eq!(check(&status, Some("A"), None), Ok(()));
        status.workers[0].pid = None;
        assert_eq!(check(&status, Some("A"), None), Err("the VRRP process does not run".to_owned()));
    }
}
