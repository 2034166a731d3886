//! Names of keywords, for the code that reads their values. Each of them is a row of a table.
//!
//! A name that no code takes is dead code, which the lints refuse: a keyword cannot say that it acts and be forgotten.

pub(crate) const AGENT_CHECK: &str = "AGENT_CHECK";
pub(crate) const BFD_CHECK: &str = "BFD_CHECK";
pub(crate) const DNS_CHECK: &str = "DNS_CHECK";
pub(crate) const FILE_CHECK: &str = "FILE_CHECK";
pub(crate) const GRPC_CHECK: &str = "GRPC_CHECK";
pub(crate) const HTTP_GET: &str = "HTTP_GET";
pub(crate) const KERNEL_RX_BUF_SIZE: &str = "kernel_rx_buf_size";
pub(crate) const LDAP_CHECK: &str = "LDAP_CHECK";
pub(crate) const MISC_CHECK: &str = "MISC_CHECK";
pub(crate) const MYSQL_CHECK: &str = "MYSQL_CHECK";
pub(crate) const NFTABLES_IPVS: &str = "nftables_ipvs";
pub(crate) const PGSQL_CHECK: &str = "PGSQL_CHECK";
pub(crate) const PING_CHECK: &str = "PING_CHECK";
pub(crate) const REDIS_CHECK: &str = "REDIS_CHECK";
pub(crate) const SMTP_CHECK: &str = "SMTP_CHECK";
pub(crate) const SNMP_NAME: &str = "snmp_name";
pub(crate) const SNMP_SOCKET: &str = "snmp_socket";
pub(crate) const SSL: &str = "SSL";
pub(crate) const SSL_GET: &str = "SSL_GET";
pub(crate) const TCP_CHECK: &str = "TCP_CHECK";
pub(crate) const TMP_CONFIG_DIRECTORY: &str = "tmp_config_directory";
pub(crate) const UDP_CHECK: &str = "UDP_CHECK";
pub(crate) const ACCEPT: &str = "accept";
pub(crate) const ACTIVE_KEY: &str = "active_key";
pub(crate) const ADVERT_INT: &str = "advert_int";
pub(crate) const ALPHA: &str = "alpha";
pub(crate) const ANSWER: &str = "answer";
pub(crate) const ANTI_REPLAY: &str = "anti_replay";
pub(crate) const AUTH_HMAC: &str = "auth_hmac";
pub(crate) const AUTH_PASS: &str = "auth_pass";
pub(crate) const AUTH_TYPE: &str = "auth_type";
pub(crate) const AUTHENTICATION: &str = "authentication";
pub(crate) const BACKUP: &str = "backup";
pub(crate) const BASIC_AUTH: &str = "basic_auth";
pub(crate) const BFD_CPU_AFFINITY: &str = "bfd_cpu_affinity";
pub(crate) const BFD_INSTANCE: &str = "bfd_instance";
pub(crate) const BFD_NO_SWAP: &str = "bfd_no_swap";
pub(crate) const BFD_PRIORITY: &str = "bfd_priority";
pub(crate) const BFD_PROCESS_NAME: &str = "bfd_process_name";
pub(crate) const BFD_RLIMIT_RTIME: &str = "bfd_rlimit_rtime";
pub(crate) const BFD_RLIMIT_RTTIME: &str = "bfd_rlimit_rttime";
pub(crate) const BFD_RT_PRIORITY: &str = "bfd_rt_priority";
pub(crate) const BIND_IF: &str = "bind_if";
pub(crate) const BIND_PORT: &str = "bind_port";
pub(crate) const BINDTO: &str = "bindto";
pub(crate) const BODY: &str = "body";
pub(crate) const CA: &str = "ca";
pub(crate) const CERTIFICATE: &str = "certificate";
pub(crate) const CHECK_UNICAST_SRC: &str = "check_unicast_src";
pub(crate) const CHECKER: &str = "checker";
pub(crate) const CHECKER_CPU_AFFINITY: &str = "checker_cpu_affinity";
pub(crate) const CHECKER_LOG_ALL_FAILURES: &str = "checker_log_all_failures";
pub(crate) const CHECKER_NO_SWAP: &str = "checker_no_swap";
pub(crate) const CHECKER_PRIORITY: &str = "checker_priority";
pub(crate) const CHECKER_PROCESS_NAME: &str = "checker_process_name";
pub(crate) const CHECKER_RLIMIT_RTIME: &str = "checker_rlimit_rtime";
pub(crate) const CHECKER_RLIMIT_RTTIME: &str = "checker_rlimit_rttime";
pub(crate) const CHECKER_RT_PRIORITY: &str = "checker_rt_priority";
pub(crate) const CHILD_WAIT_TIME: &str = "child_wait_time";
pub(crate) const CONNECT_IP: &str = "connect_ip";
pub(crate) const CONNECT_PORT: &str = "connect_port";
pub(crate) const CONNECT_TIMEOUT: &str = "connect_timeout";
pub(crate) const CONTROL_GROUP: &str = "control_group";
pub(crate) const CONTROL_SOCKET: &str = "control_socket";
pub(crate) const DATA_USE_INSTANCE: &str = "data_use_instance";
pub(crate) const DATABASE: &str = "database";
pub(crate) const DEFAULT_INTERFACE: &str = "default_interface";
pub(crate) const DELAY_BEFORE_RETRY: &str = "delay_before_retry";
pub(crate) const DELAY_LOOP: &str = "delay_loop";
pub(crate) const DIGEST: &str = "digest";
pub(crate) const DONT_TRACK_PRIMARY: &str = "dont_track_primary";
pub(crate) const DOWN_TIMER_ADVERTS: &str = "down_timer_adverts";
pub(crate) const DRAIN_TIMEOUT: &str = "drain_timeout";
pub(crate) const DYNAMIC_INTERFACES: &str = "dynamic_interfaces";
pub(crate) const ENABLE_SCRIPT_SECURITY: &str = "enable_script_security";
pub(crate) const ENABLE_SNI: &str = "enable_sni";
pub(crate) const EXPECT: &str = "expect";
pub(crate) const EXPECT_LINE: &str = "expect_line";
pub(crate) const FALL: &str = "fall";
pub(crate) const FAST_RECOVERY: &str = "fast_recovery";
pub(crate) const FASTOPEN_NO_COOKIE: &str = "fastopen_no_cookie";
pub(crate) const FIFO_WRITE_VRRP_STATES_ON_RELOAD: &str = "fifo_write_vrrp_states_on_reload";
pub(crate) const FILE: &str = "file";
pub(crate) const FOLLOW_REDIRECTS: &str = "follow_redirects";
pub(crate) const FORK_DELAY: &str = "fork_delay";
pub(crate) const FULL_COMMAND: &str = "full_command";
pub(crate) const FWMARK: &str = "fwmark";
pub(crate) const GARP_EXTRA_IF: &str = "garp_extra_if";
pub(crate) const GARP_GROUP: &str = "garp_group";
pub(crate) const GARP_INTERVAL: &str = "garp_interval";
pub(crate) const GARP_LOWER_PRIO_DELAY: &str = "garp_lower_prio_delay";
pub(crate) const GARP_LOWER_PRIO_REPEAT: &str = "garp_lower_prio_repeat";
pub(crate) const GARP_MASTER_DELAY: &str = "garp_master_delay";
pub(crate) const GARP_MASTER_REFRESH: &str = "garp_master_refresh";
pub(crate) const GARP_MASTER_REFRESH_REPEAT: &str = "garp_master_refresh_repeat";
pub(crate) const GARP_MASTER_REPEAT: &str = "garp_master_repeat";
pub(crate) const GLOBAL_DEFS: &str = "global_defs";
pub(crate) const GLOBAL_TRACKING: &str = "global_tracking";
pub(crate) const GNA_INTERVAL: &str = "gna_interval";
pub(crate) const GROUP: &str = "group";
pub(crate) const HA_SUSPEND: &str = "ha_suspend";
pub(crate) const HEADER: &str = "header";
pub(crate) const HELO_NAME: &str = "helo_name";
pub(crate) const HIGHER_PRIO_SEND_ADVERT: &str = "higher_prio_send_advert";
pub(crate) const HOPLIMIT: &str = "hoplimit";
pub(crate) const HOST: &str = "host";
pub(crate) const HTTP_LISTEN: &str = "http_listen";
pub(crate) const HTTP_NAME: &str = "http_name";
pub(crate) const HTTP_PROTOCOL: &str = "http_protocol";
pub(crate) const HTTP_TOKEN_FILE: &str = "http_token_file";
pub(crate) const HYSTERESIS: &str = "hysteresis";
pub(crate) const IDLE_TX: &str = "idle_tx";
pub(crate) const INCLUDE_CHECK: &str = "include_check";
pub(crate) const INHIBIT_ON_FAILURE: &str = "inhibit_on_failure";
pub(crate) const INIT_FAIL: &str = "init_fail";
pub(crate) const INIT_FILE: &str = "init_file";
pub(crate) const INSTANCE: &str = "instance";
pub(crate) const INTERFACE: &str = "interface";
pub(crate) const INTERFACE_UP_DOWN_DELAYS: &str = "interface_up_down_delays";
pub(crate) const INTERFACES: &str = "interfaces";
pub(crate) const INTERVAL: &str = "interval";
pub(crate) const IP_FAMILY: &str = "ip_family";
pub(crate) const IPROUTE_ETC_DIR: &str = "iproute_etc_dir";
pub(crate) const IPROUTE_USR_DIR: &str = "iproute_usr_dir";
pub(crate) const KEY: &str = "key";
pub(crate) const LB_ALGO: &str = "lb_algo";
pub(crate) const LB_KIND: &str = "lb_kind";
pub(crate) const LOG_ALL_FAILURES: &str = "log_all_failures";
pub(crate) const LOG_UNKNOWN_VRIDS: &str = "log_unknown_vrids";
pub(crate) const LOGIN: &str = "login";
pub(crate) const LOWER_PRIO_NO_ADVERT: &str = "lower_prio_no_advert";
pub(crate) const LTHRESHOLD: &str = "lthreshold";
pub(crate) const LVS_FLUSH: &str = "lvs_flush";
pub(crate) const LVS_FLUSH_ON_STOP: &str = "lvs_flush_on_stop";
pub(crate) const LVS_FLUSH_ONSTOP: &str = "lvs_flush_onstop";
pub(crate) const LVS_METHOD: &str = "lvs_method";
pub(crate) const LVS_NETLINK_MONITOR_RCV_BUFS: &str = "lvs_netlink_monitor_rcv_bufs";
pub(crate) const LVS_NOTIFY_FIFO: &str = "lvs_notify_fifo";
pub(crate) const LVS_PROCESS_NAME: &str = "lvs_process_name";
pub(crate) const LVS_RECONCILE: &str = "lvs_reconcile";
pub(crate) const LVS_SCHED: &str = "lvs_sched";
pub(crate) const LVS_SHARE_CHECKS: &str = "lvs_share_checks";
pub(crate) const LVS_SYNC_DAEMON: &str = "lvs_sync_daemon";
pub(crate) const LVS_SYNC_DAEMON_INTERFACE: &str = "lvs_sync_daemon_interface";
pub(crate) const LVS_TIMEOUTS: &str = "lvs_timeouts";
pub(crate) const MAX_HOPS: &str = "max_hops";
pub(crate) const MAX_REPLY_LENGTH: &str = "max_reply_length";
pub(crate) const MCAST_DST_IP: &str = "mcast_dst_ip";
pub(crate) const MCAST_SRC_IP: &str = "mcast_src_ip";
pub(crate) const METHOD: &str = "method";
pub(crate) const MIN_ANSWERS: &str = "min_answers";
pub(crate) const MIN_REPLY_LENGTH: &str = "min_reply_length";
pub(crate) const MIN_RX: &str = "min_rx";
pub(crate) const MIN_TX: &str = "min_tx";
pub(crate) const MISC_DYNAMIC: &str = "misc_dynamic";
pub(crate) const MISC_PATH: &str = "misc_path";
pub(crate) const MISC_TIMEOUT: &str = "misc_timeout";
pub(crate) const MODE: &str = "mode";
pub(crate) const MULTIHOP: &str = "multihop";
pub(crate) const MULTIPLIER: &str = "multiplier";
pub(crate) const NAME: &str = "name";
pub(crate) const NATIVE_IPV6: &str = "native_ipv6";
pub(crate) const NB_GET_RETRY: &str = "nb_get_retry";
pub(crate) const NEIGHBOR_IP: &str = "neighbor_ip";
pub(crate) const NEIGHBOUR_IP: &str = "neighbour_ip";
pub(crate) const NET_NAMESPACE: &str = "net_namespace";
pub(crate) const NFTABLES: &str = "nftables";
pub(crate) const NFTABLES_COUNTERS: &str = "nftables_counters";
pub(crate) const NFTABLES_IFINDEX: &str = "nftables_ifindex";
pub(crate) const NFTABLES_PRIORITY: &str = "nftables_priority";
pub(crate) const NO_ACCEPT: &str = "no_accept";
pub(crate) const NO_CHECKER_EMAILS: &str = "no_checker_emails";
pub(crate) const NO_EMAIL_FAULTS: &str = "no_email_faults";
pub(crate) const NO_TRACK: &str = "no_track";
pub(crate) const NO_VIRTUAL_IPADDRESS: &str = "no_virtual_ipaddress";
pub(crate) const NOPREEMPT: &str = "nopreempt";
pub(crate) const NOTIFICATION_EMAIL: &str = "notification_email";
pub(crate) const NOTIFICATION_EMAIL_FROM: &str = "notification_email_from";
pub(crate) const NOTIFY: &str = "notify";
pub(crate) const NOTIFY_BACKUP: &str = "notify_backup";
pub(crate) const NOTIFY_DELETED: &str = "notify_deleted";
pub(crate) const NOTIFY_DOWN: &str = "notify_down";
pub(crate) const NOTIFY_FAULT: &str = "notify_fault";
pub(crate) const NOTIFY_FIFO: &str = "notify_fifo";
pub(crate) const NOTIFY_MASTER: &str = "notify_master";
pub(crate) const NOTIFY_MASTER_RX_LOWER_PRI: &str = "notify_master_rx_lower_pri";
pub(crate) const NOTIFY_PRIORITY_CHANGES: &str = "notify_priority_changes";
pub(crate) const NOTIFY_STOP: &str = "notify_stop";
pub(crate) const NOTIFY_TIMEOUT: &str = "notify_timeout";
pub(crate) const NOTIFY_UP: &str = "notify_up";
pub(crate) const OLD_UNICAST_CHECKSUM: &str = "old_unicast_checksum";
pub(crate) const OMEGA: &str = "omega";
pub(crate) const ON_SHORTAGE: &str = "on_shortage";
pub(crate) const OPS: &str = "ops";
pub(crate) const OUTLIER_DETECTION: &str = "outlier_detection";
pub(crate) const OUTLIER_WEIGHT: &str = "outlier_weight";
pub(crate) const OWNER_IGNORE_ADVERTS: &str = "owner_ignore_adverts";
pub(crate) const PANIC_HYSTERESIS: &str = "panic_hysteresis";
pub(crate) const PANIC_THRESHOLD: &str = "panic_threshold";
pub(crate) const PARAM_MATCH: &str = "param_match";
pub(crate) const PASSIVE: &str = "passive";
pub(crate) const PASSWORD: &str = "password";
pub(crate) const PATH: &str = "path";
pub(crate) const PAYLOAD: &str = "payload";
pub(crate) const PERSISTENCE_ENGINE: &str = "persistence_engine";
pub(crate) const PERSISTENCE_GRANULARITY: &str = "persistence_granularity";
pub(crate) const PERSISTENCE_TIMEOUT: &str = "persistence_timeout";
pub(crate) const PREEMPT: &str = "preempt";
pub(crate) const PREEMPT_DELAY: &str = "preempt_delay";
pub(crate) const PREFERRED_LFT: &str = "preferred_lft";
pub(crate) const PRIORITY: &str = "priority";
pub(crate) const PROCESS: &str = "process";
pub(crate) const PROCESS_NAME: &str = "process_name";
pub(crate) const PROCESS_NAMES: &str = "process_names";
pub(crate) const PROMOTE_SECONDARIES: &str = "promote_secondaries";
pub(crate) const PROTOCOL: &str = "protocol";
pub(crate) const PROXY_PROTOCOL: &str = "proxy_protocol";
pub(crate) const QUORUM: &str = "quorum";
pub(crate) const QUORUM_DOWN: &str = "quorum_down";
pub(crate) const QUORUM_MAX: &str = "quorum_max";
pub(crate) const QUORUM_UP: &str = "quorum_up";
pub(crate) const RANDOM_SEED: &str = "random_seed";
pub(crate) const REAL_SERVER: &str = "real_server";
pub(crate) const REGEX: &str = "regex";
pub(crate) const REGEX_MAX_OFFSET: &str = "regex_max_offset";
pub(crate) const REGEX_MIN_OFFSET: &str = "regex_min_offset";
pub(crate) const REGEX_NO_MATCH: &str = "regex_no_match";
pub(crate) const REGEX_OPTIONS: &str = "regex_options";
pub(crate) const RELOAD_CHECK_CONFIG: &str = "reload_check_config";
pub(crate) const RELOAD_FILE: &str = "reload_file";
pub(crate) const RELOAD_REPEAT: &str = "reload_repeat";
pub(crate) const RELOAD_TIME_FILE: &str = "reload_time_file";
pub(crate) const REQUEST_BODY: &str = "request_body";
pub(crate) const REQUIRE_AD: &str = "require_ad";
pub(crate) const REQUIRE_REPLY: &str = "require_reply";
pub(crate) const RETRY: &str = "retry";
pub(crate) const RFC3768: &str = "rfc3768";
pub(crate) const RFC9568: &str = "rfc9568";
pub(crate) const RISE: &str = "rise";
pub(crate) const ROLE: &str = "role";
pub(crate) const ROUTER_ID: &str = "router_id";
pub(crate) const RS_INIT_NOTIFIES: &str = "rs_init_notifies";
pub(crate) const RTO_MIN: &str = "rto_min";
pub(crate) const SCRIPT: &str = "script";
pub(crate) const SCRIPT_USER: &str = "script_user";
pub(crate) const SEND: &str = "send";
pub(crate) const SERVICE: &str = "service";
pub(crate) const SHUTDOWN_SCRIPT: &str = "shutdown_script";
pub(crate) const SHUTDOWN_SCRIPT_TIMEOUT: &str = "shutdown_script_timeout";
pub(crate) const SKIP_CHECK_ADV_ADDR: &str = "skip_check_adv_addr";
pub(crate) const SLOW_START: &str = "slow_start";
pub(crate) const SMTP_ALERT: &str = "smtp_alert";
pub(crate) const SMTP_ALERT_CHECKER: &str = "smtp_alert_checker";
pub(crate) const SMTP_ALERT_VRRP: &str = "smtp_alert_vrrp";
pub(crate) const SMTP_AUTH: &str = "smtp_auth";
pub(crate) const SMTP_CONNECT_TIMEOUT: &str = "smtp_connect_timeout";
pub(crate) const SMTP_HELO_NAME: &str = "smtp_helo_name";
pub(crate) const SMTP_SERVER: &str = "smtp_server";
pub(crate) const SMTP_TLS: &str = "smtp_tls";
pub(crate) const SMTP_TLS_CA_FILE: &str = "smtp_tls_ca_file";
pub(crate) const SNI_NAME: &str = "sni_name";
pub(crate) const SORRY_SERVER: &str = "sorry_server";
pub(crate) const SORRY_SERVER_CHECK: &str = "sorry_server_check";
pub(crate) const SORRY_SERVER_INHIBIT: &str = "sorry_server_inhibit";
pub(crate) const SORRY_SERVER_LVS_METHOD: &str = "sorry_server_lvs_method";
pub(crate) const SOURCE_IP: &str = "source_ip";
pub(crate) const STARTUP_SCRIPT: &str = "startup_script";
pub(crate) const STARTUP_SCRIPT_TIMEOUT: &str = "startup_script_timeout";
pub(crate) const STATE: &str = "state";
pub(crate) const STATE_DUMP_FILE: &str = "state_dump_file";
pub(crate) const STATIC_IPADDRESS: &str = "static_ipaddress";
pub(crate) const STATIC_ROUTES: &str = "static_routes";
pub(crate) const STATIC_RULES: &str = "static_rules";
pub(crate) const STATUS_CODE: &str = "status_code";
pub(crate) const STOP_HANDOVER: &str = "stop_handover";
pub(crate) const STRICT_MODE: &str = "strict_mode";
pub(crate) const SUP_GROUP: &str = "sup_group";
pub(crate) const SUP_PL: &str = "sup_pl";
pub(crate) const SUPPRESS_IFGROUP: &str = "suppress_ifgroup";
pub(crate) const SUPPRESS_PREFIXLENGTH: &str = "suppress_prefixlength";
pub(crate) const SYNC_GROUP_TRACKING_WEIGHT: &str = "sync_group_tracking_weight";
pub(crate) const TERMINATE_DELAY: &str = "terminate_delay";
pub(crate) const THREAD_TIMER_EXPIRED: &str = "thread_timer_expired";
pub(crate) const TIME_WINDOW: &str = "time_window";
pub(crate) const TIMEOUT: &str = "timeout";
pub(crate) const TIMER_EXPIRED_BACKUP: &str = "timer_expired_backup";
pub(crate) const TLS: &str = "tls";
pub(crate) const TLS_CA_FILE: &str = "tls_ca_file";
pub(crate) const TLS_COMPLIANT: &str = "tls_compliant";
pub(crate) const TLS_EXPIRY_WARNING: &str = "tls_expiry_warning";
pub(crate) const TLS_EXPIRY_WEIGHT: &str = "tls_expiry_weight";
pub(crate) const TLS_VERIFY: &str = "tls_verify";
pub(crate) const TLS_VERSION: &str = "tls_version";
pub(crate) const TRACK_BFD: &str = "track_bfd";
pub(crate) const TRACK_FILE: &str = "track_file";
pub(crate) const TRACK_GROUP: &str = "track_group";
pub(crate) const TRACK_INTERFACE: &str = "track_interface";
pub(crate) const TRACK_PROCESS: &str = "track_process";
pub(crate) const TRACK_SCRIPT: &str = "track_script";
pub(crate) const TRACK_SRC_IP: &str = "track_src_ip";
pub(crate) const TTL: &str = "ttl";
pub(crate) const TYPE: &str = "type";
pub(crate) const UMASK: &str = "umask";
pub(crate) const UNICAST_FAULT_NO_PEER: &str = "unicast_fault_no_peer";
pub(crate) const UNICAST_PEER: &str = "unicast_peer";
pub(crate) const UNICAST_SRC_IP: &str = "unicast_src_ip";
pub(crate) const UNICAST_TTL: &str = "unicast_ttl";
pub(crate) const URL: &str = "url";
pub(crate) const USE_IPVLAN: &str = "use_ipvlan";
pub(crate) const USE_PID_DIR: &str = "use_pid_dir";
pub(crate) const USE_VMAC: &str = "use_vmac";
pub(crate) const USE_VMAC_ADDR: &str = "use_vmac_addr";
pub(crate) const USER: &str = "user";
pub(crate) const UTHRESHOLD: &str = "uthreshold";
pub(crate) const V3_CHECKSUM_AS_V2: &str = "v3_checksum_as_v2";
pub(crate) const VERSION: &str = "version";
pub(crate) const VIRTUAL_IPADDRESS: &str = "virtual_ipaddress";
pub(crate) const VIRTUAL_IPADDRESS_EXCLUDED: &str = "virtual_ipaddress_excluded";
pub(crate) const VIRTUAL_ROUTER_ID: &str = "virtual_router_id";
pub(crate) const VIRTUAL_ROUTES: &str = "virtual_routes";
pub(crate) const VIRTUAL_RULES: &str = "virtual_rules";
pub(crate) const VIRTUAL_SERVER: &str = "virtual_server";
pub(crate) const VIRTUAL_SERVER_GROUP: &str = "virtual_server_group";
pub(crate) const VIRTUALHOST: &str = "virtualhost";
pub(crate) const VMAC_ADDR_PREFIX: &str = "vmac_addr_prefix";
pub(crate) const VMAC_GARP_INTVL: &str = "vmac_garp_intvl";
pub(crate) const VMAC_PREFIX: &str = "vmac_prefix";
pub(crate) const VMAC_XMIT_BASE: &str = "vmac_xmit_base";
pub(crate) const VRF: &str = "vrf";
pub(crate) const VRRP: &str = "vrrp";
pub(crate) const VRRP_CHECK_UNICAST_SRC: &str = "vrrp_check_unicast_src";
pub(crate) const VRRP_CPU_AFFINITY: &str = "vrrp_cpu_affinity";
pub(crate) const VRRP_DELAY_AFTER_BOOT: &str = "vrrp_delay_after_boot";
pub(crate) const VRRP_DOWN_TIMER_ADVERTS: &str = "vrrp_down_timer_adverts";
pub(crate) const VRRP_GARP_EXTRA_IF: &str = "vrrp_garp_extra_if";
pub(crate) const VRRP_GARP_INTERVAL: &str = "vrrp_garp_interval";
pub(crate) const VRRP_GARP_LOWER_PRIO_DELAY: &str = "vrrp_garp_lower_prio_delay";
pub(crate) const VRRP_GARP_LOWER_PRIO_REPEAT: &str = "vrrp_garp_lower_prio_repeat";
pub(crate) const VRRP_GARP_MASTER_DELAY: &str = "vrrp_garp_master_delay";
pub(crate) const VRRP_GARP_MASTER_REFRESH: &str = "vrrp_garp_master_refresh";
pub(crate) const VRRP_GARP_MASTER_REFRESH_REPEAT: &str = "vrrp_garp_master_refresh_repeat";
pub(crate) const VRRP_GARP_MASTER_REPEAT: &str = "vrrp_garp_master_repeat";
pub(crate) const VRRP_GNA_INTERVAL: &str = "vrrp_gna_interval";
pub(crate) const VRRP_HIGHER_PRIO_SEND_ADVERT: &str = "vrrp_higher_prio_send_advert";
pub(crate) const VRRP_INSTANCE: &str = "vrrp_instance";
pub(crate) const VRRP_IPSETS: &str = "vrrp_ipsets";
pub(crate) const VRRP_IPTABLES: &str = "vrrp_iptables";
pub(crate) const VRRP_LOWER_PRIO_NO_ADVERT: &str = "vrrp_lower_prio_no_advert";
pub(crate) const VRRP_MCAST_GROUP4: &str = "vrrp_mcast_group4";
pub(crate) const VRRP_MCAST_GROUP6: &str = "vrrp_mcast_group6";
pub(crate) const VRRP_MIN_GARP: &str = "vrrp_min_garp";
pub(crate) const VRRP_NETLINK_MONITOR_RCV_BUFS: &str = "vrrp_netlink_monitor_rcv_bufs";
pub(crate) const VRRP_NO_SWAP: &str = "vrrp_no_swap";
pub(crate) const VRRP_NOTIFY_FIFO: &str = "vrrp_notify_fifo";
pub(crate) const VRRP_NOTIFY_PRIORITY_CHANGES: &str = "vrrp_notify_priority_changes";
pub(crate) const VRRP_OWNER_IGNORE_ADVERTS: &str = "vrrp_owner_ignore_adverts";
pub(crate) const VRRP_PRIORITY: &str = "vrrp_priority";
pub(crate) const VRRP_PROCESS_NAME: &str = "vrrp_process_name";
pub(crate) const VRRP_RLIMIT_RTIME: &str = "vrrp_rlimit_rtime";
pub(crate) const VRRP_RLIMIT_RTTIME: &str = "vrrp_rlimit_rttime";
pub(crate) const VRRP_RT_PRIORITY: &str = "vrrp_rt_priority";
pub(crate) const VRRP_RX_BUFS_MULTIPLIER: &str = "vrrp_rx_bufs_multiplier";
pub(crate) const VRRP_RX_BUFS_POLICY: &str = "vrrp_rx_bufs_policy";
pub(crate) const CONFIG_SAVE_DIR: &str = "config_save_dir";
pub(crate) const VRRP_SCRIPT: &str = "vrrp_script";
pub(crate) const VRRP_SKIP_CHECK_ADV_ADDR: &str = "vrrp_skip_check_adv_addr";
pub(crate) const VRRP_STARTUP_DELAY: &str = "vrrp_startup_delay";
pub(crate) const VRRP_STRICT: &str = "vrrp_strict";
pub(crate) const VRRP_SYNC_GROUP: &str = "vrrp_sync_group";
pub(crate) const VRRP_TRACK_FILE: &str = "vrrp_track_file";
pub(crate) const VRRP_TRACK_PROCESS: &str = "vrrp_track_process";
pub(crate) const VRRP_VERSION: &str = "vrrp_version";
pub(crate) const VRRP_VMAC_GARP_INTVL: &str = "vrrp_vmac_garp_intvl";
pub(crate) const WARMUP: &str = "warmup";
pub(crate) const WEIGHT: &str = "weight";
pub(crate) const WORKER_TIMEOUT: &str = "worker_timeout";
pub(crate) const WORKER_USER: &str = "worker_user";

