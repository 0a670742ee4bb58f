//! Instance profiles: how many devices, cores and banks a machine has, and how fast they are.

use serde::Deserialize;

use crate::neff::Arch;
use crate::rates::Rates;

/// The profiles that come with the simulator, smallest of each family first.
const BUILT_IN: [&str; 11] = [
    include_str!("../profiles/trn1.2xlarge.toml"),
    include_str!("../profiles/trn1.32xlarge.toml"),
    include_str!("../profiles/trn1n.32xlarge.toml"),
    include_str!("../profiles/inf2.xlarge.toml"),
    include_str!("../profiles/inf2.8xlarge.toml"),
    include_str!("../profiles/inf2.24xlarge.toml"),
    include_str!("../profiles/inf2.48xlarge.toml"),
    include_str!("../profiles/trn2.3xlarge.toml"),
    include_str!("../profiles/trn2.48xlarge.toml"),
    include_str!("../profiles/trn2u.48xlarge.toml"),
    include_str!("../profiles/trn3.48xlarge.toml"),
];

/// The longest that launching a request may take: far from where sums overflow.
const NS_MAX: u64 = 1_000_000_000_000_000;

/// The highest rate, in 10^9 a second: far from where products overflow.
const RATE_MAX: u64 = 1_000_000_000_000;

/// What a simulated machine is made of. Read from TOML; the built-in files are the examples.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Name of the instance type, such as `trn1.2xlarge`.
    pub name: String,
    /// Number of the instance family, as `nrt_get_instance_info` reports it.
    pub family: u32,
    /// Number of the instance size, as `nrt_get_instance_info` reports it.
    pub size: u32,
    /// Architecture of the cores.
    pub arch: Arch,
    /// Devices of the machine.
    pub devices: u32,
    /// Physical cores of each device.
    pub cores_per_device: u32,
    /// Physical cores to a logical core unless the program asks otherwise.
    pub default_lnc: u32,
    /// HBM banks of each device.
    pub banks_per_device: u32,
    /// Size of each bank in GiB.
    pub bank_gib: u64,
    /// MiB that each physical core takes from its bank at init.
    pub model_code_mib: u64,
    /// How long things take.
    pub time: Figures,
}

/// Durations and rates of a device, from which those of a logical core follow ([`Profile::rates`]).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    /// A run of a model, beside what it computes and moves, in nanoseconds.
    pub launch_ns: u64,
    /// A read, write or copy, beside its bytes, in nanoseconds.
    pub dma_ns: u64,
    /// Peak rate for FP32, in 10^9 operations a second; a MAC is two.
    pub fp32_gflops: u64,
    /// Peak rate for FP16, BF16 and FP32 that may be rounded on the way.
    pub fp16_gflops: u64,
    /// Peak rate for FP8.
    pub fp8_gflops: u64,
    /// Peak rate for 8-bit integers.
    pub int8_gops: u64,
    /// Memory of a device, in 10^9 bytes a second.
    pub hbm_gb_per_s: u64,
    /// Copies within a device, in 10^9 bytes a second.
    pub dma_gb_per_s: u64,
    /// Host to device and back, in 10^9 bytes a second.
    pub host_gb_per_s: u64,
    /// By how many thousandths a duration varies up and down.
    pub jitter_permille: u64,
}

