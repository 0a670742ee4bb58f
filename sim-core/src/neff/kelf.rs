use std::fmt;

use serde::Deserialize;

use super::archive::normalised;
use super::error::{NeffError, excerpt};
use super::files::Files;
use super::json::List;

/// Binaries that one model may have; with two physical cores for a logical one, there are two at most.
const BINARIES_MAX: usize = 64;

/// A generation of the hardware.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arch {
    /// Inferentia 2 and Trainium 1, "sunda".
    V2,
    /// Trainium 2, "cayman".
    V3,
    /// Trainium 3, "mariana".
    V4,
}

impl Arch {
    /// The compiler's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Arch::V2 => "sunda",
            Arch::V3 => "cayman",
            Arch::V4 => "mariana",
        }
    }

    /// The runtime's number: 2, 3 or 4 (observed).
    #[must_use]
    pub fn number(self) -> u32 {
        match self {
            Arch::V2 => 2,
            Arch::V3 => 3,
            Arch::V4 => 4,
        }
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (v{})", self.name(), self.number())
    }
}

/// For what a model was compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Any generation, or none given.
    Any,
    /// One generation.
    Arch(Arch),
}

impl Target {
    /// Whether a device of this generation is what the model was compiled for.
    ///
    /// The runtime is lenient about it if `NEURON_RT_ALLOW_LEGACY_NEFF` is set, and warns instead.
    #[must_use]
    pub fn runs_on(self, device: Arch) -> bool {
        match self {
            Target::Any => true,
            Target::Arch(arch) => arch == device,
        }
    }

    /// What the compiler writes; both spellings of a generation are read (observed).
    pub(super) fn name(self) -> &'static str {
        match self {
            Target::Any => "*",
            Target::Arch(arch) => arch.name(),
        }
    }

    fn from_name(name: &str) -> Result<Target, NeffError> {
        match name {
            "" | "*" => Ok(Target::Any),
            "sunda" | "v2" => Ok(Target::Arch(Arch::V2)),
            "cayman" | "v3" => Ok(Target::Arch(Arch::V3)),
            "mariana" | "v4" => Ok(Target::Arch(Arch::V4)),
            _ => Err(NeffError::Target(excerpt(name))),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Any => f.write_str("any device"),
            Target::Arch(arch) => arch.fmt(f),
        }
    }
}

/// What the kelf file says: for which hardware the binaries are, and where each is described.
#[derive(Debug)]
pub(super) struct Kelf {
    pub(super) target: Target,
    /// Path of the `def.json` of each binary.
    pub(super) definitions: Vec<String>,
}

impl Kelf {
    /// Reads the kelf file `path`; gate 10.
    pub(super) fn read(files: &Files, path: &str) -> Result<Kelf, NeffError> {
        let raw: Raw = files.json(path)?;
        if !raw.version.contains('.') {
            return Err(NeffError::KelfVersion(excerpt(&raw.version)));
        }
        let target = Target::from_name(&raw.target)?;
        let definitions = raw.graphs.0.iter().map(|graph| definition(&graph.definition));
        Ok(Kelf { target, definitions: definitions.collect::<Result<_, _>>()? })
    }
}

/// The path of a description, which may be given as its folder.
fn definition(path: &str) -> Result<String, NeffError> {
    let path = normalised(path)?;
    let is_file = path.rsplit('/').next() == Some("def.json");
    Ok(if is_file { path } else { format!("{path}/def.json") })
}

#[derive(Deserialize)]
struct Raw {
    #[serde(default)]
    version: String,
    #[serde(default)]
    target: String,
    #[serde(default)]
    graphs: List<Binary, BINARIES_MAX>,
}

#[derive(Deserialize)]
struct Binary {
    definition: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generation_has_two_names_and_other_names_are_refused() {
        for (names, arch) in
            [(["sunda", "v2"], Arch::V2), (["cayman", "v3"], Arch::V3), (["mariana", "v4"], Arch::V4)]
        {
            for name in names {
                assert_eq!(Target::from_name(name), Ok(Target::Arch(arch)));
            }
        }
        assert_eq!(Target::from_name(""), Ok(Target::Any));
        assert_eq!(Target::from_name("*"), Ok(Target::Any));
        assert_eq!(Target::from_name("inferentia"), Err(NeffError::Target("inferentia".to_owned())));
    }

    #[test]
    fn a_definition_may_be_named_by_its_folder() {
        assert_eq!(definition("sg00"), Ok("sg00/def.json".to_owned()));
        assert_eq!(definition("./sg00/def.json"), Ok("sg00/def.json".to_owned()));
        assert!(matches!(definition("../sg00"), Err(NeffError::Path(_))));
    }
}
