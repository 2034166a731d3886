//! From a configured command to a program that can be started.

use std::ffi::{CString, OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use keepalived_conf::model::{Command, Run};
use nix::errno::Errno;

use privsep::process::{Credentials, Launch};

/// The program of a command with these arguments behind it, run as this user. No file system is asked here: whether
/// there is such a program shows when it is started.
///
/// # Errors
/// A word holds a zero byte. [`Run::FileReadable`] is no program.
pub fn launch(command: &Command, arguments: &[String], credentials: Credentials) -> Result<Launch, Errno> {
    let words = words(&command.run, &command.text, arguments).ok_or(Errno::EINVAL)?;
    let name = words.first().ok_or(Errno::ENOENT)?;
    let programs = candidates(OsStr::new(name));
    let c_string = |text: Vec<u8>| CString::new(text).map_err(|_| Errno::EINVAL);
    Ok(Launch {
        programs: programs
            .into_iter()
            .map(|program| c_string(program.into_os_string().into_vec()))
            .collect::<Result<_, _>>()?,
        arguments: words.into_iter().map(|word| c_string(word.into_bytes())).collect::<Result<_, _>>()?,
        environment: environment().collect(),
        credentials: Some(credentials),
        socket: None,
        output: None,
    })
}

/// The words of the program to run; `None` for a file check.
fn words(run: &Run, text: &str, arguments: &[String]) -> Option<Vec<String>> {
    match run {
        Run::Exec(words) => Some(words.iter().chain(arguments).cloned().collect()),
        Run::Shell { bash } => {
            let shell = shell(*bash).to_string_lossy().into_owned();
            // `$0` of the text, then `$1` and so on.
            let words = [shell, "-c".to_owned(), with_arguments(text, arguments), "vipd".to_owned()];
            Some(words.into_iter().chain(arguments.iter().cloned()).collect())
        }
        Run::FileReadable(_) => None,
    }
}

/// The text with its arguments at the end, where a command that is no shell text has them. A text whose last
/// command is already ended (`… &`) finds them only as `$1` and so on.
fn with_arguments(text: &str, arguments: &[String]) -> String {
    let open = !text.trim_end().ends_with(['&', ';']);
    if arguments.is_empty() || !open { text.to_owned() } else { format!("{text} \"$@\"") }
}

/// The shell for a text: bash for bash's own syntax if it is installed, else `sh`. Whether it is, is looked at once
/// in the life of a process: [`find_shells`].
pub(super) fn shell(bash: bool) -> PathBuf {
    let found = if bash { BASH.get_or_init(|| find_program(OsStr::new("bash"))).clone() } else { None };
    found.unwrap_or_else(|| PathBuf::from("/bin/sh"))
}

/// Looks for the shells, at the start: later a directory of `PATH` that hangs would stop the daemon.
pub fn find_shells() {
    let _ = shell(true);
}

static BASH: OnceLock<Option<PathBuf>> = OnceLock::new();

/// The file that a program's name means: itself when it has a slash, else the first fitting file in `PATH`. This asks the
/// file system, which may hang: it is not for the loop of the parent.
pub fn find_program(name: &OsStr) -> Option<PathBuf> {
    if name.as_bytes().contains(&b'/') {
        return Some(PathBuf::from(name));
    }
    candidates(name).into_iter().find(|file| is_program(file))
}

/// The files that a program's name may mean, best first.
fn candidates(name: &OsStr) -> Vec<PathBuf> {
    if name.as_bytes().contains(&b'/') {
        return vec![PathBuf::from(name)];
    }
    let path = std::env::var_os("PATH").unwrap_or_else(|| OsString::from(DEFAULT_PATH));
    std::env::split_paths(&path).map(|directory| directory.join(name)).collect()
}

fn is_program(file: &Path) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.mode() & 0o111 != 0)
}

/// Environment of scripts: ours, without variables that could make a shell or loader do something else.
fn environment() -> impl Iterator<Item = CString> {
    let inherited = std::env::vars_os().filter(|(name, _)| !name.to_str().is_some_and(is_removed));
    let path =
        std::env::var_os("PATH").is_none().then(|| (OsString::from("PATH"), OsString::from(DEFAULT_PATH)));
    inherited.chain(path).filter_map(|(name, value)| {
        let text = [name.as_bytes(), b"=", value.as_bytes()].concat();
        CString::new(text).ok()
    })
}

fn is_removed(name: &str) -> bool {
    is_dangerous_variable(name) || SUPERVISION.iter().any(|prefix| name.starts_with(prefix))
}

