//! Bytes that are aligned for any type of element.

use bytemuck::{Pod, Zeroable};

/// What buffers are aligned to: a cache line, and the widest vector registers.
pub const ALIGNMENT: usize = 64;

/// So many bytes, at an address that is a multiple of as many.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([u8; ALIGNMENT]);

/// Bytes at an address that is a multiple of [`ALIGNMENT`], zero at first.
#[derive(Default)]
pub struct Buffer {
    lines: Vec<Line>,
    len: usize,
}

impl Buffer {
    /// Makes it `len` bytes long. What the bytes are is not said: those of an earlier use, or 0.
    pub fn resize(&mut self, len: usize) {
        self.lines.resize(len.div_ceil(ALIGNMENT), Line::zeroed());
        self.len = len;
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.lines)[..self.len]
    }

    /// Its bytes, to be written.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut bytemuck::cast_slice_mut(&mut self.lines)[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::{ALIGNMENT, Buffer};

    #[test]
    fn a_buffer_is_aligned_and_as_long_as_asked() {
        let mut buffer = Buffer::default();
        for len in [1, 63, 64, 65, 4096, 0] {
            buffer.resize(len);
            assert_eq!(buffer.bytes_mut().len(), len);
            assert_eq!(buffer.bytes().as_ptr().addr() % ALIGNMENT, 0);
        }
    }
}
