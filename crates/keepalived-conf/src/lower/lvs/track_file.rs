//! `track_file`, as far as `FILE_CHECK` needs it.

use std::path::PathBuf;

use crate::keywords::{Arguments, Status};
use crate::line::Word;

use super::super::reader::Entry;
use super::super::report::Report;
use super::super::{Lowering, arguments, value};

/// A `track_file` that stands above.
#[derive(Clone, Debug)]
pub(super) struct TrackFile {
    pub(super) path: PathBuf,
    pub(super) weight: i16,
    pub(super) reverse: bool,
}

impl<'a> Lowering<'a> {
    pub(super) fn track_file(&mut self, entry: Entry<'a>) {
        self.report.old_spelling(entry.keyword, entry.span());
        let Some(name) = entry.argument() else {
            self.report.missing_argument(entry.keyword, entry.span());
            self.reader.skip_next_block();
            return;
        };
        arguments::extra_words(&entry, 1, &mut self.report);
        let (mut path, mut weight) = (None, (1, false));
        let mut block = self.reader.open(entry, &mut self.report);
        while let Some(entry) = self.reader.next(&mut block, &mut self.report) {
            match entry.keyword.name {
                _ if entry.keyword.status != Status::Acts => self.understood(entry),
                "file" => {
                    let word = arguments::required(&entry, &mut self.report);
                    path = word.map(|word| PathBuf::from(word.text)).or(path);
                }
                "weight" => weight = file_weight(&entry, weight, &mut self.report),
                _ => self.understood(entry),
            }
        }
        let Some(path) = path else {
            let message = format!("track_file {} has no `file`; it is left out", name.text);
            self.report.error("no-file", name.span, message);
            return;
        };
        let (weight, reverse) = weight;
        self.lvs.track_files.insert(name.text, TrackFile { path, weight, reverse });
    }
}

/// `N [reverse|noreverse]`, with what holds if it is not that.
pub(super) fn file_weight(entry: &Entry<'_>, before: (i16, bool), report: &mut Report<'_>) -> (i16, bool) {
    let Some((number, options)) = entry.arguments().split_first() else {
        report.missing_argument(entry.keyword, entry.span());
        return before;
    };
    let limit = if let Arguments::Weight { limit, .. } = entry.keyword.arguments { limit } else { 254 };
    let Some(weight) = weight(number, limit) else {
        arguments::bad_number(entry, number, "", report);
        return before;
    };
    let Some(option) = options.first() else { return (weight, before.1) };
    arguments::extra_words(entry, 2, report);
    match option.text {
        "reverse" => (weight, true),
        "noreverse" => (weight, false),
        other => {
            let message = format!("only `reverse` may follow a weight, not `{other}`");
            report.error("bad-value", option.span, message);
            (weight, before.1)
        }
    }
}

fn weight(word: Word<'_>, limit: u8) -> Option<i16> {
    let weight = value::integer(word.text, -i64::from(limit), limit.into()).ok()?;
    i16::try_from(weight).ok()
}
