//! Arrows between the crates of the workspace point down only.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::run::metadata;

/// The crates of the workspace that a crate may use.
struct Allowed {
    name: &'static str,
    /// In what is built of it.
    uses: &'static [&'static str],
    /// In its tests, examples and benches too.
    tests_use: &'static [&'static str],
}

/// All of them, those that know least first. A crate may only use crates above it here.
const ALLOWED: [Allowed; 44] = [
    Allowed { name: "vrrp-proto", uses: &[], tests_use: &[] },
    Allowed { name: "vipd-testing", uses: &[], tests_use: &[] },
    Allowed { name: "privsep", uses: &[], tests_use: &["vipd-testing"] },
    Allowed { name: "vipd-log", uses: &[], tests_use: &["vipd-testing"] },
    Allowed { name: "bfd-session", uses: &[], tests_use: &[] },
    Allowed { name: "netlink-frame", uses: &[], tests_use: &[] },
    Allowed { name: "smtp-submit", uses: &[], tests_use: &[] },
    Allowed { name: "keepalived-conf", uses: &[], tests_use: &[] },
    Allowed { name: "vipd-status", uses: &[], tests_use: &[] },
    Allowed { name: "vipd-verbs", uses: &[], tests_use: &[] },
    Allowed { name: "vipd-control", uses: &["vipd-status"], tests_use: &[] },
    Allowed { name: "vipd-web", uses: &["vipd-status", "vipd-verbs"], tests_use: &[] },
    Allowed { name: "vrrp-capture", uses: &["vrrp-proto"], tests_use: &[] },
    Allowed { name: "vrrp-election", uses: &["vrrp-proto"], tests_use: &[] },
    Allowed { name: "vrrp-sim", uses: &["vrrp-proto", "vrrp-election"], tests_use: &[] },
    Allowed { name: "vrrp-linux", uses: &["netlink-frame"], tests_use: &[] },
    Allowed { name: "ipvs-netlink", uses: &["netlink-frame"], tests_use: &[] },
    Allowed { name: "lvs-health", uses: &["smtp-submit"], tests_use: &[] },
    Allowed {
        name: "vipd-ipc",
        uses: &["keepalived-conf", "vipd-status", "privsep", "vipd-log", "vrrp-election", "vrrp-linux"],
        tests_use: &[],
    },
    Allowed {
        name: "vipd-supervisor",
        uses: &["keepalived-conf", "privsep", "vipd-log", "vrrp-election", "vipd-ipc"],
        tests_use: &[],
    },
    Allowed {
        name: "vipd-watcher",
        uses: &["keepalived-conf", "privsep", "vrrp-linux", "lvs-health", "vipd-ipc"],
        tests_use: &[],
    },
    Allowed {
        name: "vipd-mailer",
        uses: &["smtp-submit", "keepalived-conf", "privsep", "lvs-health", "vipd-ipc"],
        tests_use: &[],
    },
    Allowed {
        name: "vipd-bfd",
        uses: &["bfd-session", "keepalived-conf", "vipd-log", "vrrp-linux", "vipd-ipc"],
        tests_use: &[],
    },
    Allowed {
        name: "vipd-lvs",
        uses: &[
            "keepalived-conf",
            "vipd-status",
            "privsep",
            "vipd-log",
            "vrrp-election",
            "vrrp-linux",
            "ipvs-netlink",
            "lvs-health",
            "vipd-ipc",
        ],
        tests_use: &["vipd-testing"],
    },
    Allowed {
        name: "vipd-vrrp",
        uses: &[
            "vrrp-proto",
            "keepalived-conf",
            "vipd-status",
            "vipd-control",
            "privsep",
            "vipd-log",
            "vrrp-election",
            "vrrp-linux",
            "vipd-ipc",
        ],
        tests_use: &[],
    },
    Allowed { name: "vipd-cli", uses: &["keepalived-conf", "vipd-verbs", "vipd-log"], tests_use: &[] },
    Allowed { name: "vipd-genhash", uses: &["lvs-health", "vipd-cli", "vipd-lvs"], tests_use: &[] },
    Allowed {
        name: "vipd-peers",
        uses: &["vrrp-proto", "keepalived-conf", "vrrp-election", "vrrp-sim", "vipd-cli", "vipd-vrrp"],
        tests_use: &[],
    },
    Allowed { name: "vipd-scripts", uses: &["keepalived-conf", "privsep"], tests_use: &["vipd-testing"] },
    Allowed {
        name: "vipd-checks",
        uses: &["keepalived-conf", "privsep", "vipd-ipc", "vipd-scripts"],
        tests_use: &[],
    },
    Allowed {
        name: "vipd-notify",
        uses: &["keepalived-conf", "privsep", "vipd-log", "vrrp-election", "vipd-ipc", "vipd-scripts"],
        tests_use: &[],
    },
    Allowed {
        name: "vipd-web-process",
        uses: &["vipd-status", "vipd-control", "vipd-web", "privsep"],
        tests_use: &[],
    },
    Allowed { name: "vipd-capture", uses: &["vrrp-capture", "vrrp-sim", "vrrp-linux"], tests_use: &[] },
    Allowed {
        name: "vipd-probe",
        uses: &[
            "keepalived-conf",
            "vipd-status",
            "privsep",
            "vrrp-linux",
            "lvs-health",
            "vipd-ipc",
            "vipd-lvs",
            "vipd-scripts",
        ],
        tests_use: &[],
    },
    Allowed { name: "vipd-doctor", uses: &["keepalived-conf", "vipd-status", "vrrp-linux"], tests_use: &[] },
    Allowed {
        name: "vipd-client",
        uses: &[
            "vrrp-election",
            "vipd-status",
            "vipd-control",
            "vipd-verbs",
            "vipd-cli",
            "vipd-capture",
            "vipd-doctor",
            "vipd-probe",
            "keepalived-conf",
        ],
        tests_use: &["vrrp-proto", "vrrp-sim"],
    },
    Allowed { name: "vip-lab", uses: &["vrrp-linux"], tests_use: &[] },
    Allowed { name: "vipd-demo", uses: &["keepalived-conf", "vrrp-linux", "vip-lab"], tests_use: &[] },
    Allowed {
        name: "vipd",
        uses: &[
            "privsep",
            "vipd-log",
            "smtp-submit",
            "keepalived-conf",
            "vrrp-election",
            "vrrp-linux",
            "vipd-status",
            "vipd-control",
            "vipd-verbs",
            "vipd-ipc",
            "vipd-supervisor",
            "vipd-watcher",
            "vipd-mailer",
            "vipd-bfd",
            "vipd-lvs",
            "vipd-vrrp",
            "vipd-cli",
            "vipd-genhash",
            "vipd-peers",
            "vipd-scripts",
            "vipd-checks",
            "vipd-notify",
            "vipd-web-process",
            "vipd-doctor",
            "vipd-client",
            "vipd-demo",
        ],
        tests_use: &["vrrp-proto", "vip-lab", "vipd-testing"],
    },
    // They build and start the daemon as any other program, and do not depend on it.
    Allowed { name: "vipd-bench", uses: &["vip-lab"], tests_use: &[] },
    Allowed { name: "vipd-examples", uses: &["vrrp-proto", "vrrp-election"], tests_use: &[] },
    Allowed { name: "bare-metal-node", uses: &["vrrp-proto", "vrrp-election"], tests_use: &[] },
    Allowed { name: "tokio-router", uses: &["vrrp-proto", "vrrp-election"], tests_use: &[] },
    Allowed { name: "xtask", uses: &["keepalived-conf", "vipd-verbs"], tests_use: &[] },
];

