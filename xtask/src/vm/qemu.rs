//! qemu: Debian's cloud kernel in an emulated machine.
//!
//! For architectures without user-mode-linux, and for what user-mode-linux lacks: nf_tables for addresses, preemption.
//! It takes several times as long. Its root is the machine's own by virtiofs under an overlay in memory, so here too any
//! program of the machine runs. The kernel is not installed but unpacked in the target folder.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use super::architecture::{Architecture, virtiofsd};
use super::initramfs;
use super::job::Job;
use super::options::Options;
use crate::run::{has, is_root, workspace};
use crate::setup;

/// Whether everything it needs is there or can be fetched. virtiofsd works for root only.
pub(super) fn is_installed() -> bool {
    let programs = ["busybox", "ip", "bash", "setpriv", "unshare"].into_iter().all(has);
    let kernel = || version(&folder()).is_some() || ["apt-get", "dpkg"].into_iter().all(has);
    is_root()
        && programs
        && virtiofsd().is_some()
        && Architecture::here().is_some_and(|here| has(here.program))
        && kernel()
}

/// The emulated machine with its kernel and our scripts in it; fetches the kernel if need be.
pub(super) fn command(job: &Job, options: &Options) -> io::Result<Command> {
    let missing = |what: &str| io::Error::other(format!("no {what}"));
    let here = Architecture::here().ok_or_else(|| missing("qemu for this architecture"))?;
    let sharing = virtiofsd().ok_or_else(|| missing("virtiofsd"))?;
    let kernel = folder();
    if version(&kernel).is_none() {
        setup::fetch_kernel(here, &kernel)?;
    }
    let version = version(&kernel).ok_or_else(|| missing("modules in Debian's kernel"))?;
    let modules = kernel.join("lib/modules");
    // A path that is plain, for it stands on the kernel's command line.
    std::os::unix::fs::symlink(&modules, job.file("modules"))?;
    initramfs::build(job, &modules.join(&version))?;

    let mut image = OsString::from("vmlinuz-");
    image.push(&version);
    let mut command = job.alone("qemu.sh");
    command.arg(job.file("files")).arg(sharing).arg(here.program);
    command.arg("-kernel").arg(kernel.join("boot").join(image)).args(arguments(
        job.folder(),
        here,
        options.memory_mib,
    ));
    Ok(command)
}

fn arguments(job: &Path, here: &Architecture, memory_mib: u32) -> Vec<String> {
    let Architecture { machine, console, .. } = here;
    let job = job.display();
    let accelerator = if can_virtualise() { "kvm:tcg" } else { "tcg" };
    let pairs = [
        ("-machine", format!("{machine},accel={accelerator},memory-backend=mem")),
        ("-cpu", "max".to_owned()),
        // Emulated, a second one makes both slower.
        ("-smp", "1".to_owned()),
        ("-m", memory_mib.to_string()),
        // virtiofsd reads and writes there.
        ("-object", format!("memory-backend-memfd,id=mem,size={memory_mib}M,share=on")),
        ("-display", "none".to_owned()),
        ("-initrd", format!("{job}/initramfs")),
        // A guest that panics ends.
        (
            "-append",
            format!("console={console} quiet panic=-1 mitigations=off VM_JOB={job} VM_MODS={job}/modules"),
        ),
        ("-serial", format!("file:{job}/console")),
        ("-device", "virtio-serial-pci".to_owned()),
        ("-chardev", "file,id=out,path=/dev/fd/1,append=on".to_owned()),
        ("-device", "virtserialport,nr=1,chardev=out".to_owned()),
        ("-chardev", "file,id=err,path=/dev/fd/4,append=on".to_owned()),
        ("-device", "virtserialport,nr=2,chardev=err".to_owned()),
        ("-chardev", format!("socket,id=files,path={job}/files")),
        ("-device", "vhost-user-fs-pci,chardev=files,tag=machine".to_owned()),
    ];
    let flags = ["-nodefaults", "-no-reboot"].map(str::to_owned);
    flags.into_iter().chain(pairs.into_iter().flat_map(|(name, value)| [name.to_owned(), value])).collect()
}

/// Whether asking for KVM makes sense; qemu emulates if it is refused. On x86 the processor must say so as well: there is
/// a /dev/kvm that runs prepared guests only, and others hang in it.
fn can_virtualise() -> bool {
    let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let says_so = processor.split_ascii_whitespace().any(|flag| flag == "vmx" || flag == "svm");
    Path::new("/dev/kvm").exists() && (says_so || env::consts::ARCH != "x86_64")
}

/// Where kernels, and what is made for them, are kept.
pub(super) fn folder() -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    workspace().join(target).join("vm-kernel")
}

/// The unpacked kernel's version, which its modules' folder is called.
fn version(kernel: &Path) -> Option<OsString> {
    let found = fs::read_dir(kernel.join("lib/modules")).ok()?.flatten().next()?;
    found.path().join("modules.dep").is_file().then(|| found.file_name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_learns_where_the_job_is() {
        let here = Architecture {
            program: "qemu",
            package: "qemu",
            kernel: "linux",
            machine: "pc",
            console: "ttyS0",
        };
        let arguments = arguments(Path::new("/tmp/job"), &here, 256);
        let after = |name: &str| {
            let place = arguments.iter().position(|word| word == name).unwrap();
            arguments[place + 1].as_str()
        };
        assert_eq!(after("-m"), "256");
        assert_eq!(after("-initrd"), "/tmp/job/initramfs");
        assert!(after("-append").ends_with("VM_JOB=/tmp/job VM_MODS=/tmp/job/modules"), "{arguments:?}");
    }

    #[test]
    fn a_kernel_is_there_when_its_modules_are_listed() {
        let folder = env::temp_dir().join(format!("xtask-qemu-{}", std::process::id()));
        let modules = folder.join("lib/modules/6.1.0-56-cloud-amd64");
        assert_eq!(version(&folder), None);
        fs::create_dir_all(&modules).unwrap();
        let unlisted = version(&folder);
        fs::write(modules.join("modules.dep"), "").unwrap();
        let listed = version(&folder);
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!((unlisted, listed), (None, Some("6.1.0-56-cloud-amd64".into())));
    }
}
