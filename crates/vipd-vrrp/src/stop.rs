//! The stop: addresses are given to other machines if that is configured, then everything is let go.

use vrrp_linux::sysctl;

use super::Worker;
use super::kernel::want_links;
use super::perform::{self, Release};
use super::wire::now;
use crate::ipc::{FromWorker, LogLevel};

impl Worker {
    /// SIGTERM: a service manager that ends all processes of the daemon at once sends it beside the parent's message,
    /// so that it never counts as a second request.
    pub(super) fn hear_signal(&mut self) {
        if self.parent.was_terminated() && !self.departs {
            self.prepare_stop();
        }
    }

    /// The parent says stop. The second time, nobody waits for other machines any more.
    pub(super) fn told_to_stop(&mut self) {
        if std::mem::replace(&mut self.told_to_stop, true) {
            self.stopped = true;
        } else if !self.departs {
            self.prepare_stop();
        }
    }

    /// Stops, but serves on until other machines have taken over if the configuration says so (`stop_handover`).
    fn prepare_stop(&mut self) {
        let within = self.plan.config.global.stop_handover;
        if within.is_zero() || self.keep_addresses {
            self.stopped = true;
            return;
        }
        self.departs = true;
        self.node.handle_departure(now(), within);
        if self.node.is_departing() {
            let text =
                format!("serving until other machines have taken over, {within:?} at most (stop_handover)");
            self.parent.log(LogLevel::Info, text);
        }
    }

    /// Priority 0, addresses off, STOP told, and out.
    pub(super) fn stop(mut self) {
        self.node.handle_stop(now());
        self.perform_all(if self.keep_addresses { Release::Keep } else { Release::Remove });
        self.clean_before_the_end();
        if !self.keep_addresses {
            want_links(&mut self.kernel, &mut self.parent, &[], false);
        }
        if !self.keep_addresses {
            self.kernel.release_statics();
            // It logs what goes wrong.
            let _ = perform::carry_out(&mut self.kernel, &mut self.parent);
            self.remove_tables();
        }
        for (name, before) in std::mem::take(&mut self.sysctls) {
            // The interface may be gone; then there is nothing to restore.
            let _ = sysctl::set(sysctl::Family::V4, &name, "promote_secondaries", before);
        }
        self.parent.send(&FromWorker::Stopped);
        self.parent.say_goodbye();
    }
}
