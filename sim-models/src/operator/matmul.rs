//! The operator that multiplies matrices.

use matrixmultiply::sgemm;
use serde::Deserialize;

use super::chunk;
use super::layout::{Layout, chosen, refuse};
use super::scratch::Scratch;
use crate::compute::{Compute, Failure};
use crate::element::{Element, Float, Integer, Numbers};
use crate::recipe::{Recipe, Refusal, Subject};
use crate::signature::Signature;

/// Up to so many multiplications, and elements to convert, a run takes a few microseconds (measured, see the
/// benchmark of kernels).
const LIGHT_MACS: u64 = 20_000;
const LIGHT_INTEGER_MACS: u64 = 4096;
const LIGHT_ELEMENTS: usize = 2048;

/// The product of two matrices, or of as many as the leading dimensions say, which are the same for both
/// inputs and the output; a single right matrix does for all left ones.
///
/// Floats of any types are multiplied and summed as float32 and rounded once, to the type of the output.
/// Integers of any types wrap in two's complement, to the type of the output.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matmul {
    /// Names of the left and the right input.
    #[serde(default, deserialize_with = "chosen")]
    pub inputs: Option<[String; 2]>,
    /// Whether the left matrices are k by m, not m by k.
    #[serde(default)]
    pub transpose_a: bool,
    /// Whether the right matrices are n by k, not k by n.
    #[serde(default)]
    pub transpose_b: bool,
}

/// What is multiplied: `batch` times a matrix of `m` by `k` and one of `k` by `n`.
struct Plan {
    left: Operand,
    right: Operand,
    types: Types,
    batch: usize,
    m: usize,
    k: usize,
    n: usize,
}

#[derive(Clone, Copy)]
struct Operand {
    /// The place of the input.
    place: usize,
    transposed: bool,
    /// Elements from one matrix to the next; 0 if there is but one.
    step: usize,
}

#[derive(Clone, Copy)]
enum Types {
    Floats { left: Float, right: Float, output: Float },
    Integers { left: Integer, right: Integer, output: Integer },
}

struct Multiplying {
    plan: Plan,
    /// Left, right and output as float32, where they are not.
    scratch: Scratch<3>,
    light: bool,
}

impl Recipe for Matmul {
    fn prepare(&self, subject: &Subject<'_>) -> Result<Box<dyn Compute>, Refusal> {
        let plan = self.plan(subject.signature)?;
        let elements = plan.left_len().saturating_add(plan.right_len()).saturating_mul(plan.batch);
        let limit = match plan.types {
            Types::Floats { .. } => LIGHT_MACS,
            Types::Integers { .. } => LIGHT_INTEGER_MACS,
        };
        let light = plan.macs().is_some_and(|macs| macs <= limit) && elements <= LIGHT_ELEMENTS;
        Ok(Box::new(Multiplying { plan, scratch: Scratch::default(), light }))
    }
}

impl Matmul {
    /// How often a run over these tensors multiplies and adds; none if they do not suit, or if the number is
    /// too large.
    pub fn macs(&self, signature: &Signature) -> Option<u64> {
        self.plan(signature).ok()?.macs()
    }

    fn plan(&self, signature: &Signature) -> Result<Plan, Refusal> {
        let inputs = Layout::of_inputs(signature, self.inputs.as_ref().map(|names| &names[..]))?;
        let [left, right] = inputs.as_slice() else {
            return refuse(format!(
                "matmul needs two inputs, here are {}: {signature}; name the left and the right one in inputs",
                inputs.len()
            ));
        };
        let output = Layout::of_output("matmul", signature)?;
        let types = match (left.element, right.element, output.element) {
            (Element::Float(left), Element::Float(right), Element::Float(output)) => {
                Types::Floats { left, right, output }
            }
            (Element::Integer(left), Element::Integer(right), Element::Integer(output)) => {
                Types::Integers { left, right, output }
            }
            _ => {
                return refuse(format!(
                    "matmul takes floats or integers, not both: {}, {}, {}",
                    left.text, right.text, output.text
                ));
            }
        };
        let (left_batch, [m, k]) = matrices(left, self.transpose_a)?;
        let (right_batch, [right_k, n]) = matrices(right, self.transpose_b)?;
        if k != right_k {
            return refuse(format!(
                "matmul sums over {k} elements of {} but {right_k} of {}; transpose_a and transpose_b turn \
                 matrices round, inputs names the left one first",
                left.text, right.text
            ));
        }
        if !right_batch.is_empty() && right_batch != left_batch {
            return refuse(format!(
                "matmul needs the same leading dimensions in {} and {}, or none in the latter",
                left.text, right.text
            ));
        }
        let expected = [left_batch, &[m, n]].concat();
        if output.dims != expected {
            return refuse(format!(
                "matmul of {} and {} gives the shape {expected:?}, not that of {}",
                left.text, right.text, output.text
            ));
        }
        // The product of the leading dimensions may be too large only where another is 0.
        let batch = left_batch.iter().fold(1_usize, |all, dim| all.saturating_mul(*dim));
        let operand = |layout: &Layout, transposed, step| Operand { place: layout.place, transposed, step };
        let right_step = if right_batch.is_empty() { 0 } else { right.count / batch.max(1) };
        let left = operand(left, self.transpose_a, left.count / batch.max(1));
        let right = operand(right, self.transpose_b, right_step);
        let mut plan = Plan { left, right, types, batch, m, k, n };
        if right_step == 0 && !self.transpose_a {
            plan.m = m.saturating_mul(batch); // the left matrices, one below the other, are one
            plan.batch = 1;
        }
        Ok(plan)
    }
}