/// All of them.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[
    AGENT_CHECK,
    BFD_CHECK,
    DNS_CHECK,
    FILE_CHECK,
    GRPC_CHECK,
    HTTP_GET,
    KERNEL_RX_BUF_SIZE,
    LDAP_CHECK,
    MISC_CHECK,
    MYSQL_CHECK,
    NFTABLES_IPVS,
    PGSQL_CHECK,
    PING_CHECK,
    REDIS_CHECK,
    SMTP_CHECK,
    SNMP_NAME,
    SNMP_SOCKET,
    SSL,
    SSL_GET,
    TCP_CHECK,
    TMP_CONFIG_DIRECTORY,
    UDP_CHECK,
    ACCEPT,
    ACTIVE_KEY,
    ADVERT_INT,
    ALPHA,
    ANSWER,
    ANTI_REPLAY,
    AUTH_HMAC,
    AUTH_PASS,
    AUTH_TYPE,
    AUTHENTICATION,
    BACKUP,
    BASIC_AUTH,
    BFD_CPU_AFFINITY,
    BFD_INSTANCE,
    BFD_NO_SWAP,
    BFD_PRIORITY,
    BFD_PROCESS_NAME,
    BFD_RLIMIT_RTIME,
    BFD_RLIMIT_RTTIME,
    BFD_RT_PRIORITY,
    BIND_IF,
    BIND_PORT,
    BINDTO,
    BODY,
    CA,
    CERTIFICATE,
    CHECK_UNICAST_SRC,
    CHECKER,
    CHECKER_CPU_AFFINITY,
    CHECKER_LOG_ALL_FAILURES,
    CHECKER_NO_SWAP,
    CHECKER_PRIORITY,
    CHECKER_PROCESS_NAME,
    CHECKER_RLIMIT_RTIME,
    CHECKER_RLIMIT_RTTIME,
    CHECKER_RT_PRIORITY,
    CHILD_WAIT_TIME,
    CONNECT_IP,
    CONNECT_PORT,
    CONNECT_TIMEOUT,
    CONTROL_GROUP,
    CONTROL_SOCKET,
    DATA_USE_INSTANCE,
    DATABASE,
    DEFAULT_INTERFACE,
    DELAY_BEFORE_RETRY,
    DELAY_LOOP,
    DIGEST,
    DONT_TRACK_PRIMARY,
    DOWN_TIMER_ADVERTS,
    DRAIN_TIMEOUT,
    DYNAMIC_INTERFACES,
    ENABLE_SCRIPT_SECURITY,
    ENABLE_SNI,
    EXPECT,
    EXPECT_LINE,
    FALL,
    FAST_RECOVERY,
    FASTOPEN_NO_COOKIE,
    FIFO_WRITE_VRRP_STATES_ON_RELOAD,
    FILE,
    FOLLOW_REDIRECTS,
    FORK_DELAY,
    FULL_COMMAND,
    FWMARK,
    GARP_EXTRA_IF,
    GARP_GROUP,
    GARP_INTERVAL,
    GARP_LOWER_PRIO_DELAY,
    GARP_LOWER_PRIO_REPEAT,
    GARP_MASTER_DELAY,
    GARP_MASTER_REFRESH,
    GARP_MASTER_REFRESH_REPEAT,
    GARP_MASTER_REPEAT,
    GLOBAL_DEFS,
    GLOBAL_TRACKING,
    GNA_INTERVAL,
    GROUP,
    HA_SUSPEND,
    HEADER,
    HELO_NAME,
    HIGHER_PRIO_SEND_ADVERT,
    HOPLIMIT,
    HOST,
    HTTP_LISTEN,
    HTTP_NAME,
    HTTP_PROTOCOL,
    HTTP_TOKEN_FILE,
    HYSTERESIS,
    IDLE_TX,
    INCLUDE_CHECK,
    INHIBIT_ON_FAILURE,
    INIT_FAIL,
    INIT_FILE,
    INSTANCE,
    INTERFACE,
    INTERFACE_UP_DOWN_DELAYS,
    INTERFACES,
    INTERVAL,
    IP_FAMILY,
    IPROUTE_ETC_DIR,
    IPROUTE_USR_DIR,
    KEY,
    LB_ALGO,
    LB_KIND,
    LOG_ALL_FAILURES,
    LOG_UNKNOWN_VRIDS,
    LOGIN,
    LOWER_PRIO_NO_ADVERT,
    LTHRESHOLD,
    LVS_FLUSH,
    LVS_FLUSH_ON_STOP,
    LVS_FLUSH_ONSTOP,
    LVS_METHOD,
    LVS_NETLINK_MONITOR_RCV_BUFS,
    LVS_NOTIFY_FIFO,
    LVS_PROCESS_NAME,
    LVS_RECONCILE,
    LVS_SCHED,
    LVS_SHARE_CHECKS,
    LVS_SYNC_DAEMON,
    LVS_SYNC_DAEMON_INTERFACE,
    LVS_TIMEOUTS,
    MAX_HOPS,
    MAX_REPLY_LENGTH,
    MCAST_DST_IP,
    MCAST_SRC_IP,
    METHOD,
    MIN_ANSWERS,
    MIN_REPLY_LENGTH,
    MIN_RX,
    MIN_TX,
    MISC_DYNAMIC,
    MISC_PATH,
    MISC_TIMEOUT,
    MODE,
    MULTIHOP,
    MULTIPLIER,
    NAME,
    NATIVE_IPV6,
    NB_GET_RETRY,
    NEIGHBOR_IP,
    NEIGHBOUR_IP,
    NET_NAMESPACE,
    NFTABLES,
    NFTABLES_COUNTERS,
    NFTABLES_IFINDEX,
    NFTABLES_PRIORITY,
    NO_ACCEPT,
    NO_CHECKER_EMAILS,
    NO_EMAIL_FAULTS,
    NO_TRACK,
    NO_VIRTUAL_IPADDRESS,
    NOPREEMPT,
    NOTIFICATION_EMAIL,
    NOTIFICATION_EMAIL_FROM,
    NOTIFY,
    NOTIFY_BACKUP,
    NOTIFY_DELETED,
    NOTIFY_DOWN,
    NOTIFY_FAULT,
    NOTIFY_FIFO,
    NOTIFY_MASTER,
    NOTIFY_MASTER_RX_LOWER_PRI,
    NOTIFY_PRIORITY_CHANGES,
    NOTIFY_STOP,
    NOTIFY_TIMEOUT,
    NOTIFY_UP,
    OLD_UNICAST_CHECKSUM,
    OMEGA,
    ON_SHORTAGE,
    OPS,
    OUTLIER_DETECTION,
    OUTLIER_WEIGHT,
    OWNER_IGNORE_ADVERTS,
    PANIC_HYSTERESIS,
    PANIC_THRESHOLD,
    PARAM_MATCH,
    PASSIVE,
    PASSWORD,
    PATH,
    PAYLOAD,
    PERSISTENCE_ENGINE,
    PERSISTENCE_GRANULARITY,
    PERSISTENCE_TIMEOUT,
    PREEMPT,
    PREEMPT_DELAY,
    PREFERRED_LFT,
    PRIORITY,
    PROCESS,
    PROCESS_NAME,
    PROCESS_NAMES,
    PROMOTE_SECONDARIES,
    PROTOCOL,
    PROXY_PROTOCOL,
    QUORUM,
    QUORUM_DOWN,
    QUORUM_MAX,
    QUORUM_UP,
    RANDOM_SEED,
    REAL_SERVER,
    REGEX,
    REGEX_MAX_OFFSET,
    REGEX_MIN_OFFSET,
    REGEX_NO_MATCH,
    REGEX_OPTIONS,
    RELOAD_CHECK_CONFIG,
    RELOAD_FILE,
    RELOAD_REPEAT,
    RELOAD_TIME_FILE,
    REQUEST_BODY,
    REQUIRE_AD,
    REQUIRE_REPLY,
    RETRY,
    RFC3768,
    RFC9568,
    RISE,
    ROLE,
    ROUTER_ID,
    RS_INIT_NOTIFIES,
    RTO_MIN,
    SCRIPT,
    SCRIPT_USER,
    SEND,
    SERVICE,
    SHUTDOWN_SCRIPT,
    SHUTDOWN_SCRIPT_TIMEOUT,
    SKIP_CHECK_ADV_ADDR,
    SLOW_START,
    SMTP_ALERT,
    SMTP_ALERT_CHECKER,
    SMTP_ALERT_VRRP,
    SMTP_AUTH,
    SMTP_CONNECT_TIMEOUT,
    SMTP_HELO_NAME,
    SMTP_SERVER,
    SMTP_TLS,
    SMTP_TLS_CA_FILE,
    SNI_NAME,
    SORRY_SERVER,
    SORRY_SERVER_CHECK,
    SORRY_SERVER_INHIBIT,
    SORRY_SERVER_LVS_METHOD,
    SOURCE_IP,
    STARTUP_SCRIPT,
    STARTUP_SCRIPT_TIMEOUT,
    STATE,
    STATE_DUMP_FILE,
    STATIC_IPADDRESS,
    STATIC_ROUTES,
    STATIC_RULES,
    STATUS_CODE,
    STOP_HANDOVER,
    STRICT_MODE,
    SUP_GROUP,
    SUP_PL,
    SUPPRESS_IFGROUP,
    SUPPRESS_PREFIXLENGTH,
    SYNC_GROUP_TRACKING_WEIGHT,
    TERMINATE_DELAY,
    THREAD_TIMER_EXPIRED,
    TIME_WINDOW,
    TIMEOUT,
    TIMER_EXPIRED_BACKUP,
    TLS,
    TLS_CA_FILE,
    TLS_COMPLIANT,
    TLS_EXPIRY_WARNING,
    TLS_EXPIRY_WEIGHT,
    TLS_VERIFY,
    TLS_VERSION,
    TRACK_BFD,
    TRACK_FILE,
    TRACK_GROUP,
    TRACK_INTERFACE,
    TRACK_PROCESS,
    TRACK_SCRIPT,
    TRACK_SRC_IP,
    TTL,
    TYPE,
    UMASK,
    UNICAST_FAULT_NO_PEER,
    UNICAST_PEER,
    UNICAST_SRC_IP,
    UNICAST_TTL,
    URL,
    USE_IPVLAN,
    USE_PID_DIR,
    USE_VMAC,
    USE_VMAC_ADDR,
    USER,
    UTHRESHOLD,
    V3_CHECKSUM_AS_V2,
    VERSION,
    VIRTUAL_IPADDRESS,
    VIRTUAL_IPADDRESS_EXCLUDED,
    VIRTUAL_ROUTER_ID,
    VIRTUAL_ROUTES,
    VIRTUAL_RULES,
    VIRTUAL_SERVER,
    VIRTUAL_SERVER_GROUP,
    VIRTUALHOST,
    VMAC_ADDR_PREFIX,
    VMAC_GARP_INTVL,
    VMAC_PREFIX,
    VMAC_XMIT_BASE,
    VRF,
    VRRP,
    VRRP_CHECK_UNICAST_SRC,
    VRRP_CPU_AFFINITY,
    VRRP_DELAY_AFTER_BOOT,
    VRRP_DOWN_TIMER_ADVERTS,
    VRRP_GARP_EXTRA_IF,
    VRRP_GARP_INTERVAL,
    VRRP_GARP_LOWER_PRIO_DELAY,
    VRRP_GARP_LOWER_PRIO_REPEAT,
    VRRP_GARP_MASTER_DELAY,
    VRRP_GARP_MASTER_REFRESH,
    VRRP_GARP_MASTER_REFRESH_REPEAT,
    VRRP_GARP_MASTER_REPEAT,
    VRRP_GNA_INTERVAL,
    VRRP_HIGHER_PRIO_SEND_ADVERT,
    VRRP_INSTANCE,
    VRRP_IPSETS,
    VRRP_IPTABLES,
    VRRP_LOWER_PRIO_NO_ADVERT,
    VRRP_MCAST_GROUP4,
    VRRP_MCAST_GROUP6,
    VRRP_MIN_GARP,
    VRRP_NETLINK_MONITOR_RCV_BUFS,
    VRRP_NO_SWAP,
    VRRP_NOTIFY_FIFO,
    VRRP_NOTIFY_PRIORITY_CHANGES,
    VRRP_OWNER_IGNORE_ADVERTS,
    VRRP_PRIORITY,
    VRRP_PROCESS_NAME,
    VRRP_RLIMIT_RTIME,
    VRRP_RLIMIT_RTTIME,
    VRRP_RT_PRIORITY,
    VRRP_RX_BUFS_MULTIPLIER,
    VRRP_RX_BUFS_POLICY,
    CONFIG_SAVE_DIR,
    VRRP_SCRIPT,
    VRRP_SKIP_CHECK_ADV_ADDR,
    VRRP_STARTUP_DELAY,
    VRRP_STRICT,
    VRRP_SYNC_GROUP,
    VRRP_TRACK_FILE,
    VRRP_TRACK_PROCESS,
    VRRP_VERSION,
    VRRP_VMAC_GARP_INTVL,
    WARMUP,
    WEIGHT,
    WORKER_TIMEOUT,
    WORKER_USER,
];
