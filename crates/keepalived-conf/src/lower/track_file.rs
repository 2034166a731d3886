//! `track_file`: a file with a number, for instances and for `FILE_CHECK`.

use std::collections::HashMap;
use std::path::PathBuf;

use crate::keywords::{Arguments, Status};
use crate::line::Word;
use crate::model::InitFile;
use crate::model::trackers::TrackFile;

use super::reader::Entry;
use super::report::Report;
use super::{Lowering, arguments, value};
use crate::keywords::word;

/// Every `track_file` so far.
#[derive(Default)]
pub(super) struct TrackFiles<'a> {
    pub(super) list: Vec<TrackFile>,
    /// Places in `list`. Of two with one name, what follows tracks the later one.
    pub(super) by_name: HashMap<&'a str, usize>,
    pub(super) to_make: Vec<InitFile>,
}

impl TrackFiles<'_> {
    /// The file of this name that stands above.
    pub(super) fn named(&self, name: &str) -> Option<&TrackFile> {
        self.list.get(*self.by_name.get(name)?)
    }
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
        let (mut path, mut weight, mut init) = (None, (1, false), None);
        let mut block = self.reader.open(entry, &mut self.report);
        while let Some(entry) = self.reader.next(&mut block, &mut self.report) {
            match entry.keyword.name {
                _ if entry.keyword.status != Status::Acts => self.understood(entry),
                word::FILE => {
                    let word = arguments::required(&entry, &mut self.report);
                    if path.is_some() {
                        self.report.repeated(entry.keyword, entry.span());
                    }
                    path = path.or(word.map(|word| PathBuf::from(word.text)));
                }
                word::INIT_FILE => init = Some(init_file(&entry, &mut self.report)),
                word::WEIGHT => weight = file_weight(&entry, weight, &mut self.report),
                _ => self.understood(entry),
            }
        }
        let Some(path) = path else {
            let message = format!("track_file {} has no `file`; it is ignored", name.text);
            self.report.error("no-file", name.span, message);
            return;
        };
        if let Some((value, overwrite)) = init {
            self.track_files.to_make.push(InitFile { path: path.clone(), value, overwrite });
        }
        let (weight, reverse) = weight;
        self.track_files.by_name.insert(name.text, self.track_files.list.len());
        self.track_files.list.push(TrackFile { name: name.text.to_owned(), path, weight, reverse });
    }
}

/// `[N] [overwrite]` in any order: the number, and whether what is there is overwritten. A word that is neither changes
/// nothing.
fn init_file(entry: &Entry<'_>, report: &mut Report<'_>) -> (i32, bool) {
    let (mut value, mut overwrite) = (0, false);
    for word in entry.arguments() {
        if word.text == "overwrite" {
            overwrite = true;
        } else if word.text.starts_with(|first: char| first.is_ascii_digit() || first == '-') {
            match value::integer(word.text, i32::MIN.into(), i32::MAX.into()) {
                Ok(number) => value = i32::try_from(number).unwrap_or(0),
                Err(_) => arguments::bad_number(entry, word, "", report),
            }
        } else {
            let message = format!("only a number and `overwrite` may stand here, not `{}`", word.text);
            report.error("bad-value", word.span, message);
        }
    }
    (value, overwrite)
}

/// `N [reverse|noreverse]`, with what holds if it is not that.
pub(super) fn file_weight<T>(entry: &Entry<'_>, before: (T, bool), report: &mut Report<'_>) -> (T, bool)
where
    T: TryFrom<i64>,
{
    let Some((number, options)) = entry.arguments().split_first() else {
        report.missing_argument(entry.keyword, entry.span());
        return before;
    };
    let limit = if let Arguments::Weight { limit, .. } = entry.keyword.arguments { limit } else { 254 };
    let Some(weight) = weight(number, limit).and_then(|weight| T::try_from(weight).ok()) else {
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

fn weight(word: Word<'_>, limit: u32) -> Option<i64> {
    value::integer(word.text, -i64::from(limit), limit.into()).ok()
}