/// What is wrong with a profile.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// Not TOML, or not a profile's keys.
    #[error("{0}")]
    Text(#[from] toml::de::Error),
    /// A number no machine can have.
    #[error("{0}")]
    Shape(&'static str),
}

impl Profile {
    /// Names of the built-in profiles.
    pub fn names() -> Vec<String> {
        BUILT_IN.iter().map(|text| Profile::built_in(text).name).collect()
    }

    /// The built-in profile called `name`, or the smallest of the family called `name` (`trn2`).
    pub fn named(name: &str) -> Option<Profile> {
        let mut all = BUILT_IN.iter().map(|text| Profile::built_in(text));
        all.find(|profile| profile.name == name || profile.name.split('.').next() == Some(name))
    }

    /// Reads a profile from TOML, strictly.
    ///
    /// # Errors
    /// An unknown or missing key, or a shape that no machine can have.
    pub fn parse(text: &str) -> Result<Profile, ProfileError> {
        let profile: Profile = toml::from_str(text)?;
        profile.check().map_err(ProfileError::Shape)?;
        Ok(profile)
    }

    fn built_in(text: &str) -> Profile {
        Profile::parse(text).expect("the built-in profiles are tested")
    }

    fn check(&self) -> Result<(), &'static str> {
        let fail = |wrong: bool, what| if wrong { Err(what) } else { Ok(()) };
        fail(self.devices == 0 || self.devices > 64, "devices must be 1 to 64")?;
        fail(!self.cores_per_device.is_power_of_two() || self.cores_per_device > 8, {
            "cores_per_device must be 1, 2, 4 or 8"
        })?;
        fail(self.devices * self.cores_per_device > 256, "a process has at most 256 cores")?;
        fail(self.default_lnc == 0 || !self.cores_per_device.is_multiple_of(self.default_lnc), {
            "default_lnc must divide cores_per_device"
        })?;
        fail(self.banks_per_device == 0 || !self.cores_per_device.is_multiple_of(self.banks_per_device), {
            "banks_per_device must divide cores_per_device"
        })?;
        fail(self.bank_gib == 0 || self.bank_gib > 1024, "bank_gib must be 1 to 1024")?;
        let model_code_mib = self.model_code_mib.saturating_mul(u64::from(self.cores_per_bank()));
        fail(model_code_mib > self.bank_gib << 10, "model_code_mib does not fit into a bank")?;
        let Figures { fp32_gflops, fp16_gflops, fp8_gflops, int8_gops, .. } = self.time;
        let Figures { hbm_gb_per_s, dma_gb_per_s, host_gb_per_s, .. } = self.time;
        let rates =
            [fp32_gflops, fp16_gflops, fp8_gflops, int8_gops, hbm_gb_per_s, dma_gb_per_s, host_gb_per_s];
        fail(!rates.iter().all(|rate| (1..=RATE_MAX).contains(rate)), "a rate must be 1 to 10^12")?;
        fail(
            self.time.launch_ns.max(self.time.dma_ns) > NS_MAX,
            "launch_ns and dma_ns must be at most 10^15",
        )?;
        fail(self.time.jitter_permille > 1000, "jitter_permille must be at most 1000")
    }

    /// Physical cores that share a bank.
    pub fn cores_per_bank(&self) -> u32 {
        self.cores_per_device / self.banks_per_device
    }

    /// Size of a bank.
    pub fn bank_bytes(&self) -> u64 {
        self.bank_gib << 30
    }

    /// What each physical core takes from its bank at init.
    pub fn model_code_bytes(&self) -> u64 {
        self.model_code_mib << 20
    }

    /// What the durations of requests on a logical core of `lnc` physical cores are computed from.
    pub fn rates(&self, lnc: u32) -> Rates {
        Rates::new(self, lnc)
    }

    /// Logical cores of the machine when `lnc` physical cores make one.
    pub fn logical_cores(&self, lnc: u32) -> u32 {
        self.devices * self.cores_per_device / lnc
    }
}

#[cfg(test)]
mod tests {
    use super::{BUILT_IN, Profile};

    #[test]
    fn every_built_in_profile_is_valid_and_found_by_name() {
        for name in Profile::names() {
            let profile = Profile::named(&name).expect("found by its own name");
            assert_eq!(profile.name, name);
            profile.check().expect("valid");
        }
        assert_eq!(Profile::names().len(), 11);
        assert_eq!(Profile::named("trn2").map(|p| p.name).as_deref(), Some("trn2.3xlarge"));
        assert_eq!(Profile::named("p5"), None);
    }

    #[test]
    fn the_documented_shapes_hold() {
        let shape = |name: &str, lnc| {
            let p = Profile::named(name).expect("built in");
            (p.logical_cores(lnc), u64::from(p.banks_per_device) * p.bank_gib)
        };
        assert_eq!(shape("inf2.48xlarge", 1), (24, 32));
        assert_eq!(shape("trn1.2xlarge", 1), (2, 32));
        assert_eq!(shape("trn1.32xlarge", 1), (32, 32));
        assert_eq!(shape("trn2.48xlarge", 2), (64, 96));
        assert_eq!(shape("trn2u.48xlarge", 1), (128, 96));
        assert_eq!(shape("trn3", 2), (64, 144));
    }

    #[test]
    fn each_figure_has_its_source() {
        for line in BUILT_IN.iter().flat_map(|text| text.lines()).filter(|line| line.contains(" = ")) {
            let (figure, source) = line.split_once(" # ").unwrap_or((line, ""));
            let is_named = |kind: &str| {
                // `measured by NAME (where)`, `documented (page)`
                let rest = source.split_once(kind).map_or("", |(_, rest)| rest);
                rest.split_once(" (")
                    .is_some_and(|(_, page)| page.split_once(')').is_some_and(|(p, _)| !p.is_empty()))
            };
            let is_sourced =
                is_named("measured by ") || is_named("documented") || source.contains("chosen here");
            assert!(figure.starts_with("name = ") || is_sourced, "no source: {line}");
        }
    }

    #[test]
    fn a_profile_that_cannot_be_is_refused() {
        let text = include_str!("../profiles/trn1.2xlarge.toml");
        for (from, to) in [
            ("devices = 1", "devices = 0"),
            ("cores_per_device = 2", "cores_per_device = 3"),
            ("bank_gib = 16", "bank_gib = 0"),
            ("size = 1", "sizes = 1"),
            ("hbm_gb_per_s = 820", "hbm_gb_per_s = 0"),
            ("fp32_gflops = 47500", "fp32_gflops = 0"),
            ("int8_gops = 380000", "int8_gops = 1000000000001"),
            ("host_gb_per_s = 16", "host_gb_per_s = 9223372036854775807"),
            ("model_code_mib = 96", "model_code_mib = 16385"),
            ("model_code_mib = 96", "model_code_mib = 8796093022208"), // 2^63 bytes, twice
            ("launch_ns = 13000", "launch_ns = 9223372036854775807"),
        ] {
            assert!(text.contains(from), "the test follows the file: {from}");
            assert!(Profile::parse(&text.replacen(from, to, 1)).is_err(), "{to}");
        }
    }
}
