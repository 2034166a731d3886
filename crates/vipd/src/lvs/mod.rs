//! The LVS worker.
use std::os::fd::OwnedFd;
use std::process::ExitCode;
/// x
pub fn main(_socket: OwnedFd) -> ExitCode {
    ExitCode::FAILURE
}
