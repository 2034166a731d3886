//! States over time, and because of what they changed: a lane for each instance.

use std::cmp::Reverse;
use std::fmt::Write;
use std::time::Duration;

use vipd_status::{Instance, State, Status, Timestamp, Transition};

use super::Blocks;
use super::html::{Link, Moment, Text, class};

pub(super) fn add(blocks: &mut Blocks, status: &Status) {
    if status.instances.is_empty() {
        return;
    }
    blocks.frame(
        "<section id=\"timeline\" class=\"card\" aria-labelledby=\"timeline-title\"><h2 id=\"timeline-title\">Timeline</h2>\
         <fieldset class=\"tabs\"><legend class=\"unseen\">Time shown</legend>\
         <input type=\"radio\" name=\"window\" id=\"w1\" checked><label for=\"w1\">1 hour</label>\
         <input type=\"radio\" name=\"window\" id=\"w24\"><label for=\"w24\">24 hours</label></fieldset>",
    );
    blocks.block("t1", window("t1", status, &HOUR));
    blocks.block("t24", window("t24", status, &DAY));
    blocks.frame("</section>");
}

/// A stretch of time up to now.
struct Window {
    length: Duration,
    /// Its end is a multiple of this, so that the picture stays the same for so long.
    step: Duration,
    words: &'static str,
}

const HOUR: Window =
    Window { length: Duration::from_secs(3_600), step: Duration::from_secs(60), words: "the last hour" };
const DAY: Window = Window {
    length: Duration::from_secs(86_400),
    step: Duration::from_secs(600),
    words: "the last 24 hours",
};

/// A window at its place, in milliseconds.
#[derive(Clone, Copy)]
struct Span {
    start: i64,
    end: i64,
}

impl Window {
    fn at(&self, now: Timestamp) -> Span {
        let ms = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        let end = (now.as_millisecond() / ms(self.step) + 1) * ms(self.step);
        Span { start: end - ms(self.length), end }
    }
}

impl Span {
    /// Where a moment stands, from 0 to [`WIDTH`].
    fn place(self, at: i64) -> i64 {
        (at.clamp(self.start, self.end) - self.start) * WIDTH / (self.end - self.start)
    }
}

fn window(id: &str, status: &Status, window: &Window) -> String {
    let span = window.at(status.at);
    let changed = |instance: &Instance| latest(instance).is_some_and(|at| at >= span.start);
    let mut shown: Vec<&Instance> = status.instances.iter().collect();
    let all = shown.len();
    if all > MAX_LANES {
        shown.retain(|instance| changed(instance));
        shown.sort_by_key(|instance| Reverse(latest(instance)));
    }
    let changing = shown.len();
    shown.truncate(MAX_LANES);
    let mut html = format!("<div id=\"{id}\" class=\"window\">");
    match (all > MAX_LANES, changing > shown.len()) {
        (true, true) => {
            let _ = write!(
                html,
                "<p>The {MAX_LANES} that changed last, of {changing} that changed in {}.</p>",
                window.words
            );
        }
        (true, false) => {
            let others = all - changing;
            let _ = write!(html, "<p>No change of {others} other instances in {}.</p>", window.words);
        }
        (false, _) => {}
    }
    if !shown.is_empty() {
        html.push_str("<ol class=\"lanes\">");
        for instance in &shown {
            lane(&mut html, instance, status, span);
        }
        html.push_str("</ol>");
        axis(&mut html, span);
    }
    causes(&mut html, &shown, span, window.words);
    html.push_str("</div>");
    html
}

fn latest(instance: &Instance) -> Option<i64> {
    instance.history.first().map(|transition| transition.at.as_millisecond())
}

fn lane(html: &mut String, instance: &Instance, status: &Status, span: Span) {
    let _ = write!(
        html,
        "<li>{}\
         <svg viewBox=\"0 0 {WIDTH} 20\" preserveAspectRatio=\"none\" aria-hidden=\"true\">",
        Link(&instance.name)
    );
    let mut end = span.end;
    for transition in &instance.history {
        let at = transition.at.as_millisecond();
        bar(html, span, (at, end), transition.to, &because(transition));
        end = at.min(end);
    }
    let (state, start) = match instance.history.last() {
        Some(first) => (first.from, status.daemon.start.as_millisecond()),
        None => (instance.state, instance.since.unwrap_or(status.daemon.start).as_millisecond()),
    };
    bar(html, span, (start, end), state, state.word());
    for transition in &instance.history {
        let at = transition.at.as_millisecond();
        if at >= span.start {
            let x = span.place(at);
            let _ = write!(html, "<rect class=\"mark\" x=\"{x}\" y=\"0\" width=\"2\" height=\"20\"/>");
        }
    }
    html.push_str("</svg></li>");
}

/// A state from one moment to another. Its height tells it too: colour alone would not.
fn bar(html: &mut String, span: Span, (from, to): (i64, i64), state: State, title: &str) {
    if to <= span.start || from >= to {
        return;
    }
    let (x, end) = (span.place(from), span.place(to));
    let (y, height) = match state {
        State::Master => (1, 18),
        State::Backup => (12, 7),
        State::Fault => (7, 6),
        State::Init | State::Stop => (17, 2),
    };
    let _ = write!(
        html,
        "<rect class=\"{}\" x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{height}\"><title>{}</title></rect>",
        class(state),
        (end - x).max(1),
        Text(title)
    );
}

fn because(transition: &Transition) -> String {
    let Transition { from, to, cause, .. } = transition;
    let at = transition.at.strftime("%H:%M:%S UTC");
    format!("{at}: {from} → {to}: {cause}")
}

fn axis(html: &mut String, span: Span) {
    html.push_str("<p class=\"axis\" aria-hidden=\"true\">");
    for quarter in 0..=4 {
        let at = span.start + (span.end - span.start) * quarter / 4;
        if let Ok(at) = Timestamp::from_millisecond(at) {
            let (exact, shown) = (at.strftime("%Y-%m-%dT%H:%M:%SZ"), at.strftime("%H:%M"));
            let _ = write!(html, "<time class=\"clock\" datetime=\"{exact}\">{shown}</time>");
        }
    }
    html.push_str("</p>");
}

/// The same as text, the newest first.
fn causes(html: &mut String, shown: &[&Instance], span: Span, words: &str) {
    let mut changes: Vec<(&str, &Transition)> = shown
        .iter()
        .flat_map(|instance| instance.history.iter().map(|change| (instance.name.as_str(), change)))
        .filter(|(_, change)| change.at.as_millisecond() >= span.start)
        .collect();
    changes.sort_by_key(|(_, change)| Reverse(change.at));
    if changes.is_empty() {
        let _ = write!(html, "<p>No change of state in {words}.</p>");
        return;
    }
    html.push_str("<ol class=\"log\">");
    for (name, change) in changes.into_iter().take(MAX_CAUSES) {
        let _ = write!(
            html,
            "<li>{} <strong>{}</strong> <span class=\"nowrap\">{} → <b class=\"{}\">{}</b></span> {}",
            Moment(change.at),
            Text(name),
            change.from,
            class(change.to),
            change.to,
            Text(&change.cause)
        );
        if let Some(remark) = &change.evidence.remark {
            let _ = write!(html, " <small>{}</small>", Text(remark));
        }
        html.push_str("</li>");
    }
    html.push_str("</ol>");
}

/// Width of a lane in its own units.
const WIDTH: i64 = 1000;

/// Lanes at most; with more instances, those that changed last.
const MAX_LANES: usize = 16;

/// Changes that are listed.
const MAX_CAUSES: usize = 12;
