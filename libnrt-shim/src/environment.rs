//! The environment variables, read once at init. Every bad value is collected before anything is refused.

mod check;
mod faults;
mod inflight;
mod models;
mod reader;

use std::ffi::OsString;
use std::path::{PathBuf, absolute};
use std::sync::Arc;

use sim_core::config::{COMPUTE_DEPTH, COMPUTE_DEPTH_MAX, Time};
use sim_core::fault::Plan;
use sim_core::fault::faults::TimeLimits;
use sim_core::neff::Arch;
use sim_core::profile::Profile;
use sim_core::time::Nanos;
use sim_models::models::{Models, one_line};
use sim_models::written::Written;

use crate::check::Wish;
use crate::cores::{CORES_MAX, Cores, visible_cores};
use crate::log::Level;
use crate::sdk::Sdk;
use reader::Reader;

/// Variables of the runtime that have no effect here, but whose values must be 0, 1, true or false.
const FLAGS: [&str; 11] = [
    "NEURON_RT_MULTI_INSTANCE_SHARED_WEIGHTS",
    "NEURON_RT_STOCHASTIC_ROUNDING_EN",
    "NEURON_RT_INSPECT_ENABLE",
    "NEURON_RT_INSPECT_CPU_UTIL",
    "NEURON_RT_INSPECT_HOST_MEMORY",
    "NEURON_RT_INSPECT_ON_FAIL",
    "NEURON_RT_INSPECT_PRECACHE_ENABLE",
    "NEURON_RT_ENABLE_DGE_NOTIFICATIONS",
    "NEURON_RT_ONE_THREAD_PER_CORE",
    "NEURON_RT_CONTIGUOUS_SCRATCHPAD",
    "NEURON_RT_RESET_CORES",
];

/// What the environment asks for.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) sdk: Sdk,
    pub(crate) profile: Profile,
    pub(crate) lnc: u32,
    pub(crate) cores: Cores,
    pub(crate) share_cores: bool,
    pub(crate) log_level: Level,
    /// How long a run may take.
    pub(crate) exec_timeout: Nanos,
    pub(crate) compute_depth: u64,
    pub(crate) inflight_max: u64,
    pub(crate) validate_hash: bool,
    pub(crate) allow_legacy: bool,
    pub(crate) map_hbm: bool,
    pub(crate) p2p: bool,
    pub(crate) closed_is_uninitialized: bool,
    pub(crate) seed: u64,
    pub(crate) plan: Plan,
    /// The file that the plan is from.
    pub(crate) plan_file: Option<PathBuf>,
    /// Whether other programs of the user may control the device.
    pub(crate) is_controlled: bool,
    /// Where each fault that fired is noted.
    pub(crate) journal: Option<PathBuf>,
    /// Rank of the process in its job.
    pub(crate) rank: Option<u32>,
    pub(crate) time: Time,
    /// Whether completions of different queues come in any order.
    pub(crate) shuffle: bool,
    pub(crate) models: Arc<Models>,
    /// What is to be checked of the program.
    pub(crate) check: Wish,
    /// Whether a run is to end with an error if an output has a NaN.
    pub(crate) sees_nan: bool,
    /// What is odd but not refused; logged so that it is seen.
    pub(crate) remarks: Vec<String>,
}

impl Settings {
    /// Logical cores of the machine.
    pub(crate) fn total_cores(&self) -> u32 {
        self.profile.logical_cores(self.lnc)
    }

    /// How long a completion may take. Collectives: 100 ms before SDK 2.29, then 30 s, and from 2.31 on without end
    /// (release notes).
    pub(crate) fn limits(&self) -> TimeLimits {
        TimeLimits {
            run: self.exec_timeout,
            collective: self.sdk.collective_limit_ms().map(|ms| Nanos(ms * 1_000_000)),
        }
    }

    /// Reads the environment of the process.
    ///
    /// # Errors
    /// A line for each variable whose value cannot be used.
    pub(crate) fn from_environment() -> Result<Settings, Vec<String>> {
        Settings::read(|name| std::env::var_os(name))
    }

