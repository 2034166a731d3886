//! An HTTP check made ready: for each url its request and its criteria.

use std::borrow::Cow;
use std::sync::Arc;

use super::criteria::{Criteria, Judge};
use super::exchange::{Check, Trail};
use super::request;
use crate::dialogue::{Channel, Exchange, PrepareError, Shared, TlsOptions};
use crate::{Http, HttpVersion, Target, Url, h2};

/// All urls of a check.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    first: Arc<Step>,
    more: Vec<Arc<Step>>,
}

/// One url.
struct Step {
    /// The request as it is sent.
    request: Arc<[u8]>,
    h2: bool,
    criteria: Arc<Criteria>,
    channel: Channel,
    /// Definition and first URL of a check that follows redirects, and the server's port.
    origin: Option<Box<(Arc<Http>, Url, u16)>>,
}

impl Plan {
    pub(crate) fn new(http: &Http, target: &Target, shared: &mut Shared) -> Result<Self, PrepareError> {
        let mut steps = Vec::with_capacity(http.urls.len());
        let origin = Arc::new(Http { urls: Vec::new(), ..http.clone() });
        for url in &http.urls {
            let criteria = shared.criteria(url)?;
            steps.push(Arc::new(Step::new(&origin, &of_target(url, target), target, criteria, shared)?));
        }
        let mut steps = steps.into_iter();
        let first = steps.next().ok_or(PrepareError::NoUrl)?;
        Ok(Self { first, more: steps.collect() })
    }

    /// The machine for one url; a step that is not there is the first.
    pub(crate) fn machine(&self, step: usize) -> Box<dyn Exchange> {
        let step = step.checked_sub(1).and_then(|place| self.more.get(place)).unwrap_or(&self.first);
        let judge = Judge::new(Arc::clone(&step.criteria));
        let request = Arc::clone(&step.request);
        step.channel.wrap(if step.h2 {
            Box::new(h2::Client::new(request, h2::Web(judge)))
        } else {
            let trail = step.origin.as_deref().and_then(|(http, url, port)| Trail::new(http, url, *port));
            Box::new(Check::new(request, judge, trail))
        })
    }
}

impl Step {
    fn new(
        http: &Arc<Http>,
        url: &Url,
        target: &Target,
        criteria: Arc<Criteria>,
        shared: &mut Shared,
    ) -> Result<Self, PrepareError> {
        let h2 = http.version == HttpVersion::Http2;
        let wishes =
            TlsOptions { server_name: url.server_name.as_deref(), h2, close_notify: url.tls_compliant };
        Ok(Self {
            request: if h2 { h2::http2(http, url)? } else { request::http1(http, url)? }.into(),
            h2,
            criteria,
            channel: Channel::new(http.tls.as_ref(), target, wishes, shared)?,
            origin: (url.follow_redirects > 0)
                .then(|| Box::new((Arc::clone(http), url.clone(), target.address.port()))),
        })
    }
}

/// A URL with the host that is sent.
fn of_target<'u>(url: &'u Url, target: &Target) -> Cow<'u, Url> {
    if url.host.is_empty() {
        return Cow::Owned(Url { host: target.address.to_string(), ..url.clone() });
    }
    Cow::Borrowed(url)
}

/// Without the request: it may hold a password.
impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Step")
            .field("criteria", &self.criteria)
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}
