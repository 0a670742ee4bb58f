//! Broken runtimes: a library around another `libnrt.so.1` that hands every call on and changes a little.
//!
//! `NRT_MUTANT_OF` is the path of the library, `NRT_MUTANT` the name of what is broken; without the second,
//! nothing is. The conformance suite is measured by how many of them it finds out. Part of no product.

mod backlog;
mod book;
mod completion;
mod data;
mod environment;
mod epoch;
mod events;
mod faults;
mod lifecycle;
mod machine;
mod memory;
mod memory_use;
mod models;
mod mutant;
mod queue;
mod sequence;
mod slots;
mod status;
mod submission;
mod tensors;
mod threads;

use std::env;
use std::ffi::{CStr, CString};

use mutant::Mutant;
use slots::Slots;

/// Runs when the library is loaded, before anybody can call it.
#[used]
#[unsafe(link_section = ".init_array")]
static BEGIN: extern "C" fn() = begin;

extern "C" fn begin() {
    let mut slots = Slots;
    let Ok(path) = env::var("NRT_MUTANT_OF") else {
        slots.leave_empty();
        return;
    };
    let Ok(c_path) = CString::new(path.as_str()) else { stop("NRT_MUTANT_OF has a zero byte") };
    // SAFETY: running the constructors of the library is what was asked for.
    let handle = unsafe { libc::dlopen(c_path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
    if handle.is_null() {
        stop(&format!("NRT_MUTANT_OF={path} cannot be loaded"));
    }
    slots.fill(handle);
    let Ok(name) = env::var("NRT_MUTANT") else { return };
    let Some(mutant) = mutant::all().find(|mutant| mutant.name == name) else {
        stop(&format!("no mutant is called {name}"));
    };
    (mutant.install)(&mut slots);
}

/// Ends the process with a sentence.
fn stop(why: &str) -> ! {
    eprintln!("nrt-mutants: {why}");
    // SAFETY: takes a number.
    unsafe { libc::_exit(2) }
}

/// The mutants, one a line: name, rules that have to find it out, and what it breaks, with tabs between.
#[unsafe(no_mangle)]
extern "C" fn nrt_mutants() -> *const libc::c_char {
    let line =
        |mutant: &Mutant| format!("{}\t{}\t{}\n", mutant.name, mutant.caught_by.join(" "), mutant.breaks);
    let text: String = mutant::all().map(line).collect();
    let text = CString::new(text).unwrap_or_default();
    let text: &'static CStr = Box::leak(text.into_boxed_c_str());
    text.as_ptr()
}
