//! The page: HTML made here from a status, and one file with its style and script.
//!
//! It is made of blocks with an id. Each knows since which version of the page it is as it is, so a reader with an
//! older version is sent the blocks that changed since, however long it was away and however slowly it reads. If blocks
//! came or went, the reader is told to load the page anew. Blocks carry moments, never ages: a block that only grows
//! older does not change.

mod activity;
pub(crate) mod explanation;
mod headline;
mod html;
mod instances;
mod services;
mod timeline;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use vipd_status::Status;

use crate::events::Events;
use crate::response::{HTML, OK, Response};
use html::Text;

/// The page and its newest state.
#[derive(Debug)]
pub(crate) struct Page {
    host: String,
    /// The `Content-Security-Policy` field.
    policy: String,
    /// Number of the newest state.
    version: u64,
    /// Number of the state since which the same blocks stand in the same order.
    layout_since: u64,
    blocks: Vec<Block>,
    /// There is a newer status than that of the blocks.
    is_outdated: bool,
    whole: Option<Arc<[u8]>>,
}

/// A piece of the page.
#[derive(Debug, Default)]
struct Block {
    /// The id of its element; empty for what stands around the others and never changes alone.
    id: String,
    html: String,
    /// Number of the state since which it is so.
    since: u64,
}

/// Blocks in the making.
#[derive(Debug, Default)]
struct Blocks {
    blocks: Vec<Block>,
    /// Text that instances and services must contain to be shown.
    wanted: String,
}

impl Blocks {
    /// Adds what stands around blocks.
    fn frame(&mut self, html: &str) {
        match self.blocks.last_mut().filter(|last| last.id.is_empty()) {
            Some(last) => last.html.push_str(html),
            None => self.blocks.push(Block { html: html.to_owned(), ..Block::default() }),
        }
    }

    /// Adds an element that has this id.
    fn block(&mut self, id: impl Into<String>, html: String) {
        self.blocks.push(Block { id: id.into(), html, since: 0 });
    }

    /// ` hidden`, if none of these texts has what is looked for.
    fn hidden<'a>(&self, mut texts: impl Iterator<Item = &'a str>) -> &'static str {
        let matches = |text: &str| text.to_lowercase().contains(&self.wanted);
        if self.wanted.is_empty() || texts.any(matches) { "" } else { " hidden" }
    }
}

impl Page {
    /// A page of the machine with this name.
    pub(crate) fn new(host: &str, first_version: u64) -> Self {
        let policy = format!(
            "Content-Security-Policy: default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; \
             connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'\r\n",
            hash(between("<style>", "</style>")),
            hash(between("<script>", "</script>")),
        );
        Self {
            host: host.to_owned(),
            policy,
            version: first_version,
            layout_since: first_version,
            blocks: Vec::new(),
            is_outdated: true,
            whole: None,
        }
    }

    /// There is a newer status.
    pub(crate) fn outdate(&mut self) {
        self.is_outdated = true;
    }

    /// The whole page, with those instances and services that contain `wanted`.
    pub(crate) fn whole(&mut self, status: &Status, events: &Events, wanted: &str) -> Arc<[u8]> {
        self.update(status, events);
        if !wanted.is_empty() {
            let blocks = make(status, events, wanted);
            return self.page(status, &blocks, wanted).into_bytes().into();
        }
        if let Some(whole) = &self.whole {
            return whole.clone();
        }
        let whole: Arc<[u8]> = self.page(status, &self.blocks, "").into_bytes().into();
        self.whole = Some(whole.clone());
        whole
    }

    /// Changes since the reader's version, as one server-sent event.
    pub(crate) fn patch(&mut self, status: &Status, events: &Events, version: &mut u64) -> Option<Vec<u8>> {
        self.update(status, events);
        let known = std::mem::replace(version, self.version);
        if known == self.version {
            return None;
        }
        if known < self.layout_since || known > self.version {
            return Some(format!("id: {}\nevent: layout\ndata:\n\n", self.version).into_bytes());
        }
        let changed = self.blocks.iter().filter(|block| block.since > known);
        let changed: Vec<(&str, &str)> =
            changed.map(|block| (block.id.as_str(), block.html.as_str())).collect();
        let now = status.at.as_millisecond();
        let data = serde_json::json!({ "now": now, "blocks": changed });
        Some(format!("id: {}\nevent: patch\ndata: {data}\n\n", self.version).into_bytes())
    }

    /// A page around an explanation.
    pub(crate) fn framed(&self, explanation: &str) -> String {
        let back = "<p><a href=\"/\">← everything</a></p>";
        let main = format!("{back}<article class=\"card explanation\">{explanation}</article>");
        self.filled("vipd", "", &main, "")
    }

    /// An answer with the page.
    pub(crate) fn response(&self, body: Arc<[u8]>) -> Response {
        let mut response = Response::new(OK, HTML, body);
        response.fields.clone_from(&self.policy);
        response
    }

    /// Makes the blocks anew if there is a newer status, and finds out which of them changed.
    fn update(&mut self, status: &Status, events: &Events) {
        if !std::mem::take(&mut self.is_outdated) {
            return;
        }
        self.whole = None;
        self.version += 1;
        let earlier = std::mem::replace(&mut self.blocks, make(status, events, ""));
        let is_same = |(a, b): (&Block, &Block)| a.id == b.id && (!a.id.is_empty() || a.html == b.html);
        if earlier.len() != self.blocks.len() || !earlier.iter().zip(&self.blocks).all(is_same) {
            self.layout_since = self.version;
        }
        for (index, block) in self.blocks.iter_mut().enumerate() {
            let before = earlier.get(index).filter(|before| before.html == block.html);
            block.since = before.map_or(self.version, |before| before.since);
        }
    }

    fn page(&self, status: &Status, blocks: &[Block], wanted: &str) -> String {
        let main: String = blocks.iter().map(|block| block.html.as_str()).collect();
        let title = headline::title(status, &self.host);
        let data = format!(" data-version=\"{}\" data-now=\"{}\"", self.version, status.at.as_millisecond());
        self.filled(&title, &data, &main, wanted)
    }

    fn filled(&self, title: &str, data: &str, main: &str, wanted: &str) -> String {
        let mut page = String::with_capacity(TEMPLATE.len() + main.len() + 256);
        for (place, piece) in TEMPLATE.split("{{").enumerate() {
            let Some((name, rest)) = piece.split_once("}}").filter(|_| place > 0) else {
                page.push_str(piece);
                continue;
            };
            match name {
                "title" => page.push_str(&Text(title).to_string()),
                "host" => page.push_str(&Text(&self.host).to_string()),
                "data" => page.push_str(data),
                "wanted" => page.push_str(&Text(wanted).to_string()),
                _ => page.push_str(main),
            }
            page.push_str(rest);
        }
        page
    }
}

fn make(status: &Status, events: &Events, wanted: &str) -> Vec<Block> {
    let mut blocks = Blocks { wanted: wanted.to_lowercase(), ..Blocks::default() };
    headline::add(&mut blocks, status);
    instances::add(&mut blocks, status);
    services::add(&mut blocks, status);
    timeline::add(&mut blocks, status);
    activity::add(&mut blocks, status, events);
    blocks.blocks
}

/// Text between two tags of the file.
fn between(start: &str, end: &str) -> &'static str {
    let rest = TEMPLATE.split_once(start).map_or("", |(_, rest)| rest);
    rest.split_once(end).map_or("", |(text, _)| text)
}

fn hash(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text))
}

/// The file: style, script, and `{{places}}` for what is made here.
const TEMPLATE: &str = include_str!("page.html");
