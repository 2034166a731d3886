//! Output of `-h` and `-v`.

/// The text of `--help`.
pub const HELP: &str = "\
Usage: vipd [OPTION...]           run keepalived.conf
       vipd status|events|top|neighbours|reload|confirm|undo [OPTION...]
                                  ask a running daemon, and steer it; each has --help
       vipd check [NAME=]FILE...  what goes wrong between the nodes that these files are for, and who serves after faults
       vipd demo                  watch a failover between two routers on this machine
       vipd genhash OPTION...     the digest of a page, for HTTP_GET and SSL_GET
       vipd explain WORD          why something is as it is; what a keyword, or the code of a finding, means
       vipd doctor                things on this machine that will hurt
       vipd probe VS RS           make the checks of a real server once, and show how they go
       vipd capture IFACE|FILE    what is wrong with VRRP on a link, or in a pcap file

Configuration
  -f, --use-file=FILE            configuration file (default /etc/keepalived/keepalived.conf)
  -t, --config-test[=FILE]       test the configuration and exit; findings go to FILE or standard error
  -e, --all-config               a missing or unreadable include is an error
  -i, --config-id=ID             id for lines that begin with '@' (default: host name up to the first dot)
  -d, --dump-conf                log the configuration as understood

What runs
  -P, --vrrp                     only VRRP
  -C, --check                    only health checks
  -B, --no_bfd                   no BFD worker
      --all                      run everything, even without configuration for it
  -s, --namespace=NAME           run in this network namespace
  -R, --dont-respawn             stop when a worker dies, instead of restarting it
  -V, --dont-release-vrrp        leave virtual addresses in place at a stop
  -I, --dont-release-ipvs        leave the kernel's load balancer as it is at a stop
      --ipvs-dry-run             check servers and log what would change in the kernel's load balancer
  -n, --dont-fork                stay in the foreground
      --ignore-sigint            do not stop on SIGINT

Log
  -l, --log-console              log to standard error too
      --log-format=FORMAT        how lines of --log-console look: text (default) or json
  -D, --log-detail               log more
  -S, --log-facility=FACILITY    0-7, local0-local7, user or daemon (default)
  -G, --no-syslog                do not log to syslog

Files
  -p, --pid=FILE                 pid file of the daemon (default /run/keepalived.pid)
  -r, --vrrp_pid=FILE            pid file of the VRRP worker (default /run/vrrp.pid)
  -c, --checkers_pid=FILE        pid file of the LVS worker (default /run/checkers.pid)
  -b, --bfd_pid=FILE             pid file of the BFD worker (default /run/bfd.pid)
  -u, --umask=MASK               mask for new files, numeric

      --signum=FUNCTION          print the signal for STOP, RELOAD, DATA, STATS, STATS_CLEAR or JSON
  -v, --version                  print the version
  -h, --help                     print this

Accepted as keepalived's, without effect yet: -a -A -b -g -m -M -x -X --debug --flush-log-file --perf
";

/// The text of `--version`.
pub fn version_text() -> String {
    format!(
        "vipd v{}\n\nRuns keepalived.conf: VRRPv2 and VRRPv3 as keepalived speaks them.\n",
        env!("CARGO_PKG_VERSION")
    )
}

/// The text of `--version` for callers of the program as `keepalived`: programs look for the release in its first line,
/// and for `JSON` among the options.
pub(super) fn keepalived_version_text() -> String {
    format!(
        "Keepalived v{FEATURE_LEVEL} (vipd v{})\n\n\
         This is vipd, which runs keepalived.conf as keepalived {FEATURE_LEVEL} does.\n\n\
         Config options:  {CONFIG_OPTIONS}\n",
        env!("CARGO_PKG_VERSION")
    )
}

/// The release whose keywords are known.
const FEATURE_LEVEL: &str = "2.4.3";

/// keepalived's words for what was built in.
const CONFIG_OPTIONS: &str = "LVS REGEX VRRP VRRP_AUTH JSON OLD_CHKSUM_COMPAT INIT=systemd SYSTEMD_NOTIFY";

#[cfg(test)]
mod tests {
    use super::HELP;
    use crate::SPECS;

    #[test]
    fn the_help_names_every_option() {
        for spec in SPECS.iter().filter(|spec| !matches!(spec.name, "genhash" | "no-mem-check")) {
            let long = HELP.contains(&format!("--{}", spec.name));
            let letter =
                spec.letter.is_some_and(|letter| HELP.contains(&format!(" -{} ", char::from(letter))));
            assert!(long || letter, "{}", spec.name);
        }
    }
}
