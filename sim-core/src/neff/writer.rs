use std::collections::BTreeMap;
use std::io;

use flate2::{Compression, GzBuilder};
use serde_json::{Map, Value, json};
use tar::Builder;

use super::{ATTACHMENTS, ENGINES, Header, Stats, Target, TensorSpec, Usage};

/// Bytes of a tape record; the compiler's archives are a multiple of it long (observed).
const RECORD_BYTES: usize = 10_240;

/// What gzip calls Unix.
const GZIP_UNIX: u8 = 3;

/// User and group of every file (observed).
const OWNER: u64 = 1000;

/// Makes a NEFF with a signature and nothing to run, laid out as the compiler does it.
///
/// Files, their order and their fields are those that were observed. Each engine of each physical core has its
/// two files, and that with the instructions is empty: whoever follows the names finds something, and nobody
/// can take it for a program. What belongs to instructions is left out: tables, constants, debug tables, the
/// queues and semaphores they use. Of the feature bits only that of LNC is ever set.
///
/// Equal builders make equal bytes: times are 0 and the identity follows from the content.
///
/// ```
/// use sim_core::neff::{Arch, Dtype, Neff, NeffBuilder, Policy, Target, TensorSpec, Usage};
///
/// let bytes = NeffBuilder::new("double", Target::Arch(Arch::V3))
///     .tensor(TensorSpec::new("x", Usage::Input, Dtype::Bf16, [128, 512]))
///     .tensor(TensorSpec::new("twice", Usage::Output, Dtype::Bf16, [128, 512]))
///     .build()?;
/// let neff = Neff::parse(&bytes, &Policy::default())?;
/// assert_eq!(neff.tensors[1].size, 131_072);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct NeffBuilder {
    name: String,
    target: Target,
    lnc: u32,
    tensors: Vec<TensorSpec>,
    stats: Stats,
    attachments: BTreeMap<String, Vec<u8>>,
}

impl NeffBuilder {
    /// A model without tensors, for one physical core.
    pub fn new(name: impl Into<String>, target: Target) -> NeffBuilder {
        NeffBuilder {
            name: name.into(),
            target,
            lnc: 1,
            tensors: Vec::new(),
            stats: Stats::default(),
            attachments: BTreeMap::new(),
        }
    }

    /// Compiles for logical cores of `lnc` physical ones, with a binary for each.
    #[must_use]
    pub fn lnc(mut self, lnc: u32) -> NeffBuilder {
        self.lnc = lnc;
        self
    }

    /// Adds an input or output. A name stands for one tensor: of two with the same name, the last counts.
    #[must_use]
    pub fn tensor(mut self, tensor: TensorSpec) -> NeffBuilder {
        self.tensors.retain(|other| other.name != tensor.name);
        self.tensors.push(tensor);
        self
    }

    /// States the work of a run.
    #[must_use]
    pub fn stats(mut self, stats: Stats) -> NeffBuilder {
        self.stats = stats;
        self
    }

    /// Adds a file for a simulator, called `name` in the folder `sim`.
    #[must_use]
    pub fn attach(mut self, name: impl Into<String>, content: impl Into<Vec<u8>>) -> NeffBuilder {
        self.attachments.insert(name.into(), content.into());
        self
    }

    /// The bytes of the NEFF.
    ///
    /// # Errors
    /// What the archive writer reports; nothing is known to cause it, since it writes to memory.
    pub fn build(&self) -> io::Result<Vec<u8>> {
        let data = archive(&self.files()?)?;
        let mut neff = Header::describing(&data, &self.name, self.lnc).to_bytes().to_vec();
        neff.extend(data);
        Ok(neff)
    }

    /// Every file of the archive, in its order: sorted by path, and the graph last, as the compiler has it.
    pub(super) fn files(&self) -> io::Result<Vec<(String, Vec<u8>)>> {
        let folders: Vec<String> = (0..self.lnc.max(1)).map(|core| format!("sg{core:02}")).collect();
        let mut texts = vec![
            (Stats::FILE.to_owned(), self.stats_json()),
            ("info.json".to_owned(), self.info_json()),
            ("kelf-0.json".to_owned(), self.kelf_json(&folders)),
        ];
        let mut files = Vec::new();
        for folder in &folders {
            for engine in ENGINES {
                let json =
                    json!({"dma": [], "instr": format!("{engine}.bin"), "name": format!("{engine}.json")});
                texts.push((format!("{folder}/{engine}.json"), json));
                files.push((format!("{folder}/{engine}.bin"), Vec::new()));
            }
            texts.push((format!("{folder}/def.json"), self.definition_json()));
            texts.push((format!("{folder}/tensor_map.json"), self.tensor_map_json()));
        }
        for (path, json) in texts {
            files.push((path, serde_json::to_vec_pretty(&json)?));
        }
        let attached = self.attachments.iter();
        files.extend(attached.map(|(name, content)| (format!("{ATTACHMENTS}/{name}"), content.clone())));
        files.sort();
        files.push(("neff.json".to_owned(), serde_json::to_vec_pretty(&self.graph_json(folders.len()))?));
        Ok(files)
    }

