use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use safetensors::tensor::TensorView;
use sim_core::neff::{Neff, Policy, TensorSpec};
use sim_models::golden::stored;
use sim_models::signature::{Signature, tensor};

use super::comparison::{Comparison, Tolerance};
use super::element::{Kind, element};
use super::environment::Environment;
use super::inputs::Inputs;
use super::nrt::Nrt;
use super::recorder::Recorder;
use super::session::{Loaded, Runtime};
use super::tensor_file::{self, Runs, TensorFile, Types};
use crate::file;
use crate::library::Library;
use crate::report::Report;
use crate::{OWN_FAILURE, machine, models, note};

/// The exit code when an output is not as expected.
const NOT_AS_EXPECTED: u8 = 1;

/// How many runs a message names.
const RUNS_LISTED: usize = 8;

const HELP: &str = "\
Examples:
  nrt-sim neff run model.neff                       once, with random inputs
  nrt-sim neff run model.neff --models bindings.toml --inputs x.safetensors --expect y.safetensors --rtol 1e-3
  nrt-sim neff run model.neff --lib /opt/aws/neuron/lib/libnrt.so.1 --inputs x.safetensors --record golden.safetensors

Tensors in files are named like those of the model; for several runs 0/NAME, 1/NAME and so on.

Files are written at the end: outputs if all runs were made, recordings after a failure too. Ctrl-C leaves them as they
were.

Exit code: 0; 1 if an output is not as expected; 125 if it did not come so far.";

/// Runs a NEFF with a libnrt.so.1, once for each set of inputs, and shows, saves, records or compares its outputs.
///
/// The simulated machine is one that the NEFF is for, unless --instance or NRT_SIM_INSTANCE names one; so is the
/// LNC, on real machines too.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Options {
    /// The compiled model; `-` is stdin. A file MODEL.neff.toml beside it says what it computes, if no binding does.
    #[arg(value_name = "MODEL.neff")]
    model: PathBuf,

    /// The library. On a machine with the hardware, the real one is /opt/aws/neuron/lib/libnrt.so.1.
    ///
    /// Default: the simulated one, as for `nrt-sim run`.
    #[arg(long, value_name = "PATH")]
    lib: Option<PathBuf>,

    /// Inputs: a safetensors file with tensors of the model's types and shapes.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["random", "seed"])]
    inputs: Option<PathBuf>,

    /// Random inputs for so many runs: floats in [-1, 1), whole numbers from 0 to 7. The default, for one run.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    random: Option<u64>,

    /// What the random inputs follow from; the same seed, the same inputs.
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,

    /// Save the outputs to this safetensors file.
    #[arg(long, value_name = "FILE")]
    outputs: Option<PathBuf>,

    /// Record inputs and outputs in this golden file, which is made, or extended if it is there. A model that
    /// is bound to it computes the recorded outputs on the simulated device.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,

    /// Compare the outputs with this safetensors file: of the model's shapes, but any type, so that a
    /// float32 reference does for float16 outputs.
    #[arg(long, value_name = "FILE")]
    expect: Option<PathBuf>,

    /// How far an output may be from what is expected, for each unit of the latter.
    #[arg(long, value_name = "R", default_value_t = 0.0, allow_negative_numbers = true, requires = "expect", value_parser = tolerance)]
    rtol: f64,

    /// How far an output may be from what is expected, in addition.
    #[arg(long, value_name = "A", default_value_t = 0.0, allow_negative_numbers = true, requires = "expect", value_parser = tolerance)]
    atol: f64,

    /// The logical core to run on. Others are left to other processes, unless NEURON_RT_VISIBLE_CORES or
    /// NEURON_RT_NUM_CORES is set; then it is one of those.
    #[arg(long, value_name = "N", default_value_t = 0)]
    core: u16,

    #[command(flatten)]
    machine: machine::Options,

    #[command(flatten)]
    models: models::Options,

    /// How time passes on the simulated device; see `nrt-sim run --help`.
    ///
    /// Sets NRT_SIM_TIME. Default: what that variable says, else free.
    #[arg(long, value_name = "free|manual|wall|wall:SCALE", value_parser = crate::run::time)]
    time: Option<String>,
}

