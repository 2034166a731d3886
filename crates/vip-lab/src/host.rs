//! One machine of the lab: its own network, processes, files and host name.

use std::ffi::CString;
use std::fs::{self, File};
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Sender, channel, sync_channel};
use std::thread::JoinHandle;

use nix::sched::{CloneFlags, setns, unshare};

use super::{process, root, spawn};

type Job = Box<dyn FnOnce() + Send>;

/// A machine of the lab. Dropping it kills every process in it and lets its namespaces go.
///
/// A thread stays in the host's namespaces and does there what [`run`](Self::run) asks for; a child that it
/// starts, and a socket that it opens, belongs to the host for good.
#[derive(Debug)]
pub struct Host {
    name: String,
    jobs: Option<Sender<Job>>,
    worker: Option<JoinHandle<()>>,
    network: File,
    /// First process of the host's process namespace; it ends when its input is closed, and all the others with it.
    init: Option<Child>,
    init_id: u32,
}

impl Host {
    /// A new host, without any interface but `lo`.
    pub fn new(name: &str) -> io::Result<Self> {
        let (jobs, inbox) = channel::<Job>();
        let (report, made) = sync_channel(1);
        let host_name = name.to_owned();
        let body = move || match make_namespaces(&host_name) {
            Ok(parts) => {
                let _ = report.send(Ok(parts));
                for job in inbox {
                    job();
                }
            }
            Err(error) => drop(report.send(Err(error))),
        };
        let worker = std::thread::Builder::new().name(format!("host {name}")).spawn(body)?;
        let (network, init) = made.recv().map_err(|_| gone())??;
        let (name, init_id) = (name.to_owned(), init.id());
        let host = Self { name, jobs: Some(jobs), worker: Some(worker), network, init: Some(init), init_id };
        for (setting, value) in AT_START {
            // IPv6 may be switched off on this machine.
            let _ = host.set_sysctl(setting, value);
        }
        Ok(host)
    }

    /// Its name, also its host name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A handle of its network namespace.
    pub fn network(&self) -> BorrowedFd<'_> {
        self.network.as_fd()
    }

    /// Runs `job` in the host and gives its result. Jobs of one host run one after the other.
    pub fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
        let (answer, result) = sync_channel(1);
        let job = Box::new(move || drop(answer.send(job())));
        self.jobs.as_ref().ok_or_else(gone)?.send(job).map_err(|_| gone())?;
        result.recv().map_err(|_| gone())
    }

    /// Runs `body` on a thread of its own in the host's network (not in its mount or process namespace).
    pub fn thread<T: Send + 'static>(
        &self,
        name: &str,
        body: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<JoinHandle<io::Result<T>>> {
        let network = self.network.try_clone()?;
        std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            setns(&network, CloneFlags::CLONE_NEWNET)?;
            Ok(body())
        })
    }

    /// Starts a command in the host. A program outside of the machine's usual places needs its full path.
    pub fn spawn(&self, mut command: Command) -> io::Result<Child> {
        self.run(move || command.spawn())?
    }

    /// Makes a directory (absolute path) this host's own: processes of the host can write there, and the machine's
    /// files in it can be read. Directories that a program under test writes to need this, where the machine has them.
    pub fn private_directory(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref().to_owned();
        self.run(move || root::private_directory(&path))?
    }

    /// Writes a file that only this host sees, and the directories it needs.
    pub fn write_file(&self, path: impl AsRef<Path>, text: impl Into<Vec<u8>>) -> io::Result<()> {
        let (path, text) = (path.as_ref().to_owned(), text.into());
        self.run(move || {
            if let Some(directory) = path.parent() {
                root::private_directory(directory)?;
            }
            if path.is_symlink() {
                fs::remove_file(&path)?;
            }
            fs::write(&path, text)
        })?
    }

    /// Removes a file that [`write_file`](Self::write_file) made; a missing one is fine.
    pub fn remove_file(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref().to_owned();
        self.run(move || match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        })?
    }

    /// Reads a file as the host sees it.
    pub fn read_file(&self, path: impl AsRef<Path>) -> io::Result<String> {
        let path = path.as_ref().to_owned();
        self.run(move || fs::read_to_string(path))?
    }

    /// Sets a setting below `/proc/sys/net/`; `setting` is the rest of the path.
    pub fn set_sysctl(&self, setting: &str, value: &str) -> io::Result<()> {
        let (path, value) = (format!("/proc/sys/net/{setting}"), value.to_owned());
        self.run(move || fs::write(path, value))?
    }

    /// Every address of every interface, with the interface's name.
    pub fn addresses(&self) -> io::Result<Vec<(String, IpAddr)>> {
        self.run(local_addresses)?
    }

    /// Kills (SIGKILL) every process of the host.
    pub fn kill_all(&self) {
        process::kill_namespace_of(self.init_id);
    }

    /// Does what a power failure does to processes and files: all are killed, the files in `/run` are removed. Addresses
    /// and cables are left, see [`Lab::isolate`](super::Lab::isolate) for these.
    pub fn power_off(&self) -> io::Result<()> {
        self.kill_all();
        self.run(|| fs::read_dir("/run")?.flatten().try_for_each(|entry| remove_run_file(&entry)))?
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(worker) = self.worker.take() {
            let _ = worker.join();
        }
        if let Some(mut init) = self.init.take() {
            let _ = init.kill();
            // The first process is gone only when every other one has been waited for, and a caller may hold the
            // `Child` of one longer than this host.
            let _ = std::thread::Builder::new().name("reaper".to_owned()).spawn(move || init.wait());
        }
    }
}

