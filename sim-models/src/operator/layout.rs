//! What a tensor must be to be computed with, and which tensors an operator is for.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use sim_core::neff::TensorSpec;

use crate::element::Element;
use crate::recipe::Refusal;
use crate::signature::{Signature, tensor};

/// A run over at most so many bytes that it only moves, or so many elements that it computes with, takes a
/// few microseconds (measured for the slowest types, see the benchmark of kernels).
const LIGHT_BYTES: usize = 64 << 10;
const LIGHT_ELEMENTS: usize = 1 << 10;

/// A tensor whose size is that of its elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    /// Its place among the model's inputs, or outputs.
    pub(super) place: usize,
    /// What its bytes mean.
    pub(super) element: Element,
    /// Elements in each dimension.
    pub(super) dims: Vec<usize>,
    /// Elements in all; with their bytes, no more than `isize::MAX`.
    pub(super) count: usize,
    /// For messages: name, type and shape.
    pub(super) text: String,
}

impl Layout {
    /// That of `spec`, at `place`. A tensor of which the NEFF gives no shape is one row of elements.
    pub(super) fn of(place: usize, spec: &TensorSpec) -> Result<Layout, Refusal> {
        let text = tensor(spec);
        let Some(element) = Element::of(spec.dtype) else {
            return refuse(format!(
                "{text} has elements of unknown type; bind a kernel that only moves bytes, such as echo"
            ));
        };
        let misfit = || {
            Refusal(format!(
                "{text} has {} bytes, which is not its elements times {} bytes each; bind a kernel that \
                 only moves bytes, such as echo",
                spec.size,
                element.bytes()
            ))
        };
        let size = isize::try_from(spec.size).map_err(|_| misfit())?.unsigned_abs();
        let row = size / element.bytes();
        let dims = if spec.shape.is_empty() && row != 1 {
            vec![row]
        } else {
            let dims = spec.shape.iter().map(|&dim| isize::try_from(dim).map(isize::unsigned_abs));
            dims.collect::<Result<_, _>>().map_err(|_| misfit())?
        };
        let count = dims.iter().try_fold(1_usize, |count, &dim| count.checked_mul(dim));
        match count {
            Some(count) if count.checked_mul(element.bytes()) == Some(size) => {
                Ok(Layout { place, element, dims, count, text })
            }
            _ => Err(misfit()),
        }
    }

    /// That of the model's only output.
    pub(super) fn of_output(operator: &str, signature: &Signature) -> Result<Layout, Refusal> {
        let [output] = signature.outputs.as_slice() else {
            return refuse(format!(
                "{operator} has one output; the model has {}: {}",
                signature.outputs.len(),
                names(&signature.outputs)
            ));
        };
        Layout::of(0, output)
    }

    /// Those of the inputs called `chosen`, in that order, or else of all.
    pub(super) fn of_inputs(
        signature: &Signature,
        chosen: Option<&[String]>,
    ) -> Result<Vec<Layout>, Refusal> {
        let places = places(signature, chosen)?;
        places.into_iter().map(|place| Layout::of(place, &signature.inputs[place])).collect()
    }

    /// An input for each output: those called `chosen`, or else all, in order.
    pub(super) fn of_pairs(
        operator: &str,
        signature: &Signature,
        chosen: Option<&[String]>,
    ) -> Result<Vec<[Layout; 2]>, Refusal> {
        let inputs = Layout::of_inputs(signature, chosen)?;
        check_pairs(operator, signature, inputs.len())?;
        let outputs = (0..).zip(&signature.outputs);
        let pair = |(input, (place, output)): (_, (_, &TensorSpec))| Ok([input, Layout::of(place, output)?]);
        inputs.into_iter().zip(outputs).map(pair).collect()
    }

    /// Refuses a tensor of other dimensions than `input`.
    pub(super) fn check_shape(&self, operator: &str, input: &Layout) -> Result<(), Refusal> {
        if self.dims == input.dims {
            return Ok(());
        }
        refuse(format!("{operator} keeps the shape, but {} and {} differ in it", input.text, self.text))
    }

    /// Refuses a tensor of another type than `input`.
    pub(super) fn check_element(&self, operator: &str, input: &Layout) -> Result<(), Refusal> {
        if self.element == input.element {
            return Ok(());
        }
        refuse(format!(
            "{operator} keeps the type of the elements, but {} and {} differ in it; cast would change it",
            input.text, self.text
        ))
    }
}

/// The refusal that says `reason`.
pub(super) fn refuse<T>(reason: String) -> Result<T, Refusal> {
    Err(Refusal(reason))
}

/// The places of the inputs called `chosen`, in that order, or else of all.
pub(super) fn places(signature: &Signature, chosen: Option<&[String]>) -> Result<Vec<usize>, Refusal> {
    let Some(chosen) = chosen else { return Ok((0..signature.inputs.len()).collect()) };
    let place = |name: &String| {
        let place = signature.inputs.iter().position(|input| input.name == *name);
        place.ok_or_else(|| {
            let has = names(&signature.inputs);
            Refusal(format!("inputs names {name:?}, which the model does not have; it has {has}"))
        })
    };
    chosen.iter().map(place).collect()
}

/// Reads the names of `N` inputs; serde's own words for another number name no field.
pub(super) fn chosen<'de, D: Deserializer<'de>, const N: usize>(
    deserializer: D,
) -> Result<Option<[String; N]>, D::Error> {
    let names = Vec::deserialize(deserializer)?;
    names.try_into().map(Some).map_err(|names: Vec<String>| {
        D::Error::custom(format!("inputs = {names:?} has {} names where {N} are needed", names.len()))
    })
}

/// Refuses unless there are as many outputs as the `inputs` that were chosen.
pub(super) fn check_pairs(operator: &str, signature: &Signature, inputs: usize) -> Result<(), Refusal> {
    if inputs == signature.outputs.len() && inputs > 0 {
        return Ok(());
    }
    refuse(format!(
        "{operator} has an input for each output; here are {inputs} inputs and {} outputs: {signature}; \
         name as many in inputs",
        signature.outputs.len()
    ))
}

/// Whether moving so many `bytes` is light.
pub(super) fn is_light_to_move(bytes: u64) -> bool {
    bytes <= LIGHT_BYTES as u64
}

/// Whether computing with all of `tensors` is light.
pub(super) fn is_light<'a>(tensors: impl IntoIterator<Item = &'a Layout>) -> bool {
    let sum = tensors.into_iter().fold(0_usize, |sum, tensor| sum.saturating_add(tensor.count));
    sum <= LIGHT_ELEMENTS
}

fn names(specs: &[TensorSpec]) -> String {
    if specs.is_empty() {
        return "none".to_owned();
    }
    specs.iter().map(|spec| spec.name.as_str()).collect::<Vec<_>>().join(", ")
}
