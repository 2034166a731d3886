//! Conditions for an answer: status, digest, regular expression, text.

use std::sync::Arc;

use md5::{Digest, Md5};

#[cfg(feature = "regex")]
use super::pattern::Compiled;
use super::search::Needle;
use crate::dialogue::{Note, PrepareError, Shared};
use crate::{DigestMd5, Failure, HttpMethod, Outcome, StatusCodes, Url, WeightUpdate};

/// Most octets of a body that are kept for a regular expression; only matches within are found.
///
/// A text is searched for, and a digest made, without keeping anything.
pub(crate) const WINDOW: usize = 256 * 1024;

/// The criteria of one url; all that are set must hold.
#[derive(Debug)]
pub(crate) struct Criteria {
    status: StatusCodes,
    /// The answer has no body, whatever its head says of one.
    bodiless: bool,
    digest: Option<DigestMd5>,
    text: Option<Needle>,
    #[cfg(feature = "regex")]
    pattern: Option<Arc<Compiled>>,
}

/// Judges one answer.
pub(crate) struct Judge {
    criteria: Arc<Criteria>,
    digest: Option<Md5>,
    /// Of the body with its transfer coding.
    coded: Option<Md5>,
    /// Number of octets of the text that the end of the body matches.
    matched: usize,
    /// The body's beginning, for the regular expression.
    #[cfg(feature = "regex")]
    window: Vec<u8>,
    /// Whether the window is too small for the body.
    cut: bool,
}

impl Criteria {
    pub(crate) fn new(url: &Url, shared: &mut Shared) -> Result<Self, PrepareError> {
        #[cfg(not(feature = "regex"))]
        if url.pattern.is_some() {
            return Err(PrepareError::Absent("regular expressions"));
        }
        let _ = &shared;
        Ok(Self {
            status: url.status.clone(),
            bodiless: url.method == HttpMethod::Head,
            digest: url.digest,
            text: url.body.as_deref().and_then(Needle::new),
            #[cfg(feature = "regex")]
            pattern: url.pattern.as_ref().map(|pattern| shared.pattern(pattern)).transpose()?,
        })
    }
}

impl Judge {
    pub(crate) fn new(criteria: Arc<Criteria>) -> Self {
        let digest = criteria.digest.map(|_| Md5::new());
        Self {
            criteria,
            digest,
            coded: None,
            matched: 0,
            #[cfg(feature = "regex")]
            window: Vec::new(),
            cut: false,
        }
    }

    /// Whether the status is one of those that are wanted.
    pub(crate) fn accepts(&self, status: u16) -> bool {
        self.criteria.status.contains(status)
    }

    /// The status; an outcome if it is wrong or all that counts.
    pub(crate) fn status(&mut self, status: u16) -> Option<Outcome> {
        if !self.criteria.status.contains(status) {
            return Some(Outcome::Fail(Failure::Status(status)));
        }
        (self.criteria.bodiless || !self.wants_more()).then(|| self.end())
    }

    /// A piece of a body that has a transfer coding, as it came.
    ///
    /// keepalived's digest is of this, and so are the ones `genhash` made for it: either digest will do.
    pub(crate) fn coded(&mut self, piece: &[u8]) {
        if self.digest.is_some() {
            self.coded.get_or_insert_with(Md5::new).update(piece);
        }
    }

    /// A piece of the body, without any coding; an outcome if no more of it is wanted.
    pub(crate) fn body(&mut self, piece: &[u8]) -> Option<Outcome> {
        if let Some(digest) = &mut self.digest {
            digest.update(piece);
        }
        if let Some(text) = &self.criteria.text {
            text.find(&mut self.matched, piece);
        }
        #[cfg(feature = "regex")]
        if self.criteria.pattern.is_some() && !self.cut {
            let room = WINDOW - self.window.len();
            self.cut = piece.len() > room;
            self.window.extend_from_slice(piece.get(..room).unwrap_or(piece));
        }
        (!self.wants_more()).then(|| self.end())
    }

    /// The body is complete.
    pub(crate) fn end(&mut self) -> Outcome {
        match self.failure() {
            Some(failure) => Outcome::Fail(failure),
            None => Outcome::Pass(WeightUpdate::Unchanged),
        }
    }

    /// Whether more of the body could change the outcome.
    fn wants_more(&self) -> bool {
        let text = self.criteria.text.as_ref().is_some_and(|text| !text.is_found(self.matched));
        #[cfg(feature = "regex")]
        let pattern = self.criteria.pattern.is_some() && !self.cut;
        #[cfg(not(feature = "regex"))]
        let pattern = false;
        self.digest.is_some() || text || pattern
    }