/// The leading dimensions of `tensor`, and the last two, in the order in which they are multiplied.
fn matrices(tensor: &Layout, transposed: bool) -> Result<(&[usize], [usize; 2]), Refusal> {
    let [batch @ .., rows, columns] = tensor.dims.as_slice() else {
        return refuse(format!("matmul needs two dimensions or more, {} has not", tensor.text));
    };
    Ok((batch, if transposed { [*columns, *rows] } else { [*rows, *columns] }))
}

impl Plan {
    fn macs(&self) -> Option<u64> {
        [self.m, self.k, self.n]
            .into_iter()
            .try_fold(self.batch as u64, |all, dim| all.checked_mul(dim as u64))
    }

    fn left_len(&self) -> usize {
        self.m.saturating_mul(self.k)
    }

    fn right_len(&self) -> usize {
        self.k.saturating_mul(self.n)
    }

    /// The elements of `values` that are the left and the right matrix number `nth`.
    fn operands<'a, T>(&self, left: &'a [T], right: &'a [T], nth: usize) -> (&'a [T], &'a [T]) {
        let left = &left[self.left.step * nth..][..self.left_len()];
        (left, &right[self.right.step * nth..][..self.right_len()])
    }

    fn multiply_floats(&self, left: &[f32], right: &[f32], output: &mut [f32]) {
        for (nth, output) in output.chunks_exact_mut(self.m * self.n).enumerate() {
            let (left, right) = self.operands(left, right, nth);
            let (m, k, n) = (self.m, self.k, self.n);
            let [left_row, left_column] = strides(m, k, self.left.transposed);
            let [right_row, right_column] = strides(k, n, self.right.transposed);
            let [row, column] = strides(m, n, false);
            let (a, b, c) = (left.as_ptr(), right.as_ptr(), output.as_mut_ptr());
            // SAFETY: the slices have m × k, k × n and m × n elements, and the strides are those of such
            // matrices, by rows or by columns, so that each element is within. The output is borrowed
            // mutably, so it overlaps neither input, and its elements are distinct.
            unsafe {
                sgemm(
                    m,
                    k,
                    n,
                    1.0,
                    a,
                    left_row,
                    left_column,
                    b,
                    right_row,
                    right_column,
                    0.0,
                    c,
                    row,
                    column,
                );
            }
        }
    }

    fn multiply_integers(&self, left: &[i64], right: &[i64], target: Integer, output: &mut [u8]) {
        let [left_row, left_column] = strides(self.m, self.k, self.left.transposed).map(isize::unsigned_abs);
        let [right_row, right_column] =
            strides(self.k, self.n, self.right.transposed).map(isize::unsigned_abs);
        let mut sums = vec![0_i64; self.n];
        for (nth, output) in output.chunks_exact_mut(self.m * self.n * target.bytes()).enumerate() {
            let (left, right) = self.operands(left, right, nth);
            for (row, output) in output.chunks_exact_mut(self.n * target.bytes()).enumerate() {
                sums.fill(0);
                for at in 0..self.k {
                    let factor = left[row * left_row + at * left_column];
                    let others = right[at * right_row..].iter().step_by(right_column);
                    for (sum, other) in sums.iter_mut().zip(others) {
                        *sum = sum.wrapping_add(factor.wrapping_mul(*other));
                    }
                }
                chunk::fill(target, output, sums.iter().map(|sum| i128::from(*sum)));
            }
        }
    }
}

/// Elements from one row to the next, and from one column to the next, of a matrix of `rows` by `columns`
/// that is stored by rows, or, `transposed`, by columns.
fn strides(rows: usize, columns: usize, transposed: bool) -> [isize; 2] {
    if transposed { [1, rows.cast_signed()] } else { [columns.cast_signed(), 1] }
}

impl Compute for Multiplying {
    fn compute(&self, inputs: &[&[u8]], outputs: &mut [&mut [u8]]) -> Result<(), Failure> {
        let plan = &self.plan;
        let (left, right) = (inputs[plan.left.place], inputs[plan.right.place]);
        let output = &mut *outputs[0];
        if plan.macs() == Some(0) {
            output.fill(0); // sums of nothing
            return Ok(());
        }
        match plan.types {
            Types::Floats { left: left_type, right: right_type, output: output_type } => {
                self.scratch.lend(|[lefts, rights, outputs]| {
                    let (left, right) = (left_type.view(left, lefts), right_type.view(right, rights));
                    if output_type == Float::F32 {
                        plan.multiply_floats(left, right, bytemuck::cast_slice_mut(output));
                    } else {
                        outputs.resize(output.len() / output_type.bytes(), 0.0);
                        plan.multiply_floats(left, right, outputs);
                        output_type.store(outputs, output);
                    }
                });
            }
            Types::Integers { left: left_type, right: right_type, output: output_type } => {
                let (left, right) = (widen(left_type, left), widen(right_type, right));
                plan.multiply_integers(&left, &right, output_type, output);
            }
        }
        Ok(())
    }

    fn is_light(&self, _bytes: u64) -> bool {
        self.light
    }
}

/// The lowest 64 bits of each element: all that a product of integers that wraps depends on.
fn widen(from: Integer, bytes: &[u8]) -> Vec<i64> {
    let mut wide = Vec::with_capacity(bytes.len() / from.bytes());
    chunk::each(from, bytes, |values| wide.extend(values.iter().map(|value| *value as i64)));
    wide
}
