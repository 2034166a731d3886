//! Readings of configurations, beside keepalived's own.
//!
//! keepalived prints its reading (`-d`); the same fields are made from the model and compared, one by one. It runs
//! in namespaces of its own, with made-up interfaces, for a fraction of a second a file. Where it is missing, or
//! namespaces cannot be had, the tests say SKIPPED. Deliberate differences are listed in [`differences`], with reasons.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod differences;
mod generate;
mod keepalived;
mod ours;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use differences::{DIFFERENCES, Difference};

/// Reading of one instance or script: a text for each field, under keepalived's names.
pub(crate) type Fields = BTreeMap<String, String>;

/// A whole configuration, by `instance NAME` and `script NAME`.
pub(crate) type Meaning = BTreeMap<String, Fields>;

#[test]
fn generated_instances_mean_what_they_mean_to_keepalived() {
    if !keepalived::is_there("generated_instances_mean_what_they_mean_to_keepalived") {
        return;
    }
    let cases = generate::cases();
    assert!(cases.len() > 400, "only {} cases", cases.len());
    let mut comparison = Comparison::default();
    for some in cases.chunks(100) {
        comparison.cases(some);
    }
    comparison.report();
    let is_expected = |difference: &&Difference| cases.iter().any(|case| (difference.when)(case));
    let unused: Vec<_> = DIFFERENCES
        .iter()
        .filter(is_expected)
        .map(|difference| difference.why)
        .filter(|why| !comparison.used.contains(why))
        .collect();
    assert!(unused.is_empty(), "differences that are none any more: {unused:?}");
}

/// Of `global_defs` the last word counts, for what stands above it too.
#[test]
fn globals_count_wherever_they_stand_as_they_do_for_keepalived() {
    if !keepalived::is_there("globals_count_wherever_they_stand_as_they_do_for_keepalived") {
        return;
    }
    let mut comparison = Comparison::default();
    let instance = "vrrp_script c {\nscript /bin/true\n}\nvrrp_instance V {\ninterface eth0\nvirtual_router_id 1\n\
        notify_master /bin/true\ntrack_script {\nc\n}\nvirtual_ipaddress {\n10.0.0.1/24\n}\n}\n";
    for (first, last) in generate::GLOBALS {
        let block = |line: &str| format!("global_defs {{\n{line}\n}}\n");
        let texts = [
            format!("{}{instance}", block(last)),
            format!("{instance}{}", block(last)),
            format!("{}{instance}{}", block(first), block(last)),
            format!("{instance}{}", block(&format!("{first}\n{last}"))),
        ];
        for text in texts {
            comparison.whole(&text, &text);
        }
    }
    assert_eq!(comparison.files, generate::GLOBALS.len() * 4);
    comparison.report();
}

#[test]
fn sync_groups_mean_what_they_mean_to_keepalived() {
    if !keepalived::is_there("sync_groups_mean_what_they_mean_to_keepalived") {
        return;
    }
    let instance = |name: &str, number: u8, lines: &str| {
        format!(
            "vrrp_instance {name} {{\ninterface eth0\nvirtual_router_id {number}\n{lines}\nvirtual_ipaddress \
             {{\n10.0.0.{number}/24\n}}\n}}\n"
        )
    };
    let tracks = "track_interface {\neth8 weight 10\neth9\n}\ntrack_script {\nc\nw\nv weight 5\n}";
    let scripts = "vrrp_script c {\nscript /bin/true\n}\nvrrp_script w {\nscript /bin/true\nweight 20\n}\n\
                   vrrp_script v {\nscript /bin/true\n}\n";
    let mut comparison = Comparison::default();
    for (of_a, of_b, of_group) in [
        ("", "", ""),
        (tracks, "", ""),
        (tracks, "", "sync_group_tracking_weight"),
        (tracks, "", "global_tracking"),
        ("", tracks, "smtp_alert\nnotify /bin/true\nnotify_master \"/bin/echo x\"\nnotify_stop /bin/true"),
        ("", "", tracks),
        ("priority 255", "priority 255", ""),
        ("priority 255", "priority 150", ""),
        ("state MASTER\npriority 150", "state MASTER\npriority 150", ""),
    ] {
        let (a, b) = (instance("A", 1, of_a), instance("B", 2, of_b));
        let group = format!("vrrp_sync_group G {{\ngroup {{\nB\nA\n}}\n{of_group}\n}}\n");
        let globals = "global_defs {\nscript_user root\n}\n";
        comparison.whole(&format!("{of_a}|{of_b}|{of_group}"), &format!("{globals}{scripts}{group}{a}{b}"));
    }
    assert_eq!(comparison.files, 9);
    comparison.report();
}

