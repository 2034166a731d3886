//! Carries what the command says to where we say things.

use std::io::{self, Read, Write};
use std::process::Child;
use std::thread::JoinHandle;

/// Two threads at work, one for each output.
#[derive(Debug)]
pub(super) struct Copying {
    threads: Vec<JoinHandle<()>>,
}

impl Copying {
    /// Takes over the outputs of the child.
    pub(super) fn start(child: &mut Child) -> io::Result<Self> {
        let mut threads = Vec::new();
        if let Some(from) = child.stdout.take() {
            threads.push(std::thread::Builder::new().spawn(move || copy(from, io::stdout()))?);
        }
        if let Some(from) = child.stderr.take() {
            threads.push(std::thread::Builder::new().spawn(move || copy(from, io::stderr()))?);
        }
        Ok(Self { threads })
    }

    /// Waits until everything is said.
    pub(super) fn finish(self) {
        for thread in self.threads {
            let _ = thread.join();
        }
    }
}

/// Copies each piece as it comes. When nobody listens any more the rest is still read: the command's status counts.
fn copy(mut from: impl Read, mut to: impl Write) {
    let mut buffer = vec![0; 64 << 10];
    let mut heard = true;
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return,
            Ok(length) if heard => {
                let piece = buffer.get(..length).unwrap_or_default();
                heard = to.write_all(piece).and_then(|()| to.flush()).is_ok();
            }
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return,
            Ok(_) | Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Deaf;

    impl Write for Deaf {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn everything_is_copied() {
        let said = vec![7; 200_000];
        let mut heard = Vec::new();
        copy(said.as_slice(), &mut heard);
        assert_eq!(heard, said);
    }

    #[test]
    fn output_is_read_to_the_end_though_nobody_takes_it() {
        let mut said = io::Cursor::new(vec![7; 200_000]);
        copy(&mut said, Deaf);
        assert_eq!(said.position(), 200_000);
    }
}
