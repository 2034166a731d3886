//! Tells shell text from a program with arguments.
//!
//! keepalived runs a command directly: no pipes, no `&&`, no variables. Authors write shell text anyway, and
//! keepalived then disables the check or passes the operators as arguments. A command that can only be shell text is
//! given to a shell here; whatever could be a program with odd arguments (a URL with `&` and `?`, a pattern with `*`)
//! is not.

use std::path::PathBuf;

use crate::model::Run;
use crate::script::{ScriptError, command_argv};

/// The way in which a command is run.
pub(super) fn how_to_run(text: &str) -> Result<Run, ScriptError> {
    let text = text.trim();
    if let Some(path) = text.strip_prefix('<').map(str::trim_start).filter(|path| path.starts_with('/')) {
        return Ok(Run::FileReadable(PathBuf::from(path)));
    }
    if is_shell_text(text) {
        return Ok(Run::Shell { bash: is_bash_text(text) });
    }
    command_argv(text).map(Run::Exec)
}

/// Whether a text holds something only a shell understands.
fn is_shell_text(text: &str) -> bool {
    let words = scan(text);
    let Some(first) = words.first() else { return false };
    is_shell_command(first)
        || words.iter().any(|word| word.expands || is_operator(word) || ends_command(word))
}

/// One blank-separated word: its characters outside quotes (what is quoted shows as `'`), and whether a variable or
/// a command is put in its place, which double quotes do not prevent.
struct ShellWord {
    bare: String,
    expands: bool,
}

fn scan(text: &str) -> Vec<ShellWord> {
    let mut words = Vec::new();
    let mut word = ShellWord { bare: String::new(), expands: false };
    let mut quote = None;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some('"') | None, '\\') => {
                characters.next();
                word.bare.push('\'');
            }
            (None, '\'' | '"') => {
                quote = Some(character);
                word.bare.push('\'');
            }
            (Some(open), close) if open == close => quote = None,
            (Some('\''), _) => {}
            (_, '`') => word.expands = true,
            (_, '$') if characters.peek().is_some_and(|&next| begins_expansion(next)) => word.expands = true,
            (Some(_), _) => {}
            (None, blank) if blank.is_whitespace() => {
                if !word.bare.is_empty() || word.expands {
                    words.push(std::mem::replace(
                        &mut word,
                        ShellWord { bare: String::new(), expands: false },
                    ));
                }
            }
            (None, other) => word.bare.push(other),
        }
    }
    if !word.bare.is_empty() || word.expands {
        words.push(word);
    }
    words
}

/// After a `$`. A `$` at the end of a word is a pattern's, not the shell's.
fn begins_expansion(next: char) -> bool {
    next.is_ascii_alphanumeric() || "({_?!@*#$-".contains(next)
}

/// A first word that no program answers to: a word of the shell's grammar, a builtin without a program of that name,
/// or an assignment. `[`, `test`, `true`, `echo` and their like exist as programs.
fn is_shell_command(word: &ShellWord) -> bool {
    const WORDS: &[&str] = &[
        "!", "(", ".", ":", "[[", "{", "((", "case", "cd", "command", "declare", "eval", "exec", "exit",
        "export", "for", "function", "if", "let", "local", "read", "return", "set", "shopt", "source",
        "trap", "type", "ulimit", "umask", "unset", "until", "while",
    ];
    let bare = word.bare.as_str();
    WORDS.contains(&bare.trim_end_matches(';')) || bare.starts_with('(') || is_assignment(bare)
}

fn is_assignment(bare: &str) -> bool {
    let Some((name, _)) = bare.split_once('=') else { return false };
    let name = name.trim_end_matches('+');
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
}

/// A word that is, or begins with, an operator: `|`, `&&`, `2>/dev/null`, `</etc/x`.
fn is_operator(word: &ShellWord) -> bool {
    let bare = word.bare.as_str();
    let after_number = bare.trim_start_matches(|character: char| character.is_ascii_digit());
    matches!(bare, "|" | "|&" | "&" | ";" | ";;")
        || bare.contains("&&")
        || bare.contains("||")
        || bare.starts_with("&>")
        || after_number.starts_with(['<', '>'])
}

/// A word with `;` at its end, as in `exit 1; …`.
fn ends_command(word: &ShellWord) -> bool {
    word.bare.len() > 1 && word.bare.ends_with(';')
}

/// Whether shell text needs bash: `sh` (dash on Debian) would misread it.
fn is_bash_text(text: &str) -> bool {
    const PIECES: &[&str] = &[
        "[[",
        "<(",
        ">(",
        "<<<",
        "=~",
        "$'",
        "&>",
        "|&",
        "/dev/tcp/",
        "/dev/udp/",
        "$RANDOM",
        "${RANDOM",
        "$SECONDS",
        "$HOSTNAME",
        "${HOSTNAME",
        "$EUID",
        "$UID",
        "$BASH",
        "${BASH",
        "$PIPESTATUS",
        "${PIPESTATUS",
        "=(",
        "((",
        "pipefail",
    ];
    const WORDS: &[&str] = &["source", "function", "declare", "let", "shopt", "pushd", "popd", "=="];
    let arithmetic_apart = text.replace("$((", "");
    PIECES.iter().any(|piece| arithmetic_apart.contains(piece))
        || text.split_whitespace().any(|word| WORDS.contains(&word))
        || has_bash_parameter(text)
        || has_brace_range(text)
}

/// `${x^^}`, `${x,,}`, `${x/a/b}`, `${x:0:1}`, `${!x}`, `${x[0]}`.
fn has_bash_parameter(text: &str) -> bool {
    text.split("${").skip(1).filter_map(|rest| rest.split_once('}')).any(|(inside, _)| {
        let name_length =
            inside.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        let operator = &inside[name_length..];
        inside.starts_with('!')
            || operator.starts_with(['^', ',', '/', '['])
            || operator
                .strip_prefix(':')
                .is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_digit() || next == ' '))
    })
}

