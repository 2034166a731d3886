//! An HTTP check made ready: for each url its request and its criteria.

use std::sync::Arc;

use super::criteria::{Criteria, Judge};
use super::exchange::Check;
use super::request;
use crate::dialogue::{Exchange, PrepareError, Shared};
use crate::{Http, HttpVersion, Url};

/// All urls of a check.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    first: Arc<Step>,
    more: Vec<Arc<Step>>,
}

/// One url.
#[derive(Debug)]
pub(crate) struct Step {
    /// What is sent.
    pub(crate) request: Vec<u8>,
    criteria: Arc<Criteria>,
}

impl Plan {
    pub(crate) fn new(http: &Http, shared: &mut Shared) -> Result<Self, PrepareError> {
        let mut steps = Vec::with_capacity(http.urls.len());
        for url in &http.urls {
            steps.push(Arc::new(Step::new(http, url, shared)?));
        }
        let mut steps = steps.into_iter();
        let first = steps.next().ok_or(PrepareError::NoUrl)?;
        Ok(Self { first, more: steps.collect() })
    }

    /// The machine for one url; a step that is not there is the first.
    pub(crate) fn machine(&self, step: usize) -> Box<dyn Exchange> {
        let step = step.checked_sub(1).and_then(|place| self.more.get(place)).unwrap_or(&self.first);
        Box::new(Check::new(Arc::clone(step), Judge::new(Arc::clone(&step.criteria))))
    }
}

impl Step {
    fn new(http: &Http, url: &Url, shared: &mut Shared) -> Result<Self, PrepareError> {
        if http.version == HttpVersion::Http2 {
            return Err(PrepareError::Absent("HTTP/2"));
        }
        if http.tls.is_some() {
            return Err(PrepareError::Absent("TLS"));
        }
        let request = request::http1(http, url)?;
        Ok(Self { request, criteria: Arc::new(Criteria::new(url, shared)?) })
    }
}
