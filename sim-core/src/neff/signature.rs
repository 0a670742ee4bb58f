use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::error::{NeffError, excerpt};
use super::files::Files;
use super::graph::{Graph, Shape};
use super::json::{Keep, Table};
use super::kelf::Kelf;
use super::{Dtype, TensorSpec, Usage};

/// Inputs and outputs of one binary, and of all together; models that are fed their weights have a few thousand.
const TENSORS_MAX: usize = 1 << 16;

/// The inputs and outputs of a model: inputs first, each half sorted by name.
///
/// Every physical core of a logical one describes the whole of each tensor, not its share (observed), so
/// a tensor that several have counts once. Should they disagree, the larger size counts (chosen here).
///
/// Type and shape are those of `neff.json`, or else of the `tensor_map.json` beside the binary, or else
/// unknown. They do not affect the size.
pub(super) fn read(files: &Files, graph: &Graph, kelf: &Kelf) -> Result<Vec<TensorSpec>, NeffError> {
    let described = graph.described();
    let mut tensors: BTreeMap<(Usage, String), TensorSpec> = BTreeMap::new();
    // A set, so that a long list of the same file costs no more than the file.
    for path in kelf.definitions.iter().collect::<BTreeSet<_>>() {
        let definition: Definition = files.json(path)?;
        let map = tensor_map(files, path)?;
        for (name, variable) in definition.var.0 {
            let Some(usage) = variable.role.usage() else { continue };
            let size = variable.size.ok_or_else(|| NeffError::Json {
                file: excerpt(path),
                reason: format!("no size for {:?}", excerpt(&name)),
            })?;
            let (dtype, shape) = described.get(name.as_str()).copied().unwrap_or_default();
            let mapped = map.0.get(&name);
            let dtype = dtype.or(mapped.and_then(|mapped| mapped.dtype)).unwrap_or_default();
            let shape = shape.or(mapped.and_then(|mapped| mapped.tf_shape.as_ref()));
            let shape = shape.map(|shape| shape.0.clone()).unwrap_or_default();
            if tensors.len() == TENSORS_MAX && !tensors.contains_key(&(usage, name.clone())) {
                return Err(NeffError::TooLarge { what: "inputs and outputs", limit: TENSORS_MAX as u64 });
            }
            let tensor = TensorSpec { name: name.clone(), usage, dtype, shape, size };
            let known = tensors.entry((usage, name)).or_insert(tensor);
            known.size = known.size.max(size);
        }
    }
    Ok(tensors.into_values().collect())
}

/// The map beside a definition, empty if there is none.
fn tensor_map(files: &Files, definition: &str) -> Result<Table<Mapped, TENSORS_MAX>, NeffError> {
    let path = format!("{}tensor_map.json", definition.strip_suffix("def.json").unwrap_or(definition));
    if files.get(&path).is_none() {
        return Ok(Table::default());
    }
    files.json(&path)
}

/// `def.json`: what one physical core runs and the variables it uses.
#[derive(Deserialize)]
struct Definition {
    #[serde(default)]
    var: Table<Variable, TENSORS_MAX>,
}

#[derive(Deserialize)]
struct Variable {
    #[serde(default, rename = "type")]
    role: Role,
    /// Bytes.
    size: Option<u64>,
}

/// An entry of `tensor_map.json`, where constants have no kind.
#[derive(Deserialize)]
struct Mapped {
    #[serde(default, rename = "kind")]
    role: Role,
    dtype: Option<Dtype>,
    /// The shape that the framework sees.
    tf_shape: Option<Shape>,
}

/// What a variable is for: of many kinds, two concern the caller.
#[derive(Deserialize, Clone, Copy, Default)]
#[serde(rename_all = "lowercase")]
enum Role {
    Input,
    Output,
    #[default]
    #[serde(other)]
    Other,
}

impl Role {
    fn usage(self) -> Option<Usage> {
        match self {
            Role::Input => Some(Usage::Input),
            Role::Output => Some(Usage::Output),
            Role::Other => None,
        }
    }
}

impl Keep for Variable {
    fn keep(&self) -> bool {
        self.role.usage().is_some()
    }
}

impl Keep for Mapped {
    fn keep(&self) -> bool {
        self.role.usage().is_some()
    }
}
