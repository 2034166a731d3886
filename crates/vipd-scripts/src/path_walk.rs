//! Users who could change the file that a path leads to.
//!
//! The path is walked from `/` component by component, through symbolic links as the kernel would go, and every
//! directory, link and file on the way is looked at. So a link of root into a directory of somebody else is seen,
//! and `/bin/x` on a system where `/bin` is a link of root to `/usr/bin` passes.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Component, Path, PathBuf};

use privsep::process::{Credentials, errno};

/// Defect of a script's path.
#[derive(Debug)]
pub(super) enum PathProblem {
    /// A component does not exist or cannot be looked at.
    Missing(PathBuf, io::Error),
    /// The last component is no regular file.
    NotAFile(PathBuf),
    /// The user may not enter this directory or run this file.
    NotPermitted(PathBuf, u32),
    /// More than forty links.
    TooManyLinks,
    /// Somebody besides root can change it.
    Weak(PathBuf, Weakness),
}

/// Why somebody besides root can change a file or directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weakness {
    Owner(u32),
    GroupWritable { gid: u32, mode: u32 },
    WorldWritable { mode: u32 },
}

impl fmt::Display for PathProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(path, error) => write!(f, "{}: {}", path.display(), errno(error).desc()),
            Self::NotAFile(path) => write!(f, "{} is not a regular file", path.display()),
            Self::NotPermitted(path, mode) => {
                write!(
                    f,
                    "{} (mode {:04o}) may not be used by the script's user",
                    path.display(),
                    mode & 0o7777
                )
            }
            Self::TooManyLinks => f.write_str("too many symbolic links"),
            Self::Weak(path, weakness) => write!(f, "{} is {weakness}", path.display()),
        }
    }
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Owner(uid) => write!(f, "owned by user {uid}, not root"),
            Self::GroupWritable { gid, mode } => {
                write!(f, "writable by group {gid} (mode {:04o})", mode & 0o7777)
            }
            Self::WorldWritable { mode } => write!(f, "writable by everybody (mode {:04o})", mode & 0o7777),
        }
    }
}

/// Walks to a program that this user is to run.
///
/// # Errors
/// In this order: the first component that is missing or not permitted; then, for a program that runs with rights
/// of root, the first component that somebody else can change.
pub(super) fn check(program: &Path, user: &Credentials) -> Result<(), PathProblem> {
    let mut weak = None;
    let file = walk(program, |path, metadata| {
        if weak.is_none()
            && let Some(weakness) = weakness(Facts::of(metadata))
        {
            weak = Some((path.to_owned(), weakness));
        }
        let facts = Facts::of(metadata);
        if metadata.is_dir() && !may_execute(facts, user) {
            return Err(PathProblem::NotPermitted(path.to_owned(), facts.mode));
        }
        Ok(())
    })?;
    let facts = file.facts;
    if file.is_special {
        return Err(PathProblem::NotAFile(file.path));
    }
    if !may_execute(facts, user) {
        return Err(PathProblem::NotPermitted(file.path, facts.mode));
    }
    let as_root = user.uid.is_root() || user.gid.as_raw() == 0 || gives_root(facts);
    match weak.filter(|_| as_root) {
        Some((path, weakness)) => Err(PathProblem::Weak(path, weakness)),
        None => Ok(()),
    }
}

/// Users besides root who could change a file that code of root reads, or put one there.
///
/// # Errors
/// [`PathProblem::Weak`] only: the first component that somebody else can change. A file that does not exist is weak if
/// somebody else could make it.
pub(super) fn check_changeable(file: &Path) -> Result<(), PathProblem> {
    let mut weak = None;
    let mut last = None;
    let walked = walk(file, |path, metadata| {
        let facts = Facts::of(metadata);
        last = Some((path.to_owned(), facts.mode));
        match weakness(facts) {
            Some(weakness) if weak.is_none() => weak = Some((path.to_owned(), weakness)),
            _ => {}
        }
        Ok(())
    });
    if let (Err(PathProblem::Missing(..)), None, Some((path, mode))) = (&walked, &weak, last)
        && mode & libc::S_IFMT == libc::S_IFDIR
        && mode & 0o002 != 0
    {
        // Nothing is there that its sticky bit protects.
        weak = Some((path, Weakness::WorldWritable { mode }));
    }
    match weak {
        Some((path, weakness)) => Err(PathProblem::Weak(path, weakness)),
        None => Ok(()),
    }
}

/// Whether it is a regular file that somebody may run.
pub(super) fn is_executable(file: &Path) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.mode() & 0o111 != 0)
}

