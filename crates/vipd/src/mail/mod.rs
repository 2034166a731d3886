//! Mail about changes: what is written, to whom, and how it gets to the server.
//!
//! Decisions are here as machines without I/O: [`Postman`] (which event is worth a mail), [`Outbox`] (what waits, and
//! when it is tried again), [`Dialogue`] (SMTP, RFC 5321). The delivery itself runs in a process of its own, the
//! mailer: a name that nobody answers for, a slow server or a TLS handshake is in nobody's way there, and what a server
//! says is read without any right. keepalived's worker does all this in its own loop.
//!
//! Against keepalived: a mail that cannot be delivered waits and is tried again (there it is lost), one refused
//! recipient does not stop the others, the address inside `Name <user@host>` is what the server is told, and TLS and a
//! login are possible.

mod dialogue;
mod mailbox;
mod mailer;
mod message;
mod notice;
mod order;
mod outbox;
mod postman;

pub use dialogue::{Dialogue, Login, Terms};
pub use mailbox::{Mailbox, MailboxError};
pub use mailer::main;
pub use message::{Message, stuffed};
pub use notice::{Notice, RealServerChange, State};
pub use order::{Delivery, Failure, Fate, FromMailer, Outcome, Said, Server, Step, ToMailer};
pub use outbox::{Action, Id, Mail, Outbox};
pub use postman::{Postman, Sender};
