//! `nrt-sim neff build`: a NEFF with a signature, and with what a simulator is to compute.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::Args;
use sim_core::neff::{Arch, Neff, NeffBuilder, Policy, Stats, Target, TensorSpec, Usage};
use sim_models::bindings::Sidecar;
use sim_models::compute::Watch;
use sim_models::models::{Models, SIDECAR, one_line};
use sim_models::onnx_file::{self, Dim, OnnxSignature};
use sim_models::signature::Signature;
use sim_models::spec::Spec as Kernel;

use super::attachments::{self, ONNX};
use super::spec::{Numbers, Spec};
use super::target::TargetName;
use super::tensor::TensorText;
use crate::file;
use crate::models::onnx_library;
use crate::note;
use crate::summary::size;

/// Bytes that the header has for a name.
const NAME_BYTES_MAX: usize = 255;

const BUILD_HELP: &str = "\
Examples:
  nrt-sim neff build -o product.neff --input x:f16[128,256] --input y:f16[256,128] --output z:f16[128,128] --op matmul
  nrt-sim neff build -o mlp.neff --onnx mlp.onnx --target trn2
  nrt-sim neff build -o model.neff model.toml

A file in TOML has the same words; flags win over it, and their tensors are added to its own:
  name = \"product\"
  target = \"trn2\"
  lnc = 2
  kernel = \"matmul\"
  attach = [\"weights.safetensors\"]
  [stats]
  macs = 4194304
  traffic = 163840
  [[input]]
  name = \"x\"
  dtype = \"f16\"
  shape = [128, 256]
  [[output]]
  ...

The file is laid out as the vendor's compiler does it, without instructions. Equal input makes equal bytes.";

/// Makes a NEFF with the given inputs and outputs, for the simulator.
#[derive(Debug, Default, Args)]
#[command(after_help = BUILD_HELP)]
pub(crate) struct Options {
    /// The model in TOML, see below; `-` is stdin.
    #[arg(value_name = "SPEC.toml")]
    pub(crate) spec: Option<PathBuf>,

    /// Where to write it. A file that is there is replaced; `-` is stdout.
    #[arg(short = 'o', value_name = "FILE")]
    pub(crate) output_file: PathBuf,

    /// The name of the model. Default: that of the file, without its ending.
    #[arg(long)]
    pub(crate) name: Option<String>,

    /// For which hardware: any, a family (trn2), an instance, a generation (v3) or its name (cayman).
    ///
    /// Default: any.
    #[arg(long)]
    pub(crate) target: Option<TargetName>,

    /// Physical cores to a logical core. Default: 2 for trn2 and trn3, as their machines have it, else 1.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=2))]
    pub(crate) lnc: Option<u32>,

    /// An input, such as `x:f16[128,256]`. May be repeated.
    #[arg(long = "input", value_name = "NAME:TYPE[DIM,...]")]
    pub(crate) inputs: Vec<TensorText>,

    /// An output. May be repeated.
    #[arg(long = "output", value_name = "NAME:TYPE[DIM,...]")]
    pub(crate) outputs: Vec<TensorText>,

    /// The built-in kernel that a run computes.
    #[arg(long, value_name = "NAME", group = "kernel")]
    pub(crate) op: Option<String>,

    /// What a run computes, as a file in TOML that becomes sim/model.toml in the NEFF.
    #[arg(long, value_name = "FILE", group = "kernel")]
    pub(crate) sidecar: Option<PathBuf>,

    /// What a run computes, as an ONNX model; it becomes part of the NEFF. Without --input and --output, its
    /// inputs and outputs are the model's.
    #[arg(long, value_name = "FILE", group = "kernel")]
    pub(crate) onnx: Option<PathBuf>,

    /// The size of a dimension that has only a name in the ONNX model, such as `batch=4`. May be repeated.
    #[arg(long = "dim", value_name = "NAME=SIZE", value_parser = dim, requires = "onnx")]
    pub(crate) dims: Vec<(String, u64)>,

    /// Multiplications with addition in a run. Default: for the kernel matmul what its shapes make, else not said, and
    /// runs take no time to compute, those of ONNX models too.
    #[arg(long, value_name = "N")]
    pub(crate) macs: Option<u64>,

    /// Bytes that a run moves to and from device memory. Default: those of all inputs and outputs, and of an ONNX file,
    /// for its weights.
    #[arg(long, value_name = "BYTES")]
    pub(crate) traffic: Option<u64>,

    /// A file for the folder sim of the NEFF, under its own name. May be repeated.
    #[arg(long, value_name = "FILE")]
    pub(crate) attach: Vec<PathBuf>,
}

/// Makes the NEFF and says what it is.
///
/// # Errors
/// Which flag or key is wrong, or which file cannot be read or written.
pub(super) fn build(options: &Options) -> Result<u8> {
    let bytes = neff(options)?;
    file::replace(&options.output_file, &bytes)?;
    if options.output_file.as_os_str() != "-" {
        let neff = Neff::parse(&bytes, &Policy::default())?; // just tried
        let (path, signature) = (options.output_file.display(), Signature::of(&neff.tensors));
        let said =
            format!("{path}: {signature}, {}, LNC {}, {}\n", neff.target, neff.lnc, size(bytes.len() as u64));
        file::print(said.as_bytes())?;
    }
    Ok(0)
}

/// The bytes of the NEFF that is asked for; the same for the same `options` and files.
///
/// # Errors
/// Which flag or key is wrong, or which file cannot be read.
pub(crate) fn neff(options: &Options) -> Result<Vec<u8>> {
    let spec = options.spec.as_deref().map(Spec::read).transpose()?.unwrap_or_default();
    let name =
        options.name.clone().or_else(|| spec.name.clone()).unwrap_or_else(|| stem(&options.output_file));
    ensure!(
        name.len() <= NAME_BYTES_MAX,
        "the name of the model has {} bytes, at most {NAME_BYTES_MAX} fit",
        name.len()
    );
    ensure!(!name.contains(char::is_control), "the name of the model has a control character: {name:?}");
    let target = options.target.or(spec.target).unwrap_or(TargetName(Target::Any));
    let lnc = options.lnc.or(spec.lnc()).unwrap_or_else(|| target.default_lnc());
    if lnc > 1 && target.0 == Target::Arch(Arch::V2) {
        bail!("LNC {lnc} for {}: that hardware has LNC 1 only; leave --lnc out", target.0);
    }
    let attachments = attachments::all(options, &spec)?;
    let tensors = tensors(options, &spec, &attachments)?;
    let kernel = kernel(&attachments)?;
    let weights = attachments::onnx_bytes(&attachments);
    let stats = stats(options, &spec, &tensors, kernel.as_ref(), weights);
    let mut builder = NeffBuilder::new(name, target.0).lnc(lnc).stats(stats);
    for tensor in tensors {
        builder = builder.tensor(tensor);
    }
    for (name, content) in attachments {
        builder = builder.attach(name, content);
    }
    let bytes = builder.build().context("cannot make the archive")?;
    let neff = Neff::parse(&bytes, &Policy::default());
    let neff = neff.map_err(attachments::explained)?;
    check_kernel(&bytes, &neff, kernel.is_some_and(|kernel| kernel.is_onnx()))?;
    Ok(bytes)
}

fn stem(path: &Path) -> String {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    if matches!(stem.as_str(), "" | "-") { "model".to_owned() } else { stem }
}

/// Inputs and outputs: those of the file, then those of the flags, or else those of the ONNX model.
fn tensors(options: &Options, spec: &Spec, attachments: &[(String, Vec<u8>)]) -> Result<Vec<TensorSpec>> {
    let all = |mut of_spec: Vec<TensorText>, of_flags: &[TensorText], usage| {
        of_spec.extend_from_slice(of_flags);
        of_spec.iter().map(|tensor| tensor.spec(usage)).collect::<Vec<_>>()
    };
    let mut tensors = all(spec.inputs(), &options.inputs, Usage::Input);
    tensors.extend(all(spec.outputs(), &options.outputs, Usage::Output));
    if tensors.is_empty()
        && let Some(path) = &options.onnx
    {
        let model = attachments.iter().find(|(name, _)| name == ONNX).map(|(_, content)| content.as_slice());
        return onnx_signature(model.unwrap_or_default(), &options.dims)
            .with_context(|| path.display().to_string());
    }
    ensure!(
        options.dims.is_empty(),
        "--dim is for inputs and outputs that are taken from the ONNX model: leave it out, or --input and --output"
    );
    ensure!(
        tensors.iter().any(|tensor| tensor.usage == Usage::Output),
        "a model needs an output: give --output NAME:TYPE[DIM,...], such as --output y:f16[128,128]"
    );
    let mut names = BTreeSet::new();
    if let Some(twice) = tensors.iter().find(|tensor| !names.insert(&tensor.name)) {
        bail!("the name `{}` is taken; every input and output needs its own", twice.name);
    }
    Ok(tensors)
}

/// The inputs and outputs of the ONNX model `bytes`, where `dims` has sizes of dimensions with a name.
fn onnx_signature(bytes: &[u8], dims: &[(String, u64)]) -> Result<Vec<TensorSpec>> {
    let advice =
        "its inputs and outputs cannot be taken over; give --dim for a size, or --input and --output";
    let signature = onnx_file::signature(bytes).context(advice)?;
    signature.tensors(&sizes(dims, &signature)?).context(advice)
}

/// The sizes of `--dim`, each for a dimension that `signature` has.
///
/// # Errors
/// A name that no dimension has, or that is given twice.
fn sizes(dims: &[(String, u64)], signature: &OnnxSignature) -> Result<BTreeMap<String, u64>> {
    let tensors = signature.inputs.iter().chain(&signature.outputs);
    let named = tensors.flat_map(|tensor| tensor.dims.iter().flatten()).filter_map(|dim| match dim {
        Dim::Named(name) => Some(name.as_str()),
        _ => None,
    });
    let named: BTreeSet<&str> = named.collect();
    let mut sizes = BTreeMap::new();
    for (name, size) in dims {
        let known = match named.len() {
            0 => "all are numbers".to_owned(),
            _ => format!("those with a name are {}", Vec::from_iter(named.iter().copied()).join(", ")),
        };
        ensure!(
            named.contains(name.as_str()),
            "--dim {name}={size}: no input or output has a dimension of that name; {known}"
        );
        ensure!(sizes.insert(name.clone(), *size).is_none(), "--dim gives the size of {name} twice");
    }
    Ok(sizes)
}

/// What is said of the work of a run, and what follows from kernel and signature where nothing is said; an ONNX model
/// of `onnx_bytes` bytes is nearly all weights, which a run reads.
fn stats(
    options: &Options,
    spec: &Spec,
    tensors: &[TensorSpec],
    kernel: Option<&Kernel>,
    onnx_bytes: u64,
) -> Stats {
    let Numbers { macs, traffic } = spec.stats;
    let weights = if kernel.is_some_and(Kernel::is_onnx) { onnx_bytes } else { 0 };
    let moved = tensors.iter().fold(weights, |sum, tensor| sum.saturating_add(tensor.size));
    let of_kernel = || kernel?.macs(&Signature::of(tensors));
    Stats {
        macs: options.macs.or(macs).or_else(of_kernel),
        traffic_bytes: options.traffic.or(traffic).or(Some(moved)),
    }
}

/// The kernel of the sidecar among `attachments`, if there is one.
fn kernel(attachments: &[(String, Vec<u8>)]) -> Result<Option<Kernel>> {
    let Some((_, text)) = attachments.iter().find(|(name, _)| name == SIDECAR) else { return Ok(None) };
    let text = str::from_utf8(text).context("the sidecar is not UTF-8")?;
    let sidecar =
        Sidecar::parse(text).map_err(|error| anyhow!("the sidecar is not valid: {}", one_line(&error)))?;
    Ok(sidecar.kernel)
}

/// Tries whether the model in `bytes` gets its kernel, as a load would.
fn check_kernel(bytes: &[u8], neff: &Neff, is_onnx: bool) -> Result<()> {
    let library = onnx_library().filter(|path| path.is_file());
    if is_onnx && library.is_none() {
        note("the ONNX model is not checked: that takes the plug-in, which `cargo build -p sim-onnx` makes");
        return Ok(());
    }
    let models = Models { onnx_library: library, ..Models::default() };
    models.choose(neff, bytes, Watch::silent()).context("the kernel does not suit the model")?;
    Ok(())
}

/// Checks `--dim`.
fn dim(text: &str) -> Result<(String, u64), String> {
    let (name, size) = text.split_once('=').ok_or("expected NAME=SIZE, such as batch=4")?;
    let size = size
        .parse()
        .ok()
        .filter(|size| *size > 0)
        .ok_or_else(|| format!("the size is {size:?}, expected a whole number from 1 on"))?;
    Ok((name.to_owned(), size))
}

#[cfg(test)]
mod tests {
    use sim_models::onnx_file::{Element, OnnxTensor};

    use super::*;

    fn options(inputs: &[&str], outputs: &[&str]) -> Options {
        let parse = |texts: &[&str]| texts.iter().map(|text| text.parse().expect("valid")).collect();
        Options {
            output_file: "m.neff".into(),
            inputs: parse(inputs),
            outputs: parse(outputs),
            ..Options::default()
        }
    }

    fn parsed(options: &Options) -> Neff {
        Neff::parse(&neff(options).expect("valid"), &Policy::default()).expect("sound")
    }

    #[test]
    fn an_operator_brings_its_sidecar_and_its_work() {
        let product = options(&["x:f16[128,256]", "y:f16[256,64]"], &["z:f16[128,64]"]);
        let built = parsed(&Options { op: Some("matmul".into()), ..product });
        assert_eq!(built.attachments["model.toml"], b"kernel = \"matmul\"\n");
        assert_eq!(built.stats.macs, Some(128 * 256 * 64));
        assert_eq!(built.stats.traffic_bytes, Some(2 * (128 * 256 + 256 * 64 + 128 * 64)));
        assert_eq!((built.name.as_str(), built.lnc, built.target), ("m", 1, Target::Any));
    }

    #[test]
    fn a_target_brings_its_lnc() {
        let target = Some("trn2".parse().expect("valid"));
        assert_eq!(parsed(&Options { target, ..options(&[], &["y:u8[1]"]) }).lnc, 2);
        let refused = Options {
            target: Some("trn1".parse().expect("valid")),
            lnc: Some(2),
            ..options(&[], &["y:u8[1]"])
        };
        assert!(neff(&refused).expect_err("never loads").to_string().contains("LNC 1 only"));
    }

    #[test]
    fn an_onnx_model_brings_its_signature_and_a_size_for_each_name() {
        let model = |name: &str| {
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/models").join(name);
            Options { onnx: Some(file), ..options(&[], &[]) }
        };
        let built = parsed(&model("mlp.onnx"));
        let signature = Signature::of(&built.tensors).to_string();
        assert_eq!(signature, "x:float32[4,64]->y:float32[4,10]");
        let traffic = built.attachments["model.onnx"].len() + 4 * 4 * (64 + 10);
        assert_eq!(built.stats, Stats { macs: None, traffic_bytes: Some(traffic as u64) });
        let unused = Options { dims: vec![dim("batch=4").expect("valid")], ..model("mlp.onnx") };
        assert!(format!("{:#}", neff(&unused).expect_err("no names")).contains("all are numbers"));
        for wrong in ["batch", "batch=x", "batch=0"] {
            dim(wrong).expect_err(wrong);
        }
    }

    #[test]
    fn a_size_is_for_one_dimension_that_there_is() {
        let dims = ["batch", "length"].map(|name| Dim::Named(name.to_owned()));
        let x = OnnxTensor { name: "x".to_owned(), element: Element(1), dims: Some(dims.to_vec()) };
        let signature = OnnxSignature { inputs: vec![x], outputs: Vec::new() };
        let sized = |texts: &[&str]| {
            let dims: Vec<_> = texts.iter().map(|text| dim(text).expect("valid")).collect();
            sizes(&dims, &signature).map_err(|error| error.to_string())
        };
        assert_eq!(sized(&["batch=4", "length=7"]).map(|sizes| sizes["length"]), Ok(7));
        assert!(sized(&["bach=4"]).is_err_and(|said| said.ends_with("those with a name are batch, length")));
        assert!(sized(&["batch=4", "batch=4"]).is_err_and(|said| said.contains("batch twice")));
    }

    #[test]
    fn a_kernel_that_does_not_suit_is_refused() {
        let sum = Options { op: Some("matmul".into()), ..options(&["x:f16[4]"], &["y:f16[4]"]) };
        let error = format!("{:#}", neff(&sum).expect_err("one input"));
        assert!(error.contains("the kernel does not suit the model") && error.contains("matmul"), "{error}");
        let unknown = Options { op: Some("matmull".into()), ..options(&["x:f16[4]"], &["y:f16[4]"]) };
        assert!(format!("{:#}", neff(&unknown).expect_err("no such kernel")).contains("`matmull`"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let says = |options: &Options, words: &str| {
            let error = format!("{:#}", neff(options).expect_err(words));
            assert!(error.contains(words), "{error}");
        };
        says(&options(&["x:u8[1]"], &[]), "needs an output");
        says(&options(&["x:u8[1]"], &["x:u8[1]"]), "`x` is taken");
        says(&Options { attach: vec!["no/such".into()], ..options(&[], &["y:u8[1]"]) }, "no/such");
        says(&Options { name: Some("n".repeat(256)), ..options(&[], &["y:u8[1]"]) }, "at most 255");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let onnx = folder.path().join("m.onnx");
        std::fs::write(&onnx, b"?").expect("writable");
        says(&Options { onnx: Some(onnx.clone()), ..options(&[], &[]) }, "cannot be taken over");
        let kernel = Options {
            attach: vec![folder.path().join("model.toml")],
            op: Some("add".into()),
            ..options(&[], &["y:u8[1]"])
        };
        std::fs::write(folder.path().join("model.toml"), "").expect("writable");
        says(&kernel, "two files would be sim/model.toml");
    }
}
