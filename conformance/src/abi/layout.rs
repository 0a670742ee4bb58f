//! Structures of the headers, as offsets: what a C program built with them reads and writes.

use std::slice;

/// A field: its name, offset and size in bytes.
pub type Field = (&'static str, usize, usize);

/// The structures that this suite looks into: name, size, fields.
pub const STRUCTURES: &[(&str, usize, &[Field])] = &[
    (
        "nrt_instance_info_t",
        32,
        &[("family", 0, 4), ("size", 4, 4), ("arch_name", 8, 16), ("device_revision", 24, 8)],
    ),
    (
        "nrt_version_t",
        224,
        &[
            ("rt_major", 0, 8),
            ("rt_minor", 8, 8),
            ("rt_patch", 16, 8),
            ("rt_maintenance", 24, 8),
            ("rt_detail", 32, 128),
            ("git_hash", 160, 64),
        ],
    ),
    (
        "nrt_tensor_info_t",
        296,
        &[
            ("name", 0, 256),
            ("usage", 256, 4),
            ("size", 264, 8),
            ("dtype", 272, 4),
            ("shape", 280, 8),
            ("ndim", 288, 4),
        ],
    ),
    ("nrt_tensor_info_array_t", 8, &[("tensor_count", 0, 8)]),
    ("nrt_model_info_t", 4, &[("vnc", 0, 4)]),
    ("nrt_vnc_memory_stats_t", 16, &[("bytes_used", 0, 8), ("bytes_limit", 8, 8)]),
    (
        "nrt_tensor_device_allocation_info_t",
        24,
        &[("physical_address", 0, 8), ("size", 8, 8), ("hbm_index", 16, 4)],
    ),
    ("nrt_tensor_batch_op_t", 24, &[("offset", 0, 8), ("size", 8, 8), ("buffer", 16, 8)]),
    ("nrt_tensor_batch_t", 24, &[("tensor", 0, 8), ("ops", 8, 8), ("num_ops", 16, 4)]),
    ("nrta_error_t", 16, &[("seq_id", 0, 8), ("error_code", 8, 8)]),
];

/// What a model says of one of its tensors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInfo {
    /// Its name.
    pub name: String,
    /// 0 for an input, 1 for an output.
    pub usage: u32,
    /// Its size in bytes.
    pub size: usize,
    /// `nrt_dtype_t`.
    pub dtype: u32,
    /// Its shape.
    pub shape: Vec<u32>,
}

/// Reads a `nrt_tensor_info_array_t` at `address`; `None` if there is none, or what is there makes no sense.
///
/// # Safety
/// If `address` is not zero, there must be such a list.
#[must_use]
pub unsafe fn tensor_infos(address: u64) -> Option<Vec<TensorInfo>> {
    const ENTRY: usize = 296;
    if address == 0 {
        return None;
    }
    let start = address as *const u8;
    // SAFETY: the list begins with its count.
    let count = unsafe { start.cast::<u64>().read_unaligned() };
    let count = usize::try_from(count).ok().filter(|count| *count <= 65_536)?;
    let first = start.wrapping_add(8);
    // SAFETY: so many entries follow the count.
    let entries = unsafe { slice::from_raw_parts(first, count * ENTRY) };
    let entries = entries.chunks_exact(ENTRY);
    let number = |entry: &[u8], at| u32::from_le_bytes(std::array::from_fn(|index| entry[at + index]));
    let long = |entry: &[u8], at| u64::from_le_bytes(std::array::from_fn(|index| entry[at + index]));
    entries
        .map(|entry| {
            let end = entry[..256].iter().position(|byte| *byte == 0)?;
            let (shape, ndim) = (long(entry, 280) as *const u32, number(entry, 288) as usize);
            let shape = if ndim == 0 || shape.is_null() || ndim > 32 {
                Vec::new()
            } else {
                // SAFETY: the entry says that so many lengths are there.
                unsafe { slice::from_raw_parts(shape, ndim) }.to_vec()
            };
            Some(TensorInfo {
                name: String::from_utf8_lossy(&entry[..end]).into_owned(),
                usage: number(entry, 256),
                size: usize::try_from(long(entry, 264)).ok()?,
                dtype: number(entry, 272),
                shape,
            })
        })
        .collect()
}

/// What compilers call the hardware of an instance family (`nrt_instance_info_t`).
#[must_use]
pub fn target_of_family(family: u32) -> &'static str {
    match family {
        2 | 3 | 4 | 7 => "sunda",
        14 | 15 | 17 => "mariana",
        _ => "cayman",
    }
}