    /// All numbers that the compiler gives; −1 is unknown (observed).
    fn stats_json(&self) -> Value {
        let count = |number: Option<u64>| number.map_or(json!(-1), Value::from);
        let intensity = match (self.stats.macs, self.stats.traffic_bytes) {
            // A multiplication with addition counts as two operations (observed).
            (Some(macs), Some(bytes)) if bytes > 0 => 2.0 * macs as f64 / bytes as f64,
            _ => -1.0,
        };
        json!({
            "AliasedOutputSize": 0,
            "ArithmeticIntensity": intensity,
            "ConstantSize": 0,
            "HloInputCount": -1,
            "HloMacCount": count(self.stats.macs),
            "HloOutputCount": -1,
            "IfmapSize": 0,
            "OfmapSize": 0,
            "OutputsReadFromCount": -1,
            "PassthroughTensorsCount": -1,
            "RedundantOutputCount": -1,
            "Traffic": count(self.stats.traffic_bytes),
        })
    }

    /// Repeats fields of the header.
    fn info_json(&self) -> Value {
        let header = Header::describing(&[], &self.name, self.lnc);
        json!({
            "tool_version": "nrt-sim",
            "kelp_version": "Dynamic",
            "name": header.name,
            "num_tpb": header.num_tpb,
            "num_tpb_requested": header.requested_tpb,
            "num_tpb_per_node": header.tpb_per_node.to_vec(),
        })
    }

    fn kelf_json(&self, folders: &[String]) -> Value {
        let graph = |folder: &String| json!({"name": folder, "definition": format!("{folder}/def.json")});
        let graphs: Vec<Value> = folders.iter().map(graph).collect();
        json!({"graphs": graphs, "target": self.target.name(), "version": "0.5"})
    }

    /// One node for each input, then the node that runs; it has the outputs of every core.
    fn graph_json(&self, cores: usize) -> Value {
        let inputs = || self.having(Usage::Input);
        let outputs = || (0..cores).flat_map(|_| self.having(Usage::Output));
        let entries = || inputs().chain(outputs());
        let feeds: Vec<_> = (0..inputs().count()).map(|node| json!([node, 0, 0])).collect();
        let mut nodes: Vec<Value> = inputs()
            .map(|tensor| {
                let name = &tensor.name;
                json!({"op": "null", "name": name, "inputs": [], "output_names": [name], "is_param": "0"})
            })
            .collect();
        let kelf = nodes.len();
        nodes.push(json!({
            "op": "tvm_op",
            "name": "sg_core",
            "attrs": {
                "func_name": "__kelf",
                "flatten_data": "0",
                "kelf": "kelf-0.json",
                "num_inputs": inputs().count().to_string(),
                "num_outputs": outputs().count().to_string(),
            },
            "inputs": feeds,
            "output_names": outputs().map(|tensor| &tensor.name).collect::<Vec<_>>(),
        }));
        let about = |(id, tensor): (usize, &TensorSpec)| {
            let about = json!({"id": id, "dtype": tensor.dtype.name(), "shape": tensor.shape});
            (tensor.name.clone(), about)
        };
        let signature: Map<String, Value> = inputs().enumerate().map(about).collect();
        let mut rows: Vec<usize> = (0..=kelf).collect();
        rows.push(kelf + outputs().count());
        json!({
            "nodes": nodes,
            "arg_nodes": (0..kelf).collect::<Vec<_>>(),
            "heads": (0..outputs().count()).map(|index| json!([kelf, index, 0])).collect::<Vec<_>>(),
            "attrs": {
                "dltype": ["list_str", entries().map(|tensor| tensor.dtype.name()).collect::<Vec<_>>()],
                "shape": ["list_shape", entries().map(|tensor| &tensor.shape).collect::<Vec<_>>()],
                "storage_id": ["list_int", (0..entries().count()).collect::<Vec<_>>()],
            },
            "node_row_ptr": rows,
            "metadata": {"signatures": {"default": {"inputs": signature, "outputs": {}}}},
        })
    }

    /// What a physical core uses. Numbers go to the inputs first, then to the outputs.
    fn definition_json(&self) -> Value {
        let mut variables = Map::new();
        variables.insert("SB".to_owned(), json!({"type": "state-buffer", "var_id": 0}));
        for (id, tensor) in (1..).zip(self.having(Usage::Input).chain(self.having(Usage::Output))) {
            let kind = kind(tensor.usage);
            let variable = json!({"type": kind, "size": tensor.size, "var_id": id, "ops": []});
            variables.insert(tensor.name.clone(), variable);
        }
        let mut definition = json!({
            "#rank_world_size": 0,
            "cc_streams": {"num_streams": 0},
            "debug_info": {},
            "dma_queue": {},
            "name": "definition",
            "neff_features": if self.lnc > 1 { json!(["neff_feature_vnc"]) } else { json!([]) },
            "var": variables,
            "version": "0.6",
        });
        for (key, engine) in ["pe", "act", "pool", "dve", "sp"].into_iter().zip(ENGINES) {
            definition[key] = format!("{engine}.json").into();
            definition[format!("{key}_instr")] = format!("{engine}.bin").into();
        }
        definition
    }