/// Says what points in a wrong direction; gives whether nothing does.
pub(crate) fn check() -> bool {
    let wrong = match metadata() {
        Ok(metadata) => wrong(&metadata),
        Err(error) => vec![format!("cargo metadata: {error}")],
    };
    for line in &wrong {
        eprintln!("dependencies: {line}");
    }
    println!("==> dependencies between crates: {}", if wrong.is_empty() { "ok" } else { "FAILED" });
    wrong.is_empty()
}

/// Sentences about dependencies that the table does not allow, and about crates that it does not know.
fn wrong(metadata: &Value) -> Vec<String> {
    let packages = metadata.get("packages").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let text =
        |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let ours: BTreeSet<String> = packages.iter().map(|package| text(package, "name")).collect();
    let mut wrong: Vec<String> = Vec::new();
    for Allowed { name, .. } in ALLOWED.iter().filter(|allowed| !ours.contains(allowed.name)) {
        wrong.push(format!("the workspace has no crate {name}; remove it from the table"));
    }
    for package in packages {
        let name = text(package, "name");
        let Some(allowed) = ALLOWED.iter().find(|allowed| allowed.name == name) else {
            wrong.push(format!(
                "{name} is not in the table of crates; add it with the crates that it may use"
            ));
            continue;
        };
        let dependencies = package.get("dependencies").and_then(Value::as_array);
        for dependency in dependencies.into_iter().flatten() {
            let used = text(dependency, "name");
            let in_tests = text(dependency, "kind") == "dev";
            let may = allowed.uses.contains(&used.as_str())
                || in_tests && (allowed.tests_use.contains(&used.as_str()) || used == name);
            if ours.contains(&used) && !may {
                let place = if in_tests { "in its tests" } else { "at all" };
                wrong.push(format!("{name} must not use {used} {place}"));
            }
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_arrow_of_this_workspace_points_down() {
        assert_eq!(wrong(&metadata().unwrap()), Vec::<String>::new());
    }

    #[test]
    fn a_crate_may_only_use_crates_that_stand_above_it_in_the_table() {
        for (place, allowed) in ALLOWED.iter().enumerate() {
            for used in allowed.uses.iter().chain(allowed.tests_use) {
                let above = ALLOWED.iter().take(place).any(|other| other.name == *used);
                assert!(above, "{} uses {used}", allowed.name);
            }
        }
    }

    #[test]
    fn an_arrow_that_points_up_is_found_in_tests_too() {
        let dependency = |name: &str, kind: Option<&str>| json!({ "name": name, "kind": kind });
        let mut packages: Vec<Value> =
            ALLOWED.iter().map(|allowed| json!({ "name": allowed.name, "dependencies": [] })).collect();
        packages.push(json!({ "name": "vrrp-new", "dependencies": [] }));
        packages.retain(|package| package["name"] != "vrrp-proto" && package["name"] != "vrrp-sim");
        packages.push(json!({ "name": "vrrp-sim", "dependencies": [
            dependency("vrrp-election", None), dependency("vipd", Some("dev")), dependency("serde", None),
        ]}));
        packages.push(json!({ "name": "vrrp-proto", "dependencies": [
            dependency("vrrp-proto", Some("dev")), dependency("vrrp-election", None),
        ]}));
        assert_eq!(
            wrong(&json!({ "packages": packages })),
            [
                "vrrp-new is not in the table of crates; add it with the crates that it may use",
                "vrrp-sim must not use vipd in its tests",
                "vrrp-proto must not use vrrp-election at all",
            ]
        );
    }
}
