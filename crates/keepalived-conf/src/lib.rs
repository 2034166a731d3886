//! keepalived.conf: text to a lossless tree, to logical lines, to a typed model, with diagnostics.
//!
//! | stage | gives | for |
//! |---|---|---|
//! | [`SyntaxTree::parse`] | every octet of one file in a token, blocks nested | editors, formatters |
//! | [`preprocess`] | logical [`Line`]s of words: includes read, definitions and sequences resolved | tools |
//! | [`load`] | the typed [`model`] with every default filled in | daemons |
//!
//! No stage fails: each gives what could be understood, and [`Diagnostics`]. Every word knows its [`Span`] in the
//! [`SourceMap`]. Each [`Diagnostic`] has a [`Severity`] for people and a [`Class`] that says what keepalived's
//! configuration test would make of it. No stage reads a clock, the network or the environment; files come through
//! [`Files`]. Any input is answered in bounded time and memory ([`Options::cost_limit`]).
//!
//! ```
//! use keepalived_conf::{Diagnostics, Line, MemoryFiles, Options, SourceMap, preprocess, render_all};
//!
//! let files = MemoryFiles::from([
//!     ("/etc/keepalived/keepalived.conf", "$IF=eth0\n@lb1 $PRIO=150\n@lb2 $PRIO=100\ninclude vrrp.conf\n"),
//!     ("/etc/keepalived/vrrp.conf", "vrrp_instance V {\n  interface $IF\n  priority ${PRIORITY}\n}\n"),
//! ]);
//! let options = Options { config_id: "lb1", ..Options::new(&files) };
//! let (mut sources, mut findings) = (SourceMap::new(), Diagnostics::new());
//! let main = "/etc/keepalived/keepalived.conf".as_ref();
//! let lines = preprocess(main, &options, &mut sources, &mut findings);
//!
//! let Some(Line::Words(interface)) = lines.iter().nth(2) else { panic!("{lines:?}") };
//! assert_eq!(interface.raw(), "interface eth0");
//! assert_eq!(
//!     render_all(&findings, &sources, false),
//!     "\
//! error[undefined-name]: 'PRIORITY' is not defined
//!  --> /etc/keepalived/vrrp.conf:3:12
//!   |
//! 3 |   priority ${PRIORITY}
//!   |            ^^^^^^^^^^^
//!
//! "
//! );
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

// Text: places, findings, words.
pub mod codes;
mod damage;
mod diagnostic;
mod line;
mod lines;
mod preprocess;
mod render;
mod resolved;
mod script;
mod similar;
mod source;
mod syntax;

pub use damage::Damage;
pub use diagnostic::{Class, Diagnostic, Diagnostics, Severity};
pub use line::{Line, Statement, Word, Words, WordsIter};
pub use lines::{Lines, LinesIter};
pub use preprocess::{DiskFiles, FileKind, Files, MAIN_FILE_MISSING, MemoryFiles, Options, preprocess};
pub use render::{render, render_all, render_line};
pub use script::{ScriptError, ScriptLine, command_argv, script_words};
pub use similar::did_you_mean;
pub use source::{Position, SourceFile, SourceId, SourceMap, Span};
pub use syntax::{Block, SyntaxTree, Token, TokenKind};

// Meaning: keywords, model, lowering.
pub mod keywords;
mod lower;
pub mod model;
pub mod peers;
mod places;

pub use lower::{
    InstanceProblem, Loaded, Unusable, exit_code, load, load_str, load_with_lines, load_with_places,
};
pub use places::Places;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
