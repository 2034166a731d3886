//! Sentences that begin with a clause in place of their subject: "Who closes the port ...", "How long it waits.".
//!
//! Readers whose second language is English have to read such a sentence twice. Questions are sentences of their own
//! right, and `How to` is a heading.

use super::Finding;
use super::files::File;

/// Sentences of comments, documents and string literals.
pub(super) fn find(files: &[File]) -> Vec<Finding> {
    let in_file = |file: &File| -> Vec<Finding> {
        let sentences = if file.is_rust() { of_rust(&file.text) } else { of_markdown(&file.text) };
        let wrong = sentences.into_iter().filter(|(_, sentence)| begins_with_clause(sentence));
        wrong.map(|(line, sentence)| Finding::new(file, line, shortened(&sentence))).collect()
    };
    files.iter().flat_map(in_file).collect()
}

/// Whether the sentence is no question and begins with a word that asks.
fn begins_with_clause(sentence: &str) -> bool {
    let mut words = sentence.split_whitespace();
    let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let first = first.trim_start_matches(['*', '(', '_']).to_lowercase();
    let asks = ["who", "whom", "whose", "whoever", "what", "whatever", "how"].contains(&first.as_str());
    // A single word is a name, not a sentence.
    asks && !second.is_empty() && second != "to" && !sentence.ends_with('?')
}

/// Sentences with the line on which they begin.
type Sentences = Vec<(usize, String)>;

fn of_rust(text: &str) -> Sentences {
    let mut sentences = Sentences::new();
    let mut paragraphs = Paragraphs::default();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_start();
        if let Some(comment) = comment(line) {
            paragraphs.line(index + 1, comment);
        } else {
            paragraphs.end();
            let literals = line.split('"').skip(1).step_by(2);
            sentences.extend(literals.map(|literal| (index + 1, literal.to_owned())));
        }
    }
    sentences.extend(paragraphs.sentences());
    sentences.sort_by_key(|(line, _)| *line);
    sentences
}

/// The text of a line that is a comment.
fn comment(line: &str) -> Option<&str> {
    let text =
        line.strip_prefix("///").or_else(|| line.strip_prefix("//!")).or_else(|| line.strip_prefix("//"))?;
    Some(text.trim())
}

fn of_markdown(text: &str) -> Sentences {
    let mut paragraphs = Paragraphs::default();
    for (index, line) in text.lines().enumerate() {
        paragraphs.line(index + 1, line.trim());
    }
    paragraphs.sentences()
}

/// Collects lines to paragraphs, and cuts those into sentences. Code and tables are left out.
#[derive(Default)]
struct Paragraphs {
    in_code: bool,
    current: Option<(usize, String)>,
    ended: Vec<(usize, String)>,
}

impl Paragraphs {
    fn line(&mut self, number: usize, line: &str) {
        if line.starts_with("```") {
            self.in_code = !self.in_code;
            self.end();
        }
        if self.in_code || line.is_empty() || line.starts_with('|') || line.starts_with("```") {
            self.end();
            return;
        }
        let text = line.trim_start_matches('#').trim_start();
        let item = text.strip_prefix("- ").or_else(|| text.strip_prefix("* "));
        if item.is_some() || line.starts_with('#') {
            self.end();
        }
        let text = item.unwrap_or(text);
        match &mut self.current {
            Some((_, paragraph)) => {
                paragraph.push(' ');
                paragraph.push_str(text);
            }
            None => self.current = Some((number, text.to_owned())),
        }
        if line.starts_with('#') {
            self.end();
        }
    }

    fn end(&mut self) {
        self.ended.extend(self.current.take());
    }

    fn sentences(mut self) -> Sentences {
        self.end();
        let cut = |(line, paragraph): (usize, String)| {
            let mut sentences = Sentences::new();
            let mut start = 0;
            for (end, _) in paragraph.match_indices([' ']).filter(|(at, _)| ends_sentence(&paragraph, *at)) {
                sentences.push((line, paragraph.get(start..end).unwrap_or_default().to_owned()));
                start = end + 1;
            }
            sentences.push((line, paragraph.get(start..).unwrap_or_default().to_owned()));
            sentences
        };
        self.ended.into_iter().flat_map(cut).collect()
    }
}

fn ends_sentence(paragraph: &str, at: usize) -> bool {
    paragraph.get(..at).is_some_and(|before| before.ends_with(['.', '!', '?']))
}

fn shortened(sentence: &str) -> String {
    const MAX_CHARACTERS: usize = 100;
    let mut text: String = sentence.chars().take(MAX_CHARACTERS).collect();
    if text.len() < sentence.len() {
        text.push_str(" ...");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<(usize, String)> {
        let file = File { path: path.to_owned(), text: text.to_owned() };
        find(&[file]).into_iter().map(|finding| (finding.line, finding.text)).collect()
    }

    #[test]
    fn a_sentence_of_a_comment_is_found_wherever_it_begins() {
        let text = "/// Time. How long\n/// it waits.\nfn f() {}\n// Who asks gets\n// an answer.\n";
        assert_eq!(
            found("a.rs", text),
            [(1, "How long it waits.".to_owned()), (4, "Who asks gets an answer.".to_owned())]
        );
    }

    #[test]
    fn messages_count_and_names_do_not() {
        let text = "log(\"what was sent is lost\"); name(\"who\"); ask(\"what is this?\"); // what not\n";
        assert_eq!(found("a.rs", text), [(1, "what was sent is lost".to_owned())]);
    }

    #[test]
    fn headings_and_items_begin_sentences_and_code_and_tables_hold_none() {
        let text = "# How to begin\n\n## What holds\n\ntext\n- Whose turn\n\n| How | What |\n\n```\nHow it is\n```\n";
        assert_eq!(found("a.md", text), [(3, "What holds".to_owned()), (6, "Whose turn".to_owned())]);
    }

    #[test]
    fn a_question_is_a_sentence_of_its_own() {
        assert_eq!(found("a.md", "What is an Active? It serves. Is it?"), []);
    }
}
