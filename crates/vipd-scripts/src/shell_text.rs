//! The programs that shell text runs, as far as its words tell.
//!
//! Script security judges files. A text such as `test -e /run/x && /opt/check.sh > /dev/null` names several, and a
//! shell runs each of them with the rights of the script. Here the text is taken apart as a shell would do it, without
//! expanding anything. Words that are known only at run time (a command that is a variable, `eval`, a here document)
//! cannot be judged, and the reason is the error. Nothing here looks at a file.

mod words;

use words::{Token, Word, tokens};

/// A file that a command names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// It is run: a path or a name to be looked for in `PATH`.
    Program(String),
    /// It is read and carried out by a program that does so with its arguments.
    Code(String),
    /// It is an argument of a program that may run it.
    Argument(String),
}

/// Why a text cannot be judged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unclear {
    /// A command is made when the text runs.
    #[error("the command behind `{0}` is known only at run time")]
    Computed(String),
    /// A program that runs its arguments gets one that is made when the text runs.
    #[error("the program that `{0}` runs is known only at run time")]
    ComputedArgument(String),
    /// A builtin that carries out text.
    #[error("`{0}` runs text that another program makes")]
    Builtin(String),
    /// A shell that carries out its standard input.
    #[error("`{0}` runs the text that it reads")]
    Input(String),
    /// A variable that decides which programs or libraries are used.
    #[error("`{0}` changes which programs run")]
    Variable(String),
    /// Syntax that is not taken apart here.
    #[error("`{0}` is not supported in checked shell text")]
    Syntax(String),
    /// A quote or a bracket lacks its end.
    #[error("a quote or bracket is not closed")]
    Open,
    /// Texts within texts.
    #[error("too many levels of nested text")]
    Deep,
}

/// The files that a shell text runs, in its order.
///
/// # Errors
/// The first thing that cannot be judged.
pub(super) fn named_by_text(text: &str) -> Result<Vec<Named>, Unclear> {
    let mut named = Vec::new();
    read_text(text, 0, &mut named)?;
    Ok(named)
}

/// The same of a program with its arguments.
///
/// # Errors
/// As of [`named_by_text`].
pub(super) fn named_by_program(argv: &[String]) -> Result<Vec<Named>, Unclear> {
    let mut named = Vec::new();
    if argv.iter().skip(1).all(|word| word.starts_with('-')) {
        // A shell that finds nothing to read: its standard input is empty.
        named.extend(argv.first().cloned().map(Named::Program));
        return Ok(named);
    }
    let words: Vec<Word> = argv.iter().map(|word| Word::literal(word)).collect();
    read_command(&words, 0, &mut named)?;
    Ok(named)
}

fn read_text(text: &str, depth: u8, named: &mut Vec<Named>) -> Result<(), Unclear> {
    if depth > MAX_DEPTH {
        return Err(Unclear::Deep);
    }
    let mut reader = Reader { depth, named, words: Vec::new(), place: Place::Command };
    for token in tokens(text)? {
        reader.take(token)?;
    }
    if reader.place == Place::Test {
        return Err(Unclear::Open);
    }
    reader.end_command()
}

/// Kind of the next word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The first of a command.
    Command,
    /// An argument of the command that has begun.
    Argument,
    /// The target of a redirection; then what it was before.
    Target { within: bool },
    /// A word of `for NAME in WORDS`, up to the next separator.
    List,
    /// Within `[[ ]]`, where nothing is run.
    Test,
    /// After `fi`, `done` or `}`.
    Closed,
}

struct Reader<'a> {
    depth: u8,
    named: &'a mut Vec<Named>,
    /// The command under way.
    words: Vec<Word>,
    place: Place,
}

