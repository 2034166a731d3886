//! The initial files of an emulated machine's kernel: busybox, our first program, and the modules that lead to the
//! files.

use std::path::Path;
use std::process::Command;
use std::{fs, io};

use super::job::Job;

/// Writes the job's file `initramfs` for the kernel with these modules.
pub(super) fn build(job: &Job, modules: &Path) -> io::Result<()> {
    let root = job.file("root");
    for folder in ["bin", "dev", "mnt", "machine", "modules"] {
        fs::create_dir_all(root.join(folder))?;
    }
    fs::copy("/bin/busybox", root.join("bin/busybox"))?;
    fs::copy(job.file("init.sh"), root.join("init"))?;
    let listed = fs::read_to_string(modules.join("modules.dep"))?;
    for (number, path) in order(&listed, &NEEDED).iter().enumerate() {
        let name = path.rsplit('/').next().unwrap_or(path);
        fs::copy(modules.join(path), root.join(format!("modules/{number:02}-{name}")))?;
    }
    let pack = "cd \"$1\" && find . | busybox cpio -o -H newc >\"$2\"";
    let packed =
        Command::new("sh").args(["-c", pack, "sh"]).arg(&root).arg(job.file("initramfs")).output()?;
    if packed.status.success() {
        Ok(())
    } else {
        Err(io::Error::other(format!("initramfs: {}", String::from_utf8_lossy(&packed.stderr))))
    }
}

/// The bus, the ports for the outputs, the machine's files, and what is written over them.
const NEEDED: [&str; 4] = ["virtio_pci", "virtio_console", "virtiofs", "overlay"];

/// The paths of these modules and of all that they need, each after what it needs. `listed` is a `modules.dep`; a module
/// that is not there is part of the kernel itself.
fn order<'a>(listed: &'a str, wanted: &[&str]) -> Vec<&'a str> {
    let lines: Vec<(&str, &str)> = listed.lines().filter_map(|line| line.split_once(':')).collect();
    let mut found = Vec::new();
    for name in wanted {
        let is_wanted =
            |path: &str| path.rsplit('/').next().and_then(|file| file.split('.').next()) == Some(*name);
        if let Some((path, _)) = lines.iter().find(|(path, _)| is_wanted(path)) {
            add(&lines, path, &mut found);
        }
    }
    found
}

/// Adds a module and before it what it needs.
fn add<'a>(lines: &[(&'a str, &'a str)], path: &str, found: &mut Vec<&'a str>) {
    let Some((path, needs)) = lines.iter().find(|(listed, _)| *listed == path) else { return };
    if found.contains(path) {
        return;
    }
    for need in needs.split_ascii_whitespace() {
        add(lines, need, found);
    }
    found.push(path);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_comes_after_what_it_needs_and_once() {
        let listed = "kernel/virtio_pci.ko: kernel/modern.ko kernel/virtio.ko kernel/ring.ko\n\
                      kernel/modern.ko: kernel/virtio.ko kernel/ring.ko\n\
                      kernel/virtio.ko: kernel/ring.ko\n\
                      kernel/ring.ko:\n\
                      kernel/fs/overlay.ko.xz:\n\
                      kernel/other.ko: kernel/ring.ko\n";
        let expected = [
            "kernel/ring.ko",
            "kernel/virtio.ko",
            "kernel/modern.ko",
            "kernel/virtio_pci.ko",
            "kernel/fs/overlay.ko.xz",
        ];
        assert_eq!(order(listed, &["virtio_pci", "virtio", "virtiofs", "overlay"]), expected);
    }
}