    /// Reads variables through `lookup`.
    fn read(lookup: impl Fn(&str) -> Option<OsString>) -> Result<Settings, Vec<String>> {
        let mut reader = Reader { lookup, wrong: Vec::new() };
        let mut remarks = Vec::new();
        let profile = reader.profile();
        let lnc = reader.lnc(&profile);
        let cores = reader.cores(&profile, lnc, &mut remarks);
        let depth = reader.number("NEURON_RT_XU_COMPUTE_MAX_QUEUED_REQUESTS", COMPUTE_DEPTH, 1..=u64::MAX);
        if depth > COMPUTE_DEPTH_MAX {
            remarks.push(format!(
                "NEURON_RT_XU_COMPUTE_MAX_QUEUED_REQUESTS={depth} is more than a queue can hold, {COMPUTE_DEPTH_MAX} is used"
            ));
        }
        for name in FLAGS {
            reader.flag(name, false);
        }
        let ring = reader.number("NEURON_RT_DEBUG_STREAM_BUFFER_SIZE", 1, 1..=u64::MAX);
        if !ring.is_power_of_two() {
            reader.refuse("NEURON_RT_DEBUG_STREAM_BUFFER_SIZE", ring, "a power of two");
        }
        let sdk = reader.parsed("NRT_SIM_SDK", Sdk::default(), "2.28 to 2.33");
        let inflight_max = reader.inflight_max(sdk, &mut remarks);
        let (plan, plan_file) = reader.plan();
        let settings = Settings {
            sdk,
            lnc,
            cores,
            share_cores: reader.flag("NRT_SIM_SHARE_CORES", false),
            log_level: reader.log_level(&mut remarks),
            exec_timeout: reader.exec_timeout(),
            compute_depth: depth.min(COMPUTE_DEPTH_MAX),
            inflight_max,
            validate_hash: reader.flag("NEURON_RT_VALIDATE_HASH", false),
            allow_legacy: reader.flag("NEURON_RT_ALLOW_LEGACY_NEFF", false),
            map_hbm: reader.flag("NEURON_RT_MAP_HBM", false),
            p2p: reader.flag("NEURON_RT_ENABLE_P2P", true),
            closed_is_uninitialized: reader.closed_is_uninitialized(),
            seed: reader.number("NRT_SIM_SEED", 0, 0..=u64::MAX),
            plan,
            plan_file,
            is_controlled: reader.flag("NRT_SIM_CTL", false),
            journal: reader.text("NRT_SIM_JOURNAL").map(PathBuf::from).map(settled),
            rank: reader.rank(),
            time: reader.time(),
            shuffle: reader.flag("NRT_SIM_SHUFFLE", false),
            models: Arc::new(reader.models()),
            check: reader.check(),
            sees_nan: reader.sees_nan(),
            profile,
            remarks,
        };
        if reader.wrong.is_empty() { Ok(settings) } else { Err(reader.wrong) }
    }
}

/// `path` from the root on: it is used at loads, when the program may have gone to another folder.
fn settled(path: PathBuf) -> PathBuf {
    absolute(&path).unwrap_or(path)
}

impl<L: Fn(&str) -> Option<OsString>> Reader<L> {
    /// An unknown level is ERROR, with a notice, as in the runtime (observed); it does not refuse init.
    fn log_level(&mut self, remarks: &mut Vec<String>) -> Level {
        let Some(text) = self.text("NEURON_RT_LOG_LEVEL") else { return Level::Error };
        Level::parse(&text).unwrap_or_else(|| {
            remarks.push(format!("NEURON_RT_LOG_LEVEL={text} is not a level, ERROR is used"));
            Level::Error
        })
    }

    fn profile(&mut self) -> Profile {
        let default = || Profile::named("trn1.2xlarge").expect("built in");
        let Some(text) = self.text("NRT_SIM_INSTANCE") else { return default() };
        if let Some(profile) = Profile::named(&text) {
            return profile;
        }
        let read = Written::in_file(text.as_ref()).map_err(|error| error.to_string());
        let parsed = read.and_then(|toml| Profile::parse(&toml.text).map_err(|error| one_line(&error)));
        parsed.unwrap_or_else(|error| {
            let names = Profile::names().join(", ");
            self.refuse(
                "NRT_SIM_INSTANCE",
                &text,
                format!("one of {names}, or the path of a profile ({error})"),
            );
            default()
        })
    }

