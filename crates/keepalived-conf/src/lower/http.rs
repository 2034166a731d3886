//! `global_defs` about the page and the metrics.

use std::net::SocketAddr;

use super::Lowering;
use super::arguments;
use super::global::set_some;
use super::reader::Entry;
use super::report::Report;
use crate::keywords::word;

impl<'a> Lowering<'a> {
    /// Takes a keyword about HTTP; `false` if it is none.
    pub(super) fn global_http(&mut self, entry: &Entry<'a>) -> bool {
        let (report, globals) = (&mut self.report, &mut self.globals);
        let http = &mut globals.public.daemon.http;
        match entry.keyword.name {
            word::HTTP_LISTEN => {
                set_some(&mut http.listen, listen(entry, report));
                globals.http_listen_at = Some(entry.span());
            }
            word::HTTP_TOKEN_FILE => {
                let path = arguments::required(entry, report).map(|word| word.text.into());
                set_some(&mut http.token_file, path);
            }
            word::HTTP_NAME => {
                if entry.arguments().is_empty() {
                    report.missing_argument(entry.keyword, entry.span());
                }
                http.names.extend(entry.arguments().iter().map(|word| word.text.to_owned()));
            }
            _ => return false,
        }
        true
    }

    /// Checks that depend on the whole file.
    pub(super) fn finish_http(&mut self) {
        let http = &self.globals.public.daemon.http;
        let is_open = http.listen.is_some_and(|at| !at.ip().is_loopback()) && http.token_file.is_none();
        if let Some(at) = self.globals.http_listen_at.filter(|_| is_open) {
            let message = "`http_listen` is not on a loopback address and there is no `http_token_file`: whoever reaches \
                           it reads the state of this machine";
            self.report.warning("http-open", at, message);
        }
    }
}

fn listen(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<SocketAddr> {
    let word = arguments::required(entry, report)?;
    let address = word.text.parse().ok().filter(|address: &SocketAddr| address.port() > 0);
    if address.is_none() {
        arguments::not(entry, word, "an address and a port, as `127.0.0.1:9165` or `[::1]:9165`", report);
    }
    address
}
