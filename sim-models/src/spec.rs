//! Which kernel, in a user's words: `"relu"`, or `{ use = "softmax", axis = 0 }`.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, MapDeserializer};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use sim_core::kernel::Kernel;

use crate::compute::{Buffered, Watch};
use crate::mix::Mix;
use crate::plain::{Echo, Zeros};
use crate::recipe::{Recipe, Refusal, Subject};

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
        Spec(Named::Echo(Echo {}))
    }

    /// The kernel for the model `subject`, whose failures `watch` is told of.
    ///
    /// # Errors
    /// What about the model or the settings does not fit.
    pub fn kernel(&self, subject: &Subject<'_>, watch: Watch) -> Result<Box<dyn Kernel>, Refusal> {
        let recipe: &dyn Recipe = match &self.0 {
            Named::Mix(_) => {
                let identity = [subject.uuid.as_slice(), subject.name.as_bytes()].concat();
                return Ok(Box::new(Mix::new(&identity)));
            }
            Named::Zeros(zeros) => zeros,
            Named::Echo(echo) => echo,
        };
        let compute = recipe.prepare(subject)?;
        Ok(Box::new(Buffered::new(compute, &subject.signature.outputs, watch)))
    }
}

/// The name, and the file if it is one's content that computes.
impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Named::Mix(_) => f.write_str("mix"),
            Named::Zeros(_) => f.write_str("zeros"),
            Named::Echo(_) => f.write_str("echo"),
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
