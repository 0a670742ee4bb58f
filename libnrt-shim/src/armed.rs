//! The rules that the runtime is opened with: those of the plan, behind those of what earlier processes have broken.

use std::sync::Arc;

use parking_lot::Mutex;
use sim_core::fault::faults::Circumstances;
use sim_core::fault::watch::Subject;
use sim_core::fault::{Faults, Operation, Plan, Rule};
use sim_core::time::Tick;
use sim_models::written::Written;

use crate::claim::Claim;
use crate::control::one_line;
use crate::environment::Settings;
use crate::error::ApiError;
use crate::incident::{self, Teller};
use crate::leftover::Leftover;
use crate::report::RuleReport;
use crate::runtime::Runtime;

/// The rules, where they are told of, and which of them are not the plan's.
pub(crate) struct Armed {
    pub(crate) faults: Arc<Faults>,
    pub(crate) report: RuleReport,
    pub(crate) leftover: Vec<Rule>,
}

/// The rules of a plan from one `nrt_init` to the next, if that has failed: they go on counting.
static REFUSED: Mutex<Option<(Plan, Armed)>> = Mutex::new(None);

/// The rules, after they were asked about this init.
pub(crate) fn at_init(settings: &Settings, claim: &Claim) -> Result<Armed, ApiError> {
    let armed = match REFUSED.lock().take().filter(|(plan, _)| *plan == settings.plan) {
        Some((_, known)) => known,
        None => arm(settings, claim)?,
    };
    let subject = Subject {
        num: 0,
        at: Tick::ZERO,
        operation: Operation::Init,
        bytes: 0,
        depth: 0,
        model: None,
        names: &[],
        tensors: &[],
    };
    if let Err(error) = incident::struck(&armed.faults, None, subject) {
        *REFUSED.lock() = Some((settings.plan.clone(), armed));
        return Err(error);
    }
    Ok(armed)
}

fn arm(settings: &Settings, claim: &Claim) -> Result<Armed, ApiError> {
    let broken = Leftover::of(&settings.profile.name, claim.first);
    let leftover = broken.rules(claim.count).map_err(ApiError::Invalid)?;
    let begun = RuleReport::begin();
    let (report, tally) =
        begun.map_err(|error| ApiError::HostMemory(format!("no memory for counters: {error}")))?;
    let circumstances =
        Circumstances { seed: settings.seed, rank: settings.rank, sees_nan: settings.sees_nan };
    let faults = Faults::new(circumstances, tally);
    set(&faults, &leftover, &settings.plan, Tick::ZERO)?;
    let teller = Teller {
        seed: settings.seed,
        limit: settings.exec_timeout,
        cores: (settings.lnc, settings.profile.cores_per_device),
        leftover: broken,
        journal: settings.journal.as_deref().map(incident::open_journal).transpose()?,
    };
    faults.journal().set_witness(incident::witness(teller));
    report.tell(&faults);
    Ok(Armed { faults: Arc::new(faults), report, leftover })
}

fn set(faults: &Faults, leftover: &[Rule], plan: &Plan, at: Tick) -> Result<(), ApiError> {
    let mut plan = plan.clone();
    plan.rules.splice(0..0, leftover.iter().cloned());
    faults.set_plan(&plan, at).map_err(|error| ApiError::Invalid(error.to_string()))
}

/// Reads the file with the plan anew, and puts its rules in the place of the plan's. Returns how many it has.
///
/// # Errors
/// When there is no file, or it is not valid; nothing has changed then.
pub(crate) fn reload(runtime: &Runtime) -> Result<usize, ApiError> {
    let Some(file) = &runtime.settings.plan_file else {
        return Err(ApiError::Invalid(
            "NRT_SIM_FAULTS names no file that could be read anew; rules can be added and removed one by one"
                .into(),
        ));
    };
    let refused = |error: String| {
        ApiError::Invalid(format!("{}: {}; the rules stay as they are", file.display(), one_line(&error)))
    };
    let written = Written::in_file(file).map_err(|error| refused(error.to_string()))?;
    let plan = Plan::parse(&written.text).map_err(|error| refused(error.to_string()))?;
    let faults = runtime.device.faults();
    set(faults, &runtime.leftover, &plan, runtime.device.now())?;
    runtime.rules.tell(faults);
    Ok(plan.rules.len())
}
