//! The C headers: each compiles alone and without a warning, and its structs are those of the Rust side.

use std::fs;
use std::mem::offset_of;
use std::path::Path;
use std::process::Command;

use nrt_tests::build;
use nrt_tests::program::text;

/// The structs as the library has them.
#[expect(dead_code, reason = "only the layouts are of interest here")]
#[path = "../../libnrt-shim/src/abi.rs"]
mod abi;

/// What `abi.rs` needs of the library.
mod boundary {
    #[repr(transparent)]
    #[derive(Clone, Copy)]
    pub(crate) struct Buffer(*mut u8);

    #[repr(transparent)]
    #[derive(Clone, Copy)]
    pub(crate) struct Array<T>(*const T);
}

/// A compiler and the dialect it is to hold a header to.
const DIALECTS: [(&str, &str, &str); 2] = [("cc", "-std=c11", "c"), ("c++", "-std=c++17", "cpp")];

/// Compiles `source`; what the compiler says if it says anything.
fn complaint(
    source: &str,
    (compiler, standard, extension): (&str, &str, &str),
    more: &[&str],
) -> Option<String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("source").with_extension(extension);
    fs::write(&file, source).expect("the folder is writable");
    let mut compile = Command::new(compiler);
    compile.args([standard, "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]).args(more);
    compile.arg("-I").arg(build::root().join("include")).arg(file);
    let output = compile.output().unwrap_or_else(|error| panic!("{compiler}: {error}"));
    (!output.status.success()).then(|| format!("{compile:?}\n{source}{}", text(&output)))
}

/// The headers below `folder`, as programs include them.
fn headers(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("it is there") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            found.extend(headers(&path));
        } else if path.extension().is_some_and(|extension| extension == "h") {
            let name = path.strip_prefix(build::root().join("include")).expect("it is below");
            found.push(name.to_str().expect("plain").to_owned());
        }
    }
    found.sort();
    found
}

#[test]
fn each_header_compiles_alone_as_c_and_as_cpp_in_both_epochs() {
    let headers = headers(&build::root().join("include"));
    assert!(headers.iter().any(|header| header == "nrt/nrt_async.h"), "{headers:?}");
    let mut complaints = Vec::new();
    for header in &headers {
        for dialect in DIALECTS {
            for epoch in [&[][..], &["-DNRT_SIM_API_2_28"]] {
                complaints.extend(complaint(&format!("#include <{header}>\n"), dialect, epoch));
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// Assertions in C that the struct `$c` is `$rust`, field by field.
macro_rules! same {
    ($c:literal, $rust:ty, $($c_field:literal = $field:ident),*) => {
        [
            format!("_Static_assert(sizeof({}) == {}, \"size\");\n", $c, size_of::<$rust>()),
            $(format!(
                "_Static_assert(offsetof({}, {}) == {}, \"offset\");\n", $c, $c_field, offset_of!($rust, $field),
            ),)*
        ].concat()
    };
}

#[test]
fn the_structs_of_c_have_the_sizes_and_offsets_of_those_of_rust() {
    let source = [
        "#include <stddef.h>\n#include <nrt/nrt.h>\n#include <nrt/nrt_async.h>\n".to_owned(),
        "#include <nrt/nrt_experimental.h>\n#include <nrt/nrt_version.h>\n#include <nrt_sim/nrt_sim.h>\n"
            .to_owned(),
        same!(
            "nrt_version_t",
            abi::Version,
            "rt_major" = numbers,
            "rt_detail" = detail,
            "git_hash" = git_hash
        ),
        same!(
            "nrt_instance_info_t",
            abi::InstanceInfo,
            "family" = family,
            "size" = size,
            "arch_name" = arch_name,
            "device_revision" = device_revision
        ),
        same!(
            "nrt_vnc_memory_stats_t",
            abi::MemoryStats,
            "bytes_used" = bytes_used,
            "bytes_limit" = bytes_limit
        ),
        same!(
            "nrt_tensor_device_allocation_info_t",
            abi::AllocationInfo,
            "physical_address" = physical_address,
            "size" = size,
            "hbm_index" = hbm_index
        ),
        same!("nrt_tensor_batch_op_t", abi::BatchOp, "offset" = offset, "size" = size, "buffer" = buffer),
        same!("nrt_tensor_batch_t", abi::Batch, "tensor" = tensor, "ops" = ops, "num_ops" = num_ops),
        same!(
            "nrt_cc_comm_t",
            abi::Communicator,
            "replica_group" = replica_group,
            "rank" = rank,
            "rank_n" = rank_n,
            "ctx_device_id" = ctx_device_id,
            "ctx_device_count" = ctx_device_count,
            "vnc" = vnc
        ),
        same!("nrt_tensor_list_t", abi::TensorList, "tensors" = tensors, "num_tensors" = num_tensors),
        same!("nrt_model_info_t", abi::ModelInfo, "vnc" = vnc),
        same!(
            "nrt_tensor_info_t",
            abi::TensorInfo,
            "name" = name,
            "usage" = usage,
            "size" = size,
            "dtype" = dtype,
            "shape" = shape,
            "ndim" = ndim
        ),
        same!("nrta_error_t", abi::AsyncError, "seq_id" = seq, "error_code" = code),
        same!(
            "nrt_sim_rule_t",
            abi::RuleCounts,
            "matched" = matched,
            "struck" = struck,
            "fired" = fired,
            "armed" = armed,
            "require_fired" = require_fired,
            "name" = name
        ),
        same!(
            "nrt_sim_queue_t",
            abi::QueueState,
            "submitted" = submitted,
            "completed" = completed,
            "capacity" = capacity,
            "running" = running,
            "running_ends_ns" = running_ends_ns,
            "dead" = dead,
            "paused" = paused,
            "held" = held,
            "reserved" = reserved
        ),
        "_Static_assert(sizeof(NRT_STATUS) == 4 && sizeof(nrta_seq_t) == 8, \"size\");\n".to_owned(),
    ];
    // The oldest epoch has all of them.
    if let Some(complaint) = complaint(&source.concat(), DIALECTS[0], &["-DNRT_SIM_API_2_28"]) {
        panic!("{complaint}");
    }
}

#[test]
fn every_struct_of_the_rust_side_is_compared() {
    let (this, abi) = (include_str!("headers.rs"), include_str!("../../libnrt-shim/src/abi.rs"));
    for line in abi.lines() {
        if let Some(name) = line.strip_prefix("pub(crate) struct ").and_then(|rest| rest.strip_suffix(" {")) {
            assert!(this.contains(&format!("abi::{name},")), "{name} is not compared");
        }
    }
}
