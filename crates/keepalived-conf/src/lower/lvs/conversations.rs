//! `TCP_CHECK` with what is said over the connection, and the checks of well-known servers.

use crate::model::lvs::{ServerCheck, ServerKind, TalkCheck, TalkStep};

use super::super::Lowering;
use super::super::arguments;
use super::super::arguments::text;
use super::super::reader::Entry;
use super::checker::Common;
use super::http::pattern;
use super::payload::escaped_text;
use super::tls::{Ssl, TlsDraft};
use crate::keywords::word;

/// Keywords of a `TCP_CHECK`.
#[derive(Clone, Default)]
pub(super) struct TalkDraft {
    steps: Vec<TalkStep>,
    virtual_host: Option<String>,
    tls: Option<Box<TlsDraft>>,
}

impl TalkDraft {
    /// Whether anything is said: else a connection is all.
    pub(super) fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.tls.is_none()
    }

    pub(super) fn finish(self, ssl: Option<&Ssl>) -> TalkCheck {
        TalkCheck {
            steps: self.steps,
            server_name: self.virtual_host.filter(|_| self.tls.is_some()),
            tls: self.tls.map(|tls| tls.finish(ssl)),
        }
    }
}

impl<'a> Lowering<'a> {
    pub(super) fn tcp_check(&mut self, entry: Entry<'a>, common: &mut Common) -> TalkDraft {
        let mut draft = TalkDraft::default();
        let (mut wants_tls, mut tls) = (None, TlsDraft::default());
        self.check_block(entry, common, |lowering, inner| {
            let report = &mut lowering.report;
            let bytes = String::into_bytes;
            match inner.keyword.name {
                word::SEND => draft.steps.extend(escaped_text(inner, report).map(bytes).map(TalkStep::Send)),
                word::EXPECT => {
                    draft.steps.extend(escaped_text(inner, report).map(bytes).map(TalkStep::Expect));
                }
                word::EXPECT_LINE => draft.steps.extend(pattern(inner, report).map(TalkStep::ExpectLine)),
                word::VIRTUALHOST => draft.virtual_host = text(inner, report).or(draft.virtual_host.take()),
                word::TLS => wants_tls = arguments::switch(inner, report).or(wants_tls),
                _ => {
                    let taken = tls.take(inner, report);
                    wants_tls = wants_tls.or(taken.then_some(true));
                    return taken;
                }
            }
            true
        });
        draft.tls = wants_tls.unwrap_or(false).then(|| Box::new(tls));
        draft
    }

    pub(super) fn server_check(
        &mut self,
        entry: Entry<'a>,
        kind: ServerKind,
        common: &mut Common,
    ) -> ServerCheck {
        let mut check = ServerCheck {
            kind,
            user: String::new(),
            password: String::new(),
            database: String::new(),
            wants_primary: None,
        };
        self.check_block(entry, common, |lowering, inner| {
            let report = &mut lowering.report;
            match inner.keyword.name {
                word::LOGIN => {
                    if let Some((user, password)) = arguments::name_and_secret(inner, report) {
                        (check.user, check.password) = (user, password);
                    }
                }
                word::PASSWORD => {
                    let word = arguments::required(inner, report);
                    check.password =
                        word.map_or(std::mem::take(&mut check.password), |word| word.text.to_string());
                }
                word::DATABASE => {
                    check.database = text(inner, report).unwrap_or(std::mem::take(&mut check.database));
                }
                word::ROLE => {
                    let role = arguments::choice(inner, report);
                    check.wants_primary = role.map(|role| role == "primary").or(check.wants_primary);
                }
                _ => return false,
            }
            true
        });
        if kind == ServerKind::Postgresql && check.wants_primary.is_some() && check.user.is_empty() {
            let message =
                "`role` needs a `login`: the server tells its role to users only; `role` is ignored";
            self.report.error("no-login", entry.span(), message);
            check.wants_primary = None;
        }
        check
    }
}
