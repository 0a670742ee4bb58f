//! Bytes that are aligned for any type of element.

use bytemuck::allocation::try_zeroed_slice_box;

/// What buffers are aligned to: a cache line, and the widest vector registers.
pub const ALIGNMENT: usize = 64;

/// Bytes at an address that is a multiple of [`ALIGNMENT`], zero at first.
#[derive(Debug, Default)]
pub struct Buffer {
    /// Holds them, and what is left over before and after.
    room: Box<[u8]>,
    begin: usize,
    len: usize,
}

/// The system has no memory for so many bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no memory for {0} bytes")]
pub struct NoMemory(pub usize);

impl Buffer {
    /// Makes it `len` bytes long. What the bytes are is not said: those of an earlier use, or 0.
    ///
    /// # Errors
    /// There is no memory. The buffer is empty then.
    pub fn resize(&mut self, len: usize) -> Result<(), NoMemory> {
        if self.room.is_empty() || self.room.len() - self.begin < len {
            *self = Buffer::default();
            // Zeros for any alignment would be written; for this one the system's fresh pages do.
            let room = len.checked_add(ALIGNMENT - 1).and_then(|room| try_zeroed_slice_box(room).ok());
            self.room = room.ok_or(NoMemory(len))?;
            let address = self.room.as_ptr().addr();
            self.begin = address.next_multiple_of(ALIGNMENT) - address;
        }
        self.len = len;
        Ok(())
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.room[self.begin..][..self.len]
    }

    /// Its bytes, to be written.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.room[self.begin..][..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::{ALIGNMENT, Buffer, NoMemory};

    #[test]
    fn a_buffer_is_aligned_and_as_long_as_asked() {
        let mut buffer = Buffer::default();
        for len in [0, 1, 63, 64, 65, 4096, 0, 4097, 1 << 20] {
            buffer.resize(len).expect("small");
            assert_eq!(buffer.bytes_mut().len(), len);
            assert_eq!(buffer.bytes().as_ptr().addr() % ALIGNMENT, 0);
        }
    }

    #[test]
    fn memory_is_used_again_and_a_lack_of_it_is_told() {
        let mut buffer = Buffer::default();
        buffer.resize(4096).expect("small");
        buffer.bytes_mut().fill(1);
        buffer.resize(64).expect("less");
        buffer.resize(4096).expect("no more than before");
        assert_eq!(buffer.bytes(), [1; 4096]);
        for len in [usize::MAX, isize::MAX as usize] {
            assert_eq!(buffer.resize(len), Err(NoMemory(len)));
            assert!(buffer.bytes().is_empty());
        }
        buffer.resize(64).expect("small");
    }
}
