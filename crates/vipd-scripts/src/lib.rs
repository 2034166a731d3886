//! What a configuration has run: whom scripts run as ([`accounts`]), how a command becomes a program with arguments
//! ([`command`]), and whether somebody else could change a file that root runs ([`security`]).

pub mod accounts;
pub mod command;
mod path_walk;
pub mod security;
mod shell_text;
