//! The thin daemon around the project's libraries.
//!
//! No protocol decision is made here: `vrrp-election` decides, `keepalived-conf` says what was asked for,
//! `vrrp-linux` knows the kernel. This crate moves bytes between them and runs scripts.

pub mod check;
pub mod parent;
pub mod paths;

use privsep::heap as tidy;
use vipd_ipc::{packed, worker};
pub use {
    vipd_bfd as bfd, vipd_cli as cli, vipd_client as client, vipd_genhash as genhash, vipd_ipc as ipc,
    vipd_log as log, vipd_lvs as lvs, vipd_mailer as mailer, vipd_peers as peers, vipd_vrrp as vrrp,
    vipd_watcher as watcher, vipd_web_process as web,
};

/// Ways out for news about routers and servers.
pub mod outlets {
    pub use vipd_mailer::alerts as mail;
}
