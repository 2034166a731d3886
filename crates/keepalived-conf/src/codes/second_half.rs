//! Declarations of the codes that begin with m to z.

use super::{Code, code};

pub(super) static CODES: &[Code] = &[
    code(
        "main-file-pattern",
        "The name of the configuration file is a pattern that fits several files; all are read in order.",
    ),
    code("member-twice", "A group lists a member twice."),
    code(
        "missing-argument",
        "The keyword needs an argument and has none. For some keywords keepalived ends at once, and so does a start of this daemon.",
    ),
    code("missing-brace", "A block begins without its `{`."),
    code("missing-end", "The file ends within a block. What is missing is mostly a `}` above."),
    code(
        "mixed-families",
        "The source and the neighbor of a BFD session are of different address families. The session is ignored.",
    ),
    code(
        "multicast-scope",
        "A multicast group that routers forward: adverts belong to one link (ff02::/16).",
    ),
    code("multicast-unicast", "A multicast destination has no meaning for an instance with unicast peers."),
    code("name-length", "A name is longer than the kernel keeps. What is beyond is cut off."),
    code(
        "nftables-instead",
        "A keyword for iptables or ipsets stands in the file. Packets to virtual addresses are dropped by nftables instead, with the same effect; the names of chains and sets are not used.",
    ),
    code(
        "no-address",
        "An instance without a virtual address protects nothing. Say `no_virtual_ipaddress` if that is meant.",
    ),
    code(
        "no-body",
        "The answer to HEAD has no body, so a check that looks into one always fails: use another method, or check the status alone.",
    ),
    code("no-effect", "The keyword changes nothing here, and nothing is lost by that: the message says why."),
    code("no-file", "A `track_file` does not say which file it reads, and is ignored."),
    code("no-interface", "An instance does not say on which interface it speaks, and cannot work."),
    code(
        "no-login",
        "A `PGSQL_CHECK` is to tell a primary from a replica, which the server tells its users only: write `login`.",
    ),
    code("no-method", "A virtual server has no `lvs_method`; NAT is used."),
    code("no-path", "A `url` block has no `path`, so there is nothing to ask for."),
    code(
        "no-port",
        "With direct routing and tunnels packets keep their port, so that a port of the real server counts for its checks alone.",
    ),
    code(
        "no-preference",
        "A rule without a preference gets a number of the kernel's choice, and its order among other rules is left to chance.",
    ),
    code("no-protocol", "A virtual server has no `protocol`; UDP is used, as keepalived does."),
    code("no-real-server", "A virtual server without real servers serves nobody, and is ignored."),
    code("no-scheduler", "A virtual server has no `lvs_sched`; wlc is used."),
    code("no-script", "A `vrrp_script` does not say what to run, and is ignored."),
    code("no-session", "A `BFD_CHECK` does not name its session, and is ignored."),
    code("no-sorry-server", "`sorry_server_inhibit` has no meaning without a sorry server."),
    code("no-source", "An instance needs a source address that is its own here, and none is given."),
    code(
        "no-such-interface",
        "This machine has no interface of this name now. What needs it stays in FAULT until there is one; the file may as well be meant for another machine.",
    ),
    code(
        "no-such-namespace",
        "The network namespace of the configuration cannot be entered, so the daemon does not start on this machine. The file may as well be meant for another machine: what is said of its scripts leaves the exit status of a test alone.",
    ),
    code("no-track-file", "A `FILE_CHECK` does not name its `track_file`, and is ignored."),
    code(
        "no-unicast-peer",
        "An instance has a `unicast_peer` block without a usable peer, so that its adverts reach nobody.",
    ),
    code("no-url", "An HTTP check has no `url`, so there is nothing to ask for, and is ignored."),
    code("no-virtual-router-id", "An instance has no `virtual_router_id`, and cannot work."),
    code(
        "no-vmac",
        "A keyword about a virtual MAC address stands in an instance without `use_vmac`, and is ignored.",
    ),
    code("nopreempt", "`nopreempt` holds only with `state BACKUP`: keepalived ignores it otherwise."),
    code(
        "not-acted-on",
        "The keyword is an old spelling of one that has no effect here. Its arguments are checked, and nothing comes of it.",
    ),
    code(
        "not-utf8",
        "The file holds octets that are no UTF-8. They are replaced where they are shown, and taken as they are.",
    ),
    code("nul-character", "A line holds a NUL character, which no text has. The line is not taken."),
    code(
        "old-spelling",
        "An old spelling of a keyword, which keepalived takes in silence. The help names the one to write.",
    ),
    code("ops", "One-packet scheduling is for UDP only."),
    code("own-interface", "A tracker names the instance's own interface, which it depends on in any case."),
    code("own-peer", "A unicast peer is the router itself. Nothing is sent to it."),
    code(
        "owner-by-state",
        "In strict mode only the owner of the addresses (priority 255) may start as MASTER.",
    ),
    code(
        "owner-weight",
        "A router with priority 255 owns the addresses and never yields them, so weights do not move it.",
    ),
    code(
        "password-length",
        "VRRP carries 8 octets of a password. What is longer is cut, and routers whose first 8 octets are equal agree.",
    ),
    code("path", "A `path` does not begin with `/`. It is sent as it is, and most servers refuse it."),
    code(
        "peer-addresses",
        "Nodes of one virtual router list different addresses. What a node does not list is unreachable while it serves.",
    ),
    code(
        "peer-authentication",
        "Nodes of one virtual router have different passwords or kinds of authentication, so that each rejects the adverts of the other and both serve.",
    ),
    code(
        "peer-both-master",
        "Several nodes say `state MASTER`. The state does not decide who serves; the priority does.",
    ),
    code(
        "peer-check-still-wins",
        "The weight of a check is too small: when it fails, the node still has a priority that no other node beats, and goes on serving.",
    ),
    code(
        "peer-equal-priority",
        "Nodes of one virtual router have the same priority, so that the order of their starts and their addresses decide who serves.",
    ),
    code(
        "peer-interval",
        "Nodes of one virtual router have different advert intervals. VRRPv2 rejects such adverts, so that both serve; VRRPv3 follows the one that serves.",
    ),
    code("peer-missing", "A virtual router is configured on one node alone. Nobody takes over from it."),
    code("peer-nopreempt", "Several nodes say `nopreempt`: the one that took over goes on serving."),
    code(
        "peer-nopreempt-weight",
        "A check lowers the priority of a node, but the others say `nopreempt` and do not take over from a node that still sends adverts.",
    ),
    code(
        "peer-not-listed",
        "A node does not send to another one of its virtual router, which hears nothing and serves too.",
    ),
    code(
        "peer-preempt-without-effect",
        "`nopreempt` or `preempt_delay` stands on a node that never has the higher priority. It belongs on the one that takes back.",
    ),
    code(
        "peer-router-id",
        "One address belongs to virtual routers with different identifiers. They do not hear each other, and two machines have the address.",
    ),
    code("peer-same-name", "Two nodes have one `router_id`, the name that mails and logs show."),
    code(
        "peer-transport",
        "Nodes of one virtual router send to different multicast groups, or one by multicast and one by unicast. They do not hear each other, and both serve.",
    ),
    code(
        "peer-two-owners",
        "Several nodes have priority 255. Each calls itself the owner of the addresses, and all serve.",
    ),
    code(
        "peer-version",
        "Nodes of one virtual router speak different versions of VRRP, which reject each other's adverts, so that both serve.",
    ),
    code(
        "peer-virtual-mac",
        "A virtual router has a virtual MAC address on one node and none on another, so that each failover changes the MAC address.",
    ),
    code(
        "port",
        "The port of a real server has no meaning where a mark selects the packets: they keep theirs.",
    ),
    code(
        "port-0",
        "A virtual server without a port serves all of them, which needs persistence. It gets a persistence timeout.",
    ),
    code(
        "preempt-delay",
        "`preempt_delay` has no meaning for a router that does not preempt, or that owns the addresses.",
    ),
    code(
        "prefix-ignored",
        "A prefix length stands where the address of one host is meant. The address alone is taken.",
    ),
    code(
        "process-check",
        "A script only looks whether a process exists. `vrrp_track_process` does that without starting programs.",
    ),
    code(
        "protocol-of-mark",
        "A firewall mark stands for packets of any protocol, so `protocol` has no meaning.",
    ),
    code(
        "quorum",
        "The real servers together weigh less than the quorum, so that it could never be reached. What they weigh is the quorum.",
    ),
    code(
        "redirects-http2",
        "`follow_redirects` stands in a check that speaks HTTP/2, where redirects are not followed: they fail as without it.",
    ),
    code("refused", "The keyword is not done here: the message says why, and what to do instead."),
    code("regex-offsets", "The bounds of a match exclude each other, so that it never succeeds."),
    code("repeated", "The keyword may stand once; the message says which of them holds."),
    code(
        "reply-length",
        "The bounds of a reply's length exclude each other, so that the check always fails.",
    ),
    code(
        "rfc-mode",
        "Beside `rfc9568` or `rfc3768`: a keyword that contradicts the RFC and is ignored, or one that the RFC does not know.",
    ),
    code(
        "route-protocol",
        "A route or rule that is put back when somebody deletes it carries protocol 18 (keepalived), by which it is known again; the `protocol` in the file is ignored. `no_track` keeps the file's.",
    ),
    code(
        "route-without-device",
        "A route without `dev` is not put back when somebody deletes it: name the device, or say `no_track` if that is meant.",
    ),
    code("scheduler-flag", "A flag belongs to another scheduler than the one in force at its line."),
    code(
        "script-insecure",
        "Another user than root could change what is run as root. Under `enable_script_security` it is not run.",
    ),
    code(
        "script-not-runnable",
        "A script cannot be run: it is missing, its user is, or that user may not run it. The message says which part of the path is at fault.",
    ),
    code(
        "script-security",
        "Scripts run, and `enable_script_security` is not set: a script that others can write to would run as root.",
    ),
    code(
        "script-user",
        "`script_user` of `global_defs` is no account of this machine. No script is configured that would run as it.",
    ),
    code(
        "script-user-again",
        "A later `script_user` replaces an earlier one for the whole file, also for scripts that stand between the two.",
    ),
    code(
        "shared-address",
        "Two instances of this machine hold the same address. The one that becomes BACKUP removes it from under the other.",
    ),
    code(
        "shell-text",
        "The command is shell text and is run by a shell. keepalived would disable it; a script file suits both.",
    ),
    code(
        "state-refused",
        "`state MASTER` cannot hold for this instance, for the reason given. It is taken as BACKUP.",
    ),
    code(
        "state-without-effect",
        "`state MASTER` does not make a router MASTER: all start as BACKUP and the priority decides. All it does is to refuse `nopreempt` and `preempt_delay`.",
    ),
    code(
        "strict-link-local",
        "In strict mode the first IPv6 address must be link-local, for adverts list it first (RFC 9568).",
    ),
    code(
        "strict-unicast",
        "Strict mode excludes unicast peers by the letter of the RFC. They work here, with this warning.",
    ),
    code(
        "strict-vmac",
        "In strict mode adverts leave with the virtual MAC address of the router: `vmac_xmit_base`, or another MAC address of `use_vmac`, is ignored.",
    ),
    code(
        "strict-without-accept",
        "In strict mode packets to a virtual address are not for the host itself, unless it is the owner or `accept` is set.",
    ),
    code("switch-ignored", "keepalived takes any word here as on, and so it is taken here."),
    code(
        "thresholds",
        "The lower threshold of connections is above the upper one, which the kernel refuses.",
    ),
    code(
        "too-many-addresses",
        "An advert cannot list that many addresses. Those beyond are set but not advertised.",
    ),
    code("too-many-decimals", "The number has more decimals than are counted. It is cut."),
    code("too-many-services", "The groups in use have more members than can be set."),
    code(
        "tracked-twice",
        "A member of a sync group tracks what its group tracks as well. The line of the group counts.",
    ),
    code("ttl-range", "The bounds of the TTL exclude each other, so that every advert is discarded."),
    code("tunnel", "A kind of tunnel or an option of it that does not fit. A plain ipip tunnel is used."),
    code(
        "unclosed-block",
        "A block or list is not closed where a keyword of the block around it begins. It ends there.",
    ),
    code("undefined-name", "A `$NAME` is used that no line before defines."),
    code(
        "unexpected-brace",
        "A `{` opens nothing that is known. It is paired with its own `}` and left out.",
    ),
    code(
        "unicast-vmac",
        "With unicast peers adverts leave from the interface below the virtual one, as if `vmac_xmit_base` were written.",
    ),
    code("unknown-bfd", "There is no `bfd_instance` of this name above."),
    code("unknown-group", "There is no group of this name above."),
    code("unknown-instance", "There is no `vrrp_instance` of this name."),
    code(
        "unknown-keyword",
        "The word is no keyword in this place. The help says what may be meant, or where it belongs.",
    ),
    code(
        "unknown-name",
        "A name of a routing table, protocol, scope, realm or group stands in none of iproute2's files, and is no number. The line is ignored.",
    ),
    code("unknown-option", "The word is no option of this line."),
    code(
        "unknown-script",
        "There is no `vrrp_script` of this name above. Scripts must be defined before they are tracked.",
    ),
    code("unknown-track-file", "There is no `track_file` of this name above."),
    code(
        "unknown-tracker",
        "There is no tracker of this name above. Trackers must be defined before they are used.",
    ),
    code(
        "unquoted-command",
        "Only the first word of an unquoted command is run; what follows is its user and group. Put command and arguments in double quotes, together.",
    ),
    code("unterminated-quote", "A double quote is opened and not closed on its line."),
    code("untracked-script", "No instance tracks the script, so it never runs."),
    code(
        "vmac-mac",
        "Two virtual interfaces on one interface would have the same MAC address, which the network cannot tell apart. The later one needs another address.",
    ),
    code("vmac-name", "Another virtual interface has the name already. The default name is used instead."),
    code("worker-user", "The user that workers should run as does not exist. They run as nobody."),
    code("zero-gap", "A gap of 0 between announcements is what holds without the line."),
];
