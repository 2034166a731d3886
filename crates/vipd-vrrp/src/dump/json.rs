//! The state as JSON, with keepalived's keys.

use std::time::Duration;

use keepalived_conf::model::{Preempt, VrrpInstance};
use serde_json::{Map, Value, json};
use vrrp_election::{Standing, VirtualRouter};

use super::{View, quoted, routing};
use crate::plan::YIELDING_ADVERT;

impl View<'_> {
    pub(super) fn json(&self) -> Value {
        let instance = self.instance;
        let seconds = |duration: Duration| json!(duration.as_secs_f64());
        let active_interval =
            self.node.router(self.id).map_or(instance.advert_interval, VirtualRouter::active_interval);
        let mut data = Map::new();
        let mut put = |key: &str, value: Value| _ = data.insert(key.to_owned(), value);
        put("iname", json!(instance.name));
        put("dont_track_primary", json!(u8::from(instance.dont_track_primary)));
        put("skip_check_adv_addr", json!(u8::from(instance.skip_check_adv_addr)));
        put("strict_mode", json!(u8::from(instance.strict)));
        put("vmac_ifname", json!(self.own_link().unwrap_or("")));
        put("ifp_ifname", json!(self.own_link().or(instance.interface.as_deref()).unwrap_or("")));
        let master = self.router().and_then(VirtualRouter::obeys);
        put("master_priority", json!(master.map_or(0, |master| master.priority.get())));
        put("last_transition", seconds(self.record.last_transition));
        put("garp_delay", json!(instance.garp.delay.as_secs()));
        put("garp_refresh", json!(instance.garp.refresh.as_secs()));
        put("garp_rep", json!(instance.garp.repeat));
        put("garp_refresh_rep", json!(instance.garp.refresh_repeat));
        put("garp_lower_prio_delay", json!(instance.garp.lower_priority_delay.as_secs()));
        put("garp_lower_prio_rep", json!(instance.garp.lower_priority_repeat));
        put("lower_prio_no_advert", json!(u8::from(instance.lower_priority_no_advert)));
        put(
            "higher_prio_send_advert",
            json!(u8::from(instance.higher_priority_send_advert.unwrap_or(YIELDING_ADVERT))),
        );
        put("vrid", json!(instance.vrid));
        put("base_priority", json!(instance.priority));
        put("effective_priority", json!(self.effective_priority()));
        put("vipset", json!(self.standing == Standing::Active));
        put("promote_secondaries", json!(instance.promote_secondaries));
        put("adver_int", seconds(instance.advert_interval));
        put("master_adver_int", seconds(active_interval));
        put("accept", json!(u8::from(instance.accept)));
        put("nopreempt", json!(instance.preempt == Preempt::Never));
        put("preempt_delay", seconds(preempt_delay(instance)));
        put("state", json!(state_number(self.standing)));
        put("wantstate", json!(state_number(self.standing)));
        put("version", json!(instance.version));
        put("smtp_alert", json!(instance.smtp_alert));
        put("notify_deleted", json!(instance.notify.deleted.is_some()));
        for (key, command) in [
            ("script_backup", &instance.notify.backup),
            ("script_master", &instance.notify.master),
            ("script_fault", &instance.notify.fault),
            ("script_stop", &instance.notify.stop),
            ("script", &instance.notify.any),
        ] {
            if let Some(command) = command {
                put(key, json!(quoted(command)));
            }
        }
        put("vips", json!(self.address_lines(&instance.addresses)));
        put("evips", json!(self.address_lines(&instance.excluded_addresses)));
        for (key, lines) in [("vroutes", routing::routes(instance)), ("vrules", routing::rules(instance))] {
            if !lines.is_empty() {
                put(key, json!(lines));
            }
        }
        let interfaces: Vec<_> = instance.track_interfaces.iter().map(|track| &track.interface).collect();
        put("track_ifp", json!(interfaces));
        let scripts =
            instance.track_scripts.iter().filter_map(|track| self.plan.config.scripts.get(track.script));
        put("track_script", json!(scripts.map(|script| quoted(&script.command)).collect::<Vec<_>>()));
        let processes = instance.track_processes.iter();
        let processes = processes.filter_map(|track| self.plan.config.track_processes.get(track.index));
        let processes: Vec<_> = processes.map(|process| &process.name).collect();
        if !processes.is_empty() {
            put("track_process", json!(processes));
        }
        json!({ "data": data, "stats": self.json_stats() })
    }

    fn json_stats(&self) -> Value {
        let counters = &self.counters;
        let mut stats = Map::new();
        let mut put = |key: &str, value: u64| _ = stats.insert(key.to_owned(), json!(value));
        put("advert_rcvd", counters.adverts_received);
        put("advert_sent", counters.adverts_sent);
        put("become_master", counters.became_active);
        put("release_master", counters.released_active);
        for name in [
            "packet_len_err",
            "advert_interval_err",
            "ip_ttl_err",
            "invalid_type_rcvd",
            "addr_list_err",
            "invalid_authtype",
            "authtype_mismatch",
            "auth_failure",
            "auth_ext_missing",
            "auth_ext_malformed",
            "auth_ext_unknown_key",
            "auth_ext_invalid_hmac",
            "auth_ext_stale",
            "auth_ext_replay",
        ] {
            put(name, self.rejected(name));
        }
        put("pri_zero_rcvd", counters.priority_zero_received);
        put("pri_zero_sent", counters.priority_zero_sent);
        Value::Object(stats)
    }
}

fn preempt_delay(instance: &VrrpInstance) -> Duration {
    match instance.preempt {
        Preempt::After(delay) => delay,
        Preempt::Never | Preempt::AtOnce => Duration::ZERO,
    }
}

const fn state_number(standing: Standing) -> u8 {
    match standing {
        Standing::Waiting | Standing::Stopped => 0,
        Standing::Backup => 1,
        Standing::Active => 2,
        Standing::Fault => 3,
    }
}
