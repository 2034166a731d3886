#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

mod encoded;
mod event;
mod mailbox;
mod message;
mod outbox;
mod outcome;
mod reply;
mod session;

pub use event::{Event, LossReason};
pub use mailbox::{Mailbox, MailboxError};
pub use message::{Message, dot_stuffed};
pub use outbox::{Action, Id, Mail, Outbox};
pub use outcome::{DeliveryStatus, Failure, Outcome, ServerReply, Step};
pub use reply::{MAX_LINE, MAX_REPLY, Reply, ReplyError, ReplyReader};
pub use session::{Login, Session, SessionConfig};
