//! Symbols, versions, layouts.

mod sizes;

use std::fs;

use object::read::elf::{Dyn, FileHeader, SectionHeader};
use object::{LittleEndian, elf};

use crate::abi::{Function, NRT_2, NRT_3, Sdk, functions};
use crate::rule::{ANY, Rule, SINCE_2_29, SINCE_2_30, Source};
use crate::session::Session;
use crate::verdict::{Outcome, Stop};
use Source::{ClientCode, Documented, Observed};

pub(super) const RULES: &[Rule] = &[
    Rule::new(
        "NRT-ABI-001",
        "A library has every nrt_* function of the headers of its release whose type is public.",
        Documented,
        "headers nrt.h to nrt_sys_trace.h, release notes 2.29 to 2.33",
        has_functions,
    ),
    Rule::new(
        "NRTA-ABI-002",
        "A library has every nrta_* function of its release.",
        Documented,
        "header nrt_async.h, release notes 2.29 and 2.30",
        has_asynchronous_functions,
    ),
    Rule::new(
        "NRT-ABI-003",
        "A library has the functions that the collectives library imports.",
        Observed,
        "imports of libnccom for 2.31.24",
        has_collectives_imports,
    ),
    Rule::new(
        "NRTA-ABI-004",
        "A library of SDK 2.28 has completion handles and error trackers.",
        Documented,
        "header nrt_async.h of SDK 2.28",
        has_trackers,
    )
    .sdks((Sdk::V2_28, Sdk::V2_28)),
    Rule::new(
        "NRT-ABI-005",
        "The nrt_* and nec_* functions of SDK 2.29 stand under NRT_2.0.0.",
        Observed,
        "exports of 2.31.24",
        old_version,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRTA-ABI-006",
        "Since SDK 2.29 the nrta_* functions stand under NRT_3.0.0.",
        Documented,
        "release notes 2.29; exports of 2.31.24",
        new_version,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRTA-ABI-007",
        "Since SDK 2.30 the functions that register events stand under NRT_3.0.0.",
        ClientCode,
        "programs built for SDK 2.30 ask for them there",
        event_version,
    )
    .sdks(SINCE_2_30),
    Rule::new(
        "NRTA-ABI-008",
        "Who asks for an nrta_* function under NRT_2.0.0 never gets the one of another type from SDK 2.29.",
        Documented,
        "release notes 2.29: programs have to be built again",
        generations_are_told_apart,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRTA-ABI-009",
        "Who names no version gets the nrta_* functions of SDK 2.29 from dlsym.",
        Observed,
        "exports of 2.31.24",
        default_version,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRT-ABI-010",
        "Nothing is found under a symbol version that no release has.",
        Observed,
        "version nodes of 2.31.24",
        no_other_version,
    ),
    Rule::new(
        "NRT-ABI-011",
        "The library calls itself libnrt.so.1.",
        Observed,
        "2.31.24; programs that are linked with it ask for this name",
        soname,
    ),
    Rule::new(
        "NRT-ABI-020",
        "nrt_get_version writes no byte past the size that it is told.",
        Documented,
        "header nrt_version.h: size of the structure",
        sizes::version_within_size,
    )
    .drawn(16),
    Rule::new(
        "NRT-ABI-021",
        "nrt_get_version writes no byte past the 224 of its structure.",
        Documented,
        "header nrt_version.h",
        sizes::version_within_structure,
    ),
    Rule::new(
        "NRT-ABI-022",
        "nrt_get_version with less than 160 bytes answers NRT_FAILURE and writes nothing.",
        Observed,
        "2.31.24",
        sizes::version_too_small,
    )
    .drawn(8),
    Rule::new(
        "NRT-ABI-037",
        "nrt_get_version with 160 bytes or more succeeds, and tells the same numbers whatever the size.",
        Observed,
        "2.31.24",
        sizes::version_of_any_size,
    )
    .drawn(8),
    Rule::new(
        "NRT-ABI-023",
        "The text of nrt_get_version tells the same four numbers as its fields.",
        Observed,
        "2.31.24",
        sizes::version_text,
    ),
    Rule::new(
        "NRT-ABI-024",
        "The texts of nrt_get_version and nrt_get_instance_info end within their fields.",
        Documented,
        "headers nrt_version.h, nrt.h",
        sizes::texts_end,
    ),
    Rule::new(
        "NRT-ABI-025",
        "nrt_get_instance_info writes no byte past the length that it is told.",
        Documented,
        "header nrt.h: up to SDK 2.27 programs pass 8",
        sizes::instance_within_size,
    )
    .drawn(16),
    Rule::new(
        "NRT-ABI-026",
        "nrt_get_instance_info writes the same beginning whatever the length.",
        Observed,
        "2.31.24 copies what fits",
        sizes::instance_prefix,
    )
    .drawn(8),
    Rule::new(
        "NRT-ABI-027",
        "nrt_get_instance_info writes no byte past the 32 of its structure.",
        Observed,
        "2.31.24 copies what fits",
        sizes::instance_within_structure,
    ),
    Rule::new(
        "NRT-ABI-028",
        "nrt_get_vnc_memory_stats writes no byte past the size that it is told.",
        Documented,
        "header nrt.h: stats_size_in",
        sizes::memory_within_size,
    )
    .drawn(16),
    Rule::new(
        "NRT-ABI-029",
        "nrt_get_vnc_memory_stats says how much it wrote, which is what both sides know.",
        Observed,
        "2.31.24; header nrt.h: stats_size_out",
        sizes::memory_size_out,
    )
    .drawn(8),
    Rule::new(
        "NRT-ABI-030",
        "nrt_get_model_info writes no byte past the size that it is told.",
        Documented,
        "header nrt_experimental.h: info_size_in",
        sizes::model_within_size,
    )
    .drawn(8),
    Rule::new(
        "NRT-ABI-031",
        "nrt_get_model_info tells the core that the model was loaded on.",
        Documented,
        "header nrt_experimental.h: vnc",
        sizes::model_core,
    ),
    Rule::new(
        "NRT-ABI-032",
        "Counts of cores are written as 32 bits.",
        Documented,
        "header nrt.h",
        sizes::counts,
    )
    .sdks(ANY),
    Rule::new(
        "NRT-ABI-033",
        "nrt_tensor_get_device_allocation_info fills its 24 bytes, with at least the size that was asked for.",
        Documented,
        "header nrt.h",
        sizes::allocation,
    ),
    Rule::new(
        "NRTA-ABI-034",
        "nrta_is_completed writes one byte.",
        Documented,
        "header nrt_async.h: bool *",
        sizes::completed_flag,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRTA-ABI-035",
        "The status of a request is written as 32 bits.",
        Documented,
        "header nrt_async.h: NRT_STATUS *",
        sizes::status_word,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRTA-ABI-036",
        "Sequence ids are written as 64 bits.",
        Documented,
        "header nrt_async.h: nrta_seq_t *",
        sizes::sequence_ids,
    )
    .sdks(SINCE_2_29),
];

