//! A library under test: is it one, what does it export, and where.

use std::collections::HashMap;
use std::ffi::{CString, c_void};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context, bail};
use libloading::os::unix as dl;
use object::read::elf::FileHeader;
use object::{LittleEndian, elf};

use crate::abi::Function;

/// Looks at the file, without loading it.
///
/// # Errors
/// Says what the file is, if it is not a shared library for x86-64, and what to pass instead.
pub fn examine(path: &Path) -> anyhow::Result<PathBuf> {
    let path = fs::canonicalize(path).with_context(|| {
        format!("there is no {}; pass the libnrt.so.1 to check with --lib", path.display())
    })?;
    if path.is_dir() {
        bail!("{} is a folder; pass the libnrt.so.1 in it with --lib", path.display());
    }
    let bytes = fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let Ok(header) = elf::FileHeader64::<LittleEndian>::parse(bytes.as_slice()) else {
        let what =
            if bytes.starts_with(&elf::ELFMAG) { "a 32-bit or big-endian ELF file" } else { "no ELF file" };
        bail!("{} is {what}; pass a shared library for x86-64 with --lib", path.display());
    };
    let machine = header.e_machine.get(LittleEndian);
    if machine != elf::EM_X86_64 {
        let name = match machine {
            elf::EM_AARCH64 => "AArch64".to_owned(),
            elf::EM_RISCV => "RISC-V".to_owned(),
            other => format!("machine {other}"),
        };
        bail!("{} is for {name}; pass a library for x86-64, as this suite is", path.display());
    }
    if header.e_type.get(LittleEndian) != elf::ET_DYN {
        bail!("{} is no shared library; pass the libnrt.so.1 to check with --lib", path.display());
    }
    Ok(path)
}

/// A loaded library.
#[derive(Debug)]
pub struct Library {
    handle: *mut c_void,
    found: Mutex<HashMap<(&'static str, &'static str), usize>>,
}

// SAFETY: the handle is only passed to dlvsym and dlsym, which any thread may call.
unsafe impl Send for Library {}
// SAFETY: as above.
unsafe impl Sync for Library {}

impl Library {
    /// Loads it, with all its symbols bound now. It stays loaded: late calls and its threads need it.
    ///
    /// # Errors
    /// What the dynamic linker says.
    pub fn load(path: &Path) -> anyhow::Result<Library> {
        // SAFETY: running the library's constructors is what the user asked for; this process exists for it.
        let library = unsafe { dl::Library::open(Some(path), libc::RTLD_NOW | libc::RTLD_GLOBAL) };
        let library = library.with_context(|| format!("{} cannot be loaded", path.display()))?;
        Ok(Library { handle: library.into_raw(), found: Mutex::default() })
    }

    /// Where the function is, if the library has it. A library without symbol versions is asked without.
    #[must_use]
    pub fn find(&self, function: &'static Function) -> Option<usize> {
        let key = (function.name, function.version);
        let mut found = self.found.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let address =
            *found.entry(key).or_insert_with(|| match self.versioned(function.name, function.version) {
                0 if !self.has_versions() => self.plain(function.name),
                address => address,
            });
        (address != 0).then_some(address)
    }

    /// Where `name` is under `version`, 0 if it is not.
    #[must_use]
    pub fn versioned(&self, name: &str, version: &str) -> usize {
        let (Ok(name), Ok(version)) = (CString::new(name), CString::new(version)) else { return 0 };
        // SAFETY: the handle is open for good, and both texts end with a zero byte.
        unsafe { libc::dlvsym(self.handle, name.as_ptr(), version.as_ptr()) as usize }
    }

    /// Where `name` is for who names no version, 0 if it is not.
    #[must_use]
    pub fn plain(&self, name: &str) -> usize {
        let Ok(name) = CString::new(name) else { return 0 };
        // SAFETY: as above.
        unsafe { libc::dlsym(self.handle, name.as_ptr()) as usize }
    }

    /// Whether the library has symbol versions at all, judged by its oldest function.
    fn has_versions(&self) -> bool {
        self.versioned("nrt_init", crate::abi::NRT_2) != 0
    }
}
