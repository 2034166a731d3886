//! The places a keyword may stand in.

use std::fmt;
use std::sync::LazyLock;

/// A kind of block (or the top of the file).
///
/// ```
/// use keepalived_conf::keywords::Context;
///
/// assert_eq!(Context::Authentication.path(), "vrrp_instance/authentication");
/// assert_eq!(Context::Authentication.name(), "authentication");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Context {
    /// Outside every block.
    Root,
    /// `global_defs`
    GlobalDefs,
    /// `linkbeat_interfaces`
    LinkbeatInterfaces,
    /// `interface_up_down_delays`
    InterfaceUpDownDelays,
    /// `static_ipaddress`
    StaticAddresses,
    /// `static_routes`
    StaticRoutes,
    /// `static_rules`
    StaticRules,
    /// `track_group`
    TrackGroup,
    /// `vrrp_sync_group`
    SyncGroup,
    /// `garp_group`
    GarpGroup,
    /// `vrrp_instance`
    VrrpInstance,
    /// `vrrp_script`
    VrrpScript,
    /// `vrrp_track_process`
    TrackProcess,
    /// `track_file`
    TrackFile,
    /// `vrrp_track_file`
    OldTrackFile,
    /// `SSL`
    Ssl,
    /// `virtual_server_group`
    VirtualServerGroup,
    /// `virtual_server`
    VirtualServer,
    /// `bfd_instance`
    BfdInstance,
    /// `global_defs/notification_email`
    NotificationEmails,
    /// `track_group/group`
    TrackGroupMembers,
    /// `garp_group/interfaces`
    GarpGroupInterfaces,
    /// `vrrp_sync_group/group`
    SyncGroupMembers,
    /// `vrrp_sync_group/track_interface`
    SyncGroupTrackInterface,
    /// `vrrp_sync_group/track_script`
    SyncGroupTrackScript,
    /// `vrrp_sync_group/track_file`
    SyncGroupTrackFile,
    /// `vrrp_sync_group/track_process`
    SyncGroupTrackProcess,
    /// `vrrp_sync_group/track_bfd`
    SyncGroupTrackBfd,
    /// `vrrp_instance/track_interface`
    InstanceTrackInterface,
    /// `vrrp_instance/track_script`
    InstanceTrackScript,
    /// `vrrp_instance/track_file`
    InstanceTrackFile,
    /// `vrrp_instance/track_process`
    InstanceTrackProcess,
    /// `vrrp_instance/track_bfd`
    InstanceTrackBfd,
    /// `vrrp_instance/unicast_peer`
    UnicastPeers,
    /// `vrrp_instance/virtual_ipaddress`
    VirtualAddresses,
    /// `vrrp_instance/virtual_ipaddress_excluded`
    ExcludedAddresses,
    /// `vrrp_instance/virtual_routes`
    VirtualRoutes,
    /// `vrrp_instance/virtual_rules`
    VirtualRules,
    /// `vrrp_instance/authentication`
    Authentication,
    /// `vrrp_instance/auth_hmac`
    AuthHmac,
    /// `virtual_server/real_server`
    RealServer,
    /// `virtual_server/sorry_server_check`
    SorryServerCheck,
    /// `virtual_server/real_server/TCP_CHECK`
    TcpCheck,
    /// `virtual_server/real_server/HTTP_GET`
    HttpGet,
    /// `virtual_server/real_server/SSL_GET`
    SslGet,
    /// `virtual_server/real_server/SMTP_CHECK`
    SmtpCheck,
    /// `virtual_server/real_server/DNS_CHECK`
    DnsCheck,
    /// `virtual_server/real_server/MISC_CHECK`
    MiscCheck,
    /// `virtual_server/real_server/UDP_CHECK`
    UdpCheck,
    /// `virtual_server/real_server/PING_CHECK`
    PingCheck,
    /// `virtual_server/real_server/FILE_CHECK`
    FileCheck,
    /// `virtual_server/real_server/BFD_CHECK`
    BfdCheck,
    /// `virtual_server/real_server/HTTP_GET/url`
    HttpGetUrl,
    /// `virtual_server/real_server/SSL_GET/url`
    SslGetUrl,
    /// `virtual_server/real_server/SMTP_CHECK/host`
    SmtpCheckHost,
    /// `virtual_server/real_server/AGENT_CHECK`
    AgentCheck,
    /// `virtual_server/real_server/GRPC_CHECK`
    GrpcCheck,
    /// `virtual_server/real_server/REDIS_CHECK`
    RedisCheck,
    /// `virtual_server/real_server/MYSQL_CHECK`
    MysqlCheck,
    /// `virtual_server/real_server/PGSQL_CHECK`
    PgsqlCheck,
    /// `virtual_server/real_server/LDAP_CHECK`
    LdapCheck,
}

