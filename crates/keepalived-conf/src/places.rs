//! Where the keywords of each `vrrp_instance` stand, for findings that are made long after the file was read.

use std::collections::HashMap;

use crate::keywords::word;
use crate::line::Line;
use crate::lines::Lines;
use crate::source::Span;

/// The places of `vrrp_instance`s and of the lines in them, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    instances: HashMap<String, InstancePlaces>,
}

/// One instance: the place of its name, and of the first line that begins with each word, whatever block it is in.
#[derive(Clone, Debug, PartialEq, Eq)]
struct InstancePlaces {
    name: Span,
    words: HashMap<String, Span>,
}

impl Places {
    /// The places in these lines. Of two instances with one name the first counts, as it does in the model.
    #[must_use]
    pub fn of(lines: &Lines) -> Self {
        let mut places = Self::default();
        let mut current: Option<(String, InstancePlaces)> = None;
        let mut depth = 0_usize;
        for line in lines {
            match line {
                Line::Words(statement) if statement.keyword() == word::VRRP_INSTANCE => {
                    places.keep(current.take());
                    depth = 0;
                    current = statement.arguments().first().map(|name| {
                        (name.text.to_owned(), InstancePlaces { name: name.span, words: HashMap::new() })
                    });
                }
                Line::Words(statement) => {
                    if let Some((_, instance)) = current.as_mut().filter(|_| depth > 0) {
                        let word = statement.keyword().to_owned();
                        instance.words.entry(word).or_insert_with(|| statement.raw_span());
                    }
                }
                Line::Open(_) => depth += 1,
                Line::Close(_) => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        places.keep(current.take());
                    }
                }
            }
        }
        places.keep(current);
        places
    }

    fn keep(&mut self, found: Option<(String, InstancePlaces)>) {
        if let Some((name, instance)) = found {
            self.instances.entry(name).or_insert(instance);
        }
    }

    /// The line of an instance that begins with one of these words, the first of them that is there; else its name.
    #[must_use]
    pub fn find(&self, instance: &str, words: &[&str]) -> Option<Span> {
        let instance = self.instances.get(instance)?;
        let found = words.iter().find_map(|word| instance.words.get(*word));
        Some(*found.unwrap_or(&instance.name))
    }

    /// The same places, once their files were [appended](crate::SourceMap::append) to so many others.
    #[must_use]
    pub fn after(mut self, files: u32) -> Self {
        for instance in self.instances.values_mut() {
            instance.name = instance.name.after(files);
            for span in instance.words.values_mut() {
                *span = span.after(files);
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Diagnostics, MemoryFiles, Options, SourceMap, preprocess};

    #[test]
    fn lines_are_found_by_instance_and_word() {
        let text = "vrrp_instance A {\n priority 1\n track_script {\n  chk weight 2\n }\n}\nvrrp_script chk {\n \
                    interval 3\n}\nvrrp_instance B {\n priority 4\n}\nvrrp_instance A {\n priority 5\n}\n";
        let files = MemoryFiles::from([("k.conf", text)]);
        let (mut sources, mut diagnostics) = (SourceMap::new(), Diagnostics::new());
        let lines = preprocess("k.conf".as_ref(), &Options::new(&files), &mut sources, &mut diagnostics);
        let places = Places::of(&lines);
        let found =
            |instance: &str, word: &str| places.find(instance, &[word]).map(|span| sources.text(span));
        assert_eq!(found("A", "priority"), Some("priority 1"));
        assert_eq!(found("A", "chk"), Some("chk weight 2"));
        assert_eq!(found("B", "priority"), Some("priority 4"));
        assert_eq!(found("B", "interval"), Some("B"), "a line that is not in it");
        assert_eq!(found("C", "priority"), None);
    }
}
