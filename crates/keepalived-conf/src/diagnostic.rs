//! Findings about a configuration: the defect, its place, and the verdict of keepalived's `-t`.

use crate::damage::Damage;
use crate::source::Span;

/// Weight of a finding for the person who reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// A hint: the file works, but may not mean what its author thinks.
    Note,
    /// Taken, with a surprise.
    Warning,
    /// Not taken.
    Error,
}

/// Verdict of keepalived's `-t` on a finding: this alone decides the exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// keepalived is silent about it: the exit status is unaffected.
    None,
    /// Only fatal things: status 4 (a general finding raises it to 5).
    Fatal,
    /// Any other problem: status 5.
    General,
    /// Script security: status 6.
    Security,
    /// A failed include check: status 6.
    Include,
    /// A parameter is missing for a keyword that does not check: keepalived aborts with status 2.
    MissingArgument,
}

/// One finding.
///
/// ```
/// use keepalived_conf::{Class, Diagnostic, Severity};
///
/// let finding = Diagnostic::error("unknown-keyword", "unknown keyword 'prioritty'").help("did you mean 'priority'?");
/// assert_eq!((finding.severity, finding.class), (Severity::Error, Class::General));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its weight.
    pub severity: Severity,
    /// Its effect on the exit status of a configuration test.
    pub class: Class,
    /// Stable name of the kind of finding, in kebab case.
    pub code: &'static str,
    /// The defect, one sentence without a full stop.
    pub message: String,
    /// The place.
    pub span: Option<Span>,
    /// A word to the underlined place.
    pub label: Option<String>,
    /// Other places that explain this one ("first defined here").
    pub related: Vec<(Span, String)>,
    /// What to do about it.
    pub help: Option<String>,
    /// Set where the finding means that the text as a whole is damaged.
    pub damage: Option<Damage>,
}

impl Diagnostic {
    /// A finding of this severity and class.
    pub fn new(severity: Severity, class: Class, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            severity,
            class,
            code,
            message: message.into(),
            span: None,
            label: None,
            related: Vec::new(),
            help: None,
            damage: None,
        }
    }

    /// An error of [`Class::General`].
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, Class::General, code, message)
    }

    /// A warning of [`Class::General`]: keepalived's `-t` complains too.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, Class::General, code, message)
    }

    /// A hint keepalived does not give ([`Class::None`]).
    pub fn note(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, Class::None, code, message)
    }

    /// With another class.
    #[must_use]
    pub fn class(mut self, class: Class) -> Self {
        self.class = class;
        self
    }

    /// With the place it is about.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    /// With a word to the underlined place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// With another place that explains this one; `None` adds nothing.
    #[must_use]
    pub fn related(mut self, span: Option<Span>, label: impl Into<String>) -> Self {
        if let Some(span) = span {
            self.related.push((span, label.into()));
        }
        self
    }

    /// As a sign that the text as a whole is damaged.
    #[must_use]
    pub fn damage(mut self, damage: Damage) -> Self {
        self.damage = Some(damage);
        self
    }

    /// With what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// All findings of one configuration, in the order found.
///
/// Bounded: past [`Diagnostics::LIMIT`] findings are only counted, by class, so that a hostile file cannot fill
/// memory and the exit status stays right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    found: Vec<Diagnostic>,
    omitted: usize,
    omitted_worst: Option<Severity>,
    /// The first one past the limit that tells of damage.
    omitted_damage: Option<Box<Diagnostic>>,
    /// One bit per [`Class`] seen, the omitted ones included.
    classes: u8,
}

impl Diagnostics {
    /// Findings kept in full.
    pub const LIMIT: usize = 1000;

    /// No findings.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a finding, or counts it when there are too many.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.classes |= 1 << diagnostic.class as u8;
        if self.found.len() < Self::LIMIT {
            self.found.push(diagnostic);
        } else {
            self.omitted += 1;
            self.omitted_worst = self.omitted_worst.max(Some(diagnostic.severity));
            if diagnostic.damage.is_some() && self.omitted_damage.is_none() {
                self.omitted_damage = Some(Box::new(diagnostic));
            }
        }
    }

    /// Takes back findings with this code, for a reader who knows better: a file looks different to who can see the
    /// machine that it is for.
    pub fn withdraw(&mut self, code: &str) {
        self.found.retain(|diagnostic| diagnostic.code != code);
        if self.omitted == 0 {
            self.classes =
                self.found.iter().fold(0, |classes, diagnostic| classes | 1 << diagnostic.class as u8);
        }
    }

    /// Puts the findings in the order of the files and of their places in them; those without a place come last.
    pub fn sort_by_place(&mut self) {
        self.found.sort_by_key(|finding| (finding.span.is_none(), finding.span));
    }

    /// The findings kept, in the order found, or sorted.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.found.iter()
    }

    /// The findings that mean that the text as a whole is damaged, in the order found; empty for a sound text. Of those
    /// past [`Diagnostics::LIMIT`] the first one.
    pub fn damage(&self) -> impl Iterator<Item = &Diagnostic> {
        self.found.iter().filter(|finding| finding.damage.is_some()).chain(self.omitted_damage.as_deref())
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Number of findings, the omitted ones included.
    pub fn len(&self) -> usize {
        self.found.len() + self.omitted
    }

    /// Number of findings that were counted but not kept.
    pub fn omitted(&self) -> usize {
        self.omitted
    }

    /// Whether a finding of this class was made, kept or omitted.
    pub fn has_class(&self, class: Class) -> bool {
        self.classes & (1 << class as u8) != 0
    }

    /// Whether a finding with this code is among those kept.
    pub fn has_code(&self, code: &str) -> bool {
        self.found.iter().any(|diagnostic| diagnostic.code == code)
    }

    /// The worst severity found, `None` for no finding.
    pub fn worst(&self) -> Option<Severity> {
        self.found.iter().map(|diagnostic| diagnostic.severity).max().max(self.omitted_worst)
    }

    /// Whether there is an error among the findings.
    pub fn has_errors(&self) -> bool {
        self.worst() == Some(Severity::Error)
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.found.iter()
    }
}
