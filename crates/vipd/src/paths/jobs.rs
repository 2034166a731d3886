//! Work on paths. Each of these may take for ever.

use std::fs::File;
use std::io::{self, Read as _, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use keepalived_conf::model::InitFile;

use super::fifo;
use super::message::{Done, Job};
use crate::cli::Options;
use crate::parent::load;

/// Does a job; the error is an errno.
pub(crate) fn perform(job: &Job) -> Result<Done, i32> {
    let done = match job {
        Job::Read { config, config_id, all_config, reload_file } => {
            let options = options(config, config_id.as_deref(), *all_config);
            // The writers of the files wait while this one exists; where it cannot be made, nobody waits.
            let _ = reload_file.as_deref().map(make_empty);
            let loaded = Box::new(load::read(&options).into());
            let _ = reload_file.as_deref().map(std::fs::remove_file);
            return Ok(Done::Config(loaded));
        }
        Job::Fingerprint { config, config_id, all_config } => {
            let options = options(config, config_id.as_deref(), *all_config);
            return Ok(Done::Fingerprint(load::fingerprint(&options)));
        }
        Job::Fifo(wanted) => return Ok(Done::Fifo(fifo::provide(wanted))),
        Job::RemoveFifo(path, id) => fifo::remove(path, *id),
        Job::Open(path) => open(path),
        Job::ReadStart(path) => {
            let read = read_start(path).map(Done::Text);
            return read.map_err(|error| error.raw_os_error().unwrap_or(libc::EIO));
        }
        Job::Remove(path) => std::fs::remove_file(path),
        Job::Replace(path, text) => replace(path, text, false),
        Job::Store(path, text) => store(path, text),
        Job::Init(file, overwrite) => init(file, *overwrite),
    };
    done.map(|()| Done::Finished).map_err(|error| error.raw_os_error().unwrap_or(libc::EIO))
}

fn options(config: &Path, config_id: Option<&str>, all_config: bool) -> Options {
    Options {
        config: config.to_owned(),
        config_id: config_id.map(str::to_owned),
        all_config,
        ..Options::default()
    }
}

/// A FIFO without a writer must not make us wait, and no terminal becomes ours.
fn open(path: &Path) -> io::Result<()> {
    File::options().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path).map(drop)
}

/// The beginning of a regular file; nobody may make us wait for a writer.
fn read_start(path: &Path) -> io::Result<String> {
    let file = File::options().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)?;
    let mut octets = Vec::new();
    file.take(MAX_START_LEN).read_to_end(&mut octets)?;
    Ok(String::from_utf8_lossy(&octets).into_owned())
}

/// Writes another file and renames it, so that no reader sees half of it, and nothing that lies at the name (a link,
/// somebody else's file) is ever written through.
fn replace(path: &Path, text: &str, lasting: bool) -> io::Result<()> {
    let mut other = path.as_os_str().to_owned();
    other.push(format!(".{}", std::process::id()));
    let other = PathBuf::from(other);
    // Only a file of an earlier process with our number can be there, or somebody who guessed it.
    let _ = std::fs::remove_file(&other);
    let mut file = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW)
        .open(&other)?;
    let written = file.write_all(text.as_bytes());
    let written = if lasting { written.and_then(|()| file.sync_all()) } else { written };
    let written = written.and_then(|()| std::fs::rename(&other, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&other);
    }
    written
}

/// Replaces a file so that a machine that loses its power has the old text or the new.
fn store(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    if !folder.is_dir() {
        std::fs::create_dir_all(folder)?;
        // In spite of the umask.
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
    }
    replace(path, text, true)?;
    File::open(folder)?.sync_all()
}

/// An empty file, readable for everybody; one that exists is emptied.
fn make_empty(path: &Path) -> io::Result<()> {
    let mut options = File::options();
    // Nobody may lead us to another file, or make us wait for a reader.
    options.write(true).create(true).truncate(true).mode(0o644);
    options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path).map(drop)
}

