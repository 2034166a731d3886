//! Routes, each answered from what was handed in last.

use std::fmt::Write;
use std::sync::Arc;

use vipd_status::metrics::{self, Detail, Format, Tally};
use vipd_status::{Event, Status};

use crate::events::Events;
use crate::page::{Page, explanation};
use crate::request::Request;
use crate::response::{HTML, JSON, NOT_FOUND, OK, Response, UNAVAILABLE};

/// The content.
#[derive(Debug)]
pub struct Site {
    status: Option<Status>,
    events: Events,
    page: Page,
    /// The newest status as JSON, if it was asked for already.
    json: Option<Arc<[u8]>>,
    /// The newest metrics in the form that was asked for last.
    metrics: Option<(metrics::Options, Arc<[u8]>)>,
    tally: Tally,
}

/// Answer to a request.
#[derive(Debug)]
pub(crate) enum Answer {
    Whole(Response),
    /// Events, for as long as the reader stays.
    Stream(Stream),
}

/// A reader of events, and its place. Nothing is queued for one that is slow.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stream {
    /// Of the daemon: the number of the last one that was sent.
    Events(u64),
    /// Of the page: the version that the reader has.
    Page(u64),
}

impl Site {
    /// A site of the machine with this name.
    ///
    /// `first_version` numbers the states of the page from there on: with the time of the start, a page that was loaded
    /// from an earlier process is known to be of another one.
    pub fn new(host: &str, first_version: u64) -> Self {
        let page = Page::new(host, first_version);
        Self {
            status: None,
            events: Events::default(),
            page,
            json: None,
            metrics: None,
            tally: Tally::default(),
        }
    }

    pub(crate) fn handle_status(&mut self, status: Status) {
        self.page.outdate();
        (self.json, self.metrics) = (None, None);
        self.status = Some(status);
    }

    pub(crate) fn handle_events(&mut self, events: Vec<Event>) {
        let newest = self.events.newest();
        events.iter().filter(|event| event.seq > newest).for_each(|event| self.tally.count(event));
        self.events.add(events);
    }

    /// Whether a request is to be answered from a status that is new.
    pub(crate) fn needs_status(request: &Request) -> bool {
        matches!(
            request.path.as_str(),
            "/" | "/explain" | "/live" | "/metrics" | "/healthz" | "/api/v1/status" | "/api/v1/events"
        )
    }

    /// Answers a request; `is_current` says whether the daemon answered the last question.
    pub(crate) fn answer(&mut self, request: &Request, is_current: bool) -> Answer {
        if !Self::needs_status(request) {
            return Answer::Whole(Response::line(NOT_FOUND, "there is no such page; the page is at /"));
        }
        let Some(status) = &self.status else {
            return Answer::Whole(Response::line(UNAVAILABLE, "vipd has not answered yet"));
        };
        Answer::Whole(match request.path.as_str() {
            "/live" => {
                let version = request.last_event_id.or_else(|| number(request, "since")).unwrap_or(0);
                return Answer::Stream(Stream::Page(version));
            }
            "/api/v1/events" => {
                let since = request.last_event_id.or_else(|| number(request, "since")).unwrap_or(0);
                if request.wants_events() {
                    return Answer::Stream(Stream::Events(since));
                }
                let lost = self.events.lost_after(since);
                let events: Vec<&Event> = self.events.after(since).collect();
                Response::new(OK, JSON, json_of(&serde_json::json!({ "lost": lost, "events": events })))
            }
            "/healthz" => health(status, is_current),
            "/metrics" => {
                let options = metrics_options(request, status);
                let cached = self.metrics.as_ref().filter(|(of, _)| *of == options);
                let body = match cached {
                    Some((_, body)) => body.clone(),
                    None => metrics::metrics(status, &self.tally, options).into_bytes().into(),
                };
                self.metrics = Some((options, body.clone()));
                Response::new(OK, options.format.content_type(), body)
            }
            "/api/v1/status" => {
                let body = self.json.get_or_insert_with(|| json_of(status).into()).clone();
                Response::new(OK, JSON, body)
            }
            "/explain" => explain(&self.page, status, request),
            _ => {
                let body = self.page.whole(status, &self.events, request.value("q").unwrap_or_default());
                self.page.response(body)
            }
        })
    }

    /// Output for a reader that has taken everything.
    pub(crate) fn more(&mut self, stream: &mut Stream) -> Option<Vec<u8>> {
        match stream {
            Stream::Events(last) => events_piece(&self.events, last),
            Stream::Page(version) => self.page.patch(self.status.as_ref()?, &self.events, version),
        }
    }
}

fn number(request: &Request, name: &str) -> Option<u64> {
    request.value(name)?.parse().ok()
}

fn json_of(value: &impl serde::Serialize) -> Vec<u8> {
    // Keys are strings and no number is infinite, so this cannot fail.
    serde_json::to_vec(value).unwrap_or_default()
}

/// `?detail=low|full` (low for more than 1,000 instances), `?compat=gen2brain`.
fn metrics_options(request: &Request, status: &Status) -> metrics::Options {
    let detail = match request.value("detail") {
        Some("full") => Detail::Full,
        None if status.instances.len() <= MANY => Detail::Full,
        _ => Detail::Low,
    };
    let gen2brain = request.value("compat") == Some("gen2brain");
    metrics::Options { format: Format::accepted(&request.accept), detail, gen2brain }
}

/// Whether the daemon lives: a worker that hangs is what a check of a process id does not see.
fn health(status: &Status, is_current: bool) -> Response {
    if !is_current {
        return Response::line(UNAVAILABLE, "vipd does not answer");
    }
    let ill = status.workers.iter().find(|worker| worker.silent || worker.pid.is_none());
    match ill {
        Some(worker) if worker.pid.is_none() => {
            Response::line(UNAVAILABLE, &format!("the {} does not run", worker.role))
        }
        Some(worker) => Response::line(UNAVAILABLE, &format!("the {} does not answer", worker.role)),
        None => Response::line(OK, "ok"),
    }
}

fn explain(page: &Page, status: &Status, request: &Request) -> Response {
    let name = request.value("name").unwrap_or_default();
    let Some(found) = explanation::of(status, name) else {
        return Response::line(NOT_FOUND, "the configuration has nothing of that name");
    };
    if request.value("part").is_some() {
        Response::new(OK, HTML, found.into_bytes())
    } else {
        page.response(page.framed(&found).into_bytes().into())
    }
}

/// Events as server-sent events, some at a time: a reader that takes them slowly loses those that are forgotten
/// meanwhile, and is told how many.
fn events_piece(events: &Events, last: &mut u64) -> Option<Vec<u8>> {
    let mut piece = String::new();
    if *last > events.newest() {
        // Numbers of an earlier daemon.
        *last = 0;
    }
    let missed = events.lost_after(*last);
    if missed > 0 {
        let _ = write!(piece, "event: lost\ndata: {missed}\n\n");
    }
    for event in events.after(*last).take(EVENTS_AT_ONCE) {
        let json = String::from_utf8(json_of(event)).unwrap_or_default();
        let _ = write!(piece, "id: {}\ndata: {json}\n\n", event.seq);
        *last = event.seq;
    }
    (!piece.is_empty()).then(|| piece.into_bytes())
}

/// Events in one piece of a stream.
const EVENTS_AT_ONCE: usize = 100;

/// With more instances, metrics have low detail unless full detail is asked for.
const MANY: usize = 1000;
