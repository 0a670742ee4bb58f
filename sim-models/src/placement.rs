//! What is told about a model that was loaded, from one process to another: one line of JSON.

use serde::{Deserialize, Serialize};

/// Which model was loaded with which kernel, and who wanted that.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Placement {
    /// Name of the model.
    pub model: String,
    /// Logical core it is on.
    pub core: u8,
    /// The kernel in words.
    pub kernel: String,
    /// Who wanted it, in words.
    pub origin: String,
    /// The entry of the bindings file that is for the model, if there is one; counted from 1.
    pub entry: Option<usize>,
}