/// The facts that decide about a file or directory.
#[derive(Clone, Copy, Debug)]
struct Facts {
    uid: u32,
    gid: u32,
    mode: u32,
}

impl Facts {
    fn of(metadata: &std::fs::Metadata) -> Self {
        Self { uid: metadata.uid(), gid: metadata.gid(), mode: metadata.mode() }
    }
}

struct Found {
    path: PathBuf,
    facts: Facts,
    is_special: bool,
}

/// Shows everything on the way to `look`, the last component included.
fn walk(
    path: &Path,
    mut look: impl FnMut(&Path, &std::fs::Metadata) -> Result<(), PathProblem>,
) -> Result<Found, PathProblem> {
    let mut here = PathBuf::from("/");
    let mut ahead: VecDeque<OsString> = names(path);
    let mut links = 0;
    let mut metadata = status(&here)?;
    look(&here, &metadata)?;
    while let Some(name) = ahead.pop_front() {
        if name == ".." {
            here.pop();
            continue;
        }
        let next = here.join(&name);
        metadata = status(&next)?;
        look(&next, &metadata)?;
        if metadata.is_symlink() {
            links += 1;
            if links > LINK_LIMIT {
                return Err(PathProblem::TooManyLinks);
            }
            let target =
                std::fs::read_link(&next).map_err(|error| PathProblem::Missing(next.clone(), error))?;
            if target.is_absolute() {
                here = PathBuf::from("/");
            }
            for name in names(&target).into_iter().rev() {
                ahead.push_front(name);
            }
        } else {
            here = next;
        }
    }
    let metadata = status(&here)?;
    let kind = metadata.file_type();
    let is_special = !kind.is_file() || kind.is_fifo();
    Ok(Found { facts: Facts::of(&metadata), is_special, path: here })
}

fn names(path: &Path) -> VecDeque<OsString> {
    path.components()
        .filter_map(|component| match component {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some(OsString::from("..")),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
        })
        .collect()
}

fn status(path: &Path) -> Result<std::fs::Metadata, PathProblem> {
    std::fs::symlink_metadata(path).map_err(|error| PathProblem::Missing(path.to_owned(), error))
}

/// Whether somebody besides root can change a component.
fn weakness(Facts { uid, gid, mode }: Facts) -> Option<Weakness> {
    let kind = mode & libc::S_IFMT;
    if uid != 0 {
        return Some(Weakness::Owner(uid));
    }
    // The mode of a link means nothing; in a sticky directory only owners can replace what is theirs.
    if kind == libc::S_IFLNK || (kind == libc::S_IFDIR && mode & libc::S_ISVTX != 0) {
        return None;
    }
    if mode & 0o002 != 0 {
        return Some(Weakness::WorldWritable { mode });
    }
    (mode & 0o020 != 0 && gid != 0).then_some(Weakness::GroupWritable { gid, mode })
}

/// Execute permission of a file, search permission of a directory.
fn may_execute(Facts { uid, gid, mode }: Facts, user: &Credentials) -> bool {
    let is_directory = mode & libc::S_IFMT == libc::S_IFDIR;
    if user.uid.is_root() {
        return is_directory || mode & 0o111 != 0;
    }
    let in_group = user.gid.as_raw() == gid || user.groups.iter().any(|group| group.as_raw() == gid);
    let bit = if user.uid.as_raw() == uid {
        0o100
    } else if in_group {
        0o010
    } else {
        0o001
    };
    mode & bit != 0
}

/// Whether running the file gives its user rights of root.
fn gives_root(Facts { uid, gid, mode }: Facts) -> bool {
    (mode & libc::S_ISUID != 0 && uid == 0) || (mode & libc::S_ISGID != 0 && gid == 0)
}

