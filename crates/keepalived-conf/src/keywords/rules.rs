//! The words of a policy rule line (`virtual_rules`, `static_rules`).

use super::Keyword;
use super::table::keywords;

pub(super) static RULES: &[Keyword] = keywords![
    [VirtualRules, StaticRules] "<line>": Form("[inet|inet6] [not] selectors [action]"),
        default "", since "1.2.20", Acts,
        "One policy rule per line; action required; without preference one is assigned downward from 16384 and an error reported.";
    [VirtualRules, StaticRules] "inet": None, default "", since "1.2.24", Acts,
        "Force IPv4.";
    [VirtualRules, StaticRules] "inet6": None, default "", since "1.2.24", Acts,
        "Force IPv6.";
    [VirtualRules, StaticRules] "not": None, default "", since "1.2.24", Acts,
        "Invert the match.";
    [VirtualRules, StaticRules] "from": Prefix, default "", since "1.2.20", Acts,
        "Source selector.";
    [VirtualRules, StaticRules] "to": Prefix, default "", since "1.2.20", Acts,
        "Destination selector.";
    [VirtualRules, StaticRules] "table": Word("num|name"), default "", since "1.2.20", Acts,
        "Lookup table action.";
    [VirtualRules, StaticRules] "lookup": Word("num|name"), default "", since "1.2.24", Acts,
        "Same as table.";
    [VirtualRules, StaticRules] "preference": integer(0, U32, Unit::None),
        default "", since "1.2.24", Acts,
        "Rule preference.";
    [VirtualRules, StaticRules] "order": integer(0, U32, Unit::None), default "", since "1.2.24", Acts,
        "Same as preference.";
    [VirtualRules, StaticRules] "priority": integer(0, U32, Unit::None),
        default "", since "1.2.24", Acts,
        "Same as preference.";
    [VirtualRules, StaticRules] "tos": Word("num|name"), default "", since "1.2.24", Acts,
        "TOS selector.";
    [VirtualRules, StaticRules] "dsfield": Word("num|name"), default "", since "1.2.24", Acts,
        "Same as tos.";
    [VirtualRules, StaticRules] "fwmark": Form("<n>[/<mask>]"), default "", since "1.2.24", Acts,
        "Mark selector.";
    [VirtualRules, StaticRules] "realms": Form("[<src>/]<dst>"), default "", since "1.2.24", Acts,
        "Realms.";
    [VirtualRules, StaticRules] "suppress_prefixlength": Word("n"), default "", since "1.2.24", Acts,
        "Reject results with prefix length up to n.";
    [VirtualRules, StaticRules] "sup_pl": Word("n"), default "", since "1.2.24", Acts,
        "Same as suppress_prefixlength.";
    [VirtualRules, StaticRules] "suppress_ifgroup": Word("n|name"), default "", since "1.2.24", Acts,
        "Reject results via interface group.";
    [VirtualRules, StaticRules] "sup_group": Word("n|name"), default "", since "1.2.24", Acts,
        "Same as suppress_ifgroup.";
    [VirtualRules, StaticRules] "dev": Interface, default "", since "1.2.24", Acts,
        "Input interface.";
    [VirtualRules, StaticRules] "iif": Interface, default "", since "1.2.24", Acts,
        "Input interface.";
    [VirtualRules, StaticRules] "oif": Interface, default "", since "1.2.24", Acts,
        "Output interface.";
    [VirtualRules, StaticRules] "tunnel-id": Form("<uint64>"), default "", since "1.2.24", Acts,
        "Tunnel key selector.";
    [VirtualRules, StaticRules] "uidrange": Form("<a>-<b>"), default "", since "1.3.5", Acts,
        "UID selector.";
    [VirtualRules, StaticRules] "l3mdev": None, default "", since "1.4.3", Acts,
        "L3 master device lookup.";
    [VirtualRules, StaticRules] "protocol": Word("num|name"), default "", since "2.0.1", Acts,
        "Rule protocol.";
    [VirtualRules, StaticRules] "ipproto": Word("num|name"), default "", since "2.0.1", Acts,
        "IP protocol selector (some manuals spell it ip_proto).";
    [VirtualRules, StaticRules] "sport": Form("<a>-<b>"), default "", since "2.0.1", Acts,
        "Source ports, always as a range.";
    [VirtualRules, StaticRules] "dport": Form("<a>-<b>"), default "", since "2.0.1", Acts,
        "Destination ports, always as a range.";
    [VirtualRules, StaticRules] "goto": Word("preference"), default "", since "1.2.24", Acts,
        "Jump to a later rule.";
    [VirtualRules, StaticRules] "nop": None, default "", since "1.2.24", Acts,
        "No operation.";
    [VirtualRules, StaticRules] "type": Word("action name"), default "", since "1.2.24", Acts,
        "Optional word before the action.";
    [VirtualRules, StaticRules] "blackhole": None, default "", since "1.2.24", Acts,
        "Drop silently.";
    [VirtualRules, StaticRules] "prohibit": None, default "", since "1.2.24", Acts,
        "Drop with prohibited.";
    [VirtualRules, StaticRules] "unreachable": None, default "", since "1.2.24", Acts,
        "Drop with unreachable.";
    [VirtualRules, StaticRules] "no_track": None, default "", since "2.0.3", Acts,
        "Do not fault/restore when the rule disappears.";

    [StaticRules] "track_group": Word("name"), default "none", since "2.0.3", Acts,
        "Bind the object to instances of the group.";
];
