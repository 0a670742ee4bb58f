//! `nrt-sim neff`, as a user calls it.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use nrt_tests::neff::PRODUCT;
use serde_json::{Value, json};

fn nrt_sim(folder: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nrt-sim"));
    for name in [
        "NRT_SIM_INSTANCE",
        "NEURON_LOGICAL_NC_CONFIG",
        "NEURON_RT_ALLOW_LEGACY_NEFF",
        "NEURON_RT_VALIDATE_HASH",
    ] {
        command.env_remove(name);
    }
    command.current_dir(folder).arg("neff").args(words).output().expect("it is built")
}

#[track_caller]
fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Builds a product of two matrices, `product.neff`, with further flags.
fn build_product(folder: &Path, flags: &[&str]) -> String {
    stdout(&nrt_sim(folder, &[&["build", "-o", "product.neff"], &PRODUCT[..], flags].concat()))
}

#[test]
fn a_model_is_built_shown_checked_and_unpacked() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = folder.path();
    let said = build_product(at, &[]);
    assert!(said.contains("x:float16[128,256],y:float16[256,128]->z:float16[128,128]"), "{said}");
    let first = fs::read(at.join("product.neff")).expect("written");
    build_product(at, &[]);
    assert_eq!(fs::read(at.join("product.neff")).expect("replaced"), first);
    let names = fs::read_dir(at).expect("a folder").count();
    assert_eq!(names, 1, "nothing else is left");

    let shown = stdout(&nrt_sim(at, &["inspect", "product.neff"]));
    for words in
        ["signature       x:float16[128,256],", "4194304 MACs", "model.toml, 18 bytes", "matches the data"]
    {
        assert!(shown.contains(words), "{words}\n{shown}");
    }
    assert!(!shown.contains("problems"), "{shown}");
    let said = stdout(&nrt_sim(at, &["verify", "product.neff", "--validate-hash"]));
    assert!(said.ends_with("loads\ncomputes matmul (the NEFF's own sim/model.toml)\n"), "{said}");
    let said = stdout(&nrt_sim(at, &["unpack", "product.neff"]));
    assert!(said.starts_with("product: 17 files"), "{said}");
    assert_eq!(
        fs::read_to_string(at.join("product/sim/model.toml")).expect("unpacked"),
        "kernel = \"matmul\"\n"
    );
    assert_eq!(nrt_sim(at, &["unpack", "product.neff"]).status.code(), Some(125), "not twice");
    stdout(&nrt_sim(at, &["unpack", "product.neff", "--force"]));
}

#[test]
fn a_refusal_has_its_status_and_advice() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    build_product(folder.path(), &["--target", "trn2"]);
    let verify = |flags: &[&str]| nrt_sim(folder.path(), &[&["verify", "product.neff"], flags].concat());
    assert!(stdout(&verify(&["--instance", "trn2"])).contains("\nloads\n"));
    let none = verify(&["--instance", "trn2", "--models", "model=[{kernel='relu'}]"]);
    let said = String::from_utf8_lossy(&none.stdout).into_owned();
    assert_eq!(none.status.code(), Some(1), "{said}");
    assert!(said.contains("refused with NRT_INVALID (2): NRT_SIM_MODELS, model 1: kernel relu"), "{said}");
    assert!(!said.contains("loads"), "{said}");
    for (flags, words) in [
        (
            &["--instance", "trn2", "--lnc", "1"][..],
            "13  LNC of the runtime                          refused",
        ),
        (&["--instance", "trn1"], "11  generation of the device                    refused"),
        (&["--instance", "trn1"], "refused with NRT_INVALID (2): NEFF was compiled for cayman (v3)"),
        (&["--instance", "trn1"], "13  LNC of the runtime                          not reached"),
    ] {
        let output = verify(flags);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(words) && said.contains("--"), "{words}\n{said}");
    }
    assert_eq!(nrt_sim(folder.path(), &["verify", "no.neff"]).status.code(), Some(125));
    fs::write(folder.path().join("no.neff"), "no NEFF").expect("writable");
    let output = nrt_sim(folder.path(), &["verify", "no.neff"]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("too short"));
    assert_eq!(nrt_sim(folder.path(), &["inspect", "no.neff"]).status.code(), Some(1));
}

