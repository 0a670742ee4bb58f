//! Which machine is simulated: `--instance` and `--lnc`.

use std::env;
use std::ffi::OsStr;
use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::Args;
use sim_core::neff::{Arch, Neff, Target};
use sim_core::profile::Profile;

use crate::file;

/// The instance when nothing says otherwise, as in the library.
pub(crate) const DEFAULT_INSTANCE: &str = "trn1.2xlarge";

/// The flags that choose the machine.
#[derive(Debug, Clone, Args)]
#[group(skip)] // both that are flattened here are called Options, and clap wants one group of a name
pub(crate) struct Options {
    /// The simulated machine: a built-in name (`nrt-sim info --list`), a family such as trn2, which stands
    /// for its smallest member, or the path of a profile in TOML.
    ///
    /// Sets NRT_SIM_INSTANCE. Default: what that variable says, else trn1.2xlarge.
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) instance: Option<String>,

    /// Physical cores that make one logical core, 1 or 2; trn1 and inf2 have 1 only.
    ///
    /// Sets NEURON_LOGICAL_NC_CONFIG. Default: what that variable says, else the machine's own.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=2))]
    pub(crate) lnc: Option<u32>,
}

/// The machine that was chosen.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    /// What it has.
    pub(crate) profile: Profile,
    /// Physical cores to a logical core.
    pub(crate) lnc: u32,
    /// The value of NRT_SIM_INSTANCE that gives this machine from any working directory.
    pub(crate) instance: String,
}

impl Machine {
    /// The machine of `options`, of the environment where they say nothing, or the default.
    ///
    /// # Errors
    /// When there is no such instance, or it cannot have that LNC.
    pub(crate) fn choose(options: &Options) -> Result<Machine> {
        let named = options.instance.clone().or_else(|| variable("NRT_SIM_INSTANCE"));
        let (profile, instance) = find(named.as_deref().unwrap_or(DEFAULT_INSTANCE))?;
        let lnc = match options.lnc {
            Some(lnc) => check_lnc(&profile, lnc)?,
            None => inherited_lnc(&profile),
        };
        Ok(Machine { profile, lnc, instance })
    }

    /// What each logical core takes from its bank at init.
    pub(crate) fn taken_at_init(&self) -> u64 {
        self.profile.model_code_bytes() * u64::from(self.lnc)
    }
}

/// A variable of the environment; one that is empty counts as not set, as in the library.
pub(crate) fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|text| !text.is_empty())
}

fn find(text: &str) -> Result<(Profile, String)> {
    if let Some(profile) = Profile::named(text) {
        return Ok((profile, text.to_owned()));
    }
    let path = Path::new(text);
    if !path.exists() && path.extension() != Some(OsStr::new("toml")) {
        bail!(
            "there is no instance `{text}`. Built in are {}; or give the path of a profile",
            Profile::names().join(", ")
        );
    }
    let toml =
        String::from_utf8(file::read(path)?).with_context(|| format!("the profile {text} is not UTF-8"))?;
    let profile = Profile::parse(&toml).with_context(|| format!("{text} is not a valid profile"))?;
    let path = path.canonicalize().with_context(|| format!("cannot find {text}"))?;
    let path = path.to_str().with_context(|| format!("the path {} is not UTF-8", path.display()))?;
    Ok((profile, path.to_owned()))
}

fn check_lnc(profile: &Profile, lnc: u32) -> Result<u32> {
    let (name, cores) = (&profile.name, profile.cores_per_device);
    if lnc > 1 && profile.arch == Arch::V2 {
        bail!("--lnc {lnc}: {name} is of generation {}, where LNC is always 1", profile.arch);
    }
    if !cores.is_multiple_of(lnc) {
        bail!("--lnc {lnc}: does not divide the {cores} physical cores of each device of {name}");
    }
    Ok(lnc)
}

/// What the library makes of the environment; it is also the one that complains of bad values.
fn inherited_lnc(profile: &Profile) -> u32 {
    let text = variable("NEURON_LOGICAL_NC_CONFIG").or_else(|| variable("NEURON_RT_VIRTUAL_CORE_SIZE"));
    let lnc = text.and_then(|text| text.trim().parse().ok());
    lnc.and_then(|lnc| check_lnc(profile, lnc).ok()).unwrap_or(profile.default_lnc)
}

/// A family of machines that `neff` runs on, if it does not run on the default one.
pub(crate) fn family(neff: &Neff) -> Option<&'static str> {
    match (neff.target, neff.lnc) {
        (Target::Arch(Arch::V2), _) => Some("trn1"),
        (Target::Arch(Arch::V3), _) => Some("trn2"),
        (Target::Arch(Arch::V4), _) => Some("trn3"),
        (Target::Any, 0 | 1) => None,
        (Target::Any, _) => Some("trn2"),
    }
}

#[cfg(test)]
mod tests {
    use sim_core::neff::{Arch, Neff, NeffBuilder, Policy, Target};
    use sim_core::profile::Profile;

    use super::{Machine, Options, family};

    fn neff(target: Target, lnc: u32) -> Neff {
        let bytes = NeffBuilder::new("m", target).lnc(lnc).build().expect("in memory");
        Neff::parse(&bytes, &Policy::default()).expect("our own")
    }

    fn choose(instance: &str, lnc: Option<u32>) -> anyhow::Result<Machine> {
        Machine::choose(&Options { instance: Some(instance.into()), lnc })
    }

    #[test]
    fn a_family_stands_for_its_smallest_member() {
        let machine = choose("trn2", Some(1)).expect("built in");
        assert_eq!((machine.profile.name.as_str(), machine.lnc), ("trn2.3xlarge", 1));
        assert_eq!(machine.profile.logical_cores(machine.lnc), 8);
    }

    #[test]
    fn an_unknown_instance_is_answered_with_the_known_ones() {
        let error = choose("p5.48xlarge", None).expect_err("of another vendor").to_string();
        assert!(error.contains("p5.48xlarge") && error.contains("trn2u.48xlarge"), "{error}");
    }

    #[test]
    fn a_profile_that_is_wrong_is_named_with_what_is_wrong() {
        let file = tempfile::Builder::new().suffix(".toml").tempfile().expect("a temporary file");
        std::fs::write(file.path(), "name = \"mine\"\ncolour = 1\n").expect("writable");
        let path = file.path().to_str().expect("UTF-8");
        let error = format!("{:#}", choose(path, None).expect_err("no such key"));
        assert!(error.contains(path) && error.contains("colour"), "{error}");
        let error = format!("{:#}", choose("no/such.toml", None).expect_err("no such file"));
        assert!(error.contains("cannot read no/such.toml"), "{error}");
    }

    #[test]
    fn the_first_generation_has_no_logical_cores_of_two() {
        let error = choose("trn1.2xlarge", Some(2)).expect_err("v2").to_string();
        assert!(error.contains("LNC is always 1"), "{error}");
    }

    #[test]
    fn a_neff_gets_a_machine_that_it_runs_on() {
        assert_eq!(family(&neff(Target::Any, 1)), None);
        for (target, lnc) in [(Target::Any, 2), (Target::Arch(Arch::V2), 1), (Target::Arch(Arch::V4), 2)] {
            let neff = neff(target, lnc);
            let profile = Profile::named(family(&neff).expect("not the default")).expect("built in");
            assert!(neff.target.runs_on(profile.arch) && profile.cores_per_device.is_multiple_of(lnc));
        }
    }
}
