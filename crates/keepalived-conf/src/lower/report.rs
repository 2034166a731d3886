//! Findings of the lowering: those that are reported once, and their form.

use std::collections::{BTreeMap, HashSet};

use crate::damage::Damage;
use crate::diagnostic::{Class, Diagnostic, Diagnostics, Severity};
use crate::keywords::{self, Context, Keyword, LINE, Status};
use crate::line::Statement;
use crate::similar::did_you_mean;
use crate::source::Span;

/// The part of the daemon that runs a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// The daemon itself, with any configuration.
    Daemon,
    /// Either of the others.
    Any,
    /// Virtual routers.
    Vrrp,
    /// Virtual servers.
    Lvs,
}

/// Collects findings; knows what was already said.
pub(super) struct Report<'a> {
    found: &'a mut Diagnostics,
    /// Keywords and codes that are reported only the first time.
    said: HashSet<(&'static str, &'static str)>,
    /// Where the first command stands that each part runs as a script.
    first_scripts: BTreeMap<Part, Span>,
    /// keepalived takes the defects here in silence.
    unheard: bool,
    /// The interfaces that are named, each where it is named first.
    interfaces: Vec<(String, Span)>,
    known_interfaces: HashSet<String>,
}

impl<'a> Report<'a> {
    pub(super) fn new(found: &'a mut Diagnostics) -> Self {
        Self {
            found,
            said: HashSet::new(),
            first_scripts: BTreeMap::new(),
            unheard: false,
            interfaces: Vec::new(),
            known_interfaces: HashSet::new(),
        }
    }

    pub(super) fn push(&mut self, mut finding: Diagnostic) {
        if self.unheard && finding.class == Class::General {
            finding.class = Class::None;
            finding.severity = finding.severity.min(Severity::Warning);
        }
        self.found.push(finding);
    }

    /// From here on keepalived says nothing of a wrong value, so it must not refuse a file here either.
    pub(super) fn set_unheard(&mut self, unheard: bool) {
        self.unheard = unheard;
    }

    /// Whether a further finding is kept, so that work on its wording is worth it.
    pub(super) fn keeps_findings(&self) -> bool {
        self.found.len() < Diagnostics::LIMIT
    }

    /// Not taken; keepalived complains too.
    pub(super) fn error(&mut self, code: &'static str, at: Span, message: impl Into<String>) {
        self.push(Diagnostic::error(code, message).at(at));
    }

    /// Taken with a surprise; keepalived complains too.
    pub(super) fn warning(&mut self, code: &'static str, at: Span, message: impl Into<String>) {
        self.push(Diagnostic::warning(code, message).at(at));
    }

    /// Taken with a surprise about which keepalived is silent.
    pub(super) fn lint(&mut self, code: &'static str, at: Span, message: impl Into<String>) {
        self.push(Diagnostic::new(Severity::Warning, Class::None, code, message).at(at));
    }

    /// A hint about which keepalived is silent.
    pub(super) fn note(&mut self, code: &'static str, at: Span, message: impl Into<String>) {
        self.push(Diagnostic::note(code, message).at(at));
    }

    /// A finding made only the first time.
    pub(super) fn once(&mut self, finding: Diagnostic) {
        if self.said.insert((finding.code, "")) {
            self.push(finding);
        }
    }

    /// That a keyword of no effect is used.
    pub(super) fn without_effect(&mut self, keyword: &'static Keyword, at: Span) {
        let name = if keyword.name == LINE { keyword.contexts[0].name() } else { keyword.name };
        if !self.said.insert(("not-acted-on", name)) {
            return;
        }
        self.push(
            match keyword.status {
                Status::Ignored => Diagnostic::note(
                    "no-effect",
                    format!("`{name}` has no effect (nor does it in keepalived)"),
                ),
                Status::NoEffect(why) => {
                    Diagnostic::note("no-effect", format!("`{name}` has no effect here: {why}"))
                }
                Status::Refused(why) => {
                    let message = format!("`{name}` is not done here: {why}");
                    Diagnostic::new(Severity::Warning, Class::None, "refused", message)
                }
                // The old spelling of what has no effect.
                Status::Acts | Status::Deprecated(_) | Status::OldSpelling(_) => {
                    Diagnostic::note("not-acted-on", format!("`{name}` has no effect here"))
                }
            }
            .at(at),
        );
    }