#[test]
fn a_spec_a_sidecar_and_an_onnx_model_go_into_the_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = folder.path();
    let spec = "target = \"trn2\"\nkernel = { use = \"constant\", value = 2.5 }\nattach = [\"g.bin\"]\n\
                [[output]]\nname = \"y\"\ndtype = \"f32\"\nshape = [2]\n";
    fs::create_dir(at.join("sub")).expect("writable");
    fs::write(at.join("sub/m.toml"), spec).expect("writable");
    fs::write(at.join("sub/g.bin"), "golden").expect("writable");
    fs::write(at.join("side.toml"), "kernel = \"zeros\" #\n").expect("writable");
    let attachments = |flags: &[&str]| {
        stdout(&nrt_sim(at, &[&["build", "-o", "m.neff"], flags].concat()));
        let json: Value =
            serde_json::from_str(&stdout(&nrt_sim(at, &["inspect", "m.neff", "--json"]))).expect("JSON");
        json["attachments"].clone()
    };
    let of_spec = attachments(&["sub/m.toml"]);
    assert_eq!(of_spec[0], json!({"name": "g.bin", "bytes": 6}));
    assert_eq!(of_spec[1]["name"], "model.toml");
    let output = ["--output", "y:f32[2]"];
    assert_eq!(
        attachments(&[&["--sidecar", "side.toml"][..], &output].concat()),
        json!([{"name": "model.toml", "bytes": 19}])
    );
    let onnx = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/models/matmul.onnx");
    let of_onnx = attachments(&["--onnx", onnx.to_str().expect("UTF-8")]);
    let bytes = fs::metadata(onnx).expect("an example").len();
    assert_eq!(of_onnx[0], json!({"name": "model.onnx", "bytes": bytes}));

    fs::write(at.join("bad.toml"), "name = \"m\"\ncolour = 1\n").expect("writable");
    let output = nrt_sim(at, &["build", "-o", "never.neff", "bad.toml"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(125));
    assert!(said.contains("bad.toml") && said.contains("line 2") && said.contains("colour"), "{said}");
    assert_eq!(
        nrt_sim(at, &["build", "-o", "never.neff", "--op", "add", "--onnx", "x"]).status.code(),
        Some(125)
    );
    assert!(!at.join("never.neff").exists());
}

#[test]
fn a_spec_may_come_through_stdin() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let spec = folder.path().join("spec");
    fs::write(&spec, "attach = [\"spec\"]\n[[output]]\nname = \"y\"\ndtype = \"f32\"\nshape = [2]\n")
        .expect("writable");
    let output = Command::new(env!("CARGO_BIN_EXE_nrt-sim"))
        .current_dir(folder.path())
        .args(["neff", "build", "-o", "m.neff", "-"])
        .stdin(fs::File::open(&spec).expect("just written"))
        .output()
        .expect("it is built");
    assert!(stdout(&output).contains("->y:float32[2]"));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    build_product(folder.path(), &[]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_nrt-sim"))
        .current_dir(folder.path())
        .args(["neff", "inspect", "--json", "product.neff"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it is built");
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut said).expect("text");
    assert!(child.wait().expect("it ends").success() && said.is_empty(), "{said}");
}

/// The compiler's own NEFF, unless it is not at hand.
fn sample() -> Option<PathBuf> {
    let folder = std::env::var_os("NRT_SPEC_DIR").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: NRT_SPEC_DIR is not set");
    }
    Some(folder?.join("neff/matmul_small.neff"))
}

