use std::fmt::Write;
use std::fs;

use super::{Answer, Argument, Buffer, Place, Session};
use crate::neff::Neff;
use crate::verdict::{Outcome, Stop};

/// A NEFF in memory, about to be loaded, or to be spoiled first.
#[derive(Debug, Clone)]
pub struct Image {
    /// Where it is.
    pub address: Argument,
    /// Its size.
    pub size: Argument,
    bytes: Buffer,
}

impl Session {
    /// The file that models are loaded from, in memory.
    ///
    /// # Errors
    /// Stops the case if the file cannot be read.
    pub fn image(&self) -> Outcome<Image> {
        let path = self.neff()?;
        let file = fs::read(&path).map_err(|why| Stop::blocked(format!("{}: {why}", path.display())))?;
        let bytes = Buffer::new("neff", file.len());
        bytes.write(0, &file);
        let size = Argument { text: "neff_size".to_owned(), value: file.len() as u64 };
        Ok(Image { address: bytes.into(), size, bytes })
    }

    /// A model of the suite's own, in memory.
    pub fn built(&self, neff: &Neff) -> Image {
        let file = neff.bytes();
        let bytes = self.buffer(file.len());
        bytes.write(0, &file);
        // Most of the header is zero, as the buffer is.
        let mut at = 0;
        while let Some(start) = (at..file.len()).find(|index| file[*index] != 0) {
            let end = (start..file.len()).find(|index| file[*index..].iter().take(4).all(|byte| *byte == 0));
            at = end.unwrap_or(file.len()).min(start + 40);
            let part = &file[start..at];
            self.statement(format!("memcpy({} + {start}, {}, {})", bytes.name, literal(part), part.len()));
        }
        Image { address: bytes.into(), size: file.len().into(), bytes }
    }

    /// Changes bytes of a NEFF that is about to be loaded.
    pub fn spoil(&self, image: &Image, at: usize, bytes: &[u8]) {
        let text = literal(bytes);
        self.statement(format!("memcpy((char *){} + {at}, {text}, {})", image.address.text, bytes.len()));
        image.bytes.write(at, bytes);
    }

    /// Fills all of a NEFF with ones, once it has been loaded.
    pub fn wipe(&self, image: &Image) {
        self.statement(format!("memset({}, 0xff, {})", image.address.text, image.size.text));
        image.bytes.write(0, &vec![0xff; image.bytes.len()]);
    }

    /// The number of 64 bits at `at` of a NEFF.
    #[must_use]
    pub fn image_word(&self, image: &Image, at: usize) -> u64 {
        image.bytes.u64(at)
    }

    /// Calls `nrt_load` without a count of cores.
    ///
    /// # Errors
    /// Stops the case if the library has no such function.
    pub fn load(&self, image: &Image, core: i32, handle: Place) -> Outcome<Answer<'_>> {
        let arguments = [image.address.clone(), image.size.clone(), core.into(), (-1).into(), handle.at()];
        self.call("nrt_load", arguments)
    }
}

/// Bytes as a C string. Octal numbers of three digits end by themselves.
fn literal(bytes: &[u8]) -> String {
    let digits = bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "\\{byte:03o}");
        text
    });
    format!("\"{digits}\"")
}
