//! For which hardware a model is made, as a user says it.

use std::str::FromStr;

use anyhow::{Error, anyhow};
use serde::{Deserialize, Deserializer};
use sim_core::neff::{Arch, Target};
use sim_core::profile::Profile;

/// A generation, by any of its names, or any at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TargetName(pub(crate) Target);

impl TargetName {
    /// The LNC that models for it mostly have: that of the machines when nothing else is said.
    pub(crate) fn default_lnc(self) -> u32 {
        match self.0 {
            Target::Any | Target::Arch(Arch::V2) => 1,
            Target::Arch(Arch::V3 | Arch::V4) => 2,
        }
    }
}

/// `any`, a generation (`v3`), its code name (`cayman`), a family (`trn2`) or an instance (`trn2.48xlarge`).
impl FromStr for TargetName {
    type Err = Error;

    fn from_str(text: &str) -> Result<TargetName, Error> {
        let target = match text {
            "any" | "*" => Target::Any,
            "v2" | "sunda" => Target::Arch(Arch::V2),
            "v3" | "cayman" => Target::Arch(Arch::V3),
            "v4" | "mariana" => Target::Arch(Arch::V4),
            name => {
                let profile = Profile::named(name).ok_or_else(|| {
                    anyhow!(
                        "there is no target `{name}`; expected any, a family (inf2, trn1, trn2, trn3), an instance, v2 to v4, sunda, cayman or mariana"
                    )
                })?;
                Target::Arch(profile.arch)
            }
        };
        Ok(TargetName(target))
    }
}

impl<'de> Deserialize<'de> for TargetName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<TargetName, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generation_has_many_names() {
        let names = [
            (Target::Any, &["any", "*"][..]),
            (Target::Arch(Arch::V2), &["v2", "sunda", "trn1", "inf2", "trn1.32xlarge"]),
            (Target::Arch(Arch::V3), &["v3", "cayman", "trn2", "trn2u.48xlarge"]),
            (Target::Arch(Arch::V4), &["v4", "mariana", "trn3"]),
        ];
        for (target, names) in names {
            for name in names {
                assert_eq!(name.parse::<TargetName>().expect("a target"), TargetName(target), "{name}");
            }
        }
        let error = "p5".parse::<TargetName>().expect_err("of another vendor").to_string();
        assert!(error.contains("`p5`") && error.contains("trn2"), "{error}");
    }
}
