use std::collections::BTreeMap;

use serde::Deserialize;

use super::error::{NeffError, excerpt};
use super::files::Files;
use super::graph::Graph;
use super::kelf::{Arch, Kelf, Target};
use super::{Header, Limits, Stats, TensorSpec, signature};

/// How strictly a NEFF is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policy {
    /// Compare the hash of the data with the header, as `NEURON_RT_VALIDATE_HASH` asks for.
    pub validate_hash: bool,
    /// How large an archive may be.
    pub limits: Limits,
}

/// What a model is to run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// Generation of the devices.
    pub arch: Arch,
    /// Physical cores that make up a logical one.
    pub lnc: u32,
    /// Physical cores of a device.
    pub cores_per_device: u32,
    /// Take models of other generations, as `NEURON_RT_ALLOW_LEGACY_NEFF` asks for.
    pub allow_legacy: bool,
}

/// A compiled model, as far as it matters without the hardware.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neff {
    /// The fixed fields.
    pub header: Header,
    /// Name of the model, from the header or else from `info.json`; often just `file.neff`.
    pub name: String,
    /// For what it was compiled.
    pub target: Target,
    /// Physical cores that make up the logical core it was compiled for.
    pub lnc: u32,
    /// Programs inside: one, or one for each of those physical cores.
    pub binaries: u32,
    /// Inputs, then outputs, each sorted by name.
    pub tensors: Vec<TensorSpec>,
    /// The compiler's numbers on the work of a run.
    pub stats: Stats,
    /// Files in the folder `sim` of the archive, by name: meant for a simulator, written by no compiler.
    pub attachments: BTreeMap<String, Vec<u8>>,
}

impl Neff {
    /// Reads the NEFF in `bytes`: gates 3 to 7, 9 and 10, in this order.
    ///
    /// # Errors
    /// The first gate that is closed.
    pub fn parse(bytes: &[u8], policy: &Policy) -> Result<Neff, NeffError> {
        let header = Header::parse(bytes)?;
        let data = header.data(bytes)?;
        if policy.validate_hash {
            header.check_hash(data)?;
        }
        let mut files = Files::unpack(data, &policy.limits)?;
        let graph = Graph::read(&files)?;
        let kelf = Kelf::read(&files, &graph.kelf(&files)?)?;
        let tensors = signature::read(&files, &graph, &kelf)?;
        Ok(Neff {
            name: name(&header, &files),
            target: kelf.target,
            lnc: header.lnc(),
            binaries: u32::try_from(kelf.definitions.len()).unwrap_or(u32::MAX),
            tensors,
            stats: Stats::read(&files),
            attachments: files.take_attachments(),
            header,
        })
    }

    /// Whether the model can run on `machine`: gates 11 to 13.
    ///
    /// With [`Machine::allow_legacy`] a model for other hardware passes; [`Target::runs_on`] then tells
    /// whether to warn. Later runtimes also compare a revision of the device (gate 14); where a NEFF
    /// states one is not known, so nothing is compared here.
    ///
    /// # Errors
    /// The first gate that is closed.
    pub fn check_against(&self, machine: &Machine) -> Result<(), NeffError> {
        if !self.target.runs_on(machine.arch) && !machine.allow_legacy {
            return Err(NeffError::WrongTarget { target: self.target, device: machine.arch });
        }
        // By its own count, so that a model for another LNC is told so below.
        if self.binaries != 1 && self.binaries != self.lnc {
            return Err(NeffError::Binaries { binaries: self.binaries, lnc: self.lnc });
        }
        if self.lnc > machine.cores_per_device {
            let (required, available) = (self.lnc, machine.cores_per_device);
            return Err(NeffError::NotEnoughCores { required, available });
        }
        if self.lnc != machine.lnc {
            return Err(NeffError::Lnc { neff: self.lnc, runtime: machine.lnc });
        }
        Ok(())
    }
}

/// The part of `info.json` that is of use.
#[derive(Deserialize, Default)]
struct Info {
    #[serde(default)]
    name: String,
}

fn name(header: &Header, files: &Files) -> String {
    if !header.name.is_empty() {
        return header.name.clone();
    }
    let info: Info = files.json("info.json").unwrap_or_default();
    excerpt(&info.name)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::neff::{Dtype, Usage};

    #[test]
    #[expect(clippy::disallowed_methods, reason = "where the sample is only the environment tells")]
    fn the_compilers_own_neff_is_read() {
        let Some(folder) = std::env::var_os("NRT_SPEC_DIR") else {
            println!("skipped: NRT_SPEC_DIR is not set");
            return;
        };
        let bytes = std::fs::read(Path::new(&folder).join("neff/matmul_small.neff")).expect("the sample");
        let neff = Neff::parse(&bytes, &Policy { validate_hash: true, ..Policy::default() });
        let neff = neff.expect("the sample is sound");
        let spec = |name, usage, shape: [u64; 2]| TensorSpec::new(name, usage, Dtype::Fp16, shape);
        let tensors = [
            spec("x", Usage::Input, [128, 256]),
            spec("y", Usage::Input, [256, 128]),
            spec("output0", Usage::Output, [128, 128]),
        ];
        assert_eq!(neff.tensors, tensors);
        assert_eq!((neff.lnc, neff.binaries, neff.target), (2, 2, Target::Arch(Arch::V3)));
        assert_eq!(neff.name, "file.neff");
        assert_eq!(neff.stats, Stats { macs: Some(4_194_304), traffic_bytes: Some(262_144) });
        assert_eq!(neff.header.to_bytes(), bytes[..1024]);
        let trn2 = Machine { arch: Arch::V3, lnc: 2, cores_per_device: 8, allow_legacy: false };
        assert_eq!(neff.check_against(&trn2), Ok(()));
    }
}
