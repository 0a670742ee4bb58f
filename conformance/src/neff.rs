//! A model of the suite's own: a NEFF with a signature and nothing to run, laid out as the compiler's files
//! that were looked at. A runtime that does not interpret instructions loads it; others need `--neff`.

use std::io::Write;

use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};

/// Bytes of the header in front of the archive.
pub const HEADER_BYTES: usize = 1024;

/// Name, bytes and kind of each tensor of the model.
const TENSORS: [(&str, usize, &str); 3] = [("x", 4096, "input"), ("y", 64, "input"), ("out", 4096, "output")];

/// A NEFF that is about to be written, or spoiled first.
#[derive(Debug, Clone)]
pub struct Neff {
    target: &'static str,
    lnc: u32,
    left_out: Option<&'static str>,
    function: &'static str,
}

impl Neff {
    /// A model for hardware that compilers call `target`, for logical cores of `lnc` physical ones.
    #[must_use]
    pub fn new(target: &'static str, lnc: u32) -> Neff {
        Neff { target, lnc: lnc.max(1), left_out: None, function: "__kelf" }
    }

    /// For other hardware.
    #[must_use]
    pub fn target(mut self, target: &'static str) -> Neff {
        self.target = target;
        self
    }

    /// For logical cores of another size.
    #[must_use]
    pub fn lnc(mut self, lnc: u32) -> Neff {
        self.lnc = lnc;
        self
    }

    /// What hardware it is for.
    #[must_use]
    pub fn hardware(&self) -> &'static str {
        self.target
    }

    /// Without the file of this name.
    #[must_use]
    pub fn without(mut self, file: &'static str) -> Neff {
        self.left_out = Some(file);
        self
    }

    /// With a graph whose only node calls another function.
    #[must_use]
    pub fn calling(mut self, function: &'static str) -> Neff {
        self.function = function;
        self
    }

    /// A name for the file.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("model-{}-lnc{}.neff", self.target, self.lnc)
    }

    /// Header and archive.
    ///
    /// # Panics
    /// Never: memory takes every write.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let archive = self.archive();
        let mut bytes = vec![0; HEADER_BYTES];
        let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
        put(0, &2_u64.to_le_bytes()); // how it is packaged: hashed with MD5
        put(8, &(HEADER_BYTES as u64).to_le_bytes());
        put(16, &(archive.len() as u64).to_le_bytes());
        put(24, &2_u64.to_le_bytes()); // major version of the format
        put(168, &1_u32.to_le_bytes()); // cores that run it well
        put(204, b"nrt-conformance!"); // identity
        put(220, b"file.neff");
        put(476, &1_u32.to_le_bytes());
        put(480, &[1]);
        let features: u64 = if self.lnc > 1 { 0x400 } else { 0 };
        put(544, &features.to_le_bytes());
        put(552, &self.lnc.to_le_bytes());
        bytes.extend(archive);
        bytes
    }

    fn archive(&self) -> Vec<u8> {
        let cores = 0..self.lnc;
        let folders: Vec<String> = cores.map(|core| format!("sg{core:02}")).collect();
        let mut files =
            vec![("kelf-0.json".to_owned(), self.kelf(&folders)), ("neff.json".to_owned(), self.graph())];
        files.extend(folders.iter().map(|folder| (format!("{folder}/def.json"), definition())));
        files.retain(|(path, _)| Some(path.as_str()) != self.left_out);
        let mut builder = tar::Builder::new(Vec::new());
        for (path, json) in files {
            let content = serde_json::to_vec(&json).expect("plain data");
            let mut header = tar::Header::new_ustar();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, path, content.as_slice()).expect("memory takes it");
        }
        let tar = builder.into_inner().expect("memory takes it");
        let mut gzip = GzBuilder::new().write(Vec::new(), Compression::fast());
        gzip.write_all(&tar).expect("memory takes it");
        gzip.finish().expect("memory takes it")
    }

    fn kelf(&self, folders: &[String]) -> Value {
        let graph = |folder: &String| json!({"name": folder, "definition": format!("{folder}/def.json")});
        json!({"version": "0.5", "target": self.target, "graphs": folders.iter().map(graph).collect::<Vec<_>>()})
    }

    fn graph(&self) -> Value {
        let names = |kind| TENSORS.iter().filter(move |tensor| tensor.2 == kind).map(|tensor| tensor.0);
        let inputs = names("input").count();
        let mut nodes: Vec<Value> = names("input")
            .map(|name| json!({"op": "null", "name": name, "inputs": [], "output_names": [name], "is_param": "0"}))
            .collect();
        nodes.push(json!({
            "op": "tvm_op",
            "name": "sg_core",
            "attrs": {
                "func_name": self.function,
                "flatten_data": "0",
                "kelf": "kelf-0.json",
                "num_inputs": inputs.to_string(),
                "num_outputs": "1",
            },
            "inputs": (0..inputs).map(|node| json!([node, 0, 0])).collect::<Vec<_>>(),
            "output_names": names("output").collect::<Vec<_>>(),
        }));
        let shapes: Vec<Value> = TENSORS.iter().map(|tensor| json!([tensor.1])).collect();
        json!({
            "nodes": nodes,
            "arg_nodes": (0..inputs).collect::<Vec<_>>(),
            "heads": [[inputs, 0, 0]],
            "attrs": {
                "dltype": ["list_str", TENSORS.map(|_| "uint8")],
                "shape": ["list_shape", shapes],
                "storage_id": ["list_int", (0..TENSORS.len()).collect::<Vec<_>>()],
            },
            "node_row_ptr": (0..=inputs + 1).collect::<Vec<_>>(),
        })
    }
}

fn definition() -> Value {
    let variables = TENSORS.iter().zip(1..).map(|((name, size, kind), id)| {
        ((*name).to_owned(), json!({"type": kind, "size": size, "var_id": id, "ops": []}))
    });
    json!({
        "name": "definition",
        "version": "0.6",
        "var": Value::Object(variables.collect()),
        "dma_queue": {},
        "neff_features": [],
    })
}
