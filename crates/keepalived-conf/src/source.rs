//! The files a configuration was read from, and places in them.
//!
//! Every later stage speaks of places as [`Span`]s: a byte range in one file of a [`SourceMap`]. The text is
//! UTF-8; a file that is not keeps its original bytes beside the replaced text, so nothing is lost.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// Which file of a [`SourceMap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(u32);

/// A byte range `start..end` in the text of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub source: SourceId,
    /// First byte.
    pub start: u32,
    /// One past the last byte; never below `start`.
    pub end: u32,
}

impl Span {
    /// `start..end` of `source`; an `end` below `start` gives the empty place at `start`.
    pub fn new(source: SourceId, start: u32, end: u32) -> Self {
        Self { source, start, end: end.max(start) }
    }

    /// From the start of `self` to the end of `other`; `self` alone when they are in different files.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        if self.source == other.source {
            Self::new(self.source, self.start.min(other.start), self.end.max(other.end))
        } else {
            self
        }
    }

    /// The same place, once its file was [appended](SourceMap::append) to so many others.
    #[must_use]
    pub fn after(self, files: u32) -> Self {
        Self { source: SourceId(self.source.0.saturating_add(files)), ..self }
    }

    /// Length in bytes.
    pub fn len(self) -> u32 {
        self.end - self.start
    }

    /// Whether the place has no width (end of line, end of file).
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }
}

/// A place as people write it; both count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line number.
    pub line: u32,
    /// Column, in characters (not bytes).
    pub column: u32,
}

/// One file as read.
#[derive(Clone, Debug)]
pub struct SourceFile {
    path: PathBuf,
    text: Arc<String>,
    /// Only when the file is not UTF-8.
    original: Option<Box<[u8]>>,
    /// The offsets at which lines begin, from the second one on; found when the first place is asked for.
    line_starts: OnceLock<Box<[u32]>>,
}

impl SourceFile {
    /// The path the file was read by.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The text; bytes that are not UTF-8 are replaced by U+FFFD.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The bytes of the file, exactly.
    pub fn bytes(&self) -> &[u8] {
        self.original.as_deref().unwrap_or(self.text.as_bytes())
    }

    fn line_starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| {
            let newlines = self.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
            newlines.map(|(at, _)| saturated(at + 1)).collect()
        })
    }

    /// Whether the bytes of the file are UTF-8.
    pub fn is_utf8(&self) -> bool {
        self.original.is_none()
    }
}

/// All files that were read, in the order of reading.
///
/// A file included twice is stored once.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
    paths: HashMap<PathBuf, SourceId>,
    absent: Vec<PathBuf>,
}

impl SourceMap {
    /// No files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Stores a file.
    ///
    /// Spans hold 32-bit offsets, so text past 4 GiB is cut off (a limit on what is read belongs to the caller).
    pub fn add(&mut self, path: impl Into<PathBuf>, bytes: Vec<u8>) -> SourceId {
        let (text, original) = match String::from_utf8(bytes) {
            Ok(text) => (text, None),
            Err(error) => {
                let bytes = error.into_bytes();
                (String::from_utf8_lossy(&bytes).into_owned(), Some(bytes.into_boxed_slice()))
            }
        };
        let id = SourceId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        let path = path.into();
        self.paths.insert(path.clone(), id);
        let line_starts = OnceLock::new();
        self.files.push(SourceFile { path, text: Arc::new(cut(text)), original, line_starts });
        id
    }

    /// Takes the files of another map behind its own; gives how many files come before them, for
    /// [`Span::after`]. A path that both maps know keeps standing for the file that was there first.
    pub fn append(&mut self, other: Self) -> u32 {
        let before = saturated(self.files.len());
        for (path, id) in other.paths {
            self.paths.entry(path).or_insert(SourceId(id.0.saturating_add(before)));
        }
        self.files.extend(other.files);
        for path in other.absent {
            self.note_absent(path);
        }
        before
    }

    /// The id of the file read by this path, if it was.
    pub fn find(&self, path: &Path) -> Option<SourceId> {
        self.paths.get(path).copied()
    }

    /// The file with this id.
    pub fn file(&self, id: SourceId) -> Option<&SourceFile> {
        self.files.get(usize::try_from(id.0).ok()?)
    }

    /// Files that an `include` names and that are not there, at most [`SourceMap::ABSENT_LIMIT`].
    pub fn absent(&self) -> impl Iterator<Item = &Path> {
        self.absent.iter().map(PathBuf::as_path)
    }

    /// Number of absent files that are remembered.
    pub const ABSENT_LIMIT: usize = 1000;

    pub(crate) fn note_absent(&mut self, path: PathBuf) {
        if self.absent.len() < Self::ABSENT_LIMIT {
            self.absent.push(path);
        }
    }

    /// The text of a file, for callers that must not borrow the map.
    pub(crate) fn shared_text(&self, id: SourceId) -> Option<&Arc<String>> {
        self.file(id).map(|file| &file.text)
    }

    /// The ids of all files, in the order of reading.
    pub fn ids(&self) -> impl Iterator<Item = SourceId> + use<> {
        (0..u32::try_from(self.files.len()).unwrap_or(u32::MAX)).map(SourceId)
    }

    /// All files, in the order of reading.
    pub fn files(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter()
    }

    /// Whether no file was read: the main file does not exist or could not be read.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The text at a place; empty when the place is not in this map.
    pub fn text(&self, span: Span) -> &str {
        let range = span.start as usize..span.end as usize;
        self.file(span.source).and_then(|file| file.text.get(range)).unwrap_or_default()
    }

    /// Line and column of the start of a place; 1:1 when the place is not in this map.
    pub fn position(&self, span: Span) -> Position {
        let start = Position { line: 1, column: 1 };
        let Some(file) =
            self.file(span.source).filter(|file| file.text.is_char_boundary(span.start as usize))
        else {
            return start;
        };
        let starts = file.line_starts();
        let line = starts.partition_point(|line| *line <= span.start);
        let begin = line.checked_sub(1).and_then(|line| starts.get(line)).copied().unwrap_or(0);
        let before = file.text.get(begin as usize..span.start as usize).unwrap_or_default();
        Position { line: saturated(1 + line), column: saturated(1 + before.chars().count()) }
    }
}

fn saturated(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Offsets are 32 bits wide.
fn cut(mut text: String) -> String {
    let limit = u32::MAX as usize;
    if text.len() > limit {
        let end = (0..=limit).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        text.truncate(end);
    }
    text
}