/// Runs the model, and returns the exit code.
///
/// # Errors
/// When a file, a flag or the library is not as it should be: what is wrong, and what to do. Unless all runs succeed,
/// nothing is written but recordings.
pub(crate) fn run(options: &Options) -> Result<u8> {
    let bytes = file::read(&options.model)?;
    let neff = Neff::parse(&bytes, &Policy::default());
    let inputs = options.inputs.as_deref().map(TensorFile::read).transpose()?;
    let expected = options.expect.as_deref().map(TensorFile::read).transpose()?;
    for path in [&options.outputs, &options.record].into_iter().flatten() {
        file::check_replaceable(path)?;
    }
    ensure!(
        options.outputs.is_none() || options.outputs != options.record,
        "--outputs and --record are the same file; each needs its own"
    );
    let library = Library::find(options.lib.as_deref())?;
    let mut environment = Environment::default();
    environment.choose_machine(&options.machine, neff.as_ref().ok())?;
    environment.extend(options.models.variables_of(&options.model));
    environment.set("NRT_SIM_TIME", options.time.as_deref());
    let reports = tempfile::tempdir().context("cannot make a temporary folder (see TMPDIR)")?;
    environment.set("NRT_SIM_REPORT_DIR", Some(reports.path()));
    let core = environment.choose_core(options.core);
    environment.enter();

    let nrt = Nrt::open(&library.path)?;
    let (version, is_simulated) =
        nrt.version().unwrap_or_else(|| ("libnrt of unknown version".into(), false));
    if let Some(unsaid) = models::unsaid_beside(&options.model).filter(|_| is_simulated) {
        bail!("{unsaid}");
    }
    let runtime = Runtime::start(nrt)?;
    let loaded = runtime.load(&bytes, core).map_err(|error| match &neff {
        Ok(_) => error,
        Err(reason) => error.context(format!("{}: {reason}", options.model.display())),
    })?;
    let stated = neff.as_ref().ok().map(|neff| Signature::of(&neff.tensors));
    let stated = stated.filter(|stated| loaded.has_tensors_of(stated));
    let signature = stated.as_ref().unwrap_or(&loaded.signature);
    say(&signature.to_string());
    if is_simulated && !is_bound(&options.models, &Report::read(reports.path())) && options.models.strict {
        return Ok(OWN_FAILURE);
    }

    let specs = signature.inputs.as_slice();
    let inputs = match &inputs {
        Some(file) => Inputs::File(file.runs(specs, "input", Types::Same)?),
        None => Inputs::Random { specs, runs: options.random.unwrap_or(1), seed: options.seed },
    };
    let expected =
        expected.as_ref().map(|file| file.runs(&signature.outputs, "output", Types::Any)).transpose()?;
    if let Some(expected) = &expected {
        ensure!(
            expected.keys().copied().eq(inputs.runs()),
            "--expect has outputs for the runs {}, but the inputs are for {}",
            listed(expected.keys().copied()),
            listed(inputs.runs())
        );
    }
    let recorder = options.record.as_deref();
    let recorder =
        recorder.map(|path| Recorder::open(path, version, is_simulated, &neff, signature)).transpose()?;
    if is_simulated && recorder.is_some() {
        note("these are recordings of the simulated library; --lib names a real one");
    }
    let work = Work { options, loaded: &loaded, outputs: &signature.outputs, inputs, expected };
    work.run(recorder)
}

/// Numbers of runs for a message, which may be many.
fn listed(runs: impl Iterator<Item = u64>) -> String {
    let first: Vec<String> = runs.take(RUNS_LISTED + 1).map(|run| run.to_string()).collect();
    match first.get(..RUNS_LISTED).filter(|_| first.len() > RUNS_LISTED) {
        Some(first) => format!("{} and so on", first.join(", ")),
        None => first.join(", "),
    }
}

/// Says what the model computes, and which bindings were not for it; whether there are none.
fn is_bound(options: &models::Options, report: &Report) -> bool {
    for placement in report.models.values().flatten() {
        say(&format!("kernel: {} ({})", placement.kernel, placement.origin));
    }
    let missed = options.unmatched(report.models.values().flatten());
    missed.iter().for_each(|binding| note(binding));
    missed.is_empty()
}

/// Everything that is needed to run.
struct Work<'a> {
    options: &'a Options,
    loaded: &'a Loaded<'a>,
    outputs: &'a [TensorSpec],
    inputs: Inputs<'a>,
    expected: Option<Runs<'a>>,
}