fn init(file: &InitFile, overwrite: bool) -> io::Result<()> {
    let mut options = File::options();
    options.write(true);
    if overwrite {
        // Nobody may lead us to another file, or make us wait for a reader.
        options.create(true).truncate(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    } else {
        options.create_new(true);
    }
    match options.open(&file.path) {
        Err(error) if !overwrite && error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        opened => opened?.write_all(format!("{}\n", file.value).as_bytes()),
    }
}

/// Octets that are read of a file of one line.
const MAX_START_LEN: u64 = 256;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;
    use crate::parent::testing::TestDirectory;

    fn done(job: &Job) -> Result<(), i32> {
        perform(job).map(drop)
    }

    #[test]
    fn a_file_can_be_opened_or_not() {
        assert_eq!(done(&Job::Open("/etc/passwd".into())), Ok(()));
        assert_eq!(done(&Job::Open("/etc/no-such-file".into())), Err(libc::ENOENT));
    }

    #[test]
    fn a_replaced_link_is_not_followed_and_the_file_is_private() {
        let directory = TestDirectory::new();
        let (target, path) = (directory.path().join("target"), directory.path().join("keepalived.data"));
        std::fs::write(&target, "mine").unwrap();
        std::os::unix::fs::symlink(&target, &path).unwrap();
        done(&Job::Replace(path.clone(), "state".to_owned())).unwrap();
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "mine");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "state");
        let metadata = path.symlink_metadata().unwrap();
        assert!(metadata.is_file());
        assert_eq!(metadata.mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2);
    }

    #[test]
    fn what_is_stored_is_whole_and_private_and_its_folder_is_made() {
        let directory = TestDirectory::new();
        let path = directory.path().join("new/deep/intents.json");
        for text in ["one", "another"] {
            done(&Job::Store(path.clone(), text.to_owned())).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
        let folder = path.parent().unwrap();
        assert_eq!(folder.metadata().unwrap().mode() & 0o777, 0o700);
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), 1);
        assert_eq!(done(&Job::Store(path.join("below"), String::new())), Err(libc::EEXIST));
    }

    #[test]
    fn the_reload_file_is_emptied_before_the_configuration_is_read_and_gone_after_it() {
        let directory = TestDirectory::new();
        let (config, reload_file) = (directory.path().join("conf"), directory.path().join("reload"));
        // The configuration includes the file, which must be empty by then.
        std::fs::write(&config, format!("include {}\n", reload_file.display())).unwrap();
        std::fs::write(&reload_file, "not empty").unwrap();
        let job = |reload_file: Option<PathBuf>| Job::Read {
            config: config.clone(),
            config_id: None,
            all_config: false,
            reload_file,
        };
        let is_clean = |job: &Job| match perform(job) {
            Ok(Done::Config(loaded)) => !format!("{loaded:?}").contains("unknown-keyword"),
            other => panic!("{other:?}"),
        };
        assert!(!is_clean(&job(None)));
        assert!(is_clean(&job(Some(reload_file.clone()))));
        assert!(!reload_file.exists());
    }

    #[test]
    fn missing_files_are_made_and_others_overwritten_only_if_configured() {
        let directory = TestDirectory::new();
        let path = |name: &str| directory.path().join(name);
        let contents = |name: &str| std::fs::read_to_string(path(name)).unwrap();
        let make = |name: &str, value, overwrite| {
            done(&Job::Init(InitFile { path: path(name), value, overwrite }, overwrite))
        };
        std::fs::write(path("kept"), "98").unwrap();
        std::fs::write(path("over"), "a long one").unwrap();
        std::os::unix::fs::symlink(path("kept"), path("link")).unwrap();
        assert_eq!(make("kept", 5, false), Ok(()));
        assert_eq!(make("new", -7, true), Ok(()));
        assert_eq!(make("over", 6, true), Ok(()));
        assert_eq!(make("link", 1, true), Err(libc::ELOOP));
        assert_eq!(["kept", "new", "over"].map(contents), ["98", "-7\n", "6\n"]);
    }
}
