//! Mail about changes: which event is worth a mail ([`AlertMailer`]), and what it says ([`Alert`]).
//!
//! Decisions only. The mailer process delivers: a name that nobody answers for, a slow server or a
//! TLS handshake delays nothing else there, and the replies of a server are read without any right. keepalived's worker
//! does all this in its own loop.
//!
//! Unlike keepalived, a mail that cannot be delivered waits and is tried again (keepalived loses it), one refused
//! recipient does not stop the others, the server is told the address inside `Name <user@host>`, and TLS and a login
//! are possible.

mod alert;
mod alert_mailer;

pub use alert::{Alert, RealServerChange, State};
pub use alert_mailer::{Action, AlertMailer, MailMemory, Sender};