    fn tensor_map_json(&self) -> Value {
        let entry = |tensor: &TensorSpec| {
            let about = json!({
                "dtype": tensor.dtype.name(),
                "is_const": false,
                "kind": kind(tensor.usage),
                "layer_name": tensor.name,
                "sim_format": "NC",
                "sim_shape": tensor.shape,
                "tf_file": format!("value_{}.npy", tensor.name),
                "tf_format": "NC",
                "tf_shape": tensor.shape,
            });
            (tensor.name.clone(), about)
        };
        Value::Object(self.tensors.iter().map(entry).collect())
    }

    fn having(&self, usage: Usage) -> impl Iterator<Item = &TensorSpec> {
        self.tensors.iter().filter(move |tensor| tensor.usage == usage)
    }
}

fn kind(usage: Usage) -> &'static str {
    match usage {
        Usage::Input => "input",
        Usage::Output => "output",
    }
}

/// A gzip'd tar of `files`, filled with zeros to a whole number of tape records, as the compiler packs it.
/// Times are 0 in both.
pub(super) fn archive(files: &[(String, Vec<u8>)]) -> io::Result<Vec<u8>> {
    let gzip = GzBuilder::new().operating_system(GZIP_UNIX).write(Vec::new(), Compression::fast());
    let mut builder = Builder::new(gzip);
    for (path, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o664);
        header.set_uid(OWNER);
        header.set_gid(OWNER);
        header.set_username("nobody")?;
        header.set_groupname("nobody")?;
        header.set_device_major(0)?;
        header.set_device_minor(0)?;
        builder.append_data(&mut header, path, content.as_slice())?;
    }
    let mut data = builder.into_inner()?.finish()?;
    data.resize(data.len().next_multiple_of(RECORD_BYTES), 0);
    Ok(data)
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};
    use proptest::sample::select;

    use super::*;
    use crate::neff::{Arch, DIMS_MAX, Dtype, Neff, Policy};

    fn any_target() -> impl Strategy<Value = Target> {
        let targets = [Arch::V2, Arch::V3, Arch::V4].map(Target::Arch);
        select(targets.into_iter().chain([Target::Any]).collect::<Vec<_>>())
    }

    fn any_signature() -> impl Strategy<Value = Vec<TensorSpec>> {
        let usage = select(vec![Usage::Input, Usage::Output]);
        let about = (usage, select(Dtype::ALL.to_vec()), vec(any::<u64>(), 0..=DIMS_MAX));
        btree_map(any::<String>(), about, 0..12).prop_map(|tensors| {
            let spec = |(name, (usage, dtype, shape))| TensorSpec::new(name, usage, dtype, shape);
            tensors.into_iter().map(spec).collect()
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            target in any_target(),
            lnc in 1..=2_u32,
            tensors in any_signature(),
            macs: Option<u64>,
        ) {
            let stats = Stats { macs, traffic_bytes: Some(0) };
            let mut builder = NeffBuilder::new("random", target).lnc(lnc).stats(stats);
            for tensor in tensors.iter().rev() {
                builder = builder.tensor(tensor.clone());
            }
            let bytes = builder.build().expect("memory takes every write");
            let policy = Policy { validate_hash: true, ..Policy::default() };
            let neff = Neff::parse(&bytes, &policy).expect("the compiler's layout");

            let mut sorted = tensors;
            sorted.sort_by_key(|tensor| (tensor.usage, tensor.name.clone()));
            prop_assert_eq!(neff.tensors, sorted);
            prop_assert_eq!((neff.target, neff.lnc, neff.binaries), (target, lnc, lnc));
            prop_assert_eq!((neff.name.as_str(), neff.stats), ("random", stats));
        }
    }

    #[test]
    fn equal_builders_make_equal_bytes() {
        let builder = NeffBuilder::new("twice", Target::Any);
        assert_eq!(builder.build().expect("in memory"), builder.build().expect("in memory"));
    }

    #[test]
    fn the_last_tensor_of_a_name_counts() {
        let tensor = |usage| TensorSpec::new("t", usage, Dtype::U8, [1]);
        let builder =
            NeffBuilder::new("", Target::Any).tensor(tensor(Usage::Input)).tensor(tensor(Usage::Output));
        let bytes = builder.build().expect("in memory");
        let neff = Neff::parse(&bytes, &Policy::default()).expect("the compiler's layout");
        assert_eq!(neff.tensors, [tensor(Usage::Output)]);
    }
}