    /// The older name counts only if the newer is not set (observed). The v2 architecture has LNC 1.
    fn lnc(&mut self, profile: &Profile) -> u32 {
        let newer = self.text("NEURON_LOGICAL_NC_CONFIG").map(|text| ("NEURON_LOGICAL_NC_CONFIG", text));
        let older =
            || self.text("NEURON_RT_VIRTUAL_CORE_SIZE").map(|text| ("NEURON_RT_VIRTUAL_CORE_SIZE", text));
        let Some((name, text)) = newer.or_else(older) else { return profile.default_lnc };
        match text.trim().parse() {
            Ok(1 | 2) if profile.arch == Arch::V2 => 1,
            Ok(lnc @ (1 | 2)) if profile.cores_per_device.is_multiple_of(lnc) => lnc,
            _ => {
                self.refuse(name, &text, "1 or 2: physical cores to a logical core");
                profile.default_lnc
            }
        }
    }

    fn cores(&mut self, profile: &Profile, lnc: u32, remarks: &mut Vec<String>) -> Cores {
        let any = self.number("NEURON_RT_NUM_CORES", 0, 0..=u64::from(CORES_MAX));
        let any = u32::try_from(any).expect("within the range");
        if let Some(text) = self.text("NEURON_RT_VISIBLE_CORES") {
            if any != 0 {
                remarks.push("NEURON_RT_VISIBLE_CORES overrides NEURON_RT_NUM_CORES".into());
            }
            return visible_cores(&text).unwrap_or_else(|expected| {
                self.refuse("NEURON_RT_VISIBLE_CORES", &text, expected);
                Cores::All
            });
        }
        if any == 0 {
            return Cores::All;
        }
        let per_device = profile.cores_per_device / lnc;
        if profile.arch != Arch::V2 && any != 1 && !any.is_multiple_of(per_device) {
            self.refuse(
                "NEURON_RT_NUM_CORES",
                any,
                format!("1 or a multiple of a device's {per_device} cores"),
            );
        }
        Cores::Any(any)
    }

    fn closed_is_uninitialized(&mut self) -> bool {
        match self.text("NRT_SIM_AFTER_CLOSE").as_deref() {
            None | Some("closed") => false,
            Some("uninitialized") => true,
            Some(other) => {
                self.refuse("NRT_SIM_AFTER_CLOSE", other, "closed or uninitialized");
                false
            }
        }
    }

    /// Numerical errors are looked for from `critical` on; `NEURON_FAIL_ON_NAN` asks for no less (observed).
    fn sees_nan(&mut self) -> bool {
        let fails = self.flag("NEURON_FAIL_ON_NAN", false);
        let Some(text) = self.text("NEURON_RT_NUMERICAL_ERRORS_VERBOSITY") else { return fails };
        match text.to_ascii_lowercase().as_str() {
            "none" => fails,
            "critical" | "debug" | "verbose" => true,
            _ => {
                self.refuse(
                    "NEURON_RT_NUMERICAL_ERRORS_VERBOSITY",
                    &text,
                    "none, critical, debug or verbose",
                );
                fails
            }
        }
    }

    fn time(&mut self) -> Time {
        let Some(text) = self.text("NRT_SIM_TIME") else { return Time::Free };
        text.parse().unwrap_or_else(|expected| {
            self.refuse("NRT_SIM_TIME", &text, expected);
            Time::Free
        })
    }
}

#[cfg(test)]
mod tests {
    use sim_core::config::{EXEC_TIMEOUT, Time};
    use sim_models::bindings::Bindings;

