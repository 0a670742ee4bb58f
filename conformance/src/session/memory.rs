use super::{Argument, Buffer, Session};
use crate::verdict::Outcome;

/// What a library said of the device memory of a core (`nrt_vnc_memory_stats_t`).
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    at: Buffer,
}

impl Memory {
    /// Bytes in use.
    #[must_use]
    pub fn used(self) -> u64 {
        self.at.u64(0)
    }

    /// Bytes there are.
    #[must_use]
    pub fn limit(self) -> u64 {
        self.at.u64(8)
    }

    /// Bytes in use, in C.
    #[must_use]
    pub fn used_in_c(self) -> String {
        format!("*(uint64_t *){}", self.at.name)
    }

    /// Bytes there are, in C.
    #[must_use]
    pub fn limit_in_c(self) -> String {
        format!("((uint64_t *){})[1]", self.at.name)
    }
}

impl Session {
    /// The device memory of a core, as it is now.
    ///
    /// # Errors
    /// Stops the case if the library does not say.
    pub fn memory(&self, core: u32) -> Outcome<Memory> {
        let (at, size) = (self.buffer(16), self.long());
        self.call("nrt_get_vnc_memory_stats", [core.into(), at.into(), 16.into(), size.at()])?.needed()?;
        Ok(Memory { at })
    }

    /// The rule wants as much memory in use after something as before it.
    ///
    /// # Errors
    /// Stops the case if it is more or less.
    pub fn unchanged(&self, before: Memory, after: Memory) -> Outcome {
        let (a, b) = (before.used(), after.used());
        let in_c = format!("{} == {}", before.used_in_c(), after.used_in_c());
        self.check(a == b, in_c, format!("{a} bytes were in use, and now {b} are"))
    }

    /// Puts a number or address into the `index`th word of a buffer, for structures that calls take.
    pub fn put(&self, buffer: Buffer, index: usize, value: impl Into<Argument>) {
        let value = value.into();
        self.statement(format!("((uint64_t *){})[{index}] = (uint64_t)({})", buffer.name, value.text));
        buffer.write(index * 8, &value.value.to_le_bytes());
    }
}
