//! Ways out for news about routers and servers.

pub mod mail;
