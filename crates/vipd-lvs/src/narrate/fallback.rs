//! Lines about a service that is short of servers: backup servers, `panic_threshold`, passive detection.

use lvs_health::director::{ServerId, ServiceId};

use super::{Teller, about_service, info};
use crate::ipc::LogLevel;
use crate::log::{EventKind, Field, LogLine};

impl Teller<'_> {
    /// A server whose new connections are not completed, in per cent of them and of its neighbours'; `None`: cleared.
    pub(super) fn outlier(&self, server: ServerId, shares: Option<(u8, u8)>) -> LogLine {
        let (name, about) = (self.both(server), self.about(EventKind::Weight, server));
        let Some((unfinished, neighbours)) = shares else {
            let text = format!("{name} is no longer suspected: its checks prove it again");
            return info(text).about(about);
        };
        let share = self.plan.virtual_server(server.service).and_then(|server| server.outlier_weight);
        let what = match share {
            Some(percent @ 0..100) => {
                format!("it has {percent} % of its weight until its checks prove it again (outlier_weight)")
            }
            _ => "it keeps its weight (outlier_weight could lower it)".to_owned(),
        };
        let text = format!(
            "{unfinished} % of the new connections to {name} are not completed, {neighbours} % at its neighbours: {what}"
        );
        LogLine::new(LogLevel::Warning, text).about(about)
    }

    pub(super) fn panics(&self, service: ServiceId, panics: bool) -> Option<LogLine> {
        let name = self.service(service);
        let status = self.director.service_status(service)?;
        let (alive, all) = (status.alive, status.servers);
        let line = if panics {
            let text = format!(
                "Only {alive} of {all} services of VS {name} are up, fewer than panic_threshold: those that failed are used as well"
            );
            LogLine::new(LogLevel::Warning, text)
        } else {
            info(format!(
                "{alive} of {all} services of VS {name} are up: those that failed are no longer used"
            ))
        };
        let to = if panics { "failed_servers" } else { "servers" };
        Some(line.about(about_service(EventKind::Fallback, name).with(Field::To, to)))
    }

    pub(super) fn backups(&self, id: ServiceId, serving: bool) -> LogLine {
        let service = self.service(id);
        if serving {
            let text =
                format!("The services of VS {service} give no quorum: its backup services are used as well");
            return LogLine::new(LogLevel::Warning, text);
        }
        let text =
            format!("The services of VS {service} give a quorum: its backup services are no longer used");
        info(text)
    }
}
