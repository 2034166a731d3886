//! Problems first; then the number of everything.

use std::fmt::Write;

use vipd_status::{Instance, Problem, Severity, State, Status, problems};

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

/// The role of this machine, in words.
fn serving(instances: &[Instance]) -> String {
    let all = instances.len();
    let Some(first) = instances.first() else { return String::new() };
    if all == 1 {
        return format!(": this machine is {}", first.state.word());
    }
    if instances.iter().all(|instance| instance.state == first.state) {
        return format!(": this machine is {} of all {}", first.state.word(), count(all, "instance"));
    }
    let serves = instances.iter().filter(|instance| instance.state == State::Master).count();
    format!(": this machine is MASTER of {serves} of {}", count(all, "instance"))
}

/// The class of the headline, and its words.
fn summary(status: &Status, problems: &[Problem]) -> (&'static str, String) {
    let serving = serving(&status.instances);
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
    let subject = match explained(status, problem) {
        Some(name) => format!("<a href=\"/explain?name={}\">{subject}</a>", query(name)),
        None => format!("<strong>{subject}</strong>"),
    };
    format!("<li class=\"{class}\">{subject} {}{since}</li>", Text(&problem.text))
}

/// The name that an explanation is found by: that of the thing, which the name of its service or its kind may stand
/// beside.
fn explained<'a>(status: &Status, problem: &'a Problem) -> Option<&'a str> {
    let subject = problem.subject.as_str();
    let server = subject.split_once(" of ").map(|(server, _)| server);
    let tracker = subject.split_once(' ').map(|(_, name)| name);
    [Some(subject), server, tracker].into_iter().flatten().find(|name| !status.find(name).is_empty())
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