/// Every field of the compiler's own NEFF, read here by offset and name with other code than ours.
#[test]
fn what_is_shown_of_the_compilers_neff_is_what_stands_in_it() {
    let Some(path) = sample() else { return };
    let bytes = fs::read(&path).expect("the sample");
    let output = nrt_sim(Path::new("."), &["inspect", "--json", path.to_str().expect("plain")]);
    let shown: Value = serde_json::from_str(&stdout(&output)).expect("JSON");

    let number = |at: usize, len: usize| {
        bytes[at..at + len].iter().rev().fold(0_u64, |value, byte| value << 8 | u64::from(*byte))
    };
    let hex = |at: usize, len: usize| {
        bytes[at..at + len].iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let text = |at: usize, len: usize| {
        String::from_utf8_lossy(&bytes[at..at + len]).trim_end_matches('\0').to_owned()
    };
    let id = hex(204, 16);
    let uuid = format!("{}-{}-{}-{}-{}", &id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]);
    let header = json!({
        "pkg_version": number(0, 8), "header_size": number(8, 8), "data_size": number(16, 8), "major": number(24, 8),
        "minor": number(32, 8), "build_version": text(40, 128), "num_tpb": number(168, 4), "hash": hex(172, 32),
        "uuid": uuid, "name": text(220, 256), "requested_tpb": number(476, 4), "tpb_per_node": bytes[480..544],
        "feature_bits": number(544, 8), "lnc_size": number(552, 4),
    });
    assert_eq!(shown["header"], header);
    assert_eq!((&shown["uuid"], &shown["bytes"]), (&json!(uuid), &json!(bytes.len())));
    assert_eq!(shown["features"]["bits"], "0x209c00");
    assert_eq!((&shown["features"]["lnc"], &shown["features"]["other"]), (&json!(true), &json!("0x209800")));
    assert_eq!(shown["hash"]["matches"], true);

    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&bytes[1024..]));
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for entry in archive.entries().expect("sound") {
        let mut entry = entry.expect("sound");
        let mut content = Vec::new();
        entry.read_to_end(&mut content).expect("sound");
        files.push((entry.path().expect("sound").to_str().expect("plain").to_owned(), content));
    }
    let listed: Vec<Value> =
        files.iter().map(|(path, content)| json!({"path": path, "bytes": content.len()})).collect();
    assert_eq!(shown["files"], Value::from(listed));
    let size = |path: &str| files.iter().find(|(other, _)| other == path).map(|(_, content)| content.len());
    let file = |path: &str| -> Value {
        let (_, content) = files.iter().find(|(other, _)| other == path).expect("it is there");
        serde_json::from_slice(content).expect("JSON")
    };
    let descriptions =
        ["hlo_stats.json", "info.json", "kelf-0.json", "neff.json"].map(|path| (path.to_owned(), file(path)));
    assert_eq!(shown["descriptions"], Value::Object(descriptions.into_iter().collect()));

    let info = file("info.json");
    assert_eq!(shown["name"], info["name"]);
    assert_eq!(shown["header"]["num_tpb"], info["num_tpb"]);
    assert_eq!(shown["header"]["requested_tpb"], info["num_tpb_requested"]);
    assert_eq!(shown["header"]["tpb_per_node"], info["num_tpb_per_node"]);
    let stats = file("hlo_stats.json");
    assert_eq!(shown["stats"], json!({"macs": stats["HloMacCount"], "traffic_bytes": stats["Traffic"]}));
    let kelf = file("kelf-0.json");
    assert_eq!(shown["target"], kelf["target"]);
    assert_eq!(shown["binaries"], kelf["graphs"].as_array().map_or(0, Vec::len));

    let (graph, definition) = (file("neff.json"), file("sg00/def.json"));
    let names = ["x", "y", "output0"]; // entries 0, 1 and 2 of the graph's lists
    let tensors: Vec<Value> = (0..3)
        .map(|entry| {
            let variable = &definition["var"][names[entry]];
            let (dtypes, shapes) = (&graph["attrs"]["dltype"][1], &graph["attrs"]["shape"][1]);
            let (dtype, shape) = (&dtypes[entry], &shapes[entry]);
            json!({"name": names[entry], "usage": variable["type"], "dtype": dtype, "shape": shape, "bytes": variable["size"]})
        })
        .collect();
    assert_eq!(shown["tensors"], Value::from(tensors));
    assert_eq!(graph["nodes"][0]["name"], "x");
    assert_eq!(graph["nodes"][2]["output_names"], json!(["output0", "output0"]));

    for (core, folder) in ["sg00", "sg01"].into_iter().enumerate() {
        let core = &shown["cores"][core];
        let inside = || files.iter().filter(|(path, _)| path.starts_with(folder));
        assert_eq!(core["folder"], folder);
        assert_eq!(core["files"], inside().count());
        assert_eq!(core["bytes"], inside().map(|(_, content)| content.len()).sum::<usize>());
        for engine in ["PE", "Activation", "Pool", "DVE", "SP"] {
            assert_eq!(core["engines"][engine], json!(size(&format!("{folder}/{engine}.bin"))), "{engine}");
        }
    }
    assert_eq!(shown["cores"].as_array().map(Vec::len), Some(2));
    assert_eq!((&shown["attachments"], &shown["problems"]), (&json!([]), &json!([])));
}
