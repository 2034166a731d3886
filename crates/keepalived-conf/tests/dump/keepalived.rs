//! keepalived's dump: run it, read it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::{Fields, Meaning};

const PROGRAM: &str = "/usr/sbin/keepalived";

/// Whether keepalived can be run here; says so if not.
pub(crate) fn is_there(test: &str) -> bool {
    let why = if !Path::new(PROGRAM).exists() {
        "keepalived is not installed"
    } else if read(
        "vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n10.0.0.1\n}\n}\n",
    )
    .is_none()
    {
        "keepalived does not run in namespaces of its own (root is needed)"
    } else {
        return true;
    };
    println!("\nSKIPPED {test}: {why}");
    false
}

/// keepalived's reading; `None` if it does not run with that.
pub(crate) fn read(text: &str) -> Option<Meaning> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("keepalived-dump-{}-{number}.conf", std::process::id()));
    std::fs::write(&path, text).unwrap();
    let dump = run(&path, text);
    std::fs::remove_file(&path).unwrap();
    dump.map(|lines| parse(&lines))
}

/// The lines of the dump.
fn run(path: &Path, text: &str) -> Option<Vec<String>> {
    let script = format!(
        "mount -t tmpfs none /run; ip link set lo up; {}exec {PROGRAM} -n -l -d -P -G -f {}",
        interfaces(text),
        path.display()
    );
    let mut child = Command::new("unshare")
        .args(["--net", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", &script])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    let output = BufReader::new(child.stderr.take()?);
    let (sender, receiver) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        for line in output.split(b'\n') {
            let Ok(line) = line else { break };
            if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                break;
            }
        }
    });
    let limit = Instant::now() + Duration::from_secs(8);
    let mut lines = Vec::new();
    let complete = loop {
        match receiver.recv_timeout(limit.saturating_duration_since(Instant::now())) {
            Ok(line) if line.contains("------< Interfaces >") => break true,
            Ok(line) => lines.push(line),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break false,
        }
    };
    let _ = child.kill();
    let _ = child.wait();
    drop(receiver);
    let _ = reader.join();
    complete.then_some(lines)
}

/// Makes every interface that the text may name.
fn interfaces(text: &str) -> String {
    let words: BTreeSet<&str> = text.split(|c: char| c.is_whitespace() || "{}\"".contains(c)).collect();
    let is_interface = |word: &&&str| {
        ["eth", "ens", "bond", "enp"].iter().any(|kind| word.starts_with(kind))
            && word.len() < 15
            && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '.')
    };
    let mut script = String::new();
    for (number, name) in words
        .iter()
        .filter(is_interface)
        .chain(["eth0"].iter().filter(|_| !words.contains("eth0")))
        .enumerate()
    {
        let _ = write!(
            script,
            "ip link add {name} type veth peer name p{number}x; ip link set {name} up; ip link set p{number}x up; \
             ip addr add 10.255.{number}.1/24 dev {name}; ip addr add fe80::{}/64 dev {name} nodad; ",
            number + 1
        );
    }
    script
}

fn parse(lines: &[String]) -> Meaning {
    let mut meaning = Meaning::new();
    let (mut section, mut current, mut list) = (String::new(), None::<String>, None::<String>);
    for line in lines {
        // "Tue Dec  1 00:24:38 2026: "
        let Some(line) = line.get(26..).filter(|_| line.get(24..26) == Some(": ")) else { continue };
        if let Some(name) = line.strip_prefix("------< ") {
            name.trim_end_matches(" >------").clone_into(&mut section);
            (current, list) = (None, None);
            continue;
        }
        // The other process logs to the same place.
        if !line.starts_with(' ') {
            continue;
        }
        let kind = match &*section {
            "VRRP Topology" => "instance",
            "VRRP Scripts" => "script",
            "VRRP Sync groups" => "group",
            _ => continue,
        };
        let indent = line.len() - line.trim_start().len();
        let text = line.trim();
        if indent == 1 {
            let name = text.rsplit(" = ").next().unwrap_or_default();
            // Behind the name of a group stands its state.
            let name = if kind == "group" { name.split(',').next().unwrap_or_default() } else { name };
            current = Some(format!("{kind} {name}"));
            list = None;
            meaning.insert(format!("{kind} {name}"), Fields::new());
            continue;
        }
        let Some(fields) = current.as_ref().and_then(|name| meaning.get_mut(name)) else { continue };
        if let (Some(list), true) = (&list, indent > 3) {
            let entries = fields.entry(list.clone()).or_default();
            let _ = write!(entries, "{};", entry(text));
            continue;
        }
        list = None;
        if let Some((name, value)) = text.split_once(" = ") {
            field(fields, name, value);
        } else if let Some(group) = text.strip_prefix("Multicast address ") {
            field(fields, "Multicast address", group.split(',').next().unwrap_or_default());
        } else if let Some(name) = text.strip_suffix(':') {
            list = list_name(name);
        } else if text == "sync group tracking weight set" {
            field(fields, "Tracking weight", "set");
        } else if text == "Enforcing strict VRRP compliance" {
            field(fields, "Strict", "yes");
        } else if let Some(value) = text.strip_prefix("Check unicast src : ") {
            field(fields, "Check unicast src", value);
        }
    }
    for fields in meaning.values_mut() {
        // Without a timeout of its own the interval is it.
        if fields.get("Timeout").is_some_and(|timeout| timeout == "0 sec") {
            let interval = fields.get("Interval").cloned().unwrap_or_default();
            fields.insert("Timeout".to_owned(), interval);
        }
    }
    meaning
}

fn list_name(name: &str) -> Option<String> {
    let name = name.split('(').next().unwrap_or(name).trim();
    let lists = [
        "Virtual IP",
        "Virtual IP Excluded",
        "Unicast Peer",
        "Tracked interfaces",
        "Tracked scripts",
        "VRRP member instances",
    ];
    lists.contains(&name).then(|| name.to_owned())
}

/// An entry of a list, in one form.
fn entry(text: &str) -> String {
    text.replace(" preferred_lft forever", "")
        .replace(" deprecated", " preferred_lft 0")
        .replace(" min_ttl 0 max_ttl 255", "")
}

/// Fields that are compared, their values in one form.
fn field(fields: &mut Fields, name: &str, value: &str) {
    const IGNORED: &[&str] = &[
        "Number of config faults",
        "Using src_ip",
        "Password",
        "Notify priority changes",
        "Unicast checksum compatibility",
        "Result",
        "Insecure",
        "Init state",
        "Status",
        "State",
        "Unicast TTL",
    ];
    if IGNORED.contains(&name) {
        return;
    }
    let number = |unit: &str| value.strip_suffix(unit).and_then(|number| number.trim().parse::<f64>().ok());
    let value = match name {
        "Advert interval" => match (number("milli-sec"), number("sec")) {
            (Some(milliseconds), _) => format!("{milliseconds} ms"),
            (None, Some(seconds)) => format!("{} ms", seconds * 1000.0),
            (None, None) => value.to_owned(),
        },
        "Preempt delay" => {
            number("secs").map_or(value.to_owned(), |seconds| format!("{} ms", seconds * 1000.0))
        }
        _ => value.to_owned(),
    };
    fields.insert(name.to_owned(), value);
}
