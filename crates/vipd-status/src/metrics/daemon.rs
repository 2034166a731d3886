//! Metrics of the daemon, its file and its worker processes.

use super::Tally;
use super::writer::{Kind, Writer};
use crate::{ReloadResult, Severity, Status, problems};

pub(super) fn write(writer: &mut Writer, status: &Status, tally: &Tally) {
    let daemon = &status.daemon;
    let version = [("version", daemon.version.as_str())];
    writer.family("vipd_info", Kind::Gauge, "Version of vipd; always 1.").series(&version, 1);
    let help = "Start of the daemon.";
    writer.family("vipd_start_time_seconds", Kind::Gauge, help).time(&[], daemon.start);
    config(writer, status, tally);
    workers(writer, status, tally);
    let mut found =
        writer.family("vipd_problems", Kind::Gauge, "Problems that `vipd status` names, by severity.");
    let problems = problems(status);
    for (severity, label) in
        [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Note, "note")]
    {
        let number = problems.iter().filter(|problem| problem.severity == severity).count();
        found.series(&[("severity", label)], number);
    }
    let help = "Events that the process that serves these metrics did not see.";
    writer.family("vipd_events_lost_total", Kind::Counter, help).series(&[], tally.lost);
    let help = "Notify scripts that could not be run or failed.";
    writer.family("vipd_notify_failures_total", Kind::Counter, help).series(&[], tally.notify);
    let help = "Virtual addresses and routes that somebody else removed and that were restored.";
    writer.family("vipd_restored_total", Kind::Counter, help).series(&[], tally.restored);
}

fn config(writer: &mut Writer, status: &Status, tally: &Tally) {
    let config = &status.daemon.config;
    let help = "Time at which the configuration that runs was loaded.";
    writer.family("vipd_config_loaded_timestamp_seconds", Kind::Gauge, help).time(&[], config.loaded);
    let help = "1 if the file was changed since it was loaded.";
    writer.family("vipd_config_stale", Kind::Gauge, help).flag(&[], config.stale);
    let good = config.last_reload.as_ref().is_none_or(|last| last.result == ReloadResult::Taken);
    let help = "1 if the last reload was taken, or there was none.";
    writer.family("vipd_config_last_reload_successful", Kind::Gauge, help).flag(&[], good);
    if let Some(last) = &config.last_reload {
        let help = "Time of the last reload, taken or not.";
        writer.family("vipd_config_last_reload_timestamp_seconds", Kind::Gauge, help).time(&[], last.at);
    }
    if let Some(until) = config.confirm_until {
        let help = "Time at which a reload is undone unless it is confirmed.";
        writer.family("vipd_config_confirm_until_timestamp_seconds", Kind::Gauge, help).time(&[], until);
    }
    let mut reloads = writer.family("vipd_reloads_total", Kind::Counter, "Reloads, by their result.");
    for (label, number) in ["taken", "refused", "undone"].iter().zip(tally.reloads) {
        reloads.series(&[("result", label)], number);
    }
}

fn workers(writer: &mut Writer, status: &Status, tally: &Tally) {
    let help = "1 if the worker process runs and answers.";
    let mut up = writer.family("vipd_worker_up", Kind::Gauge, help);
    for worker in &status.workers {
        up.flag(&[("role", worker.role.word())], worker.pid.is_some() && !worker.silent);
    }
    let help = "Time since the worker process was last heard.";
    let mut age = writer.family("vipd_worker_heartbeat_age_seconds", Kind::Gauge, help);
    for worker in &status.workers {
        if let Some(ms) = worker.heard_ms {
            age.millis(&[("role", worker.role.word())], ms);
        }
    }
    let help = "Worker processes that were started anew.";
    let mut restarts = writer.family("vipd_worker_restarts_total", Kind::Counter, help);
    for worker in &status.workers {
        restarts.series(&[("role", worker.role.word())], worker.restarts);
    }
    let mut events =
        writer.family("vipd_worker_events_total", Kind::Counter, "Ends and starts of worker processes.");
    for (role, number) in &tally.workers {
        events.series(&[("role", role.word())], number);
    }
}
