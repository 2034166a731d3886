//! What is wrong, first; how much there is of everything.

use std::fmt::Write;

use vipd_status::{Problem, ProblemKind, Severity, State, Status, problems};

use super::Blocks;
use super::html::{Moment, Text, badge, count, query};

pub(super) fn add(blocks: &mut Blocks, status: &Status) {
    let problems = problems(status);
    blocks.frame("<div aria-live=\"polite\">");
    blocks.block("headline", headline(status, &problems));
    blocks.frame("</div>");
    blocks.block("figures", figures(status));
}

/// The title of the window: so that one tab of many says what is wrong.
pub(super) fn title(status: &Status, host: &str) -> String {
    match serious(&problems(status)) {
        0 => format!("✓ {host} – vipd"),
        number => format!("({number}) {host} – vipd"),
    }
}

/// Problems that are more than a note.
fn serious(problems: &[Problem]) -> usize {
    problems.iter().filter(|problem| problem.severity > Severity::Note).count()
}

fn headline(status: &Status, problems: &[Problem]) -> String {
    let (class, words) = summary(status, problems);
    let mut html =
        format!("<section id=\"headline\" class=\"card headline {class}\"><h1>{}</h1>", Text(words));
    if !problems.is_empty() {
        html.push_str("<ul>");
        for problem in problems.iter().take(MAX_PROBLEMS) {
            html.push_str(&item(status, problem));
        }
        if let Some(more) = problems.len().checked_sub(MAX_PROBLEMS).filter(|more| *more > 0) {
            let _ =
                write!(html, "<li class=\"note\">and {more} more: <code>vipd status</code> shows all</li>");
        }
        html.push_str("</ul>");
    }
    html.push_str("</section>");
    html
}

/// The class of the headline, and its words.
fn summary(status: &Status, problems: &[Problem]) -> (&'static str, String) {
    let serves = status.instances.iter().filter(|instance| instance.state == State::Master).count();
    let serving = match (status.instances.len(), serves) {
        (0, _) => String::new(),
        (1, 1) => ": this machine is MASTER".to_owned(),
        (1, _) => ": this machine is BACKUP".to_owned(),
        (all, serves) => format!(": this machine is MASTER of {serves} of {}", count(all, "instance")),
    };
    match (problems.iter().map(|problem| problem.severity).max(), serious(problems)) {
        (Some(Severity::Error), number) => ("error", format!("{} need attention", count(number, "problem"))),
        (Some(Severity::Warning), number) => {
            ("warning", format!("Serving, with {}", count(number, "warning")))
        }
        _ if status.instances.is_empty() && status.services.is_empty() => {
            ("note", "Nothing is configured: no instance and no virtual server".to_owned())
        }
        (Some(Severity::Note), _) => ("note", format!("Nothing failed{serving}")),
        (None, _) => ("good", format!("All is well{serving}")),
    }
}

fn item(status: &Status, problem: &Problem) -> String {
    let class = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let since = problem.since.map(|at| format!(" <small>since {}</small>", Moment(at))).unwrap_or_default();
    let subject = Text(&problem.subject);
    let subject = match address(status, problem) {
        Some(address) => format!("<a href=\"{address}\" data-explain>{subject}</a>"),
        None => format!("<strong>{subject}</strong>"),
    };
    format!("<li class=\"{class}\">{subject} {}{since}</li>", Text(&problem.text))
}

/// Where a problem is explained.
fn address(status: &Status, problem: &Problem) -> Option<String> {
    let subject = problem.subject.as_str();
    if status.instances.iter().any(|instance| instance.name == subject) {
        return Some(format!("/explain?instance={}", query(subject)));
    }
    let service = match problem.kind {
        ProblemKind::Service => subject,
        _ => subject.split_once(" of ")?.1,
    };
    let is_known = status.services.iter().any(|known| known.name == service);
    is_known.then(|| format!("/explain?service={}", query(service)))
}

fn figures(status: &Status) -> String {
    let mut html = "<ul id=\"figures\" class=\"figures\" aria-label=\"Overview\">".to_owned();
    for (state, class) in
        [(State::Master, "master"), (State::Backup, "backup"), (State::Fault, "fault"), (State::Init, "init")]
    {
        let number = status.instances.iter().filter(|instance| instance.state == state).count();
        if number > 0 || !matches!(state, State::Init) && !status.instances.is_empty() {
            figure(&mut html, class, state.word(), &number.to_string());
        }
    }
    if !status.services.is_empty() {
        let up = status.services.iter().filter(|service| service.up).count();
        let all = status.services.len();
        let class = if up == all { "up" } else { "down" };
        figure(&mut html, class, "virtual servers up", &format!("{up}/{all}"));
        let servers = || status.services.iter().flat_map(|service| &service.servers);
        let (up, all) = (servers().filter(|server| server.up).count(), servers().count());
        let class = if up == all { "up" } else { "down" };
        figure(&mut html, class, "real servers up", &format!("{up}/{all}"));
    }
    html.push_str("</ul>");
    html
}

fn figure(html: &mut String, class: &str, word: &str, number: &str) {
    let _ = write!(html, "<li><span>{number}</span> ");
    let _ = badge(html, class, word);
    html.push_str("</li>");
}

/// Problems that are listed.
const MAX_PROBLEMS: usize = 12;
