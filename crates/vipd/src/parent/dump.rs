//! State files: `keepalived.data`, `.stats` and `.json`, and `keepalived_check.data` of the load balancer, readable by
//! root only.
//!
//! Each is written under another name and renamed, so that no reader sees half of it, and nothing that lies at the
//! name (a link, somebody else's file) is ever written through.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::post::Role;
use crate::ipc::DumpKind;

/// Writes a dump and returns where it is.
pub(super) fn write(
    role: Role,
    kind: DumpKind,
    text: &str,
    state_dump_file: Option<&Path>,
) -> io::Result<PathBuf> {
    let path = path(role, kind, &directory(std::env::var_os("TMPDIR").map(PathBuf::from)), state_dump_file);
    replace(&path, text)?;
    Ok(path)
}

/// `$TMPDIR` when it is an absolute directory, else `/tmp`.
fn directory(named: Option<PathBuf>) -> PathBuf {
    named.filter(|path| path.is_absolute() && path.is_dir()).unwrap_or_else(|| PathBuf::from("/tmp"))
}

/// Two workers never share a file: where one is configured, that of the load balancer lies beside it.
fn path(role: Role, kind: DumpKind, directory: &Path, state_dump_file: Option<&Path>) -> PathBuf {
    let name = match (kind, role) {
        (DumpKind::Data, Role::Vrrp) => "keepalived.data",
        (DumpKind::Data, Role::Lvs) => "keepalived_check.data",
        (DumpKind::Stats | DumpKind::StatsClear, _) => "keepalived.stats",
        (DumpKind::Json, _) => "keepalived.json",
    };
    match state_dump_file.filter(|_| kind == DumpKind::Data) {
        Some(file) if file.as_os_str().as_encoded_bytes().ends_with(b"/") => file.join(name),
        Some(file) if role == Role::Lvs => file.with_file_name(name),
        Some(file) => file.to_owned(),
        None => directory.join(name),
    }
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
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
    let written = file.write_all(text.as_bytes()).and_then(|()| std::fs::rename(&other, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&other);
    }
    written
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;
    use crate::parent::testing::TestDirectory;

    #[test]
    fn a_dump_replaces_a_link_and_is_private() {
        let directory = TestDirectory::new();
        let (target, path) = (directory.path().join("target"), directory.path().join("keepalived.data"));
        std::fs::write(&target, "mine").unwrap();
        std::os::unix::fs::symlink(&target, &path).unwrap();
        replace(&path, "state").unwrap();
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "mine");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "state");
        let metadata = path.symlink_metadata().unwrap();
        assert!(metadata.is_file());
        assert_eq!(metadata.mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2);
    }

    #[test]
    fn only_the_state_goes_to_the_configured_place() {
        let (tmp, elsewhere) = (Path::new("/t"), Some(Path::new("/var/x")));
        assert_eq!(path(Role::Vrrp, DumpKind::Data, tmp, elsewhere), PathBuf::from("/var/x"));
        assert_eq!(
            path(Role::Vrrp, DumpKind::Data, tmp, Some(Path::new("/var/x/"))),
            PathBuf::from("/var/x/keepalived.data")
        );
        assert_eq!(
            path(Role::Vrrp, DumpKind::StatsClear, tmp, elsewhere),
            PathBuf::from("/t/keepalived.stats")
        );
        assert_eq!(path(Role::Vrrp, DumpKind::Json, tmp, None), PathBuf::from("/t/keepalived.json"));
    }

    #[test]
    fn the_load_balancer_has_a_state_file_of_its_own() {
        let check =
            |file: Option<&str>| path(Role::Lvs, DumpKind::Data, Path::new("/t"), file.map(Path::new));
        assert_eq!(check(None), PathBuf::from("/t/keepalived_check.data"));
        assert_eq!(check(Some("/var/x/")), PathBuf::from("/var/x/keepalived_check.data"));
        assert_eq!(check(Some("/var/x/state")), PathBuf::from("/var/x/keepalived_check.data"));
    }

    #[test]
    fn an_unfit_tmpdir_is_not_used() {
        assert_eq!(directory(Some("relative".into())), PathBuf::from("/tmp"));
        assert_eq!(directory(Some("/no/such/directory".into())), PathBuf::from("/tmp"));
        assert_eq!(directory(None), PathBuf::from("/tmp"));
    }
}
