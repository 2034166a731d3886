//! Files with a number that are made for who tracks them (`init_file`): missing ones at the start and on a reload; at the
//! start those that are to be overwritten as well.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;

use keepalived_conf::model::InitFile;

use crate::log::Log;

/// When files are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occasion {
    /// The daemon starts.
    Start,
    /// It takes another configuration.
    Reload,
}

/// Makes the files that this occasion asks for.
pub(super) fn make_all(files: &[InitFile], occasion: Occasion, log: &mut Log) {
    for file in files {
        match make(file, file.overwrite && occasion == Occasion::Start) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                log.error(format!("init_file {}: {error}", file.path.display()));
            }
            _ => {}
        }
    }
}

fn make(file: &InitFile, overwrite: bool) -> io::Result<()> {
    let mut options = File::options();
    options.write(true);
    if overwrite {
        // Nobody may lead us to another file, or make us wait for a reader.
        options.create(true).truncate(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    } else {
        options.create_new(true);
    }
    options.open(&file.path)?.write_all(format!("{}\n", file.value).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::LogOptions;
    use crate::parent::testing::TestDirectory;

    #[test]
    fn missing_files_are_made_and_others_overwritten_at_the_start_only() {
        let directory = TestDirectory::new();
        let path = |name: &str| directory.path().join(name);
        let contents = || ["kept", "new", "over"].map(|name| std::fs::read_to_string(path(name)).unwrap());
        let file = |name, value, overwrite| InitFile { path: path(name), value, overwrite };
        let files = [file("kept", 5, false), file("new", -7, true), file("over", 6, true)];
        std::fs::write(path("kept"), "98").unwrap();
        std::fs::write(path("over"), "a long one").unwrap();
        std::os::unix::fs::symlink(path("kept"), path("link")).unwrap();
        let mut log = Log::new(LogOptions { console: false, syslog: None, detail: false });
        make_all(&files, Occasion::Start, &mut log);
        make_all(&[file("link", 1, true)], Occasion::Start, &mut log);
        assert_eq!(contents(), ["98", "-7\n", "6\n"]);
        std::fs::write(path("over"), "3").unwrap();
        std::fs::remove_file(path("new")).unwrap();
        make_all(&files, Occasion::Reload, &mut log);
        assert_eq!(contents(), ["98", "-7\n", "3"]);
    }
}