impl Reader<'_> {
    fn take(&mut self, token: Token) -> Result<(), Unclear> {
        if let Token::Word(word) = &token {
            for text in &word.nested {
                read_text(text, self.depth + 1, self.named)?;
            }
        }
        match (self.place, token) {
            (Place::Test, Token::Word(word)) if word.is("]]") => self.place = Place::Closed,
            (Place::Test, _) | (Place::Command, Token::Open) => {}
            (_, Token::Separator) => self.end_command()?,
            (_, Token::Open) => return Err(Unclear::Syntax("(".to_owned())),
            (_, Token::Close) => {
                self.end_command()?;
                self.place = Place::Closed;
            }
            (Place::Target { .. }, Token::Redirection) => return Err(Unclear::Syntax("<".to_owned())),
            (place, Token::Redirection) => self.place = Place::Target { within: place == Place::Argument },
            (Place::Target { within }, Token::Word(_)) => {
                self.place = if within { Place::Argument } else { Place::Command };
            }
            (Place::Command, Token::Word(word)) => self.first_word(word)?,
            (Place::Argument, Token::Word(word)) => self.words.push(word),
            (Place::List, Token::Word(word)) if word.is("do") => self.place = Place::Command,
            (Place::List, Token::Word(_)) => {}
            (Place::Closed, Token::Word(word)) => return Err(Unclear::Syntax(word.source)),
        }
        Ok(())
    }

    fn first_word(&mut self, word: Word) -> Result<(), Unclear> {
        match word.bare().unwrap_or_default() {
            "if" | "then" | "elif" | "else" | "while" | "until" | "do" | "!" | "{" | "time" => return Ok(()),
            "fi" | "done" | "}" => self.place = Place::Closed,
            "for" | "select" => self.place = Place::List,
            "[[" => self.place = Place::Test,
            "case" | "esac" | "function" | "coproc" => return Err(Unclear::Syntax(word.source)),
            _ if word.assigned().is_some() => return check_assignment(&word),
            _ => {
                self.words.push(word);
                self.place = Place::Argument;
            }
        }
        Ok(())
    }

    fn end_command(&mut self) -> Result<(), Unclear> {
        self.place = Place::Command;
        let words = std::mem::take(&mut self.words);
        read_command(&words, self.depth, self.named)
    }
}

/// One program or builtin with its arguments.
fn read_command(words: &[Word], depth: u8, named: &mut Vec<Named>) -> Result<(), Unclear> {
    let Some((first, arguments)) = words.split_first() else { return Ok(()) };
    let Some(name) = &first.text else { return Err(Unclear::Computed(first.source.clone())) };
    let base = base_name(name);
    if matches!(name.as_str(), "eval" | "trap" | "alias" | "enable" | "builtin") {
        return Err(Unclear::Builtin(name.clone()));
    }
    if matches!(name.as_str(), "." | "source") {
        return read_source(name, arguments, named);
    }
    if !BUILTINS.contains(&name.as_str()) {
        named.push(Named::Program(name.clone()));
    }
    if matches!(name.as_str(), "export" | "declare" | "typeset" | "local" | "readonly" | "read") {
        for word in arguments {
            check_assignment(word)?;
        }
    }
    if runs_arguments(base) {
        return read_arguments_as_code(base, arguments, depth, named);
    }
    named.extend(arguments.iter().filter_map(|word| word.text.as_deref()).flat_map(paths_in));
    Ok(())
}

/// `. FILE`
fn read_source(name: &str, arguments: &[Word], named: &mut Vec<Named>) -> Result<(), Unclear> {
    match arguments.first().map(|word| &word.text) {
        Some(Some(file)) if file.starts_with('/') => named.push(Named::Code(file.clone())),
        _ => return Err(Unclear::Builtin(name.to_owned())),
    }
    Ok(())
}

