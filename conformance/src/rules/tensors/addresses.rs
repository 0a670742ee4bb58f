//! Where the CPU sees tensors.

use std::slice;

use super::slices::part;
use crate::abi::Status;
use crate::rule::Rule;
use crate::rule::Source::{ClientCode, Observed};
use crate::session::{Place, Session};
use crate::verdict::{Outcome, Stop};

pub(in crate::rules) const RULES: &[Rule] = &[
    Rule::new(
        "NRT-TENSOR-060",
        "Live tensors have addresses that are not NULL, and ranges that do not overlap.",
        ClientCode,
        "a back end finds tensors by address",
        addresses_are_disjoint,
    )
    .drawn(5),
    Rule::new(
        "NRT-TENSOR-061",
        "The CPU reads and writes the bytes of a device tensor at its address.",
        ClientCode,
        "transfer benchmarks",
        address_shows_the_bytes,
    ),
    Rule::new(
        "NRT-TENSOR-062",
        "The address of a device tensor is a multiple of 4096.",
        ClientCode,
        "performance tests register whole pages",
        address_is_aligned,
    ),
    Rule::new(
        "NRT-TENSOR-063",
        "The address of a slice is that of its first byte.",
        ClientCode,
        "a back end finds tensors by address",
        address_of_a_slice,
    ),
    Rule::new(
        "NRT-TENSOR-064",
        "The address of a tensor with an attached buffer is that of the buffer.",
        Observed,
        "observed in 2.31.24",
        address_of_an_attached_buffer,
    ),
    Rule::new(
        "NRT-TENSOR-065",
        "nrt_memcpy_to_device to the address of a tensor writes the tensor.",
        Observed,
        "observed in 2.31.24",
        memcpy_to_the_address,
    ),
];

/// The address of a tensor.
fn address(s: &Session, tensor: Place) -> Outcome<Place> {
    let address = s.pointer('p');
    s.assign(address, "nrt_tensor_get_va", [tensor.into()])?;
    Ok(address)
}

/// The bytes that a library shows at an address of its own.
fn shown(address: Place, size: usize) -> Outcome<&'static mut [u8]> {
    let start = address.value() as *mut u8;
    if start.is_null() {
        return Err(Stop::failed("nrt_tensor_get_va gave NULL"));
    }
    // SAFETY: the library says that so many bytes of a live tensor are there; that they are is the rule.
    Ok(unsafe { slice::from_raw_parts_mut(start, size) })
}

fn addresses_are_disjoint(s: &Session) -> Outcome {
    let sizes = s.draw(proptest::collection::vec(1_usize..50_000, 2..8))?;
    s.init()?;
    let mut ranges: Vec<(Place, usize)> = Vec::new();
    for size in sizes {
        let address = address(s, s.tensor(0, size)?)?;
        s.check(address.value() != 0, address.name, "nrt_tensor_get_va gave NULL")?;
        for (other, length) in &ranges {
            let (a, b) = (address.value(), other.value());
            let apart = a + size as u64 <= b || b + *length as u64 <= a;
            let (c, d) = (address.name, other.name);
            let in_c =
                format!("(char *){c} + {size} <= (char *){d} || (char *){d} + {length} <= (char *){c}");
            s.check(apart, in_c, format!("{size} bytes at {a:#x} and {length} at {b:#x} overlap"))?;
        }
        ranges.push((address, size));
    }
    Ok(())
}

fn address_shows_the_bytes(s: &Session) -> Outcome {
    const SIZE: usize = 10_000;
    s.init()?;
    let tensor = s.filled_tensor(0, SIZE, 1)?;
    let address = address(s, tensor)?;
    let seen = s.buffer(SIZE);
    s.statement(format!("memcpy({}, {}, {SIZE})", seen.name, address.name));
    seen.write(0, shown(address, SIZE)?);
    s.holds(seen, 0, SIZE, 1, 0)?;
    s.statement(format!("memset({}, 9, {SIZE})", address.name));
    shown(address, SIZE)?.fill(9);
    let (read, wanted) = (s.read(tensor, SIZE)?, s.buffer(SIZE));
    s.statement(format!("memset({}, 9, {SIZE})", wanted.name));
    wanted.write(0, &[9; SIZE]);
    s.equal(read, wanted, "what the CPU stored at the address is not what is read")
}

fn address_is_aligned(s: &Session) -> Outcome {
    s.init()?;
    for size in [1, 100, 4097, 70_000] {
        let address = address(s, s.tensor(0, size)?)?;
        let value = address.value();
        let in_c = format!("((uint64_t){} & 4095) == 0", address.name);
        s.check(value % 4096 == 0, in_c, format!("{size} bytes are at {value:#x}"))?;
    }
    Ok(())
}

fn address_of_a_slice(s: &Session) -> Outcome {
    const SIZE: usize = 10_000;
    s.init()?;
    let tensor = s.filled_tensor(0, SIZE, 1)?;
    let address = address(s, part(s, tensor, 1234, 500)?)?;
    let seen = s.buffer(500);
    s.statement(format!("memcpy({}, {}, 500)", seen.name, address.name));
    seen.write(0, shown(address, 500)?);
    s.holds(seen, 0, 500, 1, 1234)
}

fn address_of_an_attached_buffer(s: &Session) -> Outcome {
    s.init()?;
    let (tensor, buffer) = (s.pointer('t'), s.buffer(4096));
    s.call("nrt_tensor_allocate_empty", ["own".into(), tensor.at()])?.needed()?;
    s.call("nrt_tensor_attach_buffer", [tensor.into(), buffer.into(), 4096.into()])?.needed()?;
    let address = address(s, tensor)?;
    let (is, wanted) = (address.value(), buffer.address());
    let in_c = format!("{} == (void *){}", address.name, buffer.name);
    s.check(is == wanted, in_c, format!("the buffer is at {wanted:#x}, and the tensor says {is:#x}"))
}

fn memcpy_to_the_address(s: &Session) -> Outcome {
    s.init()?;
    let tensor = s.filled_tensor(0, 8192, 1)?;
    let (address, buffer) = (address(s, tensor)?, s.buffer(4096));
    s.fill(buffer, 2);
    let arguments = [address.into(), buffer.into(), 4096.into()];
    s.call("nrt_memcpy_to_device", arguments)?.is(Status::SUCCESS)?;
    let seen = s.read(tensor, 8192)?;
    s.holds(seen, 0, 4096, 2, 0)?;
    s.holds(seen, 4096, 4096, 1, 4096)
}