    /// That a keyword is an old one.
    pub(super) fn old_spelling(&mut self, keyword: &'static Keyword, at: Span) {
        let (finding, instead) = match keyword.status {
            Status::Deprecated(instead) => {
                (Diagnostic::warning("deprecated", format!("`{}` is deprecated", keyword.name)), instead)
            }
            Status::OldSpelling(instead) => {
                (Diagnostic::note("old-spelling", format!("`{}` is an old spelling", keyword.name)), instead)
            }
            Status::Acts | Status::Ignored | Status::NoEffect(_) | Status::Refused(_) => return,
        };
        let quote = if instead.contains(' ') { "" } else { "`" };
        self.push(finding.at(at).help(format!("use {quote}{instead}{quote}")));
    }

    /// That a word is no keyword here.
    pub(super) fn unknown(&mut self, context: Context, statement: Statement<'_>, with_block: bool) {
        let word = statement.keyword();
        let what =
            if with_block { "unknown keyword, with its whole block left out" } else { "unknown keyword" };
        let place = if context == Context::Root { String::new() } else { format!(" in {context}") };
        let mut finding = Diagnostic::error("unknown-keyword", format!("{what}: `{word}`{place}"))
            .at(statement.keyword_span());
        // A word that no keyword begins like is a remnant of something else: a conflict marker, a template.
        if with_block || context == Context::Root || !begins_like_a_keyword(word) {
            finding.damage = Some(Damage::Unknown);
        }
        // Past the limit findings are only counted, so a suggestion would be lost work.
        if self.keeps_findings() {
            finding.help = suggestion(context, word);
        }
        self.push(finding);
    }

    /// A missing argument: the end of keepalived for some keywords, a complaint for others.
    pub(super) fn missing_argument(&mut self, keyword: &'static Keyword, at: Span) {
        let mut finding =
            Diagnostic::error("missing-argument", format!("`{}` needs an argument", keyword.name)).at(at);
        finding.help = Some(format!("write `{keyword}`"));
        if keyword.aborts {
            finding.class = Class::MissingArgument;
        }
        self.push(finding);
    }

    /// That a keyword stands a second time, where the first one holds.
    pub(super) fn repeated(&mut self, keyword: &'static Keyword, at: Span) {
        self.error("repeated", at, format!("`{}` is set already; this one is ignored", keyword.name));
    }

    /// That an interface is named.
    pub(super) fn interface_named(&mut self, name: &str, at: Span) {
        if !self.known_interfaces.contains(name) {
            self.known_interfaces.insert(name.to_owned());
            self.interfaces.push((name.to_owned(), at));
        }
    }

    /// The interfaces that were named.
    pub(super) fn take_interfaces(&mut self) -> Vec<(String, Span)> {
        std::mem::take(&mut self.interfaces)
    }

    /// That a command is configured to be run by this part.
    pub(super) fn script_configured(&mut self, part: Part, at: Span) {
        self.first_scripts.entry(part).or_insert(at);
    }

    /// The one warning about scripts without `enable_script_security`.
    /// `runs` says which parts of the daemon have something to do; another one runs no script.
    pub(super) fn script_security(&mut self, enabled: bool, runs: impl Fn(Part) -> bool) {
        let running = self.first_scripts.iter().filter(|(part, _)| runs(**part));
        let Some(at) = running.map(|(_, at)| *at).min().filter(|_| !enabled) else { return };
        let message = "scripts are configured, but `enable_script_security` is not: one that another user than root \
                       can write to would run as root";
        self.push(
            Diagnostic::warning("script-security", message).class(Class::Security).at(at).label("the first").help(
                "add `enable_script_security` to `global_defs`, and a `script_user` there to run the scripts as \
                 somebody else than root",
            ),
        );
    }
}

fn begins_like_a_keyword(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_')
}

/// The keyword that the author of an unknown word may have meant.
fn suggestion(context: Context, word: &str) -> Option<String> {
    if let Some(meant) =
        keywords::never_existed(word).filter(|meant| keywords::find(context, meant).is_some())
    {
        return Some(format!("`{word}` never existed; `{meant}` is meant"));
    }
    if let Some(elsewhere) = keywords::explain(word).first() {
        let place = match elsewhere.contexts.first() {
            None | Some(Context::Root) => "outside of every block".to_owned(),
            Some(context) => format!("in `{context}`"),
        };
        return Some(format!("`{word}` belongs {place}"));
    }
    let near = did_you_mean(word, keywords::within(context).map(|keyword| keyword.name))?;
    Some(format!("did you mean `{near}`?"))
}
