//! `DNS_CHECK`.

use std::net::IpAddr;

use crate::model::lvs::DnsAnswers;

use super::super::Lowering;
use super::super::arguments::{self, Junk};
use super::super::reader::Entry;
use super::super::report::Report;
use super::checker::Common;
use super::payload::domain;
use crate::keywords::word;

/// Keywords of a `DNS_CHECK`.
pub(super) struct DnsDraft {
    pub(super) query_type: String,
    pub(super) name: String,
    pub(super) answers: Option<Box<DnsAnswers>>,
}

impl<'a> Lowering<'a> {
    pub(super) fn dns_check(&mut self, entry: Entry<'a>, common: &mut Common) -> DnsDraft {
        let (mut query_type, mut name) = ("SOA".to_owned(), ".".to_owned());
        let mut wanted = DnsAnswers::default();
        self.check_block(entry, common, |lowering, inner| {
            let report = &mut lowering.report;
            match inner.keyword.name {
                word::TYPE => {
                    let chosen = arguments::choice(inner, report).map(str::to_ascii_uppercase);
                    query_type = chosen.unwrap_or(std::mem::take(&mut query_type));
                }
                word::NAME => name = domain(inner, report).unwrap_or(std::mem::take(&mut name)),
                word::ANSWER => wanted.addresses.extend(addresses(inner, report)),
                word::MIN_ANSWERS => {
                    wanted.least =
                        arguments::number(inner, Junk::Refused, "", report).unwrap_or(wanted.least);
                }
                word::REQUIRE_AD => {
                    wanted.authentic = arguments::switch(inner, report).unwrap_or(wanted.authentic);
                }
                _ => return false,
            }
            true
        });
        self.keep_addresses_of_type(entry, &query_type, &mut wanted.addresses);
        let answers = (wanted != DnsAnswers::default()).then(|| Box::new(wanted));
        DnsDraft { query_type, name, answers }
    }

    /// Only queries for addresses are answered with some, each with those of one family.
    fn keep_addresses_of_type(&mut self, entry: Entry<'a>, query_type: &str, addresses: &mut Vec<IpAddr>) {
        addresses.retain(|address| {
            let needed = if address.is_ipv4() { "A" } else { "AAAA" };
            if query_type != needed {
                let message = format!(
                    "`answer {address}` is ignored: a query for {query_type} is not answered with it; \
                     write `type {needed}`"
                );
                self.report.error("family", entry.span(), message);
            }
            query_type == needed
        });
    }
}

fn addresses(entry: &Entry<'_>, report: &mut Report<'_>) -> Vec<IpAddr> {
    if entry.argument().is_none() {
        report.missing_argument(entry.keyword, entry.span());
    }
    let address = |word| {
        let address = arguments::host(word, report);
        if address.is_none() {
            arguments::not(entry, word, "IP addresses", report);
        }
        address
    };
    entry.arguments().iter().filter_map(address).collect()
}