/// The rule wants all functions for which `is_meant` says yes to be found, under their version or, without
/// `version`, by their names alone.
fn all_are_there(s: &Session, version: bool, is_meant: impl Fn(&Function) -> bool) -> Outcome {
    let meant: Vec<&Function> = functions().iter().filter(|function| is_meant(function)).collect();
    let is_missing = |function: &&&Function| match version {
        true => s.library().versioned(function.name, function.version) == 0,
        false => s.library().plain(function.name) == 0,
    };
    s.looked(meant.len() as u64);
    let missing: Vec<&Function> = meant.iter().filter(is_missing).copied().collect();
    let Some(shown) = missing.first().copied().or(meant.first().copied()) else {
        return Err(Stop::not_applicable("there is no such function in this release"));
    };
    let in_c = match version {
        true => format!("dlvsym(RTLD_DEFAULT, {:?}, {:?})", shown.name, shown.version),
        false => format!("dlsym(RTLD_DEFAULT, {:?})", shown.name),
    };
    let name = if version { format!("{}@{}", shown.name, shown.version) } else { shown.name.to_owned() };
    let otherwise = format!("{} of {} functions are missing, first {name}", missing.len(), meant.len());
    s.check(missing.is_empty(), in_c, otherwise)
}

fn has_functions(s: &Session) -> Outcome {
    all_are_there(s, false, |function| {
        function.name.starts_with("nrt_") && function.is_in(s.sdk) && function.prototype.is_some()
    })
}

fn has_asynchronous_functions(s: &Session) -> Outcome {
    all_are_there(s, false, |function| {
        function.name.starts_with("nrta_") && function.is_in(s.sdk) && function.prototype.is_some()
    })
}

fn has_collectives_imports(s: &Session) -> Outcome {
    const OTHERS: [&str; 4] =
        ["nrt_get_total_vnc_count", "nrt_get_instance_info", "nrt_get_version", "nrt_get_libnccl_net"];
    all_are_there(s, true, |function| function.name.starts_with("nec_") || OTHERS.contains(&function.name))
}

fn has_trackers(s: &Session) -> Outcome {
    all_are_there(s, false, |function| {
        function.sdks == Some((Sdk::V2_28, Sdk::V2_28))
            && Function::find(function.name, Some(NRT_3)).is_none()
    })
}

fn old_version(s: &Session) -> Outcome {
    all_are_there(s, true, |function| !function.name.starts_with("nrta_") && function.is_in(Sdk::V2_29))
}

