//! Blocks that hold one entry per line: peers, addresses, trackers, server groups.

use super::Keyword;
use super::table::keywords;

pub(super) static LISTS: &[Keyword] = keywords![
    [InstanceTrackInterface] "<line>": Form("<ifname> [weight <-254..254> [reverse]]"),
        default "weight 0", since "1.2.1", Acts,
        "Weight 0: down means FAULT. ±254 is reduced to ±253.";

    [InstanceTrackScript] "<line>": Form("<vrrp_script> [weight <-254..254> [reverse|noreverse]]"),
        default "script weight", since "1.2.1", Acts,
        "Reference to an earlier vrrp_script; weight overrides. Unknown name ignored with error.";

    [InstanceTrackFile] "<line>": Form("<track_file> [weight <-254..254> [reverse|noreverse]]"),
        default "file weight", since "2.0.0", Acts,
        "Reference to an earlier track_file; weight multiplies the file value.";

    [InstanceTrackProcess] "<line>": Form("<vrrp_track_process> [weight <-254..254> [reverse|noreverse]]"),
        default "process weight", since "2.0.11", Acts,
        "Reference to an earlier vrrp_track_process.";

    [InstanceTrackBfd] "<line>": Form("<bfd_instance> [weight <-253..253> [reverse|noreverse]]"),
        default "bfd weight", since "2.0.0", Acts,
        "Reference to an earlier bfd_instance.";

    [UnicastPeers] "<line>": Form("<ip> [min_ttl <0..255>] [max_ttl <0..255>]"),
        default "0 255", since "1.2.8", Acts,
        "Peer; TTL bounds also enable check_unicast_src. Duplicates rejected from 2.3.3.";

    [VirtualAddresses] "<line>": Form("<ip>[/<len>] [option ...]"),
        default "len 32 / 128", since "1.2.1", Acts,
        "One address per line; must match instance family; duplicates ignored; unknown option words logged and skipped.";

    [VirtualAddresses, ExcludedAddresses, StaticAddresses] "brd": Form("<ipv4>|-|+"),
        default "none set", since "1.2.1", Acts,
        "Broadcast address; + sets host bits to one, - to zero (prefix <=30). On IPv6 the address is dropped; with peer ignored.";
    [VirtualAddresses, ExcludedAddresses, StaticAddresses] "broadcast": Form("<ipv4>|-|+"),
        default "", since "1.2.1", Acts,
        "Same as brd.";
    [VirtualAddresses, ExcludedAddresses, StaticAddresses] "dev": Interface,
        default "instance interface", since "1.2.1", Acts,
        "Interface to add to (also becomes tracked).";
    [VirtualAddresses, ExcludedAddresses, StaticAddresses] "scope": Form("<name>|<0..255>"),
        default "global", since "1.2.1", Acts,
        "Address scope; ignored for IPv6.";
    [VirtualAddresses, ExcludedAddresses, StaticAddresses] "label": Form("<string up to 15>"),
        default "none", since "1.2.1", Acts,
        "Interface label such as eth0:1; ignored for IPv6.";
    [VirtualAddresses, ExcludedAddresses, StaticAddresses] "peer": Form("<ip>[/<len>]"),
        default "none", since "2.0.0", Acts,
        "Point-to-point peer address.";
    [VirtualAddresses, ExcludedAddresses, StaticAddresses] "home": None, default "off", since "1.3.6", Acts,
        "IFA_F_HOMEADDRESS (IPv6).";
    [VirtualAddresses, ExcludedAddresses, StaticAddresses] "-nodad": None,
        default "NODAD set", since "1.3.6", Acts,
        "Let the kernel run duplicate address detection (IPv6).";
    [VirtualAddresses, ExcludedAddresses, StaticAddresses] "mngtmpaddr": None,
        default "off", since "1.3.6", Acts,
        "IFA_F_MANAGETEMPADDR (IPv6).";
    [VirtualAddresses, ExcludedAddresses, StaticAddresses] "noprefixroute": None,
        default "off", since "1.3.6", Acts,
        "IFA_F_NOPREFIXROUTE.";
    [VirtualAddresses, ExcludedAddresses, StaticAddresses] "autojoin": None,
        default "off", since "1.3.6", Acts,
        "IFA_F_MCAUTOJOIN.";
    [VirtualAddresses, ExcludedAddresses, StaticAddresses] "no_track": None,
        default "off", since "2.0.3", Acts,
        "Do not track the dev interface nor restore the address when deleted externally.";
    [VirtualAddresses, ExcludedAddresses, StaticAddresses] "preferred_lft": Form("<seconds>|forever"),
        default "0 for IPv6 /128, else forever", since "2.0.20", Acts,
        "Preferred lifetime; 0 = deprecated address.";

    [VirtualAddresses, ExcludedAddresses] "use_vmac": None, default "off", since "2.2.0", Acts,
        "Create a VMAC for this address on dev.";

    [ExcludedAddresses] "<line>": Form("as virtual_ipaddress"), default "", since "1.2.1", Acts,
        "Same options; either family; not put in adverts.";

    [StaticAddresses] "<line>": Form("as virtual_ipaddress plus track_group, minus use_vmac"),
        default "dev = default_interface", since "1.2.1", Acts,
        "Static address.";
    [StaticAddresses] "track_group": Word("name"), default "none", since "2.0.3", Acts,
        "Bind the object to instances of the group (fault if it vanishes).";

    [VirtualServerGroup] "<line>": Form("<ip>[-<range>|/<len>] [<port>] | <ip>-<ip> [<port>] | fwmark <n> [inet|inet6]"),
        default "port 0", since "1.2.1", Acts,
        "Members; range end is last octet / last hextet or full address; /len needs zero host bits.";
];