/// The arguments of a shell, of another interpreter, or of a program such as `env` that becomes another one.
fn read_arguments_as_code(
    base: &str,
    arguments: &[Word],
    depth: u8,
    named: &mut Vec<Named>,
) -> Result<(), Unclear> {
    let literal = |word: &Word| word.text.clone().ok_or_else(|| Unclear::ComputedArgument(base.to_owned()));
    let words: Vec<String> = arguments.iter().map(literal).collect::<Result<_, _>>()?;
    if SHELLS.contains(&base) && !words.iter().any(|word| !word.starts_with('-')) {
        return Err(Unclear::Input(base.to_owned()));
    }
    let mut follows_c = false;
    for (at, word) in words.iter().enumerate() {
        check_assignment(&Word::literal(word))?;
        if std::mem::take(&mut follows_c) && (SHELLS.contains(&base) || !is_interpreter(base)) {
            read_text(word, depth + 1, named)?;
            continue;
        }
        follows_c = word.len() > 1 && word.starts_with('-') && !word.starts_with("--") && word.ends_with('c');
        let inner = base_name(word);
        if (runs_arguments(inner) || inner == "eval") && !is_interpreter(base) {
            return read_command(arguments.get(at..).unwrap_or_default(), depth + 1, named);
        }
        match word.as_str() {
            path if path.starts_with('/') => named.push(Named::Code(path.to_owned())),
            path if path.starts_with("./") || path.starts_with("../") => {
                named.push(Named::Program(path.to_owned()));
            }
            other => named.extend(paths_in(other)),
        }
    }
    Ok(())
}

fn check_assignment(word: &Word) -> Result<(), Unclear> {
    let Some(name) = word.assigned() else { return Ok(()) };
    if crate::command::is_dangerous_variable(name) || name == "PATH" {
        return Err(Unclear::Variable(name.to_owned()));
    }
    Ok(())
}

/// Every absolute path in an argument: `/x`, `--run=/x`, `system("/x")`.
fn paths_in(argument: &str) -> Vec<Named> {
    let is_path = |character: char| character.is_alphanumeric() || "/._+-@%,:~".contains(character);
    let starts = argument.char_indices().filter(|&(at, character)| {
        let before = argument.get(..at).and_then(|before| before.chars().next_back());
        character == '/' && before.is_none_or(|before| !is_path(before) || before == ':')
    });
    let path = |(at, _): (usize, char)| {
        let rest = argument.get(at..).unwrap_or_default();
        let end = rest.find(|character| !is_path(character)).unwrap_or(rest.len());
        let whole = Some(rest.to_owned()).filter(|_| at == 0 && end < rest.len());
        [Some(rest.get(..end).unwrap_or_default().to_owned()), whole]
    };
    starts.flat_map(path).flatten().map(Named::Argument).collect()
}

fn base_name(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Whether a program carries out files or texts that it gets as arguments.
fn runs_arguments(base: &str) -> bool {
    SHELLS.contains(&base) || WRAPPERS.contains(&base) || is_interpreter(base)
}

fn is_interpreter(base: &str) -> bool {
    const NAMES: [&str; 10] =
        ["perl", "python", "ruby", "php", "node", "lua", "tclsh", "expect", "awk", "gawk"];
    let stem = base.trim_end_matches(|character: char| character.is_ascii_digit() || character == '.');
    NAMES.contains(&stem) || base == "mawk"
}

const SHELLS: [&str; 9] = ["sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "rbash", "fish"];

/// Programs that become or start another one.
const WRAPPERS: [&str; 25] = [
    "busybox",
    "chroot",
    "chrt",
    "command",
    "doas",
    "env",
    "exec",
    "find",
    "flock",
    "ionice",
    "nice",
    "nohup",
    "nsenter",
    "parallel",
    "runuser",
    "setpriv",
    "setsid",
    "stdbuf",
    "su",
    "sudo",
    "systemd-run",
    "taskset",
    "time",
    "timeout",
    "xargs",
];

/// Builtins of a shell that run no other program.
const BUILTINS: [&str; 39] = [
    ":", "[", "break", "bg", "cd", "command", "continue", "declare", "dirs", "echo", "exec", "exit",
    "export", "false", "fg", "getopts", "hash", "jobs", "kill", "let", "local", "popd", "printf", "pushd",
    "pwd", "read", "readonly", "return", "set", "shift", "shopt", "test", "times", "true", "type", "typeset",
    "ulimit", "umask", "unset",
];

/// Texts within texts that are looked at.
const MAX_DEPTH: u8 = 8;

#[cfg(test)]
mod tests;
