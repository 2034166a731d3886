//! Guesses from the text of a check what it looks at, so that the lab can let it pass and fail.

use std::path::PathBuf;

/// Subject of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// A process of this name must live.
    Service(String),
    /// This file announces maintenance: the check fails while it exists.
    Maintenance(PathBuf),
    /// The check passes only while this file exists.
    RequiredFile(PathBuf),
    /// Not understood: the check runs as it is.
    Unknown,
}

/// Reads `killall -0 NAME`, `pidof NAME`, `pgrep NAME`, `kill -0 $(cat /run/NAME.pid)`, `[ -f FILE ]` and their
/// like; the first that is found counts.
pub(super) fn subject(text: &str) -> Subject {
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || "\"'`();|&[]<>$".contains(c)).collect();
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let name_behind = |index: usize| words.iter().skip(index + 1).find(|word| !word.starts_with('-'));
    for (index, word) in words.iter().enumerate() {
        let program = word.rsplit('/').next().unwrap_or(word);
        if ["killall", "pidof", "pgrep"].contains(&program)
            && let Some(name) = name_behind(index)
        {
            return Subject::Service((*name).to_owned());
        }
        if let Some(name) = pid_file(word) {
            return Subject::Service(name.to_owned());
        }
        if ["-f", "-e"].contains(word)
            && let Some(path) =
                words.get(index + 1).filter(|path| path.starts_with('/') && pid_file(path).is_none())
        {
            let negated = index > 0 && words.get(index - 1) == Some(&"!");
            let fails_first = matches!((text.find("exit 1"), text.find("exit 0")), (Some(one), zero) if zero.is_none_or(|zero| one < zero));
            let path = PathBuf::from(path);
            return if negated == fails_first {
                Subject::RequiredFile(path)
            } else {
                Subject::Maintenance(path)
            };
        }
    }
    Subject::Unknown
}

/// The name of the service in `/run/NAME.pid` or `/var/run/NAME.pid`.
fn pid_file(word: &str) -> Option<&str> {
    let name = word.strip_prefix("/var").unwrap_or(word).strip_prefix("/run/")?.strip_suffix(".pid")?;
    (!name.is_empty() && !name.contains('/')).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watched_process_is_found_however_it_is_asked_for() {
        for text in [
            "killall -0 haproxy",
            "/usr/bin/killall -0 haproxy",
            "pidof haproxy",
            "/usr/bin/pgrep -x haproxy",
            "/bin/sh -c '[ -f /run/haproxy.pid ] && kill -0 $(cat /run/haproxy.pid)'",
            "kill -0 `cat /var/run/haproxy.pid`",
        ] {
            assert_eq!(subject(text), Subject::Service("haproxy".to_owned()), "{text}");
        }
    }

    #[test]
    fn a_maintenance_file_is_told_from_a_required_one() {
        let down = PathBuf::from("/etc/keepalived/down");
        for text in [
            "[[ -f /etc/keepalived/down ]] && exit 1 || exit 0",
            "/bin/sh -c '[ ! -f /etc/keepalived/down ]'",
            "test ! -e /etc/keepalived/down",
        ] {
            assert_eq!(subject(text), Subject::Maintenance(down.clone()), "{text}");
        }
        for text in ["[ -f /etc/keepalived/down ]", "[ -f /etc/keepalived/down ] && exit 0 || exit 1"] {
            assert_eq!(subject(text), Subject::RequiredFile(down.clone()), "{text}");
        }
    }

    #[test]
    fn anything_else_is_left_alone() {
        for text in
            ["/usr/local/bin/check.sh", "", "[ -f relative ]", "curl -f http://localhost/", "killall -0"]
        {
            assert_eq!(subject(text), Subject::Unknown, "{text}");
        }
    }
}