/// `{1..3}`
fn has_brace_range(text: &str) -> bool {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).any(|(inside, _)| {
        inside.split_once("..").is_some_and(|(from, to)| {
            !from.is_empty()
                && !to.is_empty()
                && (from.to_owned() + to).chars().all(|c| c.is_ascii_alphanumeric())
        })
    })
}

/// The process that a script only looks for (`killall -0 NAME`, `pidof NAME`, `pgrep [-x] NAME`).
pub(super) fn looked_for_process(argv: &[String]) -> Option<&str> {
    let (program, arguments) = argv.split_first()?;
    let program = program.rsplit('/').next().unwrap_or(program);
    let (options, names): (Vec<&str>, Vec<&str>) =
        arguments.iter().map(String::as_str).partition(|a| a.starts_with('-'));
    let looks = match program {
        "killall" => options.contains(&"-0") || options.contains(&"-s0"),
        "pidof" => true,
        "pgrep" => !options.iter().any(|option| option.starts_with("-f")),
        _ => false,
    };
    match names.as_slice() {
        [name] if looks => Some(name),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(text: &str) -> Option<bool> {
        match how_to_run(text).unwrap() {
            Run::Shell { bash } => Some(bash),
            Run::Exec(_) | Run::FileReadable(_) => None,
        }
    }

    #[test]
    fn tests_joined_by_operators_are_shell_text() {
        assert_eq!(shell("[[ -f /etc/keepalived/down ]] && exit 1 || exit 0"), Some(true));
        assert_eq!(shell("[ -f /run/down ] && exit 1 || exit 0"), Some(false));
        assert_eq!(shell("test ! -e /run/down || exit 1"), Some(false));
        assert_eq!(shell("! test -e /run/down"), Some(false));
        assert_eq!(shell("if test -e /x; then exit 1; fi"), Some(false));
    }

    #[test]
    fn pipes_redirections_and_sequences_are_shell_text() {
        assert_eq!(shell("ss -ltn | grep -q :80"), Some(false));
        assert_eq!(shell("pidof nginx > /dev/null"), Some(false));
        assert_eq!(shell("pidof nginx >/dev/null 2>&1"), Some(false));
        assert_eq!(shell("pidof nginx &>/dev/null"), Some(true));
        assert_eq!(shell("sleep 1; true"), Some(false));
        assert_eq!(shell("/usr/bin/check&&/usr/bin/other"), Some(false));
        assert_eq!(shell("grep -q x <<< \"$y\""), Some(true));
    }

    #[test]
    fn variables_and_substitutions_are_shell_text() {
        assert_eq!(shell("/usr/bin/check $HOME"), Some(false));
        assert_eq!(shell("/usr/bin/check \"${HOSTNAME}\""), Some(true));
        assert_eq!(shell("kill -0 $(cat /run/haproxy.pid)"), Some(false));
        assert_eq!(shell("kill -0 `cat /run/haproxy.pid`"), Some(false));
        assert_eq!(shell("/usr/bin/check ${name^^}"), Some(true));
        assert_eq!(shell("test $((1 + 1)) = 2"), Some(false));
        assert_eq!(shell("for i in {1..3}; do ping -c1 192.0.2.$i; done"), Some(true));
    }

    #[test]
    fn words_that_no_program_answers_to_are_shell_text() {
        assert_eq!(shell("exit 0"), Some(false));
        assert_eq!(shell("source /etc/profile"), Some(true));
        assert_eq!(shell("LANG=C /usr/bin/check"), Some(false));
        assert_eq!(shell("(cd /x)"), Some(false));
        assert_eq!(shell(":"), Some(false));
    }

    #[test]
    fn programs_with_odd_arguments_are_run_directly() {
        for text in [
            "/usr/bin/check.sh master",
            "killall -0 haproxy",
            "[ -f /run/up ]",
            "test -e /run/up",
            "/usr/bin/curl -s http://127.0.0.1/?a=1&b=2",
            "/usr/bin/find /run -name *.pid",
            "/usr/bin/find /run -exec rm {} \\;",
            "pgrep -f ^haproxy$",
            "/usr/bin/awk '{print $1; exit}' /proc/loadavg",
            "/usr/bin/mysql -e 'select 1; select 2'",
            "/usr/bin/mysql -e \"select 1;\"",
            "/usr/bin/check --expect=200 a<b",
            "nc -z 192.0.2.1 80",
            "",
        ] {
            assert_eq!(shell(text), None, "{text}");
        }
    }

    #[test]
    fn a_path_behind_a_less_than_is_only_opened() {
        assert_eq!(how_to_run("</run/up"), Ok(Run::FileReadable("/run/up".into())));
    }

    #[test]
    fn scripts_that_only_look_for_a_process_are_seen() {
        let looked_for = |text: &str| match how_to_run(text).unwrap() {
            Run::Exec(argv) => looked_for_process(&argv).map(str::to_owned),
            _ => None,
        };
        assert_eq!(looked_for("killall -0 haproxy").as_deref(), Some("haproxy"));
        assert_eq!(looked_for("/usr/bin/killall -0 haproxy").as_deref(), Some("haproxy"));
        assert_eq!(looked_for("pidof nginx").as_deref(), Some("nginx"));
        assert_eq!(looked_for("pgrep -x nginx").as_deref(), Some("nginx"));
        assert_eq!(looked_for("killall haproxy"), None);
        assert_eq!(looked_for("pgrep -f haproxy.cfg"), None);
    }
}
