//! Table of virtual servers, each with its real servers.

use super::table::{Cell, Page, Row, Style};
use crate::problems::why_down;
use crate::words::{between, intent};
use crate::{Server, Service, Status};

pub(super) fn table(page: &mut Page, status: &Status) {
    let headings = ["VIRTUAL SERVER", "STATE", "FOR", "WEIGHT", "CONNS", "REMARK"];
    let rows = status.services.iter().flat_map(|service| {
        std::iter::once(of_service(status, service))
            .chain(service.servers.iter().map(|server| of_server(status, server)))
    });
    page.table(&headings, rows);
}

fn of_service(status: &Status, service: &Service) -> Row {
    let up = service.servers.iter().filter(|server| server.up).count();
    let mut remarks = vec![format!("{up}/{} servers, quorum {}", service.servers.len(), service.quorum.need)];
    let mut remark = |applies: bool, text: &str| remarks.extend(applies.then(|| text.to_owned()));
    remark(service.sorry, "sorry server serves");
    remark(service.backups, "backup servers are used");
    remark(service.sorry_server.as_ref().is_some_and(|sorry| !sorry.up), "sorry server is down");
    remark(service.panics, "all servers are used (panic_threshold)");
    remark(service.suspended, "checks suspended (ha_suspend)");
    remark(service.draining > 0, &format!("{} removed servers drain", service.draining));
    Row::new(vec![
        (&service.name).into(),
        state(service.up),
        service.since.map_or_else(|| "-".to_owned(), |since| between(since, status.at)).into(),
        Cell::number(&service.quorum.live),
        Cell::number(&open(service).map_or_else(|| "-".to_owned(), |open| open.to_string())),
        remarks.join(", ").into(),
    ])
}

/// Open connections of all real servers; none where the kernel was not read.
fn open(service: &Service) -> Option<u64> {
    let counted = service.servers.iter().filter_map(|server| server.connections);
    counted.map(|counted| counted.active).reduce(u64::saturating_add)
}

fn of_server(status: &Status, server: &Server) -> Row {
    let wanted = server.intent.as_ref().map(|wanted| intent(wanted, status.at));
    let remarks: Vec<String> = server
        .backup
        .then(|| "backup".to_owned())
        .into_iter()
        .chain(server.outlier.then(|| "new connections are not completed".to_owned()))
        .chain(wanted)
        .chain(if server.up { None } else { why_down(server) })
        .collect();
    Row::new(vec![
        format!("  {}", server.address).into(),
        state(server.up),
        server.since.map_or_else(|| "-".to_owned(), |since| between(since, status.at)).into(),
        Cell::number(&weight(server)),
        Cell::number(
            &server.connections.map_or_else(|| "-".to_owned(), |counted| counted.active.to_string()),
        ),
        remarks.join("; ").into(),
    ])
}

fn state(up: bool) -> Cell {
    if up { Cell::styled("up", Style::Good) } else { Cell::styled("down", Style::Bad) }
}

/// Weight that the kernel uses, and in parentheses that of the file where it differs.
fn weight(server: &Server) -> String {
    let weight = server.weight;
    match weight.programmed {
        Some(programmed) if programmed == weight.configured => programmed.to_string(),
        Some(programmed) => format!("{programmed} ({})", weight.configured),
        None => format!("- ({})", weight.configured),
    }
}
