//! Declarations of the codes that begin with a to l.

use super::{Code, code};

pub(super) static CODES: &[Code] = &[
    code(
        "advert-interval",
        "The interval between adverts is longer or finer than this version of VRRP can say on the wire. The nearest possible one is used; every router of the group must use the same.",
    ),
    code(
        "auth-hmac",
        "A line of an `auth_hmac` block cannot be used. A key that is ignored neither signs nor verifies; without the `active_key` the instance stays in FAULT, because peers would reject its adverts and two masters would stand.",
    ),
    code(
        "auth-ignored",
        "The `authentication` block does not fit the instance: VRRPv3 has none, and strict mode forbids it. Adverts are sent without it.",
    ),
    code(
        "bad-address",
        "A word that should be an address, or its prefix length, is none. The line is ignored or corrected as the message says.",
    ),
    code(
        "bad-command",
        "The command of a script cannot be split into words, for example since a quote is not closed. Nothing is run for it.",
    ),
    code(
        "bad-interface-name",
        "A name that the kernel cannot give an interface: it has 1 to 15 characters and no `/`.",
    ),
    code(
        "bad-name",
        "The name of a block is missing, is more than one word, or is too long. The block is ignored.",
    ),
    code(
        "bad-parameters",
        "The text between the parentheses of a definition or sequence is not understood and is taken as it is.",
    ),
    code("bad-pattern", "The regular expression cannot be compiled, and is ignored."),
    code(
        "bad-prefix-length",
        "The prefix length is longer than an address of this family. The longest one is used.",
    ),
    code("bad-random-range", "The bounds behind `_RANDOM` are not two numbers in ascending order."),
    code("bad-sequence", "A `~SEQ` or `~LST` line is not of its form, so no lines are made from it."),
    code(
        "bad-value",
        "The keyword takes other values than this one: the message says which. The line is ignored and the default holds.",
    ),
    code("broadcast", "The broadcast address of a virtual address is none of its network. It is left out."),
    code(
        "byte-order-mark",
        "The file begins with a byte-order mark, which editors on Windows write. It is skipped; keepalived takes it for a part of the first keyword.",
    ),
    code(
        "control-group",
        "The group of `control_group` does not exist. Only root is answered at the control socket.",
    ),
    code(
        "default-script-user",
        "No `script_user` is set and there is no user `keepalived_script`, so that scripts run as the daemon: as root. Set `script_user` to run them with fewer rights.",
    ),
    code("definition-cycle", "A definition leads back to itself, so that it has no end. It is not replaced."),
    code(
        "definition-not-last",
        "A definition is not replaced here, since a letter follows its name. Write `${NAME}` with braces.",
    ),
    code(
        "definition-not-replaced",
        "A definition is not replaced here, since a letter follows its name. Write `${NAME}` with braces.",
    ),
    code(
        "deprecated",
        "An old keyword that keepalived still takes, with a warning. The help names the one to write.",
    ),
    code(
        "director-loop",
        "The other director of a pair would send packets back to this one, for both serve the same address and a real server is a director. Mark packets that do not come from the other director, and use a virtual server for the mark.",
    ),
    code("duplicate", "The same thing is listed twice; the second one is ignored."),
    code(
        "duplicate-address",
        "A virtual address is listed twice. It is set once and advertised twice, as keepalived does: remove the line on every router of the group at the same time.",
    ),
    code(
        "duplicate-bfd",
        "Two BFD sessions have the same name, or the same neighbor and source. The second one is ignored: there is one session between two addresses (RFC 5881).",
    ),
    code("duplicate-group", "Two groups have the same name; the second one is ignored as a whole."),
    code("duplicate-instance", "Two instances have the same name; the second one is ignored as a whole."),
    code("duplicate-real-server", "A virtual server lists a real server twice; the second one is ignored."),
    code(
        "duplicate-router",
        "Two instances are the same virtual router: interface, virtual_router_id, address family and peers are equal. The second one stays in FAULT until it has a virtual_router_id of its own.",
    ),
    code("duplicate-script", "Two scripts have the same name; the second one is ignored."),
    code(
        "duplicate-server",
        "Two virtual servers have the same address, port and protocol, or the same mark; the second one is ignored.",
    ),
    code("empty-block", "A block or list has nothing in it and changes nothing."),
    code("empty-command", "The command is empty, mostly since a template's variable was. Nothing is run."),
    code("empty-group", "A group has no usable member, so whatever refers to it is ignored."),
    code(
        "escaped-comment",
        "A `#` or `!` begins a comment although a backslash stands before it. Put the word in double quotes.",
    ),
    code(
        "expansion-depth",
        "Definitions or sequences are nested too deeply, mostly since one leads back to itself.",
    ),
    code(
        "expansion-limit",
        "The file would grow beyond every bound when its definitions, sequences and includes are expanded. Reading ends there.",
    ),
    code("extra-argument", "More words follow the keyword than it takes; those behind are ignored."),
    code("extra-brace", "A `}` closes nothing. Mostly a block above was closed too early."),
    code("extra-words", "More words than the line takes; it is ignored."),
    code(
        "family",
        "An address is of another family than the rest of its instance, which can speak one only. It is ignored.",
    ),
    code(
        "granularity",
        "A persistence mask makes a service persistent, so it gets a persistence timeout as well.",
    ),
    code("group-size", "An address range has more members than can be set one by one. Use a firewall mark."),
    code(
        "group-weight",
        "Members of a sync group follow no weight of their own: an interface is required, a script is not tracked. Track in the group, or allow it with `sync_group_tracking_weight`.",
    ),
    code("ha-suspend", "`ha_suspend` follows the virtual address of a service, and this one has none."),
    code(
        "http-open",
        "`http_listen` is not on a loopback address and there is no `http_token_file`. Whoever reaches the address can read the state of this machine; nobody can change anything there.",
    ),
    code("hysteresis", "The hysteresis must stay below the quorum, or the quorum could never be lost."),
    code(
        "include-cycle",
        "A file includes itself, directly or through others. Reading goes on without the inner include.",
    ),
    code(
        "include-depth",
        "Includes are nested too deeply, mostly since a file includes itself. Reading goes on without the inner include.",
    ),
    code("incomplete", "A block lacks the keyword that says what it is about, and is ignored."),
    code(
        "interface-delay",
        "A delay in `interface_up_down_delays` is longer than the time after which the peers of an instance take over. A router whose interface fails still counts as MASTER then while a peer serves already.",
    ),
    code("ipv6-option", "An option of IPv4 addresses that has no meaning for IPv6. It is ignored."),
    code(
        "ipv6-version",
        "VRRP over IPv6 is version 3 by the RFC. keepalived 2.2 sends version 2 with this line, and must be changed first.",
    ),
    code(
        "keyword-behind-command",
        "A keyword stands on the same line behind a command and is lost. Every keyword needs a line of its own.",
    ),
    code(
        "label-length",
        "The label of an address is longer than the 15 characters of an interface's name. It is left out.",
    ),
    code("line-too-long", "A line is longer than is taken. What is beyond is ignored."),
    code(
        "lookalike-character",
        "A character looks like a quote, dash or blank but is another one, as word processors write it.",
    ),
    code("loopback", "The loopback interface reaches no other router, so it cannot carry adverts."),
];