impl Context {
    /// Every context.
    pub const ALL: &'static [Self] = &[
        Self::Root,
        Self::GlobalDefs,
        Self::LinkbeatInterfaces,
        Self::InterfaceUpDownDelays,
        Self::StaticAddresses,
        Self::StaticRoutes,
        Self::StaticRules,
        Self::TrackGroup,
        Self::SyncGroup,
        Self::GarpGroup,
        Self::VrrpInstance,
        Self::VrrpScript,
        Self::TrackProcess,
        Self::TrackFile,
        Self::OldTrackFile,
        Self::Ssl,
        Self::VirtualServerGroup,
        Self::VirtualServer,
        Self::BfdInstance,
        Self::NotificationEmails,
        Self::TrackGroupMembers,
        Self::GarpGroupInterfaces,
        Self::SyncGroupMembers,
        Self::SyncGroupTrackInterface,
        Self::SyncGroupTrackScript,
        Self::SyncGroupTrackFile,
        Self::SyncGroupTrackProcess,
        Self::SyncGroupTrackBfd,
        Self::InstanceTrackInterface,
        Self::InstanceTrackScript,
        Self::InstanceTrackFile,
        Self::InstanceTrackProcess,
        Self::InstanceTrackBfd,
        Self::UnicastPeers,
        Self::VirtualAddresses,
        Self::ExcludedAddresses,
        Self::VirtualRoutes,
        Self::VirtualRules,
        Self::Authentication,
        Self::AuthHmac,
        Self::RealServer,
        Self::SorryServerCheck,
        Self::TcpCheck,
        Self::HttpGet,
        Self::SslGet,
        Self::SmtpCheck,
        Self::DnsCheck,
        Self::MiscCheck,
        Self::UdpCheck,
        Self::PingCheck,
        Self::FileCheck,
        Self::BfdCheck,
        Self::HttpGetUrl,
        Self::SslGetUrl,
        Self::SmtpCheckHost,
        Self::AgentCheck,
        Self::GrpcCheck,
        Self::RedisCheck,
        Self::MysqlCheck,
        Self::PgsqlCheck,
        Self::LdapCheck,
    ];

    /// The keywords of the blocks around, joined by `/`; empty at the top.
    pub fn path(self) -> &'static str {
        match self {
            Self::Root => "",
            Self::GlobalDefs => "global_defs",
            Self::LinkbeatInterfaces => "linkbeat_interfaces",
            Self::InterfaceUpDownDelays => "interface_up_down_delays",
            Self::StaticAddresses => "static_ipaddress",
            Self::StaticRoutes => "static_routes",
            Self::StaticRules => "static_rules",
            Self::TrackGroup => "track_group",
            Self::SyncGroup => "vrrp_sync_group",
            Self::GarpGroup => "garp_group",
            Self::VrrpInstance => "vrrp_instance",
            Self::VrrpScript => "vrrp_script",
            Self::TrackProcess => "vrrp_track_process",
            Self::TrackFile => "track_file",
            Self::OldTrackFile => "vrrp_track_file",
            Self::Ssl => "SSL",
            Self::VirtualServerGroup => "virtual_server_group",
            Self::VirtualServer => "virtual_server",
            Self::BfdInstance => "bfd_instance",
            Self::NotificationEmails => "global_defs/notification_email",
            Self::TrackGroupMembers => "track_group/group",
            Self::GarpGroupInterfaces => "garp_group/interfaces",
            Self::SyncGroupMembers => "vrrp_sync_group/group",
            Self::SyncGroupTrackInterface => "vrrp_sync_group/track_interface",
            Self::SyncGroupTrackScript => "vrrp_sync_group/track_script",
            Self::SyncGroupTrackFile => "vrrp_sync_group/track_file",
            Self::SyncGroupTrackProcess => "vrrp_sync_group/track_process",
            Self::SyncGroupTrackBfd => "vrrp_sync_group/track_bfd",
            Self::InstanceTrackInterface => "vrrp_instance/track_interface",
            Self::InstanceTrackScript => "vrrp_instance/track_script",
            Self::InstanceTrackFile => "vrrp_instance/track_file",
            Self::InstanceTrackProcess => "vrrp_instance/track_process",
            Self::InstanceTrackBfd => "vrrp_instance/track_bfd",
            Self::UnicastPeers => "vrrp_instance/unicast_peer",
            Self::VirtualAddresses => "vrrp_instance/virtual_ipaddress",
            Self::ExcludedAddresses => "vrrp_instance/virtual_ipaddress_excluded",
            Self::VirtualRoutes => "vrrp_instance/virtual_routes",
            Self::VirtualRules => "vrrp_instance/virtual_rules",
            Self::Authentication => "vrrp_instance/authentication",
            Self::AuthHmac => "vrrp_instance/auth_hmac",
            Self::RealServer => "virtual_server/real_server",
            Self::SorryServerCheck => "virtual_server/sorry_server_check",
            Self::TcpCheck => "virtual_server/real_server/TCP_CHECK",
            Self::HttpGet => "virtual_server/real_server/HTTP_GET",
            Self::SslGet => "virtual_server/real_server/SSL_GET",
            Self::SmtpCheck => "virtual_server/real_server/SMTP_CHECK",
            Self::DnsCheck => "virtual_server/real_server/DNS_CHECK",
            Self::MiscCheck => "virtual_server/real_server/MISC_CHECK",
            Self::UdpCheck => "virtual_server/real_server/UDP_CHECK",
            Self::PingCheck => "virtual_server/real_server/PING_CHECK",
            Self::FileCheck => "virtual_server/real_server/FILE_CHECK",
            Self::BfdCheck => "virtual_server/real_server/BFD_CHECK",
            Self::HttpGetUrl => "virtual_server/real_server/HTTP_GET/url",
            Self::SslGetUrl => "virtual_server/real_server/SSL_GET/url",
            Self::SmtpCheckHost => "virtual_server/real_server/SMTP_CHECK/host",
            Self::AgentCheck => "virtual_server/real_server/AGENT_CHECK",
            Self::GrpcCheck => "virtual_server/real_server/GRPC_CHECK",
            Self::RedisCheck => "virtual_server/real_server/REDIS_CHECK",
            Self::MysqlCheck => "virtual_server/real_server/MYSQL_CHECK",
            Self::PgsqlCheck => "virtual_server/real_server/PGSQL_CHECK",
            Self::LdapCheck => "virtual_server/real_server/LDAP_CHECK",
        }
    }

    /// The block around; `None` at the top.
    ///
    /// ```
    /// use keepalived_conf::keywords::Context;
    ///
    /// assert_eq!(Context::Authentication.parent(), Some(Context::VrrpInstance));
    /// assert_eq!(Context::VrrpInstance.parent(), Some(Context::Root));
    /// ```
    pub fn parent(self) -> Option<Self> {
        PARENTS.get(self as usize).copied().flatten()
    }

    /// The keyword that opens the block; empty at the top.
    pub fn name(self) -> &'static str {
        self.path().rsplit('/').next().unwrap_or_default()
    }
}

impl fmt::Display for Context {
    /// As one says it in a message: the path, or "the top level".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Root { "the top level" } else { self.path() })
    }
}

/// The block around each context, in the order of [`Context::ALL`].
static PARENTS: LazyLock<Vec<Option<Context>>> = LazyLock::new(|| {
    let around = |context: &Context| {
        let path = context.path().rsplit_once('/').map_or("", |(path, _)| path);
        Context::ALL.iter().copied().find(|around| around.path() == path && around != context)
    };
    Context::ALL.iter().map(around).collect()
});