/// As the kernel.
const LINK_LIMIT: u32 = 40;

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};

    use nix::unistd::{Gid, Uid};

    use super::*;
    use vipd_testing::TestDirectory;

    const DIRECTORY: u32 = libc::S_IFDIR;
    const FILE: u32 = libc::S_IFREG;

    fn facts(uid: u32, gid: u32, mode: u32) -> Facts {
        Facts { uid, gid, mode }
    }

    fn user(uid: u32, gid: u32) -> Credentials {
        Credentials { uid: Uid::from_raw(uid), gid: Gid::from_raw(gid), groups: vec![Gid::from_raw(gid)] }
    }

    #[test]
    fn a_file_that_others_than_root_can_change_is_weak() {
        assert_eq!(weakness(facts(0, 0, FILE | 0o755)), None);
        assert_eq!(weakness(facts(0, 0, FILE | 0o775)), None);
        assert_eq!(weakness(facts(1000, 0, FILE | 0o755)), Some(Weakness::Owner(1000)));
        let mode = FILE | 0o775;
        assert_eq!(weakness(facts(0, 50, mode)), Some(Weakness::GroupWritable { gid: 50, mode }));
        let mode = DIRECTORY | 0o777;
        assert_eq!(weakness(facts(0, 0, mode)), Some(Weakness::WorldWritable { mode }));
        assert_eq!(weakness(facts(0, 0, DIRECTORY | 0o1777)), None);
        let mode = FILE | 0o1777;
        assert_eq!(weakness(facts(0, 0, mode)), Some(Weakness::WorldWritable { mode }));
        assert_eq!(weakness(facts(0, 0, libc::S_IFLNK | 0o777)), None);
    }

    #[test]
    fn permission_goes_by_owner_then_group_then_others() {
        assert!(may_execute(facts(7, 8, FILE | 0o100), &user(7, 1)));
        assert!(!may_execute(facts(7, 8, FILE | 0o011), &user(7, 8)));
        assert!(may_execute(facts(0, 8, FILE | 0o010), &user(7, 8)));
        assert!(!may_execute(facts(0, 8, FILE | 0o101), &user(7, 8)));
        assert!(may_execute(facts(0, 0, FILE | 0o001), &user(7, 8)));
        assert!(!may_execute(facts(7, 8, FILE | 0o644), &user(0, 0)));
        assert!(may_execute(facts(7, 8, DIRECTORY), &user(0, 0)));
    }

    #[test]
    fn the_message_names_the_component_and_its_mode() {
        let problem = PathProblem::Weak(
            "/usr/local".into(),
            Weakness::GroupWritable { gid: 50, mode: DIRECTORY | 0o2775 },
        );
        assert_eq!(problem.to_string(), "/usr/local is writable by group 50 (mode 2775)");
    }

    #[test]
    fn a_shell_of_the_system_passes_even_through_a_linked_directory() {
        check(Path::new("/bin/sh"), &user(65534, 65534)).unwrap();
    }

    #[test]
    fn missing_and_unfit_programs_are_told_apart() {
        let directory = TestDirectory::new();
        let path = directory.path().join("script");
        assert!(
            matches!(check(&path, &Credentials::own()), Err(PathProblem::Missing(missing, _)) if missing == path)
        );
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(check(&path, &Credentials::own()), Err(PathProblem::NotPermitted(..))));
        assert!(matches!(check(directory.path(), &Credentials::own()), Err(PathProblem::NotAFile(_))));
    }

    #[test]
    fn a_weak_directory_behind_a_link_is_found() {
        let directory = TestDirectory::new();
        let open = directory.path().join("open");
        fs::create_dir(&open).unwrap();
        fs::write(open.join("script"), "").unwrap();
        fs::set_permissions(open.join("script"), Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(&open, Permissions::from_mode(0o777)).unwrap();
        symlink("open", directory.path().join("link")).unwrap();
        // Seen by root; another user who runs this test owns the directory, which is weak as well.
        let problem = check(&directory.path().join("link/script"), &user(0, 0)).unwrap_err();
        assert!(matches!(problem, PathProblem::Weak(..)), "{problem}");
    }

    #[test]
    fn code_that_others_can_change_or_put_there_is_weak() {
        let directory = TestDirectory::new();
        let sticky = directory.path().join("sticky");
        fs::create_dir(&sticky).unwrap();
        fs::set_permissions(&sticky, Permissions::from_mode(0o1777)).unwrap();
        fs::write(sticky.join("ours"), "").unwrap();
        fs::set_permissions(sticky.join("ours"), Permissions::from_mode(0o644)).unwrap();
        if Uid::effective().is_root() {
            check_changeable(&sticky.join("ours")).unwrap();
        }
        assert!(matches!(check_changeable(&sticky.join("absent")), Err(PathProblem::Weak(..))));
        check_changeable(Path::new("/no/such/file")).unwrap();
        check_changeable(Path::new("/bin/sh")).unwrap();
    }

    #[test]
    fn links_in_a_circle_end() {
        let directory = TestDirectory::new();
        symlink("b", directory.path().join("a")).unwrap();
        symlink("a", directory.path().join("b")).unwrap();
        assert!(matches!(check(&directory.path().join("a"), &user(0, 0)), Err(PathProblem::TooManyLinks)));
    }
}