impl Work<'_> {
    /// Runs the model for each set of inputs, then writes the files: recordings after a failure too, since hardware may
    /// have taken long for them.
    fn run(&self, mut recorder: Option<Recorder<'_>>) -> Result<u8> {
        let mut kept = BTreeMap::new();
        let outcome = self.each(&mut kept, recorder.as_mut());
        if let Some(recorder) = recorder.filter(|recorder| outcome.is_ok() || recorder.has_changed()) {
            match (recorder.save(), &outcome) {
                (Err(error), Err(_)) => note(&format!("{error:#}")),
                (saved, _) => saved?,
            }
        }
        if let (Ok(_), Some(path)) = (&outcome, &self.options.outputs) {
            file::replace(path, &tensor_file::to_bytes(self.outputs, &kept)?)?;
        }
        Ok(if outcome? { 0 } else { NOT_AS_EXPECTED })
    }

    /// Runs the model for each set of inputs; whether all outputs are as expected. They are put into `kept` if they
    /// are to be saved.
    fn each(
        &self,
        kept: &mut BTreeMap<u64, Vec<Vec<u8>>>,
        mut recorder: Option<&mut Recorder<'_>>,
    ) -> Result<bool> {
        let specs = self.outputs;
        let mut is_as_expected = true;
        for run in self.inputs.runs() {
            let inputs = self.inputs.of_run(run)?;
            let inputs: Vec<&[u8]> = inputs.iter().map(AsRef::as_ref).collect();
            let begun = Instant::now();
            let outputs = self.loaded.execute(&inputs).with_context(|| format!("run {run}"))?;
            say(&format!("run {run}: {:.3} ms with transfers", begun.elapsed().as_secs_f64() * 1e3));
            for (at, (spec, bytes)) in specs.iter().zip(&outputs).enumerate() {
                say(&format!("  {}: {}", tensor(spec), range(Kind::Of(element(spec)), bytes)));
                if let Some(expected) = &self.expected {
                    let comparison = self.compare(spec, bytes, &expected[&run][at])?;
                    say(&format!("    {comparison}"));
                    is_as_expected &= comparison.is_equal();
                }
            }
            if self.options.outputs.is_some() {
                kept.insert(run, outputs.clone());
            }
            if let Some(recorder) = &mut recorder {
                recorder.add(run, &inputs, outputs);
            }
        }
        Ok(is_as_expected)
    }

    fn compare(&self, spec: &TensorSpec, bytes: &[u8], expected: &TensorView<'_>) -> Result<Comparison> {
        let ours = Kind::Of(element(spec));
        let theirs = if stored(spec).0 == expected.dtype() {
            ours
        } else {
            let dtype = expected.dtype();
            Kind::of_file(dtype).with_context(|| {
                format!("{} is expected as {dtype}, which cannot be compared: use F32", spec.name)
            })?
        };
        let tolerance = Tolerance { absolute: self.options.atol, relative: self.options.rtol };
        Ok(Comparison::of((ours, bytes), (theirs, expected.data()), expected.shape(), tolerance))
    }
}

/// The least and the greatest number.
fn range(kind: Kind, bytes: &[u8]) -> String {
    let (mut least, mut greatest, mut nans) = (f64::INFINITY, f64::NEG_INFINITY, 0_usize);
    for number in kind.numbers(bytes) {
        let value = number.value();
        (least, greatest) = (least.min(value), greatest.max(value));
        nans += usize::from(value.is_nan());
    }
    let range = if least > greatest { "no numbers".to_owned() } else { format!("{least} to {greatest}") };
    if nans == 0 { range } else { format!("{range}, {nans} NaN") }
}

/// Prints a line for the user.
pub(super) fn say(text: &str) {
    // What counts is in files and in the exit code, so nothing is lost if nobody reads this.
    let _ = writeln!(io::stdout(), "{text}");
}

/// Checks `--rtol` and `--atol`.
fn tolerance(text: &str) -> Result<f64, String> {
    let value = text.parse().ok().filter(|value: &f64| value.is_finite() && *value >= 0.0);
    value.ok_or_else(|| "must be a number from 0 on, such as 1e-3".to_owned())
}
