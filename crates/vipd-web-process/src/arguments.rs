//! Arguments of the web process from the parent.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

/// The arguments behind `vipd web`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    /// The file with the token.
    pub token_file: Option<PathBuf>,
    /// Names that readers may use for this machine.
    pub names: Vec<String>,
}

impl Arguments {
    /// As words: the path, or nothing, then the names.
    pub fn words(&self) -> Vec<std::ffi::OsString> {
        let path =
            self.token_file.as_ref().map_or_else(Default::default, |path| path.clone().into_os_string());
        std::iter::once(path).chain(self.names.iter().map(Into::into)).collect()
    }

    /// Those of this process.
    pub(super) fn of_this_process() -> io::Result<Self> {
        let mut words = std::env::args_os().skip(2);
        let path = words.next().ok_or_else(|| io::Error::other("only vipd itself starts this"))?;
        let token_file = (!path.is_empty()).then(|| path.into());
        Ok(Self { token_file, names: words.map(|name| name.to_string_lossy().into_owned()).collect() })
    }

    /// The token, without space around it.
    ///
    /// # Errors
    /// The file cannot be read, is too long, or holds no token: nobody is to be answered then.
    pub(super) fn token(&self) -> io::Result<Option<Vec<u8>>> {
        let Some(path) = &self.token_file else { return Ok(None) };
        let mut text = Vec::new();
        File::open(path)?.take(MAX_TOKEN + 1).read_to_end(&mut text)?;
        let token = text.trim_ascii();
        if token.is_empty() || text.len() as u64 > MAX_TOKEN {
            return Err(io::Error::other(format!(
                "{} holds no token of 1 to {MAX_TOKEN} bytes",
                path.display()
            )));
        }
        Ok(Some(token.to_vec()))
    }
}

/// The longest file with a token, in bytes.
const MAX_TOKEN: u64 = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn token_of(text: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let path = std::env::temp_dir().join(format!("vipd-token-{}-{}", std::process::id(), text.len()));
        std::fs::write(&path, text)?;
        let token = Arguments { token_file: Some(path.clone()), names: Vec::new() }.token();
        std::fs::remove_file(&path)?;
        token
    }

    #[test]
    fn a_file_without_a_token_is_not_the_same_as_no_file() {
        assert_eq!(Arguments::default().token().unwrap(), None);
        assert_eq!(token_of(b"s3cret\n").unwrap(), Some(b"s3cret".to_vec()));
        assert!(token_of(b" \n").is_err());
        assert!(token_of(&[b'x'; 5000]).is_err());
        let missing = Arguments { token_file: Some("/nonexistent/token".into()), names: Vec::new() };
        assert!(missing.token().is_err());
    }
}