/// Every address of every interface in the network namespace of the calling thread.
pub fn local_addresses() -> io::Result<Vec<(String, IpAddr)>> {
    let address = |entry: nix::ifaddrs::InterfaceAddress| {
        let address = entry.address?;
        let ip = match (address.as_sockaddr_in(), address.as_sockaddr_in6()) {
            (Some(v4), _) => IpAddr::V4(v4.ip()),
            (None, Some(v6)) => IpAddr::V6(v6.ip()),
            (None, None) => return None,
        };
        Some((entry.interface_name, ip))
    };
    Ok(nix::ifaddrs::getifaddrs()?.filter_map(address).collect())
}

/// Duplicate address detection would keep a new link-local address unusable for a second or two, and a service
/// that waits behind an address it does not hold yet is what a pair of load balancers does.
const AT_START: [(&str, &str); 5] = [
    ("ipv6/conf/all/accept_dad", "0"),
    ("ipv6/conf/default/accept_dad", "0"),
    ("ipv6/conf/default/router_solicitations", "0"),
    ("ipv4/ip_nonlocal_bind", "1"),
    ("ipv6/ip_nonlocal_bind", "1"),
];

/// Puts the calling thread into new namespaces and starts the first process there.
fn make_namespaces(host_name: &str) -> io::Result<(File, Child)> {
    unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWUTS)?;
    nix::unistd::sethostname(host_name)?;
    root::make_private()?;
    let network = File::open("/proc/thread-self/ns/net")?;
    // From here on the children of this thread, not the thread itself, are in the process namespace.
    unshare(CloneFlags::CLONE_NEWPID)?;
    let mut command = Command::new("/bin/sh");
    command.args(["-c", INIT]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let init = spawn::with_own_proc(&mut command).spawn()?;
    Ok((network, init))
}

/// Waits for the end of its input, which comes when the lab's process ends however it ends, and meanwhile takes
/// in the orphans of the host. The reader is a process too and may be killed as one: then there is another.
const INIT: &str = "exec 3<&0; while :; do read line <&3 & wait $!; [ $? -gt 128 ] || exit; done";

/// Links to the machine's own directories stay.
fn remove_run_file(entry: &fs::DirEntry) -> io::Result<()> {
    let kind = entry.file_type()?;
    if kind.is_dir() || kind.is_symlink() { Ok(()) } else { fs::remove_file(entry.path()) }
}

fn gone() -> io::Error {
    io::Error::other("the host's thread has ended")
}

/// The index of an interface in the network namespace of the calling thread.
pub(super) fn interface_index(name: &str) -> io::Result<u32> {
    let name = CString::new(name)?;
    Ok(nix::net::if_::if_nametoindex(name.as_c_str())?)
}
