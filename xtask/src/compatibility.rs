//! COMPATIBILITY.md, written from the keyword table, so that it cannot disagree with the parser.

use std::fmt::Write as _;
use std::fs;

use keepalived_conf::keywords::{self, Context, Keyword, LINE, Status};

use crate::run::workspace;

/// Writes the file.
pub(crate) fn write() -> bool {
    let path = workspace().join(FILE);
    match fs::write(&path, text()) {
        Ok(()) => true,
        Err(error) => {
            eprintln!("{}: {error}", path.display());
            false
        }
    }
}

/// Whether the file says what the table says.
pub(crate) fn check() -> bool {
    let same = fs::read_to_string(workspace().join(FILE)).is_ok_and(|found| found == text());
    if !same {
        eprintln!("{FILE} is not what the keyword table says: run `cargo xtask compatibility`");
    }
    same
}

const FILE: &str = "COMPATIBILITY.md";

fn text() -> String {
    let mut text = String::from(INTRODUCTION);
    let count = |wanted: fn(Status) -> bool| keywords::all().filter(|keyword| wanted(keyword.status)).count();
    let acting = count(|status| matches!(status, Status::Acts));
    // Writing to a string cannot fail.
    let reasoned = count(|status| matches!(status, Status::NoEffect(_) | Status::Refused(_)));
    let _ = writeln!(text, "{acting} declarations act, {reasoned} do not for the reason given.\n");
    for &context in Context::ALL {
        let keywords: Vec<_> = keywords::within(context).collect();
        if keywords.is_empty() {
            continue;
        }
        let _ = writeln!(
            text,
            "## {}\n\n| keyword | default | since | here |\n| --- | --- | --- | --- |",
            title(context)
        );
        for keyword in keywords {
            let _ = writeln!(text, "{}", row(keyword));
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

fn row(keyword: &Keyword) -> String {
    let shown = if keyword.name == LINE { keyword.arguments.to_string() } else { keyword.to_string() };
    let cell = |text: &str| text.replace('|', "\\|");
    let here = match keyword.status {
        Status::Acts => "acts".to_owned(),
        Status::Deprecated(instead) | Status::OldSpelling(instead) => format!("old spelling of `{instead}`"),
        Status::Ignored => "no effect, nor in keepalived".to_owned(),
        Status::NoEffect(why) => format!("no effect: {}", cell(why)),
        Status::Refused(why) => format!("refused: {}", cell(why)),
    };
    format!("| `{}` | {} | {} | {here} |", cell(shown.trim()), cell(keyword.default), keyword.since)
}

fn title(context: Context) -> String {
    let title = context.to_string();
    if title.is_empty() { "Top level".to_owned() } else { title }
}

const INTRODUCTION: &str = "\
# Compatibility with keepalived

Written by `cargo xtask compatibility` from the keyword table of `keepalived-conf`, which follows keepalived 2.4.3.

- **acts**: does here what it does in keepalived.
- **no effect**: nothing comes of it, and nothing is lost by that, for the reason given.
- **refused**: it is not done, for the reason given; `-t` warns of it.

`since` is the first keepalived release known to have the keyword; `vipd only` marks those that no keepalived knows, and
complains about.

## The same as in keepalived

Command line (getopt_long semantics included), signals, exit codes (`-t`: 0, 2, 4, 5, 6), pid files, arguments of notify
scripts, the phrases in the log that tools search for, `/tmp/keepalived.data`, `.stats` and `.json`, the packets on the wire
(checksums with pseudo-header unless `v3_checksum_as_v2`, gratuitous ARP as requests, bursts of five).

## Differences on purpose

| keepalived 2.2.7 | vipd |
| --- | --- |
| a check in shell syntax is disabled | it is run by bash (or sh), and `-t` says so |
| notify scripts of one instance run at the same time, in any order | one after the other, in the order of events |
| an unknown block's `}` closes the enclosing block | the unknown block is skipped as a unit |
| `$IF=$IF` hangs | an error names the cycle |
| a Backup drops adverts whose address list or VRRPv3 count differs | it warns and accepts, as RFC 9568 asks |
| accepts a VRRPv3 interval of 0 and takes over at once | rejects it (RFC 9568, erratum 8301) |
| accepts only its own reading of the VRRPv3 IPv4 checksum | accepts both |
| a deleted virtual address makes the instance give up and come back | it is put back and announced |
| a deleted virtual route or rule makes the instance give up and come back | it is put back at once, then at most once a second |
| a virtual route that two instances hold goes with the first of them | it stays until both let go |
| a route without `dev` is not put back when somebody deletes it | it is |
| a static route or rule that somebody deletes is gone | it is put back, as a virtual one is |
| a `no_track` route that went with its interface stays away | it is set again when the interface is up; one that somebody deletes stays away |
| the successor of a VRRP worker that dies begins at BACKUP and tells everybody | it goes on with the states that were, and tells nothing twice |
| a VMAC that a reload moves to another interface gets another name | it has the same name there |
| a VMAC that a reload renames is made again, without its addresses | it is renamed and keeps them |
| a reload that ends `no_accept` or strict mode leaves the rules of the packet filter | they go |
| a virtual address that is the only address of its interface is removed at the start: FAULT | the instance speaks from it |
| an instance in FAULT because of what a file says keeps the weight that the file had before | the file counts 0 |
| a delay of an interface of two intervals or more is cut to less | it is as long as the file says |
| an IPv4 route by an IPv6 router (`via inet6`) is refused | it is set, as `ip route` does |
| `via A or B dev IF` is refused by the kernel, without a word which route that was | two next hops on that interface |
| `inet6` or `inet` before `from` swallows that word, and the rule is dropped | it forces the family |
| a rule with `no_track` carries no protocol | it carries that of keepalived, so that a successor knows it |
| `static_ipaddress` comes too late for an instance that speaks from it: FAULT for ever | it is there before instances look for their addresses |
| a VMAC that somebody removes makes its instance give up and come back | it is made again, and the instance stays MASTER |
| the link-local address of the base is on an IPv6 VMAC too, in BACKUP as well, and answers with the virtual MAC address | it is not: own addresses answer with the real MAC address |
| an IGMP or MLD report that would leave a VMAC is redirected by nftables | none arises, so no packet filter is needed |
| with `use_vmac` a router asks for neighbours in the name of the virtual address with its real MAC address | `arp_announce` of the base prevents that |
| `all.rp_filter` moves to the single interfaces and becomes 0 with a VMAC | it stays; `rp_filter` of the VMAC is 2 (loose) |
| a missing interface ends the daemon (without `dynamic_interfaces`) | the instance is in FAULT until the interface is there |
| a master that yields falls silent; after a healed partition neighbours may keep the loser's MAC address | it sends one more advert, so that the winner announces again (`higher_prio_send_advert off` stops that) |
| a stop lets go before another machine serves | so it does by default; with `stop_handover SECONDS` (`global_defs`) afterwards |
| a stop takes a second | it takes as long as the stop scripts, else some milliseconds |
| passwords are shown in state files | never |
| a checker without `url` ends the configuration test with a crash | an error names it, and it is ignored |
| a `virtual_server` with an unknown group, or one that exists already, is dropped in silence | an error |
| with outer connection options, an `SMTP_CHECK` with `host` blocks checks the server itself too | only the hosts |
| `-t` says nothing of a `MISC_CHECK` script that does not exist | an error that leaves the exit code alone |
| `-t` says nothing of an insecure notify script that `enable_script_security` disables | an error, exit code 6 |
| `-t` ends with 5 where an interface does not exist | a warning that leaves the exit code alone: the file may be for another machine |
| a BFD session that the neighbor takes down administratively goes on counting as up | it is down (RFC 5882 §3.2) |
| a stop leaves BFD neighbors to their detection times | they are told, and react at once |
| BFD packets to an IPv6 neighbor leave with hop limit 64 | 255 (RFC 5881) unless `hoplimit` says otherwise; 64 and more are accepted, as keepalived sends them |
| a BFD process that ends takes its sessions down | its successor goes on with them |
| `BFD_CHECK` tries again as other checkers do | a session that is down is down |
| a reload takes what can be read of a file that is cut, garbage or empty, down to nothing | such a reload is refused as a whole, and the log says where the file is damaged |
| `-t` says 0 where the main file does not exist | 6, as a start of the daemon does |
| a list that is not closed swallows the blocks after it | it ends before the next keyword of the block around it; an error says so |
| where the kernel does not tell of processes (in containers and network namespaces), `vrrp_track_process` counts none | `/proc` is read |
| a `process` name of more than 15 characters matches nothing | its first 15 characters count, as the kernel keeps them |
| a `track_file` is read when a writer in its directory closes it | also through links, in directories made later, and where nothing tells of changes (within a second) |
| the first word after a tracker that is no option drops the tracker | the word is ignored, the tracker stays |
| `interval .2` and `timeout .5` of a script are no numbers: 1 second is used | fractions count, as in later releases: `interval .2` runs the check five times as often |
| IPv6 with `version 2` sends VRRPv2, against its manual | VRRP over IPv6 is always version 3; a keepalived peer has to change first |
| a script user or group that is a number does not exist | a number is a user or group |
| `-t` says 0 of any file whose `net_namespace` cannot be entered | only findings about scripts and interfaces leave the exit code alone then |
| a member of a `virtual_server_group` of another address family than a real server is tried, and the kernel refuses it | real servers serve the members of their family |
| `-t` looks up the name of `smtp_server` | it is looked up when a mail is sent; `-t` refuses only what can be no name |
| `umask` does not know IRWXU, IRWXG, IRWXO | these names say what they mean |
| `-t` asks whether a CPU of `vrrp_cpu_affinity` and its like is there | the file may be for another machine |
| a number behind a complete route or rule ends the test with 2, an address becomes its destination | an error: the line is ignored |
| the same peer twice gets every advert twice | once |
| an `auth_hmac` whose `active_key` is missing or unusable is left out, and adverts leave unsigned | an error, and the instance stays in FAULT: its peers would reject its adverts |
| a service whose real servers have no weight has the quorum 0, so it counts as up | its quorum is never reached |
| events that come while a notify script hangs each start another script | they are summed up to the last state, and the log says so |
| `enable_script_security` looks at the first word of a command | it looks at every program that shell text, `sh -c` and interpreters name, and refuses what cannot be judged |
| readers of a FIFO see its end at every reload, and learn nothing of the present state | a FIFO that the reload does not change stays open, and new readers are told the states |
| sequence numbers of an Authentication Header begin at 1 | they follow the wall clock, so that a restart is not taken for a replay |
| `HTTP_GET` with `status_code` alone waits for the end of the body | it passes at the end of the head; `body` or `digest` make it read on |
| `persistence_granularity` of a `virtual_server` with a group does not reach the kernel | it does |
| with `alpha`, a server that fails its first check is told to nobody | it is told to be down (`notify_down`), once |
| what somebody else changes in a virtual server (`ipvsadm`) stays until its server changes | it is put right within a minute; a weight stays for an hour, or as `lvs_reconcile` says, and is reported |
| a worker that dies takes the virtual servers with it until their checks pass again | the next one goes on with what was known, and tells nothing twice |
| every copy of a bad packet is logged | each kind once a minute for each instance, with a count |

";
