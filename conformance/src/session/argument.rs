use std::ffi::CString;
use std::mem;

use super::{Buffer, Place};

/// An argument of a call: its bits, and how a C program writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// In C.
    pub text: String,
    /// Its bits; what is shorter has zeros, or its sign, above.
    pub value: u64,
}

impl Argument {
    /// No address.
    #[must_use]
    pub fn null() -> Argument {
        Argument { text: "NULL".to_owned(), value: 0 }
    }

    /// A handle or address that nothing has ever been.
    #[must_use]
    pub fn wild(value: u64) -> Argument {
        Argument { text: format!("(void *){value:#x}"), value }
    }
}

impl From<u64> for Argument {
    fn from(value: u64) -> Argument {
        let text = if value < 1 << 31 { value.to_string() } else { format!("{value:#x}") };
        Argument { text, value }
    }
}

impl From<usize> for Argument {
    fn from(value: usize) -> Argument {
        Argument::from(value as u64)
    }
}

impl From<u32> for Argument {
    fn from(value: u32) -> Argument {
        Argument::from(u64::from(value))
    }
}

impl From<i64> for Argument {
    fn from(value: i64) -> Argument {
        Argument { text: value.to_string(), value: value.cast_unsigned() }
    }
}

impl From<i32> for Argument {
    fn from(value: i32) -> Argument {
        Argument::from(i64::from(value))
    }
}

impl From<bool> for Argument {
    fn from(value: bool) -> Argument {
        Argument { text: value.to_string(), value: value.into() }
    }
}

impl From<&str> for Argument {
    /// A C string, kept until the process ends: a library may remember the address of a name.
    fn from(text: &str) -> Argument {
        let value = CString::new(text).expect("texts of rules have no zero byte").into_raw() as u64;
        Argument { text: format!("{text:?}").replace("\\'", "'"), value }
    }
}

impl From<Place> for Argument {
    /// What the place holds.
    fn from(place: Place) -> Argument {
        Argument { text: place.name.to_owned(), value: place.value() }
    }
}

impl From<Buffer> for Argument {
    /// Where the buffer begins.
    fn from(buffer: Buffer) -> Argument {
        Argument { text: buffer.name.to_owned(), value: buffer.address() }
    }
}

/// Calls the function at `address` with these integers and addresses.
///
/// # Safety
/// There must be a function that takes so many arguments, each of them an integer or an address. The calling
/// convention of x86-64 passes those in the same registers and stack places whatever their width, so one
/// type of 64-bit arguments serves for all.
pub(super) unsafe fn invoke(address: usize, arguments: &[u64]) -> u64 {
    // SAFETY: as the caller promises, in each line.
    #[expect(clippy::multiple_unsafe_ops_per_block, reason = "one promise covers the address and the call")]
    unsafe {
        match *arguments {
            [] => mem::transmute::<usize, extern "C" fn() -> u64>(address)(),
            [a] => mem::transmute::<usize, extern "C" fn(u64) -> u64>(address)(a),
            [a, b] => mem::transmute::<usize, extern "C" fn(u64, u64) -> u64>(address)(a, b),
            [a, b, c] => mem::transmute::<usize, extern "C" fn(u64, u64, u64) -> u64>(address)(a, b, c),
            [a, b, c, d] => {
                mem::transmute::<usize, extern "C" fn(u64, u64, u64, u64) -> u64>(address)(a, b, c, d)
            }
            [a, b, c, d, e] => {
                mem::transmute::<usize, extern "C" fn(u64, u64, u64, u64, u64) -> u64>(address)(a, b, c, d, e)
            }
            [a, b, c, d, e, f] => {
                type Six = extern "C" fn(u64, u64, u64, u64, u64, u64) -> u64;
                mem::transmute::<usize, Six>(address)(a, b, c, d, e, f)
            }
            [a, b, c, d, e, f, g] => {
                type Seven = extern "C" fn(u64, u64, u64, u64, u64, u64, u64) -> u64;
                mem::transmute::<usize, Seven>(address)(a, b, c, d, e, f, g)
            }
            [a, b, c, d, e, f, g, h] => {
                type Eight = extern "C" fn(u64, u64, u64, u64, u64, u64, u64, u64) -> u64;
                mem::transmute::<usize, Eight>(address)(a, b, c, d, e, f, g, h)
            }
            [a, b, c, d, e, f, g, h, i] => {
                type Nine = extern "C" fn(u64, u64, u64, u64, u64, u64, u64, u64, u64) -> u64;
                mem::transmute::<usize, Nine>(address)(a, b, c, d, e, f, g, h, i)
            }
            _ => panic!("no function takes {} arguments", arguments.len()),
        }
    }
}