    fn failure(&mut self) -> Option<Failure> {
        if let (Some(expected), Some(digest)) = (self.criteria.digest, self.digest.take()) {
            let actual = DigestMd5(digest.finalize().into());
            let coded = self.coded.take().map(|digest| DigestMd5(digest.finalize().into()));
            if actual != expected && coded != Some(expected) {
                return Some(Failure::Digest { expected, actual });
            }
        }
        #[cfg(feature = "regex")]
        if let Some(failure) =
            self.criteria.pattern.as_ref().and_then(|pattern| pattern.failure(&self.window))
        {
            return Some(failure);
        }
        let missing = self.criteria.text.as_ref().is_some_and(|text| !text.is_found(self.matched));
        missing.then_some(Failure::Body)
    }

    /// A remark for the operator about the body that was judged.
    pub(crate) fn note(&self) -> Option<Note> {
        self.cut.then_some(Note::BodyCut { searched: WINDOW })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn criteria(url: impl FnOnce(&mut Url)) -> Judge {
        let mut asked = Url {
            path: "/".to_owned(),
            method: HttpMethod::Get,
            request_body: None,
            host: "a".to_owned(),
            server_name: None,
            status: StatusCodes::default(),
            digest: None,
            pattern: None,
            follow_redirects: 0,
            body: None,
            tls_compliant: false,
        };
        url(&mut asked);
        Judge::new(Arc::new(Criteria::new(&asked, &mut Shared::default()).unwrap()))
    }

    const PASS: Outcome = Outcome::Pass(WeightUpdate::Unchanged);
    /// Of `ok`.
    const OK: DigestMd5 = DigestMd5(0x444b_cb3a_3fcf_8389_296c_4946_7f27_e1d6_u128.to_be_bytes());

    #[test]
    fn the_status_is_enough_if_nothing_else_is_asked_for() {
        assert_eq!(criteria(|_| ()).status(204), Some(PASS));
        assert_eq!(criteria(|_| ()).status(301), Some(Outcome::Fail(Failure::Status(301))));
        assert_eq!(
            criteria(|url| url.body = Some(Vec::new())).status(200),
            Some(PASS),
            "nothing is in every body"
        );
    }

    #[test]
    fn a_digest_is_of_the_whole_body() {
        let mut judge = criteria(|url| url.digest = Some(OK));
        assert_eq!(judge.status(200), None);
        assert_eq!((judge.body(b"o"), judge.body(b"k"), judge.end()), (None, None, PASS));
        let mut judge = criteria(|url| url.digest = Some(OK));
        judge.body(b"ok\n");
        let Outcome::Fail(failure) = judge.end() else { panic!("passed") };
        assert_eq!(
            failure.to_string(),
            "digest eff5bc1ef8ec9d03e640fc4370f5eacd instead of 444bcb3a3fcf8389296c49467f27e1d6"
        );
    }

    #[test]
    fn a_text_ends_the_attempt_where_it_is_found() {
        let mut judge = criteria(|url| url.body = Some(b"ready".to_vec()));
        assert_eq!(judge.status(200), None);
        assert_eq!((judge.body(b"I am rea"), judge.body(b"dy and")), (None, Some(PASS)));
        let mut judge = criteria(|url| url.body = Some(b"ready".to_vec()));
        assert_eq!((judge.body(b"I am not"), judge.end()), (None, Outcome::Fail(Failure::Body)));
    }

    #[test]
    fn all_criteria_must_hold() {
        let both = |url: &mut Url| {
            url.digest = Some(OK);
            url.body = Some(b"k".to_vec());
        };
        let mut judge = criteria(both);
        assert_eq!((judge.body(b"ok"), judge.end()), (None, PASS), "the digest needs the whole body");
        let mut judge = criteria(both);
        judge.body(b"kk");
        assert!(matches!(judge.end(), Outcome::Fail(Failure::Digest { .. })));
    }

    #[cfg(feature = "regex")]
    #[test]
    fn a_regular_expression_sees_the_beginning_of_a_long_body() {
        let pattern = |text: &str| crate::Pattern {
            text: text.to_owned(),
            no_match: false,
            options: Vec::new(),
            min_offset: 0,
            max_offset: None,
        };
        let mut judge = criteria(|url| url.pattern = Some(pattern("a{8}")));
        assert_eq!(judge.body(&vec![b'b'; WINDOW - 8]), None);
        assert_eq!(judge.body(b"aaaaaaaa"), None);
        assert_eq!(judge.body(b"a"), Some(PASS), "more would not be kept");
        assert_eq!(judge.note(), Some(Note::BodyCut { searched: WINDOW }));
        assert_eq!(judge.window.len(), WINDOW);

        let mut judge = criteria(|url| url.pattern = Some(pattern("a{8}")));
        let mut body = vec![b'b'; WINDOW - 7];
        body.extend(b"aaaaaaaa");
        assert_eq!(judge.body(&body), Some(Outcome::Fail(Failure::Regex { matched: false })));
    }
}