/// Whether a variable makes a shell, an interpreter, or the loader and library of every program do something that its
/// caller did not ask for. (`PATH` is not among them: without it no script finds anything.)
pub(super) fn is_dangerous_variable(name: &str) -> bool {
    DANGEROUS.contains(&name) || DANGEROUS_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// keepalived removes `IFS`, `LD_PRELOAD` and `LD_LIBRARY_PATH` only; these do the same by other names.
const DANGEROUS: [&str; 24] = [
    "BASHOPTS",
    "BASH_ENV",
    "BASH_XTRACEFD",
    "CDPATH",
    "ENV",
    "GCONV_PATH",
    "GETCONF_DIR",
    "GLIBC_TUNABLES",
    "GLOBIGNORE",
    "HOSTALIASES",
    "IFS",
    "JAVA_TOOL_OPTIONS",
    "LOCALDOMAIN",
    "LOCPATH",
    "NLSPATH",
    "NODE_OPTIONS",
    "NODE_PATH",
    "PROMPT_COMMAND",
    "PS4",
    "RESOLV_HOST_CONF",
    "RES_OPTIONS",
    "RUBYLIB",
    "RUBYOPT",
    "SHELLOPTS",
];

const DANGEROUS_PREFIXES: [&str; 6] = ["BASH_FUNC_", "LD_", "MALLOC_", "PERL", "PYTHON", "_RLD"];

/// Variables from a service manager to its service: a script is none.
const SUPERVISION: [&str; 3] = ["NOTIFY_SOCKET", "LISTEN_", "WATCHDOG_"];

const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn a_plain_command_gets_its_arguments_behind_its_own() {
        let run = Run::Exec(strings(&["/x.sh", "a b"]));
        let expected = strings(&["/x.sh", "a b", "INSTANCE", "V1"]);
        assert_eq!(words(&run, "/x.sh 'a b'", &strings(&["INSTANCE", "V1"])), Some(expected));
    }

    #[test]
    fn shell_text_gets_its_arguments_at_its_end() {
        let words =
            words(&Run::Shell { bash: false }, "/x.sh > /dev/null", &strings(&["INSTANCE", "a $b"])).unwrap();
        assert_eq!(
            words,
            strings(&["/bin/sh", "-c", "/x.sh > /dev/null \"$@\"", "vipd", "INSTANCE", "a $b"])
        );
    }

    #[test]
    fn shell_text_without_arguments_or_with_an_ended_command_stays_as_it_is() {
        assert_eq!(with_arguments("exit 1", &[]), "exit 1");
        assert_eq!(with_arguments("/x.sh & ", &strings(&["INSTANCE"])), "/x.sh & ");
    }

    #[test]
    fn a_file_check_is_no_program() {
        assert_eq!(words(&Run::FileReadable("/x".into()), "</x", &[]), None);
    }

    #[test]
    fn bare_names_are_found_in_the_path_and_paths_are_taken_as_they_are() {
        assert!(find_program(OsStr::new("sh")).unwrap().is_absolute());
        assert_eq!(find_program(OsStr::new("/no/such")), Some(PathBuf::from("/no/such")));
        assert_eq!(find_program(OsStr::new("no-such-program-here")), None);
    }

    #[test]
    fn a_program_is_looked_for_by_its_process_and_not_before() {
        let command =
            |name: &str| Command { text: name.to_owned(), run: Run::Exec(strings(&[name])), user: None };
        let programs = |name: &str| launch(&command(name), &[], Credentials::own()).unwrap().programs;
        assert_eq!(programs("/no/such"), [c"/no/such".to_owned()]);
        let everywhere = programs("no-such-program-here");
        assert!(!everywhere.is_empty(), "it may appear until it is started");
        assert!(everywhere.iter().all(|program| program.to_bytes().ends_with(b"/no-such-program-here")));
    }

    #[test]
    fn the_environment_names_a_path_and_no_preloads() {
        let names: Vec<_> = environment().map(|entry| entry.to_string_lossy().into_owned()).collect();
        assert!(names.iter().any(|entry| entry.starts_with("PATH=")));
        assert!(!names.iter().any(|entry| entry.starts_with("LD_PRELOAD=")));
    }

    #[test]
    fn variables_that_make_a_shell_or_the_loader_run_something_are_removed() {
        for name in
            ["BASH_ENV", "ENV", "IFS", "LD_AUDIT", "LD_PRELOAD", "BASH_FUNC_ls%%", "PYTHONPATH", "PERL5OPT"]
        {
            assert!(is_removed(name), "{name}");
        }
        for name in ["HOME", "PATH", "LANG", "TZ", "TMPDIR", "CREDENTIALS_DIRECTORY", "ENVIRONMENT"] {
            assert!(!is_removed(name), "{name}");
        }
        assert!(is_removed("NOTIFY_SOCKET"), "a script must not speak for the daemon");
    }
}
