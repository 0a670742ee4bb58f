//! Which kernel, in a user's words: `"relu"`, or `{ use = "softmax", axis = 0 }`.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, MapDeserializer};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use sim_core::kernel::Kernel;

use crate::compute::{Buffered, Watch};
use crate::golden::Golden;
use crate::mix::Mix;
use crate::onnx::Onnx;
use crate::operator::combine::{Add, Mul};
use crate::operator::constant::Constant;
use crate::operator::convert::{Cast, Relu};
use crate::operator::copy::{Echo, Identity, Zeros};
use crate::operator::matmul::Matmul;
use crate::operator::reduce::Reduce;
use crate::operator::softmax::Softmax;
use crate::plugin::Plugin;
use crate::recipe::{Recipe, Refusal, Subject};
use crate::signature::Signature;

/// A kernel by its name, with its settings.
///
/// Its name alone stands for itself with no settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Spec(Named);

/// What can be asked for. The name of each is its variant's in small letters, with `_` between words.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
#[serde(tag = "use", rename_all = "snake_case")]
enum Named {
    Mix(NoSettings),
    Zeros(Zeros),
    Echo(Echo),
    Identity(Identity),
    Constant(Constant),
    Add(Add),
    Mul(Mul),
    Matmul(Matmul),
    Reduce(Reduce),
    Relu(Relu),
    Softmax(Softmax),
    Cast(Cast),
    Golden(Golden),
    Plugin(Plugin),
    Onnx(Onnx),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct NoSettings {}

impl Spec {
    /// [`crate::mix`].
    pub fn mix() -> Spec {
        Spec(Named::Mix(NoSettings {}))
    }

    /// [`Zeros`].
    pub fn zeros() -> Spec {
        Spec(Named::Zeros(Zeros {}))
    }

    /// [`Echo`].
    pub fn echo() -> Spec {
        Spec(Named::Echo(Echo::default()))
    }

    /// The kernel for the model `subject`, whose failures `watch` is told of.
    ///
    /// # Errors
    /// What about the model or the settings does not fit.
    pub fn kernel(&self, subject: &Subject<'_>, watch: Watch) -> Result<Box<dyn Kernel>, Refusal> {
        let Some(recipe) = self.recipe() else {
            let identity = [subject.uuid.as_slice(), subject.name.as_bytes()].concat();
            return Ok(Box::new(Mix::new(&identity)));
        };
        let compute = recipe.prepare(subject)?;
        Ok(Box::new(Buffered::new(compute, &subject.signature.outputs, watch)))
    }

    /// Whether it takes the plug-in for ONNX.
    pub fn is_onnx(&self) -> bool {
        matches!(self.0, Named::Onnx(_))
    }

    /// How often a run over tensors of `signature` multiplies and adds, where that is what the kernel is
    /// made of; none for others, and for tensors it does not suit.
    pub fn macs(&self, signature: &Signature) -> Option<u64> {
        match &self.0 {
            Named::Matmul(matmul) => matmul.macs(signature),
            _ => None,
        }
    }

    /// What computes with copies of the tensors; none for the mix, which needs none.
    pub(crate) fn recipe(&self) -> Option<&dyn Recipe> {
        Some(match &self.0 {
            Named::Mix(_) => return None,
            Named::Zeros(zeros) => zeros,
            Named::Echo(echo) => echo,
            Named::Identity(identity) => identity,
            Named::Constant(constant) => constant,
            Named::Add(add) => add,
            Named::Mul(mul) => mul,
            Named::Matmul(matmul) => matmul,
            Named::Reduce(reduce) => reduce,
            Named::Relu(relu) => relu,
            Named::Softmax(softmax) => softmax,
            Named::Cast(cast) => cast,
            Named::Golden(golden) => golden,
            Named::Plugin(plugin) => plugin,
            Named::Onnx(onnx) => onnx,
        })
    }
}

/// The name, and the file if it is one's content that computes.
impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Named::Mix(_) => f.write_str("mix"),
            Named::Zeros(_) => f.write_str("zeros"),
            Named::Echo(_) => f.write_str("echo"),
            Named::Identity(_) => f.write_str("identity"),
            Named::Constant(_) => f.write_str("constant"),
            Named::Add(_) => f.write_str("add"),
            Named::Mul(_) => f.write_str("mul"),
            Named::Matmul(_) => f.write_str("matmul"),
            Named::Reduce(_) => f.write_str("reduce"),
            Named::Relu(_) => f.write_str("relu"),
            Named::Softmax(_) => f.write_str("softmax"),
            Named::Cast(_) => f.write_str("cast"),
            Named::Golden(golden) => write!(f, "golden {}", golden.file),
            Named::Plugin(plugin) => write!(f, "plugin {}", plugin.library),
            Named::Onnx(onnx) => write!(f, "onnx {}", onnx.file),
        }
    }
}

impl<'de> Deserialize<'de> for Spec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Spec, D::Error> {
        deserializer.deserialize_any(SpecVisitor)
    }
}

struct SpecVisitor;

impl<'de> Visitor<'de> for SpecVisitor {
    type Value = Spec;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(r#"the name of a kernel, or a table such as { use = "softmax", axis = 0 }"#)
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Spec, E> {
        let table = [("use", name)].into_iter();
        Named::deserialize(MapDeserializer::new(table)).map(Spec)
    }

    fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Spec, A::Error> {
        Named::deserialize(MapAccessDeserializer::new(table)).map(Spec)
    }
}
