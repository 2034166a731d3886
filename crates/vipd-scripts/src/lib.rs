//! The commands of a configuration: the accounts of scripts ([`accounts`]), how a command becomes a program with arguments
//! ([`command`]), and whether somebody else could change a file that root runs ([`security`]).

pub mod accounts;
pub mod command;
mod path_walk;
pub mod security;
mod shell_text;
