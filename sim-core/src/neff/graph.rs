use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::archive::normalised;
use super::error::NeffError;
use super::files::Files;
use super::json::List;
use super::{DIMS_MAX, Dtype};

/// Nodes, entries and outputs that one graph may have; real ones have as many as tensors, a few thousand.
const ENTRIES_MAX: usize = 1 << 16;

/// The elements in each dimension of a tensor.
pub(super) type Shape = List<u64, DIMS_MAX>;

/// What `neff.json` says: which node runs the binaries, and the types of everything between the nodes.
///
/// The form is that of a TVM graph. A node has one entry for each of its outputs, counted over all nodes;
/// the lists `dltype` and `shape` are indexed by entry (observed).
#[derive(Debug, Deserialize)]
pub(super) struct Graph {
    nodes: Nodes,
    /// The first entry of each node.
    #[serde(default)]
    node_row_ptr: Option<List<usize, { ENTRIES_MAX + 1 }>>,
    #[serde(default)]
    attrs: Attributes,
}

#[derive(Debug, Deserialize)]
struct Node {
    #[serde(default)]
    name: String,
    #[serde(default)]
    attrs: NodeAttributes,
    #[serde(default)]
    output_names: List<String, ENTRIES_MAX>,
}

#[derive(Debug, Default, Deserialize)]
struct NodeAttributes {
    func_name: Option<String>,
    kelf: Option<String>,
}

/// Each list follows the name of its type.
#[derive(Debug, Default, Deserialize)]
struct Attributes {
    dltype: Option<(IgnoredAny, List<Dtype, ENTRIES_MAX>)>,
    shape: Option<(IgnoredAny, List<Shape, ENTRIES_MAX>)>,
}

/// At most [`ENTRIES_MAX`] nodes, which together have no more than twice as many entries: a list for each
/// node, each within its bound, could still be out of all proportion to the file.
#[derive(Debug)]
struct Nodes(Vec<Node>);

impl<'de> Deserialize<'de> for Nodes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Nodes, D::Error> {
        deserializer.deserialize_seq(NodesVisitor)
    }
}

struct NodesVisitor;

impl<'de> Visitor<'de> for NodesVisitor {
    type Value = Nodes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an array of nodes with at most {ENTRIES_MAX} entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Nodes, A::Error> {
        let mut nodes = Vec::new();
        let mut entries = 0;
        while let Some(node) = seq.next_element::<Node>()? {
            if entries >= ENTRIES_MAX {
                return Err(A::Error::invalid_length(entries + 1, &self));
            }
            entries += node.output_names.0.len().max(1);
            nodes.push(node);
        }
        Ok(Nodes(nodes))
    }
}

impl Graph {
    /// Reads the graph and checks that it has a node to run; gate 9.
    pub(super) fn read(files: &Files) -> Result<Graph, NeffError> {
        let path = ["neff.json", "kelp.json"].into_iter().find(|path| files.get(path).is_some());
        let path = path.ok_or(NeffError::NoGraph)?;
        let graph: Graph = files.json(path)?;
        graph.kelf_node()?;
        Ok(graph)
    }

    /// Which file lists the binaries. Graphs with several such nodes have not been seen; the first counts.
    pub(super) fn kelf(&self, files: &Files) -> Result<String, NeffError> {
        match &self.kelf_node()?.attrs.kelf {
            Some(path) => normalised(path),
            None if files.get("kelf-0.json").is_some() => Ok("kelf-0.json".to_owned()),
            None => Ok("kelf-a.json".to_owned()),
        }
    }

    /// Type and shape of each tensor that has a name. Each physical core repeats the outputs: the first
    /// of a name counts.
    pub(super) fn described(&self) -> BTreeMap<&str, (Option<Dtype>, Option<&Shape>)> {
        let dtypes = self.attrs.dltype.as_ref().map_or(&[][..], |(_, list)| &list.0);
        let shapes = self.attrs.shape.as_ref().map_or(&[][..], |(_, list)| &list.0);
        let rows = self.node_row_ptr.as_ref().map_or(&[][..], |list| &list.0);
        let mut described = BTreeMap::new();
        let mut next = 0_usize;
        for (index, node) in self.nodes.0.iter().enumerate() {
            let row = rows.get(index).copied().unwrap_or(next);
            let mut names: Vec<&str> = node.output_names.0.iter().map(String::as_str).collect();
            if names.is_empty() {
                names.push(&node.name);
            }
            for (offset, name) in names.iter().enumerate() {
                let entry = row.saturating_add(offset);
                let about = (dtypes.get(entry).copied(), shapes.get(entry));
                described.entry(*name).or_insert(about);
            }
            next = row.saturating_add(names.len());
        }
        described
    }

    fn kelf_node(&self) -> Result<&Node, NeffError> {
        let runs = |node: &&Node| node.attrs.func_name.as_deref() == Some("__kelf");
        self.nodes.0.iter().find(runs).ok_or(NeffError::NoKelf)
    }
}
