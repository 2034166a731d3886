//! State files: `keepalived.data`, `.stats` and `.json`, `keepalived_check.data` of the load balancer and
//! `keepalived_bfd.data`, readable by root only.
//!
//! The path process writes them.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use keepalived_conf::model::Global;

use crate::ipc::{DumpKind, Role};

/// Where a dump of a daemon in this namespace goes.
pub(super) fn place(role: Role, kind: DumpKind, global: &Global, namespace: Option<&str>) -> PathBuf {
    let place = path(role, kind, &DIRECTORY, global.state_dump_file.as_deref());
    if !global.daemon.data_use_instance {
        return place;
    }
    let names: Vec<&str> = namespace.into_iter().chain(global.instance.as_deref()).collect();
    with_names(&place, &names)
}

/// The file with these names before its extension: `keepalived_blue_west.data`.
fn with_names(place: &Path, names: &[&str]) -> PathBuf {
    let Some(stem) = place.file_stem() else { return place.to_owned() };
    let mut name = stem.to_owned();
    for part in names {
        name.push("_");
        // A name is no path.
        name.push(part.replace('/', "_"));
    }
    if let Some(extension) = place.extension() {
        name.push(".");
        name.push(extension);
    }
    place.with_file_name(name)
}

/// Looks for the directory of dumps: once, at the start, where waiting for it does no harm.
pub(super) fn find_directory() {
    LazyLock::force(&DIRECTORY);
}

static DIRECTORY: LazyLock<PathBuf> =
    LazyLock::new(|| directory(std::env::var_os("TMPDIR").map(PathBuf::from)));

/// `$TMPDIR` when it is an absolute directory, else `/tmp`.
fn directory(named: Option<PathBuf>) -> PathBuf {
    named.filter(|path| path.is_absolute() && path.is_dir()).unwrap_or_else(|| PathBuf::from("/tmp"))
}

/// Two workers never share a file: where one is configured, the others lie beside it.
fn path(role: Role, kind: DumpKind, directory: &Path, state_dump_file: Option<&Path>) -> PathBuf {
    let name = match (kind, role) {
        (DumpKind::Data, Role::Vrrp) => "keepalived.data",
        (DumpKind::Data, Role::Lvs) => "keepalived_check.data",
        (DumpKind::Data, Role::Bfd) => "keepalived_bfd.data",
        (DumpKind::Stats | DumpKind::StatsClear, _) => "keepalived.stats",
        (DumpKind::Json, _) => "keepalived.json",
    };
    match state_dump_file.filter(|_| kind == DumpKind::Data) {
        Some(file) if file.as_os_str().as_encoded_bytes().ends_with(b"/") => file.join(name),
        Some(file) if role != Role::Vrrp => file.with_file_name(name),
        Some(file) => file.to_owned(),
        None => directory.join(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn names_stand_before_the_extension() {
        let named = |names: &[&str]| with_names(Path::new("/tmp/keepalived.data"), names);
        assert_eq!(named(&[]), Path::new("/tmp/keepalived.data"));
        assert_eq!(named(&["blue", "west"]), Path::new("/tmp/keepalived_blue_west.data"));
        assert_eq!(named(&["../x"]), Path::new("/tmp/keepalived_.._x.data"));
        assert_eq!(with_names(Path::new("/var/state"), &["west"]), Path::new("/var/state_west"));
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