#[test]
fn examples_mean_what_they_mean_to_keepalived() {
    if !keepalived::is_there("examples_mean_what_they_mean_to_keepalived") {
        return;
    }
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = [
        manifest.join("test_data/model"),
        manifest.join("../../examples"),
        Path::new("/usr/share/doc/keepalived/samples").to_owned(),
    ];
    let mut comparison = Comparison::default();
    for folder in folders {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            println!("SKIPPED {}: not there", folder.display());
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            if !name.contains(".conf") || name.ends_with(".expected") || !text.contains("vrrp_instance") {
                continue;
            }
            // Nothing acts on these yet.
            if text.contains("use_vmac") {
                continue;
            }
            comparison.file(&name, &text);
        }
    }
    assert!(comparison.files >= 6, "only {} files", comparison.files);
    comparison.report();
}

struct Comparison {
    files: usize,
    wrong: Vec<String>,
    used: BTreeSet<&'static str>,
    deadline: Instant,
}

impl Default for Comparison {
    fn default() -> Self {
        let deadline = Instant::now() + Duration::from_secs(50);
        Self { files: 0, wrong: Vec::new(), used: BTreeSet::new(), deadline }
    }
}

impl Comparison {
    /// Compares cases in one file; one that keepalived does not run is looked for by halves.
    fn cases(&mut self, cases: &[String]) {
        assert!(Instant::now() < self.deadline, "keepalived takes too long; {} left", cases.len());
        let text = generate::file(cases);
        let ours = ours::read(&text);
        match (keepalived::read(&text), cases) {
            (Some(theirs), _) => {
                self.files += 1;
                for (index, case) in cases.iter().enumerate() {
                    let of = |meaning: &Meaning, what: &str| meaning.get(&format!("{what}{index}")).cloned();
                    for what in ["instance V", "script s"] {
                        self.compare(case, what, of(&theirs, what), of(&ours.meaning, what));
                    }
                }
            }
            (None, [case]) => {
                if ours.is_usable {
                    self.differs(case, "usable", "no", "yes");
                }
            }
            (None, _) => {
                let (first, second) = cases.split_at(cases.len() / 2);
                self.cases(first);
                self.cases(second);
            }
        }
    }

    fn file(&mut self, name: &str, text: &str) {
        let ours = ours::read(text);
        let Some(theirs) = keepalived::read(text) else {
            println!("SKIPPED {name}: keepalived does not run it");
            return;
        };
        self.files += 1;
        let names: BTreeSet<_> = theirs.keys().chain(ours.meaning.keys()).collect();
        // The programs of examples do not exist, so keepalived has forgotten the scripts.
        let without_scripts = |fields: &Fields| {
            let kept = fields.iter().filter(|(name, _)| !name.contains("script"));
            kept.map(|(name, value)| (name.clone(), value.clone())).collect::<Fields>()
        };
        for what in names.into_iter().filter(|what| !what.starts_with("script")) {
            let of = |meaning: &Meaning| meaning.get(what).map(without_scripts);
            self.compare(&format!("{name}, {what}"), "", of(&theirs), of(&ours.meaning));
        }
    }

    /// Compares all instances and scripts of a file.
    fn whole(&mut self, case: &str, text: &str) {
        let (ours, Some(theirs)) = (ours::read(text), keepalived::read(text)) else {
            return self.differs(case, "runs", "no", "");
        };
        self.files += 1;
        let names: BTreeSet<_> = theirs.keys().chain(ours.meaning.keys()).collect();
        for what in names {
            self.compare(case, what, theirs.get(what).cloned(), ours.meaning.get(what).cloned());
        }
    }

    fn compare(&mut self, case: &str, what: &str, theirs: Option<Fields>, ours: Option<Fields>) {
        let (theirs, ours) = match (theirs, ours) {
            (None, None) => return,
            (Some(theirs), Some(ours)) => (theirs, ours),
            (theirs, ours) => {
                let is_there = |fields: Option<Fields>| if fields.is_some() { "there" } else { "absent" };
                return self.differs(case, what, is_there(theirs), is_there(ours));
            }
        };
        let names: BTreeSet<_> = theirs.keys().chain(ours.keys()).collect();
        for field in names {
            let value = |of: &Fields| of.get(field).cloned().unwrap_or_default();
            let (theirs, ours) = (value(&theirs), value(&ours));
            if theirs != ours {
                self.differs(case, field, &theirs, &ours);
            }
        }
    }

    fn differs(&mut self, case: &str, field: &str, theirs: &str, ours: &str) {
        let on_purpose = DIFFERENCES.iter().find(|known| known.fields.contains(&field) && (known.when)(case));
        match on_purpose {
            Some(known) => drop(self.used.insert(known.why)),
            None => self.wrong.push(format!("{field}: keepalived {theirs:?}, ours {ours:?}\n{case}")),
        }
    }

    fn report(&self) {
        assert!(
            self.wrong.is_empty(),
            "{} of these:\n{}",
            self.wrong.len(),
            self.wrong.iter().take(40).cloned().collect::<Vec<_>>().join("\n\n")
        );
    }
}
