//! Names that Debian and qemu have for an architecture, and the place of virtiofsd.

use std::env;
use std::path::Path;

/// Names of one architecture.
#[derive(Debug)]
pub(crate) struct Architecture {
    /// The program that emulates it.
    pub(crate) program: &'static str,
    /// The package with that program.
    pub(crate) package: &'static str,
    /// The package that depends on the kernel's.
    pub(crate) kernel: &'static str,
    pub(super) machine: &'static str,
    pub(super) console: &'static str,
}

impl Architecture {
    /// The one that we run on.
    pub(crate) fn here() -> Option<&'static Self> {
        match env::consts::ARCH {
            "x86_64" => Some(&Self {
                program: "qemu-system-x86_64",
                package: "qemu-system-x86",
                kernel: "linux-image-cloud-amd64",
                machine: "pc",
                console: "ttyS0",
            }),
            "aarch64" => Some(&Self {
                program: "qemu-system-aarch64",
                package: "qemu-system-arm",
                kernel: "linux-image-cloud-arm64",
                machine: "virt",
                console: "ttyAMA0",
            }),
            _ => None,
        }
    }
}

/// The program that shares files with a guest: it comes with qemu 7.2, later in a package of its own.
pub(crate) fn virtiofsd() -> Option<&'static Path> {
    ["/usr/lib/qemu/virtiofsd", "/usr/libexec/virtiofsd"]
        .map(Path::new)
        .into_iter()
        .find(|path| path.is_file())
}
