//! Keywords outside every block: includes and the blocks themselves.

use super::Keyword;
use super::table::keywords;

pub(super) static ROOT: &[Keyword] = keywords![
    [Root] "include": Word("glob path"), default "", since "1.2.1", Acts,
        "Read matching config files here; missing files only logged. Preprocessor word, not a block keyword.";
    [Root] "includer": Word("glob path"), default "", since "2.2.0", Acts,
        "As include, but a matched file that is unreadable/not a plain non-executable file is an error (exit 6).";
    [Root] "includem": Word("glob path"), default "", since "2.2.0", Acts,
        "includer plus error when a wildcard-free path does not exist.";
    [Root] "includew": Word("glob path"), default "", since "2.2.0", Acts,
        "includem plus error when a wildcard pattern matches nothing.";
    [Root] "includeb": Word("glob path"), default "", since "2.2.0", Acts,
        "includer plus error when any {brace} alternative has no match.";
    [Root] "includea": Word("glob path"), default "", since "2.2.0", Acts,
        "All include checks enabled.";
    [Root] "global_defs": Block(Context::GlobalDefs), default "", since "1.2.1", Acts,
        "Process-wide settings; may appear several times, later values overwrite.";
    [Root] "linkbeat_use_polling": None, default "off", since "1.2.1", NoEffect("the kernel tells of each change of a link as it happens, and is believed without being asked"),
        "Poll link state (MII/ETHTOOL/IOCTL) for all interfaces instead of netlink. Build option linkbeat.";
    [Root] "linkbeat_interfaces": Lines(Context::LinkbeatInterfaces), default "", since "2.0.13", NoEffect("the kernel tells of each change of a link as it happens, and is believed without being asked"),
        "Interfaces whose link state is polled. Build option linkbeat.";
    [Root] "net_namespace": Word("name"), default "default netns", since "1.2.24", Acts,
        "Run everything in the named network namespace; implies use_pid_dir; first wins; cannot change on reload.";
    [Root] "net_namespace_ipvs": OptionalWord("name"),
        default "same as net_namespace", since "2.1.0", Refused("virtual servers are set where the daemon runs; run a second daemon with `net_namespace` for them"),
        "Namespace used for IPVS; no argument means the original default namespace; not changeable on reload.";
    [Root] "namespace_with_ipsets": None, default "off", since "1.3.0", NoEffect("no ipset is used, and the sets of nftables belong to their namespace"),
        "Allow ipsets inside a namespace on kernels older than 3.13.";
    [Root] "use_pid_dir": None, default "off", since "1.2.24", Acts,
        "Place pid files in /run/keepalived/ instead of /run/.";
    [Root] "instance": Word("name"), default "", since "1.2.24", Acts,
        "Instance suffix for pid files, syslog ident and dumps; implies use_pid_dir; not changeable on reload.";
    [Root] "child_wait_time": integer(0, U32, Unit::Seconds) => aborts, default "5", since "2.0.0", Acts,
        "Time that the parent waits for children at shutdown before it kills them.";
    [Root] "interface_up_down_delays": Lines(Context::InterfaceUpDownDelays),
        default "", since "2.2.3", Acts,
        "Debounce delays applied to interface state changes.";
    [Root] "static_ipaddress": Lines(Context::StaticAddresses), default "", since "1.2.1", Acts,
        "Addresses added at start and removed at stop, independent of VRRP state.";
    [Root] "static_routes": Lines(Context::StaticRoutes), default "", since "1.2.1", Acts,
        "Routes kept for the life of the VRRP process.";
    [Root] "static_rules": Lines(Context::StaticRules), default "", since "1.2.20", Acts,
        "Policy rules kept for the life of the VRRP process.";
    [Root] "track_group": NamedBlock(Context::TrackGroup), default "", since "2.0.3", Acts,
        "Named set of VRRP instances that may be bound to static addresses/routes/rules.";
    [Root] "vrrp_sync_group": NamedBlock(Context::SyncGroup), default "", since "1.2.1", Acts,
        "Set of VRRP instances that change state together; duplicate name is skipped.";
    [Root] "garp_group": Block(Context::GarpGroup), default "", since "1.2.21", Acts,
        "Rate limiting of gratuitous ARP/NA per interface or interface set.";
    [Root] "vrrp_instance": NamedBlock(Context::VrrpInstance), default "", since "1.2.1", Acts,
        "One virtual router; duplicate name: whole block skipped with error.";
    [Root] "vrrp_script": NamedBlock(Context::VrrpScript) => aborts, default "", since "1.2.1", Acts,
        "Periodically executed health script; must be defined before it is referenced.";
    [Root] "vrrp_track_process": NamedBlock(Context::TrackProcess) => aborts,
        default "", since "2.0.11", Acts,
        "Process-count monitor; must be defined before use.";
    [Root] "track_file": NamedBlock(Context::TrackFile) => aborts, default "", since "2.1.0", Acts,
        "File whose integer content drives VRRP priority or a FILE_CHECK; define before use.";
    [Root] "vrrp_track_file": NamedBlock(Context::OldTrackFile) => aborts,
        default "", since "2.0.0", OldSpelling("track_file"),
        "Deprecated spelling of track_file (deprecation error, still works).";
    [Root] "SSL": Block(Context::Ssl), default "", since "1.2.1", Acts,
        "Client certificate material for every SSL_GET.";
    [Root] "virtual_server_group": NamedLines(Context::VirtualServerGroup) => aborts,
        default "", since "1.2.1", Acts,
        "Named list of VIP endpoints sharing one virtual_server definition.";
    [Root] "virtual_server": KeyedBlock(Context::VirtualServer, "<ip> [<port>] | fwmark <n> | group <name>") => aborts,
        default "", since "1.2.1", Acts,
        "IPVS virtual service. No port (0) needs persistence. Service without real_server is dropped.";
    [Root] "bfd_instance": NamedBlock(Context::BfdInstance), default "", since "2.0.0", Acts,
        "BFD session; define before use in trackers.";
];
