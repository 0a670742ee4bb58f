//! Settings that a user gives as the path of a TOML file, or as its text.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Bytes that are read of a file of settings; longer ones are refused.
const BYTES_MAX: u64 = 1 << 20;

/// The text of some settings, and where it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// TOML, or what should be.
    pub text: String,
    /// The file it stood in, if it did.
    pub file: Option<PathBuf>,
}

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum WrittenError {
    /// Neither a file nor a text with an `=`.
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    /// Not an ordinary file; a pipe, say, could block or never end.
    #[error("it is not a regular file")]
    Special,
    /// More than settings would be.
    #[error("it is longer than {BYTES_MAX} bytes")]
    Long,
}

impl Written {
    /// The content of the file `path`.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn in_file(path: &Path) -> Result<Written, WrittenError> {
        if !std::fs::metadata(path)?.is_file() {
            return Err(WrittenError::Special);
        }
        let mut text = String::new();
        File::open(path)?.take(BYTES_MAX + 1).read_to_string(&mut text)?;
        if text.len() as u64 > BYTES_MAX {
            return Err(WrittenError::Long);
        }
        Ok(Written { text, file: Some(path.to_owned()) })
    }

    /// The content of the file called `value`, or `value` itself if there is none and it has an `=`.
    ///
    /// # Errors
    /// Why the file cannot be read.
    pub fn find(value: &str) -> Result<Written, WrittenError> {
        match Written::in_file(Path::new(value)) {
            Err(WrittenError::Unreadable(_)) if value.contains('=') => {
                Ok(Written { text: value.to_owned(), file: None })
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Written, WrittenError};

    #[test]
    fn settings_are_a_file_or_their_text() {
        let written = Written::find("default = 'zeros'").expect("no such file");
        assert_eq!((written.text.as_str(), written.file), ("default = 'zeros'", None));
        assert!(matches!(Written::find("no/such.toml"), Err(WrittenError::Unreadable(_))));
        assert!(matches!(Written::find("/dev/null"), Err(WrittenError::Special)));
        assert!(
            Written::find(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).is_ok_and(|w| w.file.is_some())
        );
    }
}
