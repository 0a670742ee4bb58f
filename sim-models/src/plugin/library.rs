//! Plug-in libraries: found, looked at, opened, and never closed.

use std::ffi::CStr;
use std::fs::File;
use std::path::Path;

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
use object::read::elf::{ElfFile64, ProgramHeader, Sym};
use object::{Endianness, ReadCache, elf};

use super::abi;
use crate::recipe::Refusal;
use crate::regular;

/// This machine's processor in ELF files; where it is not known here, the loader tells.
const MACHINE: Option<elf::Machine> = if cfg!(target_arch = "x86_64") {
    Some(elf::EM_X86_64)
} else if cfg!(target_arch = "aarch64") {
    Some(elf::EM_AARCH64)
} else {
    None
};

/// What a plug-in offers, each function known to be there.
#[derive(Debug, Clone)]
pub(super) struct Functions {
    /// How messages call the plug-in: its own name, and its file.
    pub(super) title: String,
    pub(super) create: abi::Create,
    pub(super) run: abi::Run,
    pub(super) destroy: abi::Destroy,
}

/// Opens the plug-in at `path`.
///
/// The library stays for the life of the process: kernels point into it, and nobody knows which of its
/// threads, or destructors of thread-local data, still run when the last kernel is gone.
///
/// # Errors
/// There is no such file, it is no library for this machine or cut short, lacks the function, or functions or other
/// libraries that it needs, or was built for another version of the interface.
pub(super) fn open(path: &Path) -> Result<Functions, Refusal> {
    let shown = path.display();
    let path = std::path::absolute(path).map_err(|error| Refusal(format!("{shown}: {error}")))?;
    let file = regular::open(&path).map_err(|error| {
        Refusal(format!("the plug-in {shown} cannot be read: {error}; is the path right?"))
    })?;
    check(file).map_err(|what| Refusal(format!("{shown} is no plug-in: {what}")))?;
    // All symbols are looked up now: one that is missing would end the process when it is first called.
    // SAFETY: what the library does when opened is its own; its user named it to have its code run.
    let library = unsafe { Library::open(Some(&path), RTLD_NOW | RTLD_LOCAL) }.map_err(|error| {
        let cause = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
        let advice = if cause.contains("undefined symbol") {
            "link it with the library that has it, with -lm, say"
        } else {
            "put what it needs where the loader looks, see ldd"
        };
        Refusal(format!("the plug-in {shown} cannot be opened: {cause}; {advice}"))
    })?;
    // SAFETY: the type is what the header gives the function of this name.
    let entry = unsafe { library.get::<abi::Entry>(abi::ENTRY) }.map(|entry| *entry);
    std::mem::forget(library);
    let entry = entry.map_err(|_| Refusal(format!("{shown} is no plug-in: {}", no_entry())))?;
    // SAFETY: as the header has it, the function takes nothing and may be called at any time.
    let plugin = unsafe { entry() };
    functions(plugin, &shown.to_string())
}

/// Whether `file` is a shared library of this machine that exports the function of plug-ins, with all that the loader
/// will map: it would map one that was cut short too, and the process would die at the first byte that is not there.
fn check(file: File) -> Result<(), String> {
    let refuse = |what: &str| Err(format!("{what}; build it as a shared library for this machine"));
    let Ok(length) = file.metadata().map(|metadata| metadata.len()) else {
        return refuse("its size cannot be read");
    };
    let bytes = ReadCache::new(file); // reads what is asked for, not all
    let Ok(file) = ElfFile64::<Endianness, _>::parse(&bytes) else {
        return refuse("it is not a 64-bit ELF file");
    };
    let (header, endian) = (file.elf_header(), file.endian());
    if MACHINE.is_some_and(|machine| header.e_machine.get(endian) != machine) {
        return refuse("it was built for another processor");
    }
    if header.e_type.get(endian) != elf::ET_DYN {
        return refuse("it is not a shared library");
    }
    let ends =
        |part: &elf::ProgramHeader64<Endianness>| part.p_offset(endian).checked_add(part.p_filesz(endian));
    if !file.elf_program_headers().iter().all(|part| ends(part).is_some_and(|end| end <= length)) {
        return refuse("the file was cut short");
    }
    let symbols = file.elf_dynamic_symbol_table();
    let is_entry = |symbol: &&elf::Sym64<Endianness>| {
        !symbol.is_undefined(endian)
            && symbols.symbol_name(endian, symbol).is_ok_and(|name| name == abi::ENTRY.as_bytes())
    };
    let kinds: Vec<_> = symbols.iter().filter(is_entry).map(|symbol| symbol.st_type()).collect();
    if kinds.is_empty() {
        return Err(no_entry());
    }
    // The loader finds data of that name as well, and to call it would end the process.
    if !kinds.iter().all(|kind| [elf::STT_FUNC, elf::STT_GNU_IFUNC].contains(kind)) {
        return Err(format!(
            "its {} is no function; define it as one that returns the address of the struct, as in \
             nrt_sim/kernel.h",
            abi::ENTRY
        ));
    }
    Ok(())
}

/// What is said of a library without the function of plug-ins.
fn no_entry() -> String {
    format!("it does not export the function {}; define it as in nrt_sim/kernel.h", abi::ENTRY)
}

/// Checks what the entry point answered.
fn functions(plugin: *const abi::Plugin, file: &str) -> Result<Functions, Refusal> {
    let refuse = |what: &str| Err(Refusal(format!("the plug-in {file} {what}")));
    if plugin.is_null() {
        return refuse(&format!("answers null; let {} return the address of its struct", abi::ENTRY));
    }
    if !plugin.is_aligned() {
        return refuse("answers an address that is not aligned; return that of a nrt_sim_kernel_plugin_t");
    }
    // SAFETY: it is not null, and in every version the struct begins with this field.
    let version = unsafe { (*plugin).abi_version };
    if version != abi::VERSION {
        let age = if version < abi::VERSION { "an older" } else { "a newer" };
        return refuse(&format!(
            "was built for {age} version of nrt_sim/kernel.h, {version} instead of {}; build it again with the header of this simulator",
            abi::VERSION
        ));
    }
    // SAFETY: as above; the second field is the size since version 1.
    let size = unsafe { (*plugin).struct_size };
    if (size as usize) < size_of::<abi::Plugin>() {
        return refuse(&format!(
            "has a struct of {size} bytes instead of {}; set struct_size = sizeof(nrt_sim_kernel_plugin_t)",
            size_of::<abi::Plugin>()
        ));
    }
    // SAFETY: it says that it is as long as ours, and of our version.
    let plugin = unsafe { *plugin };
    let (Some(create), Some(run), Some(destroy)) = (plugin.create, plugin.run, plugin.destroy) else {
        let missing = [
            ("create", plugin.create.is_none()),
            ("run", plugin.run.is_none()),
            ("destroy", plugin.destroy.is_none()),
        ];
        let missing: Vec<&str> = missing.iter().filter(|(_, is)| *is).map(|(name, _)| *name).collect();
        return refuse(&format!("has no {}; all functions must be given", missing.join(", ")));
    };
    if plugin.name.is_null() {
        return refuse("has no name; set the field name");
    }
    // SAFETY: not null, and by the header a text that ends with a zero and lives as long as the process.
    let name = unsafe { CStr::from_ptr(plugin.name) }.to_string_lossy();
    Ok(Functions { title: format!("{} ({file})", name.escape_debug()), create, run, destroy })
}