    use super::Settings;
    use crate::cores::Cores;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, Vec<String>> {
        Settings::read(|name| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| value.into()))
    }

    #[test]
    fn an_empty_environment_gives_the_documented_defaults() {
        let settings = read(&[]).expect("nothing is wrong");
        assert_eq!(settings.profile.name, "trn1.2xlarge");
        assert_eq!((settings.lnc, settings.cores, settings.compute_depth), (1, Cores::All, 8));
        assert_eq!((settings.exec_timeout, settings.time), (EXEC_TIMEOUT, Time::Free));
        assert!(settings.implicit_limit().is_none() && settings.remarks.is_empty());
    }

    #[test]
    fn every_bad_value_is_named_at_once() {
        let variables = [
            ("NEURON_RT_EXEC_TIMEOUT", "soon"),
            ("NEURON_RT_VISIBLE_CORES", "3,5,6"),
            ("NEURON_LOGICAL_NC_CONFIG", "3"),
            ("NEURON_RT_VALIDATE_HASH", "maybe"),
            ("NEURON_RT_NUM_CORES", "-1"),
            ("NRT_SIM_INSTANCE", "p5"),
            ("NRT_SIM_SDK", "1.0"),
            ("NRT_SIM_TIME", "wall:0"),
            ("NRT_SIM_FAULTS", "[[rule]]\nstatus=0"),
            ("NRT_SIM_SEED", "x"),
            ("NRT_SIM_MODELS", "[[model]]\nkernel='none'"),
            ("NRT_SIM_DEFAULT_KERNEL", "some"),
            ("NEURON_RT_NUMERICAL_ERRORS_VERBOSITY", "loud"),
            ("NEURON_RT_XU_COMPUTE_MAX_QUEUED_REQUESTS", "0"),
        ];
        let wrong = read(&variables).expect_err("all are wrong");
        assert_eq!(wrong.len(), variables.len(), "{wrong:#?}");
        for (name, _) in variables {
            assert!(wrong.iter().any(|line| line.starts_with(name)), "{name}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_plan_is_one_line() {
        let wrong = read(&[("NRT_SIM_FAULTS", "[[rule]]\nstatus = 0")]).expect_err("no such rule");
        assert!(!wrong[0].contains('\n') && wrong[0].starts_with("NRT_SIM_FAULTS: line 2: "), "{}", wrong[0]);
    }

    #[test]
    fn paths_stay_those_of_the_folder_that_the_program_was_in() {
        let variables = [
            ("NRT_SIM_MODELS", "model = [{ kernel = 'zeros' }]"),
            ("NRT_SIM_MODELS_BESIDE", "a.neff:/b.neff"),
            ("NRT_SIM_ONNX_LIB", "c.so"),
        ];
        let models = read(&variables).expect("nothing is wrong").models;
        let here = std::env::current_dir().expect("there is one");
        assert_eq!(models.bindings.as_ref().map(Bindings::folder), Some(here.as_path()));
        assert_eq!(models.beside, [here.join("a.neff"), "/b.neff".into()]);
        assert_eq!(models.onnx_library, Some(here.join("c.so")));
    }

    #[test]
    fn numerical_errors_are_looked_for_on_request() {
        for (name, value, sees) in [
            ("NEURON_FAIL_ON_NAN", "1", true),
            ("NEURON_FAIL_ON_NAN", "0", false),
            ("NEURON_RT_NUMERICAL_ERRORS_VERBOSITY", "CRITICAL", true),
            ("NEURON_RT_NUMERICAL_ERRORS_VERBOSITY", "none", false),
        ] {
            assert_eq!(read(&[(name, value)]).expect("valid").sees_nan, sees, "{name}={value}");
        }
    }

    #[test]
    fn deep_queues_are_clamped_with_a_remark() {
        let settings = read(&[("NEURON_RT_XU_COMPUTE_MAX_QUEUED_REQUESTS", "64")]).expect("clamped");
        assert_eq!((settings.compute_depth, settings.remarks.len()), (63, 1));
    }

    #[test]
    fn whole_devices_or_one_core_on_newer_architectures() {
        let trn2 = |cores| read(&[("NRT_SIM_INSTANCE", "trn2.48xlarge"), ("NEURON_RT_NUM_CORES", cores)]);
        assert_eq!(trn2("1").expect("one").cores, Cores::Any(1));
        assert_eq!(trn2("8").expect("two devices").cores, Cores::Any(8));
        assert!(trn2("3").is_err());
    }
}
