//! The user of scripts that name none of their own.
//!
//! `script_user` counts for the whole file, wherever it stands, and the last one wins: keepalived reads `global_defs`
//! before anything else. So commands are read without it, and it is filled in at the end.

use crate::model::{Command, Config, Notify};

/// Gives `script_user` to every command without a user of its own, those that nothing runs included.
pub(super) fn fill_in(config: &mut Config, idle_commands: &mut [(&'static str, Command)]) {
    let Some(user) = config.global.script_user.clone() else { return };
    let idle = idle_commands.iter_mut().map(|(_keyword, command)| command);
    for command in commands(config).chain(idle) {
        command.user.get_or_insert_with(|| user.clone());
    }
}

/// Every command of a configuration.
fn commands(config: &mut Config) -> impl Iterator<Item = &mut Command> {
    let scripts = config.scripts.iter_mut().map(|script| &mut script.command);
    let notify = config.instances.iter_mut().map(|instance| &mut instance.notify);
    let notify =
        notify.chain(config.sync_groups.iter_mut().map(|group| &mut group.notify)).flat_map(notify_commands);
    let fifos = config.global.fifos.iter_mut().filter_map(|fifo| fifo.script.as_mut());
    let balancing = config.virtual_servers.iter_mut().flat_map(|server| {
        let quorum = [&mut server.quorum_up, &mut server.quorum_down].into_iter();
        let reals = server.real_servers.iter_mut();
        quorum
            .chain(reals.flat_map(|real| [&mut real.notify_up, &mut real.notify_down]))
            .filter_map(Option::as_deref_mut)
    });
    let daemon = config
        .global
        .daemon
        .commands_mut()
        .filter_map(|(_keyword, timed)| Some(&mut timed.as_mut()?.command));
    scripts.chain(notify).chain(fifos).chain(daemon).chain(config.checks.iter_mut()).chain(balancing)
}

fn notify_commands(notify: &mut Notify) -> impl Iterator<Item = &mut Command> {
    // Taken apart, so that a command that is added is not forgotten here.
    let Notify { master, backup, fault, stop, deleted, any, master_received_lower_priority } = notify;
    let always = [master, backup, fault, stop, any, master_received_lower_priority];
    always.into_iter().chain(deleted.as_mut()).filter_map(Option::as_deref_mut)
}
