//! The journal of systemd, in its own protocol: datagrams of `NAME=value` lines.
//!
//! Every value is one line (the log escapes control characters), so the form for binary values is not needed.

use std::fmt::Write as _;
use std::path::Path;

use super::datagrams::Datagrams;
use super::line::About;
use super::severity;
use crate::LogLevel;

/// The journal.
#[derive(Debug)]
pub(super) struct Journal {
    facility: u8,
    socket: Datagrams,
}

impl Journal {
    /// Connects, if the journal is there.
    pub(super) fn open(facility: u8, path: &Path) -> Option<Self> {
        let socket = Datagrams::new(path);
        socket.is_open().then_some(Self { facility, socket })
    }

    /// Sends a line of the process `identifier` with the number `pid`.
    pub(super) fn write(
        &mut self,
        (identifier, pid): (&str, u32),
        level: LogLevel,
        text: &str,
        about: Option<&About>,
    ) {
        let facility = self.facility >> 3;
        let message = |level, text: &str, about| {
            let mut message = format!(
                "MESSAGE={text}\nPRIORITY={}\nSYSLOG_FACILITY={facility}\nSYSLOG_IDENTIFIER={identifier}\n\
                 SYSLOG_PID={pid}\n",
                severity(level)
            );
            push_fields(&mut message, about);
            message.into_bytes()
        };
        let lost = |lost| message(LogLevel::Warning, &format!("{lost} log lines were lost"), None);
        self.socket.write(&message(level, text, about), lost);
    }
}

fn push_fields(message: &mut String, about: Option<&About>) {
    let Some(about) = about else { return };
    let (event, id) = (about.event().name(), about.event().message_id());
    // Writing to a string cannot fail.
    let _ = write!(message, "MESSAGE_ID={id}\nVIPD_EVENT={event}\n");
    for (name, value) in about.fields() {
        let _ = writeln!(message, "VIPD_{}={}", name.to_ascii_uppercase(), super::printable(value));
    }
}

/// The journal's socket.
pub(super) const PATH: &str = "/run/systemd/journal/socket";

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixDatagram;

    use super::*;
    use crate::{EventKind, Field};
    use vipd_testing::TestDirectory;

    #[test]
    fn an_event_has_fields_that_nobody_can_add_lines_to() {
        let directory = TestDirectory::new();
        let path = directory.path().join("journal");
        let service = UnixDatagram::bind(&path).unwrap();
        let mut journal = Journal::open(3 << 3, &path).unwrap();
        let about = About::new(EventKind::Transition)
            .with(Field::Instance, "V\nPRIORITY=0")
            .with(Field::To, "FAULT")
            .with_some(Field::Cause, None::<&str>);
        journal.write(("Keepalived_vrrp", 77), LogLevel::Warning, "(V) Entering FAULT STATE", Some(&about));
        let mut buffer = [0; 1000];
        let length = service.recv(&mut buffer).unwrap();
        assert_eq!(
            String::from_utf8_lossy(&buffer[..length]),
            "MESSAGE=(V) Entering FAULT STATE\nPRIORITY=4\nSYSLOG_FACILITY=3\n\
             SYSLOG_IDENTIFIER=Keepalived_vrrp\nSYSLOG_PID=77\nMESSAGE_ID=054430435e534d4e86f75ae4800e3b58\n\
             VIPD_EVENT=transition\nVIPD_INSTANCE=V\\nPRIORITY=0\nVIPD_TO=FAULT\n"
        );
    }

    #[test]
    fn a_machine_without_the_journal_has_no_such_sink() {
        let directory = TestDirectory::new();
        assert!(Journal::open(0, &directory.path().join("none")).is_none());
    }
}