fn new_version(s: &Session) -> Outcome {
    all_are_there(s, true, |function| function.name.starts_with("nrta_") && function.is_in(Sdk::V2_29))
}

fn event_version(s: &Session) -> Outcome {
    all_are_there(s, true, |function| function.name.starts_with("nrta_event_"))
}

/// Functions of `nrta_*` that a program of the other generation must not meet: their types differ, or what
/// their numbers mean.
const CHANGED: [&str; 6] = [
    "nrta_tensor_write",
    "nrta_tensor_read",
    "nrta_tensor_copy",
    "nrta_execute_schedule",
    "nrta_cc_schedule",
    "nrta_get_sequence",
];

fn generations_are_told_apart(s: &Session) -> Outcome {
    let library = s.library();
    let mixed = CHANGED.into_iter().find(|name| {
        let old = library.versioned(name, NRT_2);
        old != 0 && (old == library.versioned(name, NRT_3) || old == library.plain(name))
    });
    let name = mixed.unwrap_or(CHANGED[0]);
    let found = |version: &str| format!("dlvsym(RTLD_DEFAULT, {name:?}, {version:?})");
    let in_c = format!("!{} || {} != dlsym(RTLD_DEFAULT, {name:?})", found(NRT_2), found(NRT_2));
    s.check(mixed.is_none(), in_c, format!("{name} is the same under {NRT_2} and for who names no version"))
}

fn default_version(s: &Session) -> Outcome {
    let other = functions().iter().find(|function| {
        let (name, version) = (function.name, function.version);
        name.starts_with("nrta_")
            && version == NRT_3
            && function.is_in(Sdk::V2_29)
            && (s.library().plain(name) == 0
                || s.library().plain(name) != s.library().versioned(name, version))
    });
    let name = other.map_or(CHANGED[0], |function| function.name);
    let plain = format!("dlsym(RTLD_DEFAULT, {name:?})");
    let in_c = format!("{plain} && {plain} == dlvsym(RTLD_DEFAULT, {name:?}, {NRT_3:?})");
    s.check(other.is_none(), in_c, format!("dlsym finds another {name} than the one under {NRT_3}"))
}

fn no_other_version(s: &Session) -> Outcome {
    const NEVER: &str = "NRT_1.0.0";
    let found = functions().iter().find(|function| s.library().versioned(function.name, NEVER) != 0);
    let name = found.map_or("nrt_init", |function| function.name);
    let otherwise = format!("{name} is found under {NEVER}: the library has no symbol versions");
    s.check(found.is_none(), format!("!dlvsym(RTLD_DEFAULT, {name:?}, {NEVER:?})"), otherwise)
}

const SONAME: &str = "libnrt.so.1";

/// Looks for the name in the file that is loaded.
const SONAME_PROGRAM: &str = r#"#include <link.h>
int main(void) {
    struct link_map *map = NULL;
    dlinfo(dlopen(getenv("LD_PRELOAD"), RTLD_NOW), RTLD_DI_LINKMAP, &map);
    const char *names = NULL, *own = NULL;
    for (ElfW(Dyn) *entry = map->l_ld; entry->d_tag != DT_NULL; entry++)
        if (entry->d_tag == DT_STRTAB)
            names = (const char *)entry->d_un.d_ptr;
    for (ElfW(Dyn) *entry = map->l_ld; entry->d_tag != DT_NULL; entry++)
        if (entry->d_tag == DT_SONAME)
            own = names + entry->d_un.d_val;
    CHECK(own && strcmp(own, "libnrt.so.1") == 0);
    return 0;
}
"#;

fn soname(s: &Session) -> Outcome {
    s.program(SONAME_PROGRAM);
    let path = &s.settings.library;
    let bytes = fs::read(path).map_err(|why| Stop::blocked(format!("{}: {why}", path.display())))?;
    let name = own_name(&bytes).map_err(|why| Stop::blocked(format!("{}: {why}", path.display())))?;
    match name.as_deref() {
        Some(SONAME) => Ok(()),
        Some(other) => Err(Stop::failed(format!("it calls itself {other}"))),
        None => Err(Stop::failed("it has no name of its own (DT_SONAME)")),
    }
}

/// What an ELF file calls itself.
fn own_name(bytes: &[u8]) -> object::read::Result<Option<String>> {
    let endian = LittleEndian;
    let header = elf::FileHeader64::<LittleEndian>::parse(bytes)?;
    let sections = header.sections(endian, bytes)?;
    for section in sections.iter() {
        let Some((entries, link)) = section.dynamic(endian, bytes)? else { continue };
        let texts = sections.strings(endian, bytes, link)?;
        for entry in entries {
            if entry.tag(endian) == elf::DT_SONAME {
                let name = entry.string(endian, texts)?;
                return Ok(Some(String::from_utf8_lossy(name).into_owned()));
            }
        }
    }
    Ok(None)
}
